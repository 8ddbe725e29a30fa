//! Requests with a body: what is collected, what is refused, and what they take while they come.

use super::{CONFIG, body, header, world};
use crate::{
    config::limits::{BODY_TIME, MAX_BODIES_BYTES},
    cx::{StreamId, Verdict},
    sim::World,
};

const EXPLAIN: &str = "/-/explain";

/// The most that the page takes.
const MOST: usize = 64 << 10;

fn open() -> World {
    let mut world = World::new(1, &CONFIG.replacen('{', r#"{"admin": {"explain": ["@anonymous"]},"#, 1));
    world.cluster("storage");
    world.cluster("public");
    world
}

#[track_caller]
fn status(world: &World, stream: StreamId) -> u16 {
    world.response(stream).status
}

/// Whether nothing is kept for any client.
fn is_free(world: &mut World) -> bool {
    let clients = &world.worker(0).clients;
    clients.is_free() && clients.is_empty()
}

/// A body in these pieces; the last of them ends it.
fn post(world: &mut World, headers: &[(&str, &str)], pieces: &[&[u8]]) -> StreamId {
    let stream = world.begin_post(0, EXPLAIN, headers);
    for (at, piece) in pieces.iter().enumerate() {
        world.send(0, stream, piece, at + 1 == pieces.len());
    }
    world.settle();
    stream
}

#[test]
fn scenario_a_body_is_one_however_it_comes() {
    let text = b"example.com/m v1.0.0\nexample.com/n v1.2.0\n";
    let length = text.len().to_string();
    let (first, rest) = text.split_at(17);
    let mut answers = Vec::new();
    for (headers, pieces) in [
        (&[("content-length", length.as_str())][..], &[&text[..]][..]),
        (&[("content-length", length.as_str())], &[first, rest]),
        (&[("content-length", length.as_str())], &[first, rest, b""]),
        (&[("transfer-encoding", "chunked")], &[first, b"", rest]),
        (&[], &[&text[..], b""]),
        (&[("content-encoding", "identity")], &[&text[..]]),
    ] {
        let mut world = open();
        let stream = post(&mut world, headers, pieces);
        assert_eq!(status(&world, stream), 200, "{headers:?} {pieces:?}");
        answers.push(body(&world.response(stream)).to_owned());
        world.leave(0, stream);
        assert!(is_free(&mut world) && world.is_idle());
        assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()), "it asks nobody");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn scenario_what_is_no_body_for_the_page_is_refused() {
    let large = vec![b'\n'; MOST + 1];
    for (headers, pieces, want) in [
        // By the head.
        (&[("content-length", "65537")][..], &[][..], 413),
        (&[("content-length", "99999999999999999999")], &[], 400),
        (&[("content-length", "-1")], &[], 400),
        (&[("content-encoding", "gzip")], &[], 400),
        // By what comes.
        (&[("content-length", "10")], &[&b"example"[..], b""], 400),
        (&[("content-length", "3")], &[b"example"], 400),
        (&[], &[&large], 413),
        (&[], &[&large[..MOST], b"\n"], 413),
        (&[], &[&large[..MOST]], 413),
        (&[], &[b"\xff\xfe v1.0.0"], 400),
        (&[], &[b"example.com/m main"], 400),
        (&[], &[b"example.com/m v1.0.0\n\nexample.com/m v1.0.0 h1:x"], 400),
    ] {
        let mut world = open();
        let stream = post(&mut world, headers, pieces);
        let answer = world.response(stream);
        assert_eq!((answer.status, header(&answer, "cache-control")), (want, "no-store"), "{headers:?}");
        assert!(!world.send(0, stream, b"more", true), "what follows is not collected");
        assert!(is_free(&mut world) && world.is_idle(), "{headers:?}");
    }
    // A request that ends with its head.
    let mut world = open();
    for (headers, want) in
        [(&[][..], 411), (&[("content-length", "0")], 200), (&[("content-length", "5")], 400)]
    {
        let stream = world.begin_with(0, "POST", EXPLAIN, headers);
        world.settle();
        assert_eq!(status(&world, stream), want, "{headers:?}");
    }
    let mistake = post(&mut world, &[], &[b"example.com/m v1.0.0\nexample.com/m main"]);
    assert!(body(&world.response(mistake)).contains("line 2"), "{}", body(&world.response(mistake)));
}

#[test]
fn scenario_nothing_is_collected_for_who_may_not_ask_or_for_any_other_page() {
    let mut closed = world(1);
    let stream = closed.begin_post(0, EXPLAIN, &[]);
    assert_eq!(status(&closed, stream), 404);
    assert!(!closed.send(0, stream, b"x", false));
    for path in ["/-/healthz", "/-/readyz", "/-/version"] {
        let stream = closed.begin_post(0, path, &[]);
        let answer = closed.response(stream);
        assert_eq!((answer.status, header(&answer, "allow")), (405, "GET, HEAD"), "{path}");
        assert!(body(&answer).contains("a module proxy answers GET and HEAD"));
    }
    let put = closed.begin_with(0, "PUT", EXPLAIN, &[]);
    let answer = closed.response(put);
    assert_eq!((answer.status, header(&answer, "allow")), (405, "GET, HEAD, POST"));
    let others = closed.begin_post(0, "/-/other", &[]);
    assert_eq!(closed.verdict(others), &Verdict::Continue, "it is no page of this filter");

    // What is not collected is not read.
    let module = closed.begin_with(0, "GET", "/example.com/m/@v/v1.0.0.mod", &[("content-length", "9")]);
    assert_eq!(closed.verdict(module), &Verdict::Wait);
    assert!(!closed.send(0, module, b"123456789", true));
    closed.settle();
    assert_eq!(status(&closed, module), 200);
}

#[test]
fn scenario_a_body_that_does_not_come_is_given_up() {
    let mut world = open();
    let slow = world.begin_post(0, EXPLAIN, &[]);
    world.send(0, slow, b"example.com/m v1.0.0\n", false);
    let time = u64::try_from(BODY_TIME.as_millis()).unwrap();
    world.pass(time - 200);
    world.send(0, slow, b"example.com/m v1.0.1\n", false);
    assert_eq!(world.verdict(slow), &Verdict::Wait);
    world.pass(400);
    assert_eq!(status(&world, slow), 408, "what comes slowly does not hold it open");
    assert!(
        body(&world.response(slow)).contains("only 42 bytes of the body arrived"),
        "{}",
        body(&world.response(slow))
    );
    assert!(is_free(&mut world) && !world.worker(0).needs_ticks());
}

#[test]
fn scenario_bodies_have_a_bound_together_and_who_leaves_frees_his() {
    let mut world = open();
    let most = MAX_BODIES_BYTES / MOST;
    let all: Vec<_> = (0..most).map(|_| world.begin_post(0, EXPLAIN, &[])).collect();
    let late = world.begin_post(0, EXPLAIN, &[]);
    assert_eq!(status(&world, late), 503);
    assert!(world.counters["modgate.refusals_total.reason.budget"] > 0);
    world.leave(0, all[0]);
    let next = world.begin_post(0, EXPLAIN, &[]);
    assert_eq!(world.verdict(next), &Verdict::Wait);
    // One that says how short it is takes no more than that.
    world.leave(0, next);
    let mut short: Vec<_> =
        (0..MOST / 16).map(|_| world.begin_post(0, EXPLAIN, &[("content-length", "16")])).collect();
    short.retain(|stream| world.verdict(*stream) == &Verdict::Wait);
    assert!(short.len() > 1_000, "{}", short.len());
    for stream in all.into_iter().chain(short) {
        world.leave(0, stream);
    }
    assert!(is_free(&mut world) && !world.worker(0).needs_ticks());
}

#[test]
fn scenario_who_leaves_while_his_modules_are_explained_is_passed_over() {
    let mut world = open();
    let text = "example.com/m v1.0.0\n".repeat(100);
    let [first, second] = [(); 2].map(|()| world.begin_post(0, EXPLAIN, &[]));
    for stream in [first, second] {
        assert!(world.send(0, stream, text.as_bytes(), true));
        assert_eq!(world.verdict(stream), &Verdict::Wait, "it is made in slices");
    }
    assert!(world.work(0));
    world.leave(0, first);
    world.settle();
    assert_eq!((world.verdict(first), status(&world, second)), (&Verdict::Wait, 200));
    assert!(is_free(&mut world) && world.is_idle());
}
