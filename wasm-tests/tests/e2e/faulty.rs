//! Every misbehaviour of the scripted upstream, seen by a client that knows exactly what it receives.

use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::http::{Conn, Error, Request, get};
use modgate_wasm_tests::module::Module;

#[test]
fn statuses_headers_and_sequences() {
    let upstream = Faulty::start();
    upstream.on("/gone", Reply::status(410).body("gone\n").header("content-type", "image/png"));
    upstream.on_each("/flaky", [Reply::status(500), Reply::ok("1"), Reply::ok("2")]);
    upstream.on_fn("/made", |seen| Reply::ok(seen.header("user-agent").unwrap_or("nobody").to_owned()));
    upstream.on("/%21azure", Reply::ok("escaped"));

    let gone = get(upstream.addr(), "/gone");
    assert_eq!((gone.status, gone.text().as_str()), (410, "gone\n"));
    assert_eq!(gone.header("content-type"), Some("image/png"));
    let texts: Vec<String> = (0..4).map(|_| get(upstream.addr(), "/flaky").text()).collect();
    assert_eq!(texts, ["", "1", "2", "2"]);
    assert_eq!(Request::get("/made").header("User-Agent", "me").send(upstream.addr()).text(), "me");
    assert_eq!(get(upstream.addr(), "/!azure").text(), "escaped");
    assert_eq!(get(upstream.addr(), "/else").status, 404);
    assert_eq!(upstream.hits("/flaky"), 4);
}

#[test]
fn methods_and_bodies_are_told_apart() {
    let upstream = Faulty::start();
    upstream.on("/x", Reply::ok("read"));
    upstream.on("PUT /x", Reply::status(507));
    assert_eq!(get(upstream.addr(), "/x?query=1").text(), "read");
    assert_eq!(Request::new("PUT", "/x").body("data").send(upstream.addr()).status, 507);
    let head = Request::new("HEAD", "/x").send(upstream.addr());
    assert_eq!((head.header("content-length"), head.length), (Some("4"), 0));
    let chunked = Request::new("PUT", "/x").header("transfer-encoding", "chunked");
    let mut conn = Conn::open(upstream.addr()).unwrap();
    conn.send(&chunked).unwrap();
    conn.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").unwrap();
    assert_eq!(conn.head().unwrap().status, 507);
    let bodies: Vec<Vec<u8>> = upstream.requests().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [&b""[..], b"data", b"", b"abcde"]);
}

#[test]
fn framings_give_the_same_body() {
    let upstream = Faulty::start();
    upstream.on("/length", Reply::huge(200_000));
    upstream.on("/chunked", Reply::huge(200_000).chunked());
    upstream.on("/close", Reply::huge(200_000).until_close());
    for path in ["/length", "/chunked", "/close"] {
        let answer = Request::get(path).discard_body().send(upstream.addr());
        assert_eq!((answer.length, answer.pattern), (200_000, true), "{path}");
    }
}

#[test]
fn a_connection_serves_more_than_one_request() {
    let upstream = Faulty::start();
    upstream.on("/a", Reply::ok("a"));
    upstream.on("/b", Reply::ok("b").chunked());
    let mut conn = Conn::open(upstream.addr()).unwrap();
    for _ in 0..3 {
        assert_eq!(conn.exchange(&Request::get("/b")).unwrap().text(), "b");
        assert_eq!(conn.exchange(&Request::get("/a")).unwrap().text(), "a");
    }
}

#[test]
fn waiting_before_the_head_and_in_the_body() {
    let upstream = Faulty::start();
    let wait = Duration::from_millis(150);
    upstream.on("/late", Reply::ok("late").delay(wait));
    upstream.on("/stall", Reply::ok("abcdef").stall(3, wait));
    for (path, text) in [("/late", "late"), ("/stall", "abcdef")] {
        let begun = Instant::now();
        assert_eq!(get(upstream.addr(), path).text(), text);
        assert!(begun.elapsed() >= wait, "{path}");
    }
    let hasty = Request::get("/stall").deadline(Duration::from_millis(50)).try_send(upstream.addr());
    let Err(Error::Deadline(Some(part))) = hasty else { panic!("{hasty:?}") };
    assert_eq!(part.text(), "abc");
}

#[test]
fn gates_hold_until_they_are_opened() {
    let upstream = Faulty::start();
    let (before, within) = (Gate::new(), Gate::new());
    upstream.on("/held", Reply::ok("abcdef").held(&before).held_in_body(2, &within));
    let addr = upstream.addr();
    let client = thread::spawn(move || get(addr, "/held").text());
    upstream.wait_hits("/held", 1);
    thread::sleep(Duration::from_millis(50));
    assert!(!client.is_finished());
    before.open();
    within.open();
    assert_eq!(client.join().unwrap(), "abcdef");
}

