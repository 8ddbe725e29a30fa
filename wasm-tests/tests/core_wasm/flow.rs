//! A whole flow: a miss, the callouts, their replies, an answer, and then a hit.

use modgate::config::Config;
use modgate::cx::{CallId, Command, Cx, StreamId, Verdict};
use modgate::http::{Callout, Headers, Reply, RequestHead, Response, Timestamp};
use modgate::shared::{Memory, Seat};
use modgate::worker::Worker;
use modgate_wasm_tests::properties;
use wasm_bindgen_test::wasm_bindgen_test;

const CONFIG: &str = r#"{
    "upstreams": [{"cluster": "public", "url": "https://proxy.test/base"}],
    "storage": {"cluster": "storage", "url": "http://storage.test/modules"}
}"#;

fn get(path: &str) -> RequestHead {
    let (method, authority) = ("GET".to_owned(), "gateway.test".to_owned());
    RequestHead {
        method,
        authority,
        path: path.to_owned(),
        headers: Headers::default(),
        properties: Vec::new(),
        ends: true,
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply::Answered {
        status,
        headers: [("date", "now"), ("content-length", &body.len().to_string())].into_iter().collect(),
        body: body.as_bytes().to_vec(),
    }
}

fn called(commands: Vec<Command>) -> (CallId, Callout) {
    let mut calls = commands.into_iter().filter_map(|command| match command {
        Command::Call { id, callout } => Some((id, callout)),
        _ => None,
    });
    let call = calls.next().expect("a callout");
    assert!(calls.next().is_none());
    call
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str())
}

#[wasm_bindgen_test]
fn a_miss_is_fetched_answered_written_and_hit() {
    let mut memory = Memory::default();
    let mut worker = Worker::new(Config::parse(CONFIG).unwrap(), Seat::default(), &memory);
    let head = get("/github.com/%21azure/x/@v/v1.0.0.mod");
    let stream = StreamId(7);
    let now = Timestamp(1_700_000_000_000);

    let mut cx = Cx::new(now, &mut memory);
    assert_eq!(worker.request_head(stream, &head, &mut cx), Verdict::Wait);
    let (id, callout) = called(cx.commands);
    assert_eq!((callout.cluster.as_str(), callout.method), ("storage", "GET"));
    assert_eq!(callout.path, "/modules/github.com/%21azure/x/@v/v1.0.0.mod");

    let mut cx = Cx::new(now, &mut memory);
    worker.call_done(id, reply(404, ""), &mut cx);
    let (id, callout) = called(cx.commands);
    assert_eq!((callout.cluster.as_str(), callout.scheme), ("public", "https"));
    assert_eq!(callout.path, "/base/github.com/%21azure/x/@v/v1.0.0.mod");

    let mut cx = Cx::new(now, &mut memory);
    worker.call_done(id, reply(200, "module github.com/Azure/x\n"), &mut cx);
    let resumed = cx.commands.iter().find_map(|command| match command {
        Command::Resume { stream, verdict: Verdict::Respond(response) } => Some((*stream, response.clone())),
        _ => None,
    });
    let (id, write) = called(cx.commands);
    let (whom, answer) = resumed.expect("an answer");
    assert_eq!((whom, answer.status, header(&answer, "x-modgate-cache")), (stream, 200, "upstream"));
    assert_eq!(&*answer.body, b"module github.com/Azure/x\n");
    assert_eq!((write.method, write.cluster.as_str(), &write.body), ("PUT", "storage", &answer.body));
    worker.call_done(id, reply(201, ""), &mut Cx::new(now, &mut memory));
    assert!(worker.is_idle());

    // The next worker has it from the memory they share, years later as well.
    let mut worker = Worker::new(Config::parse(CONFIG).unwrap(), Seat::default(), &memory);
    let mut cx = Cx::new(Timestamp(now.0 + (1 << 37)), &mut memory);
    let Verdict::Respond(hit) = worker.request_head(stream, &head, &mut cx) else { panic!("no hit") };
    assert_eq!((hit.status, header(&hit, "x-modgate-cache")), (200, "hit"));
    assert_eq!((header(&hit, "etag"), &hit.body), (header(&answer, "etag"), &answer.body));
    assert!(!cx.commands.iter().any(|command| matches!(command, Command::Call { .. })));
}

#[wasm_bindgen_test]
fn what_must_hold_of_requests_holds_of_the_seeds() {
    for seed in [
        include_bytes!("../../../fuzz/seeds/request/info_from_upstream").as_slice(),
        include_bytes!("../../../fuzz/seeds/request/fallback"),
        include_bytes!("../../../fuzz/seeds/request/zip_private"),
        include_bytes!("../../../fuzz/seeds/request/zip_streamed"),
        include_bytes!("../../../fuzz/seeds/request/readyz"),
        include_bytes!("../../../fuzz/seeds/request/foreign_picks_a_cluster"),
    ] {
        properties::request::check(seed);
    }
}
