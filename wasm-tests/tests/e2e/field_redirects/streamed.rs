//! Zips that are streamed from where an upstream redirects.

use std::time::Duration;

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

use super::{BOTH, SIGNATURE, STREAMED, Site, unlisted};

#[test]
fn a_streamed_zip_comes_from_where_it_leads_for_each_client_anew() {
    for spoken in BOTH {
        let site = Site::start(spoken, &STREAMED(), |builder| builder);
        let module = Module::new("example.com/big", "v1.0.0").padded(20_000_000);
        site.publish(&module);
        let path = module.url("zip");
        for round in 1..=2 {
            let whole = site.envoy.send(&Request::get(&path).compare_body(module.zip()));
            assert_eq!(
                (whole.status, whole.length, whole.pattern),
                (200, module.zip().len(), true),
                "{spoken:?}"
            );
            assert_eq!(whole.header("content-type"), Some("application/zip"));
            assert!(!format!("{whole:?}").contains(SIGNATURE));
            assert_eq!(site.upstream.hits(&path), round, "{spoken:?}: each has an address of its own");
        }
        let requests = site.store.requests();
        let ranges: Vec<_> = requests.iter().map(|seen| seen.header("range")).collect();
        assert_eq!(ranges, [Some("bytes=0-0"), None, Some("bytes=0-0"), None], "{spoken:?}");
        let length = module.zip().len().to_string();
        let head = site.head(&path);
        assert_eq!((head.status, head.header("content-length")), (200, Some(length.as_str())), "{spoken:?}");
        // A part is asked for; the whole of what is not stored is read along, and given.
        let part = site.envoy.send(&Request::get(&path).header("range", "bytes=0-9").discard_body());
        assert_eq!((part.status, part.length), (200, module.zip().len()), "{spoken:?}");
        Go::new(&site.envoy.url()).mod_download(&[&module.query()]).expect_ok();
        let logged = |line: &Value| {
            line["path"] == path && line["upstream"] == "store" && line["upstream_path"] == path
        };
        wait::until("it is logged by its own path", Duration::from_secs(10), || {
            site.envoy.access_log().iter().filter(|line| logged(line)).count() >= 2
        });
        let access_log: Vec<_> = site.envoy.access_log().iter().map(Value::to_string).collect();
        assert!(!access_log.concat().contains(SIGNATURE), "{access_log:?}");
        site.assert_discreet();
    }
    Row {
        kind: "redirects",
        fault: "302 to a signed address at another host for a zip that is streamed",
        spoken: "HTTP/1.1, HTTP/2",
        client: "200, the whole zip; HEAD says how long it is",
        asked: "for each client the upstream once, its target for the first byte and for the zip",
    }
    .seen();
}

/// Larger than what is fetched whole, with a storage: streamed, and copied or taken along.
#[test]
fn what_is_too_large_for_memory_is_streamed_from_there() {
    for spoken in BOTH {
        let site = Site::start(spoken, &json!({"fetch": {"zip_bytes": 1_000_000}}), |builder| builder);
        let module = Module::new("example.com/big", "v1.0.0").padded(5_000_000);
        site.publish(&module);
        let whole = site.envoy.send(&Request::get(&module.url("zip")).compare_body(module.zip()));
        assert_eq!(
            (whole.status, whole.length, whole.pattern),
            (200, module.zip().len(), true),
            "{spoken:?}"
        );
        site.assert_discreet();
    }
}

/// A HEAD is answered 200 and a GET is redirected: known only when a client is on the way.
#[test]
fn an_upstream_that_redirects_whom_it_had_promised_the_zip_costs_the_client_one_more_request() {
    for spoken in BOTH {
        let site = Site::start(spoken, &STREAMED(), unlisted);
        let module = Module::new("example.com/m", "v1.0.0").padded(100_000);
        for (path, reply) in module.replies() {
            site.upstream.on(&path, reply.served());
        }
        let path = module.url("zip");
        site.upstream.on(&format!("HEAD {path}"), Reply::status(200).served());
        site.upstream.on(&format!("GET {path}"), Reply::status(302).header("location", "/files/7").served());
        site.upstream.on("/files/7", Reply::ok(module.zip()).served().ranges());
        let first = site.get(&path);
        assert_eq!((first.status, first.header("location")), (307, Some("v1.0.0.zip")), "{spoken:?}");
        assert_eq!(first.header("cache-control"), Some("no-store"));
        let second = site.envoy.send(&Request::get(&path).compare_body(module.zip()));
        assert_eq!((second.status, second.pattern), (200, true), "{spoken:?}");
        Go::new(&site.envoy.url()).mod_download(&[&module.query()]).expect_ok();
    }
    Row {
        kind: "redirects",
        fault: "200 to HEAD of a streamed zip, and a redirect to GET",
        spoken: "HTTP/1.1, HTTP/2",
        client: "307 to the same file once, which the go command follows; then 200 for everybody",
        asked: "by HEAD and by GET, and from then on by GET where it leads",
    }
    .seen();
}
