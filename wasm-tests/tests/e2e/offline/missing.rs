//! What is not stored: it is said at once, and nobody is asked for it, then or later.

use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::{Site, Store};

#[test]
fn what_is_not_stored_is_not_found_at_once() {
    for store in [Store::files(), Store::objects()] {
        let mut site = Site::new(store, &json!({}), 2);
        site.go(&site.envoy).mod_download(&["example.com/hello@v1.0.0"]).expect_ok();
        let _ = site.go(&site.envoy).list_versions("example.com/hello");
        wait::until("it is stored", Duration::from_secs(10), || {
            site.store.keys().contains(&"example.com/hello/@v/v1.0.0.info".to_owned())
        });
        let heard = site.heard();
        assert_says_what_it_has_not(&site, &site.offline());
        site.discovery.push(&json!({"mode": "offline"}));
        assert!(!site.envoy.wait_discovered(2));
        assert_says_what_it_has_not(&site, &site.envoy);
        assert_eq!(site.heard(), heard);
    }
}

#[track_caller]
fn assert_says_what_it_has_not(site: &Site, envoy: &Envoy) {
    let at_once =
        |path: &str| -> Response { Request::get(path).deadline(Duration::from_secs(5)).send(envoy.addr()) };
    let lookup = format!("/sumdb/{}/lookup/example.com/hello@v1.2.0-rc.1", Sumdb::NAME);
    for (path, subject) in [
        // Another version of a module of which one is stored.
        ("/example.com/hello/@v/v1.0.1.info", "example.com/hello@v1.0.1"),
        ("/example.com/hello/@v/v1.0.1.mod", "example.com/hello@v1.0.1"),
        ("/example.com/hello/@v/v1.0.1.zip", "example.com/hello@v1.0.1"),
        ("/example.com/hello/@v/main.info", "example.com/hello@main"),
        // A module of which nothing is.
        ("/example.com/!acme/!words/@v/v0.3.0.info", "example.com/Acme/Words@v0.3.0"),
        ("/example.com/!acme/!words/@v/v0.3.0.zip", "example.com/Acme/Words@v0.3.0"),
        ("/example.com/!acme/!words/@v/list", "example.com/Acme/Words"),
        ("/example.com/!acme/!words/@latest", "example.com/Acme/Words@latest"),
        (&lookup, "example.com/hello@v1.2.0-rc.1"),
    ] {
        let answer = at_once(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(
            answer.text().contains(subject) && answer.text().contains("stored here"),
            "{}",
            answer.text()
        );
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
    }

    let go = site.go(envoy);
    // `latest`, a version, and what begins like one.
    for query in
        ["example.com/Acme/Words@latest", "example.com/Acme/Words@v0.3.0", "example.com/Acme/Words@v0"]
    {
        let run = go.get(query);
        assert!(!run.ok(), "{query}");
        assert!(run.took < Duration::from_secs(10), "{query}: {:?}", run.took);
        assert!(run.stderr.contains("stored here"), "{query}: {}", run.stderr);
    }
    let run = go.mod_download(&["example.com/hello@v1.2.0-rc.1"]);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("not stored here, and no upstream may be asked for it"), "{said}");
    let _ = go.get("example.com/hello@latest").expect_ok();
    assert_eq!(go.resolve("example.com/hello"), "v1.0.0");
}

#[test]
fn what_gets_old_is_asked_of_the_storage_alone() {
    let lists = |store: &Store| match store {
        Store::Files(nginx) => nginx.hits("/example.com/hello/@v/"),
        Store::Objects(store) => store.hits("GET", "list-type=2"),
    };
    for store in [Store::files(), Store::objects()] {
        let mut site = Site::new(store, &json!({}), 2);
        let online =
            json!({"freshness": {"list": "1s", "latest": "1s", "negative": "1s", "sumdb_latest": "1s"}});
        site.discovery.push(&online);
        assert!(!site.envoy.wait_discovered(2));
        site.go(&site.envoy).mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
        wait::until("it is stored", Duration::from_secs(10), || {
            site.store.keys().contains(&"example.com/hello/@v/v1.1.0.info".to_owned())
        });
        let latest = format!("/sumdb/{}/latest", Sumdb::NAME);
        assert_eq!(site.envoy.get(&latest).status, 200);
        assert_eq!(site.envoy.get("/example.com/hello/@v/list").text(), "v1.0.0\nv1.1.0\nv1.2.0-rc.1\n");
        let _ = site.envoy.stats();
        site.envoy.wait_idle(&[super::STORAGE, super::UPSTREAM, Site::SUMDB]);

        site.discovery.push(&json!({"mode": "offline"}));
        assert!(!site.envoy.wait_discovered(3));
        let heard = site.heard();
        let before = lists(&site.store);
        wait::until("storage was listed again and again", Duration::from_secs(20), || {
            for path in ["/example.com/hello/@v/list", "/example.com/hello/@latest", &latest] {
                let answer = site.envoy.get(path);
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            }
            assert_eq!(site.envoy.get("/example.com/greet/@latest").status, 404);
            assert_eq!(site.envoy.get("/example.com/hello/@v/list").text(), "v1.1.0\n");
            lists(&site.store) >= before + 3
        });
        site.envoy.wait_idle(&[super::STORAGE, super::UPSTREAM, Site::SUMDB]);
        assert_eq!(site.heard(), heard);

        // What somebody puts there is seen in time.
        for (kind, body) in [("mod", "module example.com/hello\n"), ("zip", "x"), ("info", "x")] {
            site.store.put(&format!("example.com/hello/@v/v1.4.0.{kind}"), body.as_bytes());
        }
        wait::until("the new version is listed", Duration::from_secs(20), || {
            site.envoy.get("/example.com/hello/@v/list").text() == "v1.1.0\nv1.4.0\n"
        });
        assert_eq!(site.heard(), heard);
    }
}

#[test]
fn some_modules_are_of_what_is_stored_while_others_are_fetched() {
    let site = Site::filled(Store::files(), &json!({}), 2);
    let frozen = json!({"modules": ["example.com/odd", "*.example.org"], "mode": "none"});
    let envoy = site.another(&json!({"policy": {"on_miss": {"overrides": [frozen]}}}));
    let go = site.go(&envoy);
    let odd = |site: &Site| {
        let asked = site.upstream.requests();
        asked.into_iter().filter(|(_, target, _)| target.contains("/odd/")).count()
    };
    let before = odd(&site);
    assert_eq!(go.list_versions("example.com/odd/many"), ["v1.0.21", "v1.0.343"]);
    assert_eq!(go.resolve("example.com/odd/many@latest"), "v1.0.343");
    go.mod_download(&["example.com/odd/many@v1.0.343"]).expect_ok();
    let run = go.mod_download(&["example.com/odd/many@v1.0.344"]);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("not stored here, and no upstream may be asked for it"), "{said}");
    assert_eq!(odd(&site), before, "nothing of it was asked of the upstream");
    // Of the others the upstream knows more than is stored.
    assert_eq!(go.list_versions("example.com/hello"), ["v1.0.0", "v1.1.0", "v1.2.0-rc.1"]);
    assert_eq!(site.upstream.hits("/example.com/hello/@v/list"), 1);
}
