//! Answers that end where the connection does: nobody knows whether they are whole, and no file is taken from one.

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{Proving, Scripted, UPSTREAM};
use modgate_wasm_tests::http::{Error, Request};
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

const CUT: &str = "came without a length, so that it may be cut short";
const TWO: &str = "two";

/// Nothing proves what is in these modules.
fn private() -> Value {
    let upstream = |name: &str, cluster: &str, http2: bool| {
        json!({"name": name, "cluster": cluster, "url": format!("http://{name}.example"),
               "modules": [format!("{name}.example")], "http2": http2})
    };
    json!({
        "private": {"modules": ["corp.example", "two.example", "untold.example"]},
        "upstreams": [upstream("corp", UPSTREAM, false), upstream("two", TWO, true), upstream("untold", TWO, false)],
    })
}

fn stack(patch: &Value) -> Scripted {
    let nowhere = Faulty::start();
    Scripted::with(&private(), |envoy| envoy.patch_plugin(patch).cluster(TWO, nowhere.addr()))
}

/// `text` in every framing that does not say where it ends.
fn endless(text: &str) -> [(&'static str, Reply); 4] {
    let raw = |head: &str| Reply::raw(format!("{head}\r\n\r\n{text}").as_bytes());
    [
        ("close", Reply::ok(text.to_owned()).until_close()),
        ("bare", raw("HTTP/1.1 200 OK\r\ndate: Tue, 02 Jan 2024 03:04:05 GMT")),
        ("http-1.0", raw("HTTP/1.0 200 OK")),
        ("http-1.0-close", raw("HTTP/1.0 200 OK\r\nConnection: close")),
    ]
}

#[test]
fn nothing_unproven_is_taken_from_what_may_be_cut_short() {
    let stack = stack(&json!({}));
    for (file, cut, whole) in [
        ("v1.0.0.mod", "module corp.example", "module corp.example/m22\n"),
        ("list", "v1.0.0\nv1.0.1", "v1.0.0\nv1.0.10\n"),
        ("list", "", "v1.0.0\n"),
    ] {
        for (framing, reply) in endless(cut) {
            let length = cut.len();
            let path = format!("/corp.example/{framing}{length}/@v/{file}");
            stack.upstream.on_each(&path, [reply.clone(), reply, Reply::ok(whole)]);
            for _ in 0..2 {
                let answer = stack.get(&path);
                let text = answer.text();
                assert_eq!(
                    (answer.status, answer.header("cache-control")),
                    (502, Some("no-store")),
                    "{path}"
                );
                assert!(text.contains(CUT) && text.contains("upstream corp"), "{path}: {text}");
            }
            assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{path}");
            let answer = stack.get(&path);
            assert_eq!((answer.status, answer.text().as_str()), (200, whole), "{path}");
            stack.storage.wait_hits(&path, if file == "list" { 1 } else { 4 });
        }
    }
    assert!(stack.envoy.log_contains(CUT), "whoever runs the gateway is told");
}

#[test]
fn what_shows_its_own_end_needs_no_other() {
    let stack = stack(&json!({}));
    let info = r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z"}"#;
    for file in ["@v/v1.0.0.info", "@latest", "@v/main.info"] {
        for (framing, reply) in endless(info) {
            let path = format!("/corp.example/{framing}/{file}");
            stack.upstream.on(&path, reply);
            let answer = stack.get(&path);
            assert_eq!((answer.status, answer.text().as_str()), (200, info), "{path}");
        }
        for (framing, reply) in endless(&info[..info.len() - 1]) {
            let path = format!("/corp.example/cut-{framing}/{file}");
            stack.upstream.on(&path, reply);
            assert_eq!(stack.get(&path).status, 502, "{path}");
            assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{path}");
        }
    }
}

/// Go's own proxies send no length with what they make on the fly.
#[test]
fn chunks_are_as_good_as_a_length() {
    let stack = stack(&json!({}));
    for (file, text) in [("v1.0.0.mod", "module corp.example/m\n"), ("list", "v1.0.0\n")] {
        let path = format!("/corp.example/m/@v/{file}");
        stack.upstream.on(&path, Reply::ok(text).chunked());
        assert_eq!(stack.get(&path).text(), text, "{path}");
    }
}

#[test]
fn what_a_checksum_database_proves_is_believed() {
    let site = Proving::with(1, &json!({}));
    for (at, (framing, _)) in endless("").into_iter().enumerate() {
        let module = Module::new(&format!("proven.example/{framing}"), "v1.0.0");
        site.has(&module);
        let reply = |text: &str| endless(text)[at].1.clone();
        let path = module.url("mod");
        let cut = module.go_mod().split_at(10).0;
        site.upstream.on_each(&path, [reply(cut), reply(module.go_mod())]);
        let answer = site.envoy.get(&path);
        assert!(answer.status == 502 && answer.text().contains(CUT), "{framing}: {answer:?}");
        let answer = site.envoy.get(&path);
        assert_eq!((answer.status, answer.text().as_str()), (200, module.go_mod()), "{framing}");
    }
}

/// Where the configuration says that a cluster speaks HTTP/2; Envoy does not.
#[test]
fn over_http_2_no_answer_needs_a_length() {
    let two = Faulty::start_http2();
    let stack = Scripted::with(&private(), |envoy| envoy.cluster_http2(TWO, two.addr()));
    for (host, is_told) in [("two.example", true), ("untold.example", false)] {
        for (file, text) in [("v1.0.0.mod", "module two.example/m\n"), ("list", "v1.0.0\n")] {
            let path = format!("/{host}/m/@v/{file}");
            let bare = Reply::ok(text).chunked();
            two.on_each(&path, [bare.clone().close_after(5), bare, Reply::ok(text)]);
            // The stream is reset, and asked for again.
            let answer = stack.get(&path);
            if is_told {
                assert_eq!((answer.status, answer.text().as_str()), (200, text), "{path}");
            } else {
                let advice = "\"http2\": true";
                assert!(answer.status == 502 && answer.text().contains(advice), "{path}: {answer:?}");
                assert_eq!(stack.get(&path).text(), text, "{path}: it has a length");
            }
        }
    }
}

#[test]
fn a_private_zip_that_is_cut_short_is_no_zip() {
    for zip_bytes in [0, 8 << 20] {
        let stack = stack(&json!({"fetch": {"zip_bytes": zip_bytes}}));
        let module = Module::new("corp.example/zip", "v1.0.0").padded(100_000);
        let (path, zip) = (module.url("zip"), module.zip().to_vec());
        stack.storage.keep(&path);
        for left in [1, 22, 23, 50_000, zip.len() - 4, zip.len()] {
            let cut = zip[..zip.len() - left].to_vec();
            stack.upstream.on(&path, Reply::ok(cut).until_close());
            match Request::get(&path).try_send(stack.envoy.addr()) {
                Err(Error::Truncated(_)) if zip_bytes == 0 => {}
                Ok(answer) => assert_eq!(answer.status, 502, "{zip_bytes}, {left}: {answer:?}"),
                Err(error) => panic!("{zip_bytes}, {left}: {error}"),
            }
            assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{zip_bytes}, {left}");
        }
        stack.upstream.on(&path, Reply::ok(zip.clone()).until_close());
        assert!(stack.get(&path).body == zip, "{zip_bytes}: it shows its end itself");
    }
}

#[test]
fn storage_that_may_have_cut_it_short_cannot_say() {
    let stack = stack(&json!({"storage": {"reverify": "never"}}));
    for (at, (framing, _)) in endless("").into_iter().enumerate() {
        for (file, cut, whole) in
            [("v1.0.0.mod", "module corp.example", "module corp.example/m22\n"), ("list", "v1.0", "v1.0.0\n")]
        {
            let path = format!("/corp.example/{framing}/@v/{file}");
            stack.storage.on(&path, endless(cut)[at].1.clone());
            stack.upstream.on_each(&path, [Reply::status(501).served(), Reply::ok(whole)]);
            let answer = stack.get(&path);
            assert!(!answer.text().contains("module") && answer.status >= 500, "{path}: {answer:?}");
            let answer = stack.get(&path);
            assert_eq!((answer.status, answer.text().as_str()), (200, whole), "{path}");
        }
        // What was checked before is not read along.
        let path = format!("/corp.example/{framing}/@v/v1.0.0.zip");
        stack.storage.on(&format!("HEAD {path}"), Reply::ok("").served());
        stack.storage.on(&format!("GET {path}"), endless("PK\u{3}\u{4}")[at].1.clone());
        let answer = stack.get(&path);
        assert!(answer.status == 502 && answer.text().contains(CUT), "{path}: {answer:?}");
    }
}
