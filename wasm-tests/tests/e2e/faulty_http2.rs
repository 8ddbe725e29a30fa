//! The scripted upstream in HTTP/2, and with trailers, seen through an Envoy without Modgate.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::http::{Error, Request};
use serde_json::json;

#[test]
fn http_2_frames_bodies_with_and_without_a_length_and_with_trailers() {
    let upstream = Faulty::start_http2();
    upstream.on("/length", Reply::huge(3_000_000));
    upstream.on("/none", Reply::huge(3_000_000).chunked());
    upstream.on("/trailers", Reply::huge(3_000_000).chunked().trailer("x-sum", "1"));
    upstream.on("/both", Reply::huge(3_000_000).trailer("x-sum", "1"));
    upstream.on("/cut", Reply::huge(3_000_000).close_after(2_000_000));
    upstream.on("/cut/none", Reply::huge(3_000_000).chunked().close_after(2_000_000));
    upstream.on("/silent", Reply::ok("").close_before_head());
    let envoy =
        Envoy::gateway().without_filter().cluster_http2("two", upstream.addr()).route("/", "two").start();
    for path in ["/length", "/none", "/trailers", "/both"] {
        let answer = envoy.send(&Request::get(path).discard_body());
        assert_eq!((answer.length, answer.pattern), (3_000_000, true), "{path}");
        let length = answer.header("content-length").is_some();
        assert_eq!(length, matches!(path, "/length" | "/both"), "{path}");
    }
    for path in ["/cut", "/cut/none"] {
        let cut = Request::get(path).discard_body().try_send(envoy.addr());
        assert!(matches!(cut, Err(Error::Truncated(_))), "{path}: {cut:?}");
    }
    assert_eq!(envoy.get("/silent").status, 503);
    let put = Request::new("PUT", "/put").body(vec![b'x'; 100_000]);
    assert_eq!(envoy.send(&put).status, 404);
    assert_eq!(upstream.requests_for("/put")[0].body.len(), 100_000);
    assert!(envoy.stat("cluster.two.upstream_cx_http2_total") > 0, "it was HTTP/2");
}

#[test]
fn trailers_follow_the_body() {
    let (one, two) = (Faulty::start(), Faulty::start_http2());
    for upstream in [&one, &two] {
        upstream.on("/", Reply::ok("body").chunked().trailer("x-sum", "1"));
    }
    let envoy = Envoy::gateway()
        .without_filter()
        .cluster_http2("two", two.addr())
        .route("/", "two")
        .edit(|bootstrap| bootstrap.hcm()["http_protocol_options"] = json!({"enable_trailers": true}))
        .start();
    for addr in [one.addr(), envoy.addr()] {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: any\r\nte: trailers\r\n\r\n").unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n") {
            let mut chunk = [0; 1024];
            let count = stream.read(&mut chunk).unwrap();
            assert!(count > 0, "{:?}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&chunk[..count]);
        }
    }
}
