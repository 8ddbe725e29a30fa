//! Lists of what is stored, from a real store of each kind, and a feed that two gateways write.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::wait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

enum Store {
    Files(Nginx),
    Objects(S3),
}

impl Store {
    fn both() -> [Self; 2] {
        [Self::Files(Nginx::storage()), Self::Objects(S3::start())]
    }

    fn put(&self, key: &str) {
        match self {
            Self::Files(nginx) => {
                let path = nginx.data().join(key);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "x").unwrap();
            }
            Self::Objects(store) => store.put(key, b"x"),
        }
    }

    fn keys(&self) -> Vec<String> {
        match self {
            Self::Files(nginx) => nginx.files().into_keys().collect(),
            Self::Objects(store) => store.keys(),
        }
    }

    fn gateway(&self, upstream: &Faulty, patch: &Value) -> Builder {
        let builder = Envoy::gateway().cluster(UPSTREAM, upstream.addr());
        let (builder, storage) = match self {
            Self::Files(nginx) => (builder.cluster(STORAGE, nginx.addr()), json!({"timeout": "2s"})),
            Self::Objects(store) => {
                let url = format!("http://s3.test/{}", S3::BUCKET);
                let storage = json!({"dialect": "s3", "url": url, "timeout": "2s"});
                (builder.cluster_s3(STORAGE, store.addr()), storage)
            }
        };
        let plugin = json!({"sumdb": [], "storage": storage, "catalog": {}});
        builder.patch_plugin(&plugin).patch_plugin(patch).concurrency(2)
    }
}

/// What the pages name to this user, in their order, and how many pages there were.
fn named(envoy: &Envoy, user: &str, page: &str) -> (Vec<String>, usize) {
    let (mut named, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        pages += 1;
        assert!(pages < 100, "no end");
        let token_of = utf8_percent_encode(&token, NON_ALPHANUMERIC);
        let answer = envoy.send(&Request::get(&format!("{page}&token={token_of}")).header("x-user", user));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let answer = answer.json();
        for entry in answer["modules"].as_array().unwrap() {
            let text = |name: &str| entry[name].as_str().map(str::to_owned);
            match (text("module"), text("name")) {
                (Some(module), _) => named.push(format!("{module}@{}", text("version").unwrap())),
                (_, Some(module)) => {
                    let versions = entry["versions"].as_array().unwrap().iter();
                    named.extend(versions.map(|version| format!("{module}@{}", version.as_str().unwrap())));
                }
                other => panic!("{other:?}"),
            }
        }
        match answer["next"].as_str() {
            Some(next) => token = next.to_owned(),
            None => return (named, pages),
        }
    }
}

#[test]
fn each_store_is_listed_as_the_caller_may_see_it() {
    let patch = json!({
        "catalog": {"principals": ["user:*"]},
        "callers": {"principals": [{"header": "x-user", "trusted": true, "prefix": "user:"}]},
        "private": {"modules": ["example.com/secret"]},
        "policy": {"rules": [
            {"modules": ["example.com/secret"], "principals": ["user:alice"], "action": "allow"},
            {"modules": ["example.com/secret"], "action": "deny"},
        ]},
    });
    for store in Store::both() {
        let upstream = Faulty::start();
        let names = ["github.com/!acme/m", "github.com/acme/m", "example.com/secret", "example.com/m/v2"];
        for (name, version) in names.into_iter().zip(["v1.0.0", "v1.1.0-!r!c.1", "v1.0.0", "v2.3.0"]) {
            for file in ["info", "mod", "zip"] {
                store.put(&format!("{name}/@v/{version}.{file}"));
            }
        }
        store.put("github.com/half/m/@v/v1.0.0.info");
        store.put("aside/github.com/acme/m/v1.2.0.json");
        store.put("sumdb/sum.golang.org/latest");
        if let Store::Objects(store) = &store {
            store.list_in_pages_of(3);
        }
        let envoy = store.gateway(&upstream, &patch).start();
        let all = [
            "example.com/m/v2@v2.3.0",
            "example.com/secret@v1.0.0",
            "github.com/Acme/m@v1.0.0",
            "github.com/acme/m@v1.1.0-RC.1",
        ];
        for page in ["/catalog?pagesize=2", "/catalog?", "/mod/v1/mod?limit=1", "/mod/v1/mod?"] {
            assert_eq!(named(&envoy, "alice", page).0, all, "{page}");
            let seen: Vec<_> = all.into_iter().filter(|version| !version.contains("secret")).collect();
            assert_eq!(named(&envoy, "bob", page).0, seen, "{page}");
        }
        assert_eq!(named(&envoy, "bob", "/mod/v1/mod?prefix=github.com/A").0, [all[2]]);
        assert_eq!(envoy.get("/catalog").status, 403);
        assert_eq!(envoy.send(&Request::get("/catalog?pagesize=0").header("x-user", "bob")).status, 400);
        assert_eq!(envoy.send(&Request::new("HEAD", "/catalog").header("x-user", "bob")).status, 200);
        assert_eq!(upstream.requests().len(), 0);
    }
}

#[test]
fn a_server_that_lists_nothing_is_said_to_be_one() {
    let store = Store::Files(Nginx::storage_without_listing());
    let upstream = Faulty::start();
    let envoy = store.gateway(&upstream, &json!({})).start();
    let answer = envoy.get("/catalog");
    assert_eq!(answer.status, 501, "{}", answer.text());
    assert!(answer.text().contains("autoindex"), "{}", answer.text());
}

/// The lines of the feed from then on.
fn lines(envoy: &Envoy, since: &str) -> Vec<(String, String)> {
    let answer = envoy.get(&format!("/index?since={since}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (text("Timestamp"), format!("{}@{}", text("Path"), text("Version")))
    };
    answer.text().lines().map(line).collect()
}

#[test]
fn two_gateways_feed_one_index() {
    for store in Store::both() {
        let upstream = Faulty::start();
        let modules: Vec<_> = (0..6).map(|n| Module::new(&format!("example.com/m{n}"), "v1.0.0")).collect();
        modules.iter().for_each(|module| upstream.serve(module));
        let gateways = [0, 1].map(|_| store.gateway(&upstream, &json!({})).start());
        for (module, envoy) in modules.iter().zip(gateways.iter().cycle()) {
            Go::new(&envoy.url()).mod_download(&[&module.query()]).expect_ok();
        }
        let want: BTreeSet<_> = modules.iter().map(Module::query).collect();
        for envoy in &gateways {
            wait::until("all of them stand in the feed", Duration::from_secs(90), || {
                lines(envoy, "").into_iter().map(|(_, version)| version).collect::<BTreeSet<_>>() == want
            });
        }
        let read = lines(&gateways[0], "");
        assert!(read.is_sorted() && read.len() == modules.len(), "{read:?}");
        assert_eq!(lines(&gateways[1], ""), read);
        assert_eq!(lines(&gateways[1], &read[3].0), read[3..]);
        let segments = store.keys().into_iter().filter(|key| key.starts_with("index/")).count();
        assert!((2..=6).contains(&segments), "{segments}");
        // What both have written is in the catalog of each, and its own files are not.
        assert_eq!(named(&gateways[0], "", "/catalog?").0.into_iter().collect::<BTreeSet<_>>(), want);
    }
}
