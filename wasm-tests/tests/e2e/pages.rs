//! Requests with a body: what Envoy hands over of them, and when it ends one itself.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::attack::Http2;
use modgate_wasm_tests::envoy::Builder;
use modgate_wasm_tests::faulty::{Gate, Reply, Seen};
use modgate_wasm_tests::fixture::Scripted;
use modgate_wasm_tests::http::{Conn, Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

const EXPLAIN: &str = "/-/explain";
/// The most that the page takes.
const MOST: usize = 64 << 10;

fn stack(edit: impl FnOnce(Builder) -> Builder) -> Scripted {
    Scripted::with(&json!({"admin": {"explain": ["@anonymous"]}}), edit)
}

/// The pieces as HTTP/1.1 frames them; without `ends` the last chunk is missing.
fn chunked(pieces: &[&[u8]], ends: bool) -> Vec<u8> {
    let mut framed = Vec::new();
    for piece in pieces {
        framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
    }
    if ends {
        framed.extend_from_slice(b"0\r\n\r\n");
    }
    framed
}

fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: gateway.test\r\n{headers}\r\n")
}

/// A request on a connection of its own, whose body is sent as these bytes.
fn send(stack: &Scripted, head: &str, body: &[&[u8]]) -> Response {
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    conn.write(head.as_bytes()).unwrap();
    for piece in body {
        // An answer may come, and the connection be closed, before all of it is sent.
        let _ = conn.write(piece);
        thread::sleep(Duration::from_millis(20));
    }
    let head = conn.head().unwrap();
    conn.rest(&Request::get(EXPLAIN), head).unwrap()
}

#[test]
fn a_build_is_explained_as_its_modules_are() {
    let stack = stack(|envoy| envoy);
    let text = "example.com/main\nexample.com/m v1.0.0\nexample.com/n v2.0.0+incompatible\n";
    let queries = [
        "module=example.com/main",
        "module=example.com/m&version=v1.0.0",
        "module=example.com/n&version=v2.0.0+incompatible",
    ];
    let alone: Value = queries.iter().map(|query| stack.get(&format!("{EXPLAIN}?{query}")).json()).collect();
    let many = stack.envoy.send(&Request::new("POST", EXPLAIN).body(text));
    assert_eq!((many.status, many.header("content-type")), (200, Some("application/json")));
    assert_eq!(many.json(), alone);
    let large = "example.com/m v1.0.0\n".repeat(1000);
    let many = stack.envoy.send(&Request::new("POST", EXPLAIN).body(large));
    assert_eq!((many.status, many.json().as_array().unwrap().len()), (200, 1000));
    assert!(stack.upstream.requests().is_empty() && stack.storage.requests().is_empty(), "it asks no source");
    stack.envoy.assert_unharmed();
}

