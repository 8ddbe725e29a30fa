//! Who stands between the gateway and its clients, or reads in a way of his own, gets everything that was for him.

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{Mirror, STORAGE, Stack};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Conn, Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::wait;
use serde_json::json;

/// More than Envoy and the kernel hold of an answer.
const LARGE: u64 = 30 << 20;

/// The shipped gateway, with a route to a server of large files.
fn large() -> (Faulty, Envoy) {
    large_with(|_| ())
}

fn large_with(edit: impl FnOnce(&mut modgate_wasm_tests::bootstrap::Bootstrap)) -> (Faulty, Envoy) {
    let server = Faulty::start();
    server.on("/large", Reply::huge(LARGE));
    let envoy = Envoy::gateway().without_filter().cluster(STORAGE, server.addr()).route("/large", STORAGE);
    let envoy = envoy.edit(|bootstrap| {
        bootstrap.routes()[1]["route"]["timeout"] = json!("0s");
        edit(bootstrap);
    });
    (server, envoy.concurrency(2).start())
}

#[test]
fn go_works_behind_nginx_as_people_write_it() {
    let mirror = Mirror::of(&Tree::sample(), 2);
    let nginx = Nginx::before(mirror.envoy.addr());
    for path in ["", "/", "/stripped", "/stripped/"] {
        let go = Go::new(&format!("http://{}{path}", nginx.addr()));
        go.mod_download(&["example.com/Acme/Words@v0.3.0", "example.com/hello@v1.0.0"]).expect_ok();
        assert!(go.resolve("example.com/hello@latest").starts_with('v'));
    }
}

#[test]
fn http_1_0_is_answered() {
    let stack = Stack::start();
    stack.upstream.serve(&Module::new("example.com/m", "v1.0.0"));
    for head in ["", "host: x\r\n", "host: x\r\nconnection: keep-alive\r\n"] {
        let mut conn = Conn::open(stack.envoy.addr()).unwrap();
        conn.write(format!("GET /example.com/m/@v/list HTTP/1.0\r\n{head}\r\n").as_bytes()).unwrap();
        let answer = conn.head().unwrap();
        // Without a Host Envoy refuses: it has no virtual host for nobody.
        assert_eq!(answer.status, if head.is_empty() { 400 } else { 200 }, "{head:?}");
    }
}

#[test]
fn a_thousand_clients_that_close_get_whole_answers() {
    let stack = Stack::with(&json!({}), |envoy| envoy.concurrency(2));
    let module = Module::new("example.com/m", "v1.0.0").padded(300_000);
    stack.upstream.serve(&module);
    let zip = module.zip();
    assert_eq!(stack.get(&module.url("zip")).status, 200);
    let whole = Request::get(&module.url("zip")).header("connection", "close").compare_body(zip.clone());
    let answers = Crowd::new(stack.envoy.addr(), whole).and(1000).answers();
    answers.assert_all(200, zip.len());
}

#[test]
fn who_stands_still_near_the_end_and_closes_gets_the_whole() {
    let (_server, envoy) = large();
    // Somewhere in the last megabytes what is left lies in Envoy and nowhere else.
    let clients: Vec<_> = (1..=16)
        .map(|step| {
            let (addr, left) = (envoy.addr(), step * 300_000);
            thread::spawn(move || {
                let mut conn = Conn::open(addr).unwrap();
                let request = Request::get("/large").header("connection", "close");
                conn.send(&request.deadline(Duration::from_secs(60))).unwrap();
                let head = conn.head().unwrap();
                assert_eq!(head.status, 200);
                let mut seen = 0;
                while seen < LARGE - left {
                    seen += conn.skip_some().unwrap() as u64;
                }
                sleep(Duration::from_secs(6));
                while let Ok(more @ 1..) = conn.skip_some() {
                    seen += more as u64;
                }
                (left, seen)
            })
        })
        .collect();
    for client in clients {
        let (left, seen) = client.join().unwrap();
        assert_eq!(seen, LARGE, "stood still {left} bytes before the end");
    }
}

#[test]
fn who_never_reads_is_gone_after_the_user_timeout() {
    let (_server, envoy) = large_with(|bootstrap| {
        let option = &mut bootstrap.value_mut()["static_resources"]["listeners"][0]["socket_options"][0];
        assert_eq!(
            (&option["level"], &option["name"]),
            (&json!(6), &json!(18)),
            "IPPROTO_TCP, TCP_USER_TIMEOUT"
        );
        option["int_value"] = json!(3000);
    });
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut conn = Conn::open(envoy.addr()).unwrap();
        conn.send(&Request::get("/large").header("connection", "close")).unwrap();
        clients.push(conn);
    }
    let open = || envoy.stat("http.modgate.downstream_cx_active");
    wait::until("all are connected", Duration::from_secs(5), || open() == 20);
    wait::until("all are gone", Duration::from_secs(30), || open() == 0);
    assert_eq!(envoy.stat("http.modgate.downstream_cx_tx_bytes_buffered"), 0);
}

#[test]
fn a_download_that_is_cut_is_noticed_at_once() {
    let server = Faulty::start();
    server.on("/large", Reply::huge(300_000).close_after(100_000));
    let envoy = Envoy::gateway().without_filter().cluster(STORAGE, server.addr()).route("/large", STORAGE);
    let envoy = envoy.start();
    for header in ["keep-alive", "close"] {
        let begun = Instant::now();
        let asked = Request::get("/large").header("connection", header).discard_body();
        let Err(Error::Truncated(part)) = asked.try_send(envoy.addr()) else { panic!("a whole response") };
        assert_eq!((part.status, part.length), (200, 100_000));
        assert!(begun.elapsed() < Duration::from_millis(900), "{header}: {:?}", begun.elapsed());
    }
}

#[test]
fn an_early_answer_reaches_who_is_still_sending() {
    let stack = Stack::start();
    let many = (0..70).fold(Request::get("/example.com/m/@v/list"), |request, number| {
        request.header(&format!("x-{number}"), &"y".repeat(1000))
    });
    let posted = Request::new("POST", "/example.com/m/@v/list").body(vec![b'z'; 5 << 20]);
    for (request, status) in [(many, 431), (posted.clone(), 405), (posted.header("connection", "close"), 405)]
    {
        for _ in 0..5 {
            let mut conn = Conn::open(stack.envoy.addr()).unwrap();
            // It may find the connection closed in the middle of its body.
            let _ = conn.send(&request);
            assert_eq!(conn.head().unwrap().status, status);
        }
    }
}

#[test]
fn heads_are_bounded() {
    let stack = Stack::start();
    let _ = Body::default();
    stack.upstream.serve(&Module::new("example.com/m", "v1.0.0"));
    for (bytes, status) in [(12_000, 200), (17_000, 431)] {
        let request = Request::get("/example.com/m/@v/list").header("authorization", &"x".repeat(bytes));
        assert_eq!(stack.envoy.send(&request).status, status, "{bytes}");
    }
}
