//! Bytes as they come: every framing, the largest body, headers that are many, long and no UTF-8, from either side.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::{Scripted, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::module::{LARGEST_GO_MOD, large_go_mod};
use serde_json::json;

const GOOD: &str = "module fault.example/m\n";

fn stack() -> Scripted {
    Scripted::with(&json!({}), |envoy| envoy)
}

#[test]
fn every_framing_and_the_largest_body_arrive_whole() {
    let stack = stack();
    let odd = b"HTTP/1.1 200 OK\r\nx-odd: \xff\xfe\xe4\r\ncontent-type: text/\xff\r\nserver: \xfc\r\nconnection: close\r\ncontent-length: 23\r\n\r\nmodule fault.example/m\n";
    for (name, reply) in [
        ("chunked", Reply::ok(GOOD).chunked()),
        ("bytes-in-headers", Reply::raw(odd)),
        ("headers-of-50-kb", Reply::ok(GOOD).header("x-long", &"x".repeat(50_000))),
    ] {
        let path = format!("/framed.example/{name}/@v/v1.0.0.mod");
        stack.upstream.on(&path, reply);
        let answer = stack.get(&path);
        assert_eq!((answer.status, answer.text().as_str()), (200, GOOD), "{name}");
    }
    let path = "/framed.example/largest/@v/v1.0.0.mod";
    let largest =
        || Request::get(path).compare_body(large_go_mod(LARGEST_GO_MOD).into()).send(stack.envoy.addr());
    stack.upstream.on(path, Reply::ok(large_go_mod(LARGEST_GO_MOD)));
    let mut sources = Vec::new();
    for _ in 0..3 {
        let answer = largest();
        assert_eq!((answer.status, answer.length, answer.pattern), (200, LARGEST_GO_MOD as u64, true));
        sources.push(answer.header("x-modgate-cache").unwrap().to_owned());
        // Over HTTP/1 the gateway cannot know at once that it was read.
        sleep(Duration::from_secs(8));
    }
    assert_eq!(sources, ["upstream"; 3], "too large for the index");
    stack.storage.wait_hits(path, 4);
}

#[test]
fn a_client_that_sends_odd_bytes_and_many() {
    let stack = stack();
    stack.upstream.on("/fault.example/m/@v/v1.0.0.mod", Reply::ok(GOOD));
    for headers in [
        "x-odd: \u{fe}\u{ff}\r\nuser-agent: \u{e4}\r\nif-none-match: \"\u{ff}\"\r\ndisable-module-fetch: \u{ff}\r\n".to_owned(),
        format!("x-long: {}\r\n", "x".repeat(15_000)),
        "x-many: y\r\n".repeat(90),
    ] {
        let mut head = format!("GET /fault.example/m/@v/v1.0.0.mod HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        // One byte each, as Latin-1 would have it: no UTF-8.
        let bytes: Vec<u8> = head.drain(..).map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        conn.write(&bytes).unwrap();
        assert_eq!(conn.head().unwrap().status, 200, "{headers:.40}");
    }
    for (what, bytes) in [
        (
            "a header of 17 KB",
            [b"GET /x HTTP/1.1\r\nhost: x\r\nx: ", "x".repeat(17_000).as_bytes(), b"\r\n\r\n"].concat(),
        ),
        (
            "a header of 100 KB",
            [b"GET /x HTTP/1.1\r\nhost: x\r\nx: ", "x".repeat(100_000).as_bytes(), b"\r\n\r\n"].concat(),
        ),
        ("bytes in the path", b"GET /fault.example/\xff\xfe/@v/list HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        (
            "encoded bytes in the path",
            b"GET /fault.example/%ff%fe/@v/list HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        ),
        ("a NUL", b"GET /fault.example/%00/@v/list HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
    ] {
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        // Envoy may answer, and close, before it has read everything.
        let _ = conn.write(&bytes);
        let status = conn.head().unwrap().status;
        assert!((400..500).contains(&status) && status != 404 && status != 410, "{what}: {status}");
    }
    stack.envoy.wait_idle(&[UPSTREAM]);
    assert_eq!(stack.get("/fault.example/m/@v/v1.0.0.mod").header("x-modgate-cache"), Some("hit"));
}