#[test]
fn a_body_is_taken_however_it_comes() {
    let text = "example.com/m v1.0.0\n".repeat(900);
    let (first, rest) = text.as_bytes().split_at(1234);
    let length = format!("content-length: {}\r\n", text.len());
    let stack = stack(|envoy| envoy);
    let chunks = "transfer-encoding: chunked\r\n";
    for (headers, body) in [
        (length.as_str(), vec![text.as_bytes()]),
        (&length, vec![first, rest]),
        (chunks, vec![&chunked(&[text.as_bytes()], true)[..]]),
        (chunks, vec![&chunked(&[first], false), &chunked(&[rest], true)]),
        (chunks, vec![&chunked(&[first, rest], false), b"0\r\nx-sum: 1\r\n\r\n"]),
    ] {
        let answer = send(&stack, &head("POST", EXPLAIN, headers), &body);
        assert_eq!((answer.status, answer.json().as_array().unwrap().len()), (200, 900), "{headers}");
    }
    // A client that asks first is told to go on.
    let mut client = TcpStream::connect(stack.envoy.addr()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let expects = format!("{length}expect: 100-continue\r\nconnection: close\r\n");
    client.write_all(head("POST", EXPLAIN, &expects).as_bytes()).unwrap();
    let mut told = [0; 25];
    client.read_exact(&mut told).unwrap();
    assert_eq!(&told[..], b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.200}");

    let mut http2 = Http2::open(stack.envoy.addr(), 1 << 20).unwrap();
    // Its client takes no more of an answer than the protocol's first window.
    let text = format!("example.com/m v1.0.0{}\n", " ".repeat(18_000));
    let (first, rest) = text.as_bytes().split_at(1234);
    for pieces in [vec![text.as_bytes()], vec![first, rest], vec![first, rest, b""]] {
        let id = http2.post(EXPLAIN);
        for (at, piece) in pieces.iter().enumerate() {
            http2.send(id, piece, at + 1 == pieces.len());
            http2.flush().unwrap();
        }
    }
    http2.wait(Instant::now() + Duration::from_secs(20));
    assert_eq!(http2.outcome(), BTreeMap::from([("200".to_owned(), 3)]));
    stack.envoy.assert_unharmed();
}

/// What stood in Envoy's buffer is taken out of it: only a single piece may not be larger than what Envoy may hold.
#[test]
fn a_body_may_be_larger_than_what_envoy_holds_of_one() {
    let stack = stack(|envoy| {
        envoy.edit(|bootstrap| {
            let listener = &mut bootstrap.value_mut()["static_resources"]["listeners"][0];
            listener["per_connection_buffer_limit_bytes"] = json!(8192);
        })
    });
    let text = "example.com/m v1.0.0\n".repeat(900);
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(4000).collect();
    let framed: Vec<Vec<u8>> = pieces.iter().map(|piece| chunked(&[piece], false)).collect();
    let chunks: Vec<&[u8]> = framed.iter().map(Vec::as_slice).chain([&b"0\r\n\r\n"[..]]).collect();
    let length = format!("content-length: {}\r\n", text.len());
    for (headers, body) in [(length.as_str(), &pieces), ("transfer-encoding: chunked\r\n", &chunks)] {
        let answer = send(&stack, &head("POST", EXPLAIN, headers), body);
        assert_eq!((answer.status, answer.json().as_array().unwrap().len()), (200, 900), "{headers}");
    }
    stack.envoy.assert_unharmed();
}

#[test]
fn what_is_no_body_is_refused() {
    let stack = stack(|envoy| envoy);
    let large = vec![b'\n'; MOST + 1];
    let chunks = "transfer-encoding: chunked\r\n";
    for (headers, body, want) in [
        ("", vec![], 411),
        ("content-length: 0\r\n", vec![], 200),
        ("content-length: 65537\r\n", vec![&large[..]], 413),
        ("content-length: 65537\r\nexpect: 100-continue\r\n", vec![], 413),
        // Far more than Envoy holds.
        ("content-length: 5000000\r\n", vec![&large, &large], 413),
        (chunks, vec![&chunked(&[&large], false)], 413),
        (chunks, vec![&chunked(&[&large, &large], true)], 413),
        ("content-length: 9\r\ncontent-encoding: gzip\r\n", vec![b"123456789"], 400),
        (chunks, vec![&chunked(&[b"example.com/m main"], true)], 400),
        (chunks, vec![b"no length\r\n"], 400),
    ] {
        let answer = send(&stack, &head("POST", EXPLAIN, headers), &body);
        assert_eq!(answer.status, want, "{headers}: {answer:?}");
    }
    let put = stack.envoy.send(&Request::new("PUT", EXPLAIN).body("x"));
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, HEAD, POST")));

    let mut http2 = Http2::open(stack.envoy.addr(), 1 << 20).unwrap();
    let id = http2.post(EXPLAIN);
    http2.send(id, &large, true);
    http2.flush().unwrap();
    http2.wait(Instant::now() + Duration::from_secs(20));
    assert_eq!(http2.outcome(), BTreeMap::from([("413".to_owned(), 1)]));
    stack.envoy.wait_active(0);
    stack.envoy.assert_unharmed();
}

#[test]
fn who_leaves_within_a_body_leaves_nothing_behind() {
    let stack = stack(|envoy| envoy.concurrency(1));
    let length = format!("content-length: {MOST}\r\n");
    // More than may be sent at once, if one stayed.
    for _ in 0..4 {
        let clients: Vec<_> = (0..200)
            .map(|_| {
                let mut conn = Conn::open(stack.envoy.addr()).unwrap();
                conn.write(head("POST", EXPLAIN, &length).as_bytes()).unwrap();
                conn.write(b"example.com/m v1.0.0\n").unwrap();
                conn
            })
            .collect();
        stack.envoy.wait_active(200);
        drop(clients);
        stack.envoy.wait_active(0);
    }
    let mut http2 = Http2::open(stack.envoy.addr(), 1 << 20).unwrap();
    let id = http2.post(EXPLAIN);
    http2.send(id, b"example.com/m", false);
    http2.flush().unwrap();
    stack.envoy.wait_active(1);
    http2.reset(id);
    http2.flush().unwrap();
    stack.envoy.wait_active(0);
    assert_eq!(stack.envoy.send(&Request::new("POST", EXPLAIN).body("example.com/m v1.0.0")).status, 200);
    stack.envoy.assert_unharmed();
}

/// What comes too slowly, and what Envoy does not hand over at all.
#[test]
fn a_body_that_does_not_come_is_408() {
    let without = stack(|envoy| {
        envoy.edit(|bootstrap| {
            bootstrap.filter()["allow_on_headers_stop_iteration"] = json!(false);
        })
    });
    let with = stack(|envoy| envoy);
    let request = head("POST", EXPLAIN, "content-length: 100\r\n");
    let begun = Instant::now();
    let mut clients = [(&with, "example.com/m"), (&without, "example.com/m")].map(|(stack, sent)| {
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        conn.write(request.as_bytes()).unwrap();
        conn.write(sent.as_bytes()).unwrap();
        conn
    });
    for (client, came) in clients.iter_mut().zip(["only 13 bytes", "only 0 bytes"]) {
        let head = client.head().unwrap();
        let answer = client.rest(&Request::get(EXPLAIN), head).unwrap();
        assert_eq!(answer.status, 408, "{answer:?}");
        assert!(answer.text().contains(came), "{answer:?}");
    }
    assert!((9..20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    for stack in [&with, &without] {
        stack.envoy.wait_active(0);
        assert_eq!(stack.get("/-/healthz").status, 200);
        stack.envoy.assert_unharmed();
    }
}

/// A body of a module request is read by nobody, before the answer and after it.
#[test]
fn a_module_request_with_a_body_is_answered_as_one_without() {
    let stack = stack(|envoy| envoy);
    let gate = Gate::new();
    let path = "/body.example/m/@v/v1.0.0.mod";
    stack.upstream.on(path, Reply::ok("module body.example/m\n").served().held(&gate));
    let body = vec![b'x'; 10_000];
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    conn.write(head("GET", path, "content-length: 10000\r\n").as_bytes()).unwrap();
    conn.write(&body[..5_000]).unwrap();
    let mut http2 = Http2::open(stack.envoy.addr(), 1 << 20).unwrap();
    let _ = http2.get(path, None);
    http2.flush().unwrap();
    wait::until("it is asked for", Duration::from_secs(10), || !stack.upstream.requests().is_empty());
    conn.write(&body[5_000..]).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(stack.envoy.requests_active(), 2, "the body lets nothing go on");
    gate.open();
    let first = conn.head().unwrap();
    let first = conn.rest(&Request::get(path), first).unwrap();
    assert_eq!((first.status, first.text().as_str()), (200, "module body.example/m\n"));
    http2.wait(Instant::now() + Duration::from_secs(20));
    assert_eq!(http2.outcome(), BTreeMap::from([("200".to_owned(), 1)]));
    assert_eq!(stack.upstream.requests().len(), 1);
    // The index has it by now: the answer is there before the body.
    for (headers, body) in [
        ("content-length: 10000\r\n", vec![&body[..]]),
        ("transfer-encoding: chunked\r\n", vec![&chunked(&[&body], true)[..]]),
        ("content-length: 10000\r\nexpect: 100-continue\r\n", vec![]),
    ] {
        let answer = send(&stack, &head("GET", path, headers), &body);
        assert_eq!((answer.status, answer.text().as_str()), (200, "module body.example/m\n"), "{headers}");
    }
    stack.envoy.wait_active(0);
    stack.envoy.assert_unharmed();
}

/// However much it is: neither while the request waits, nor when it is routed.
#[test]
fn nothing_of_a_module_requests_body_is_kept_or_sent_on() {
    let patch = json!({"storage": {"reverify": "never"}});
    let stack = Scripted::with(&patch, |envoy| envoy);
    let large = vec![b'x'; 5_000_000];
    let length = format!("content-length: {}\r\n", large.len());
    let (path, gate) = ("/body.example/m/@v/v1.0.0.mod", Gate::new());
    stack.upstream.on(path, Reply::ok("module body.example/m\n").served().held(&gate));
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    conn.write(head("GET", path, &length).as_bytes()).unwrap();
    conn.write(&large).unwrap();
    wait::until("it is asked for", Duration::from_secs(10), || !stack.upstream.requests().is_empty());
    assert_eq!(stack.envoy.requests_active(), 1, "it waits");
    gate.open();
    let answer = conn.head().unwrap();
    let answer = conn.rest(&Request::get(path), answer).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "module body.example/m\n"));

    let path = "/body.example/m/@v/v1.0.0.zip";
    let zip = Module::at(path).zip();
    stack.storage.on(&format!("HEAD {path}"), Reply::ok("").served());
    stack.storage.on(&format!("GET {path}"), Reply::ok(zip.clone()).served());
    let chunks = "transfer-encoding: chunked\r\n";
    for (headers, body) in [
        (length.as_str(), &[&large[..]][..]),
        (chunks, &[&chunked(&[&large], true)[..]]),
        (chunks, &[&chunked(&[b"few"], false), b"0\r\nx-sum: 1\r\n\r\n"]),
    ] {
        let answer = send(&stack, &head("GET", path, headers), body);
        assert_eq!((answer.status, answer.length), (200, zip.len()), "{headers}");
    }
    let routed = stack.storage.requests_for(path).into_iter().filter(|seen| seen.method == "GET");
    let framed = |name: &str, seen: &Seen| seen.header(name).map(str::to_owned);
    let routed: Vec<_> = routed
        .map(|seen| (framed("content-length", &seen), framed("transfer-encoding", &seen), seen.body))
        .collect();
    assert_eq!(routed, vec![(Some("0".to_owned()), None, Vec::new()); 3]);
    stack.envoy.wait_active(0);
    stack.envoy.assert_unharmed();
}

#[test]
fn the_status_is_for_those_whom_the_configuration_names() {
    let closed = Scripted::with(&json!({}), |envoy| envoy);
    assert_eq!(closed.get("/-/status").status, 404);
    let patch = json!({"admin": {"explain": ["@anonymous"]}, "index": {"bytes": 32768}});
    let open = Scripted::with(&patch, |envoy| envoy.concurrency(1));
    // Two of them have room in a page, of which there are two.
    let list: String = (0..400).map(|minor| format!("v1.{minor}.0\n")).collect();
    for name in 0..8 {
        let path = format!("/m{name}.example/m/@v/list");
        open.upstream.on(&path, Reply::ok(list.clone()).served());
        assert_eq!(open.get(&path).status, 200);
    }
    let status = || open.get("/-/status").json();
    let first = status();
    assert_eq!(first["ready"], json!(true), "{first}");
    assert!(first["index"]["most_bytes"].as_u64() < Some(5 << 20), "{first}");
    wait::until("the index is counted", Duration::from_secs(10), || {
        status()["index"]["occupancy"]["found"]["records"] == json!(4)
    });
    let gate = Gate::new();
    open.upstream.on("/c.example/m/@v/list", Reply::ok("v1.0.0\n").served().held(&gate));
    let mut waiting = Conn::open(open.envoy.addr()).unwrap();
    waiting.send(&Request::get("/c.example/m/@v/list")).unwrap();
    wait::until("the search is seen", Duration::from_secs(10), || {
        status()["worker"]["flights"]["searches"] == json!({"list": 1})
    });
    gate.open();
    assert_eq!(waiting.head().unwrap().status, 200);
    wait::until("evictions are counted", Duration::from_secs(10), || {
        open.envoy.prometheus().lines().any(|line| {
            line.contains("modgate_index_evictions_total{")
                && line.contains("kind=\"found\"")
                && !line.ends_with("} 0")
        })
    });
    open.envoy.assert_unharmed();
}