#[test]
fn hanging_up() {
    let upstream = Faulty::start();
    upstream.on("/never", Reply::ok("x").close_before_head());
    upstream.on("/part", Reply::huge(10_000).close_after(4_000));
    upstream.on("/part-chunked", Reply::huge(10_000).chunked().close_after(4_000));
    let ask = |path: &str| Request::get(path).discard_body().try_send(upstream.addr());
    assert!(matches!(ask("/never"), Err(Error::Empty)));
    for path in ["/part", "/part-chunked"] {
        let Err(Error::Truncated(part)) = ask(path) else { panic!("{path} came whole") };
        assert_eq!((part.status, part.length, part.pattern), (200, 4_000, true), "{path}");
    }
}

#[test]
fn a_wrong_length_is_sent_as_told() {
    let upstream = Faulty::start();
    upstream.on("/long", Reply::ok("abc").header("content-length", "9").close_after(3));
    assert!(
        matches!(Request::get("/long").try_send(upstream.addr()), Err(Error::Truncated(part)) if part.text() == "abc")
    );
}

#[test]
fn an_endless_body_goes_on_until_the_client_has_enough() {
    let upstream = Faulty::start();
    upstream.on("/endless", Reply::huge(0).endless());
    let mut conn = Conn::open(upstream.addr()).unwrap();
    conn.send(&Request::get("/endless")).unwrap();
    let mut read = 0;
    while read < 20 << 20 {
        read += conn.skip_some().unwrap();
    }
}

#[test]
fn conditions_and_ranges() {
    let upstream = Faulty::start();
    upstream.on("/e", Reply::ok("0123456789").etag("\"one\"").ranges());
    let with = |name: &str, value: &str| Request::get("/e").header(name, value).send(upstream.addr());
    assert_eq!(with("if-none-match", "\"one\"").status, 304);
    assert_eq!(with("if-none-match", "\"two\"").status, 200);
    for (range, text) in [("bytes=2-4", "234"), ("bytes=7-", "789"), ("bytes=-2", "89")] {
        let answer = with("range", range);
        assert_eq!((answer.status, answer.text().as_str()), (206, text), "{range}");
    }
    assert_eq!(with("range", "bytes=2-4").header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(with("range", "bytes=20-").status, 200);
}

#[test]
fn three_hundred_megabytes_take_no_memory() {
    let upstream = Faulty::start();
    let module = Module::new("example.com/big", "v1.0.0").padded(300 << 20);
    upstream.serve(&module);
    let answer = Request::get(&module.url("zip"))
        .discard_body()
        .deadline(Duration::from_secs(60))
        .send(upstream.addr());
    assert_eq!(answer.length, module.zip().len());
    assert!(answer.length > 300 << 20);
}

#[test]
fn dropping_it_ends_what_it_holds() {
    let upstream = Faulty::start();
    upstream.on("/held", Reply::ok("x").held(&Gate::new()));
    let addr = upstream.addr();
    let client = thread::spawn(move || Request::get("/held").try_send(addr));
    upstream.wait_hits("/held", 1);
    drop(upstream);
    assert!(matches!(client.join().unwrap(), Err(Error::Empty)));
    assert!(matches!(Request::get("/").try_send(addr), Err(Error::Connect(_))));
}

#[test]
fn the_most_at_once_are_those_that_wait_for_their_answers() {
    let upstream = Faulty::start();
    let gate = Gate::new();
    upstream.on("/held", Reply::ok("held").held(&gate));
    upstream.on("/other", Reply::ok("other"));
    for _ in 0..3 {
        assert_eq!(get(upstream.addr(), "/other").text(), "other");
    }
    assert_eq!((upstream.most_at_once(), upstream.count()), (1, 3));
    let crowd = Crowd::new(upstream.addr(), Request::get("/held").compare_body("held".into())).and(20);
    upstream.wait_hits("/held", 20);
    assert_eq!(get(upstream.addr(), "/other").text(), "other");
    gate.open();
    crowd.answers().assert_all(200, 4);
    upstream.remember_nothing();
    assert_eq!(get(upstream.addr(), "/other").text(), "other");
    assert_eq!((upstream.most_at_once(), upstream.count(), upstream.requests().len()), (21, 25, 0));
}
