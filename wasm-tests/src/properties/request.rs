//! A whole request through a worker: from its head over its callouts to its answer.
//!
//! Input: a digit that chooses the configuration, then method and path on the same line, `:authority` on the next one,
//! headers below; after an empty line the replies to come, in order, parted by lines of `--`. A reply is a status (or
//! `!` and a digit, for a failure), headers, and a body after an empty line. Once they are used up, everything answers 404.

mod proper;
mod script;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use modgate::config::Config;
use modgate::cx::{Route, StreamId, Verdict};
use modgate::host::envoy::reply::response_head;
use modgate::http::{CallFailure, Headers, Reply, Response};
use modgate::shared::Capabilities;
use modgate::sim::{Fate, World};

use self::proper::{CLIENTS_SECRET, all_is_proper, is_allowed, named};
use self::script::Script;

/// All that a host can do but one thing, and nothing of it.
const LESSER: [Capabilities; 5] = [
    Capabilities { queue: false, ..Capabilities::ALL },
    Capabilities { hold_response: false, ..Capabilities::ALL },
    Capabilities { respond_late: false, ..Capabilities::ALL },
    Capabilities { named_clusters: false, ..Capabilities::ALL },
    Capabilities { queue: false, hold_response: false, respond_late: false, named_clusters: false },
];

static CONFIGS: LazyLock<Vec<Config>> = LazyLock::new(|| {
    [
        include_str!("request/upstream_and_storage.json"),
        include_str!("request/private_and_public.json"),
        include_str!("request/storage_alone.json"),
    ]
    .map(|text| Config::parse(text).unwrap())
    .into()
});

/// Each request gets exactly one verdict at once and, where that is to wait, exactly one later; whatever it leads to is
/// well formed, goes where it may go, and carries nothing of the client's; in the end nothing is left over.
///
/// So on a host like Envoy, and on one that lacks something, which the length of the input chooses.
pub fn check(input: &[u8]) {
    let Some(script) = Script::read(input, CONFIGS.len()) else { return };
    check_on(Capabilities::ALL, &script);
    check_on(LESSER[input.len() % LESSER.len()], &script);
}

/// As [`check`], on a host that can do this.
fn check_on(host: Capabilities, script: &Script) {
    let config = &CONFIGS[script.config];
    let names: BTreeSet<_> = script.head.headers.names().collect();
    let mut world = World::empty();
    let worker = world.join_on(host, 1, config.clone());
    let nothing = Reply::Answered { status: 404, headers: Headers::default(), body: Vec::new() };
    world.script(script.replies.clone(), nothing);

    let first = world.arrive(worker, &script.head);
    let waits = *world.verdict(first) == Verdict::Wait;
    // The same at the same time: it waits for the same, and a third one that leaves changes nothing.
    let second = world.arrive(worker, &script.head);
    assert!(!waits || *world.verdict(second) == Verdict::Wait);
    let third = world.arrive(worker, &script.head);
    world.leave(worker, third);
    world.settle();

    let [was_first, was_second] = [first, second].map(|stream| world.verdict(stream).clone());
    is_proper(&was_first, &names, config);
    is_proper(&was_second, &names, config);
    if let (true, Verdict::Respond(first), Verdict::Respond(second)) = (waits, &was_first, &was_second) {
        assert_eq!((first.status, &first.body), (second.status, &second.body));
    }
    for (stream, verdict) in [(first, &was_first), (second, &was_second)] {
        if world.worker(worker).awaits_response(stream) {
            let Verdict::Route(route) = verdict else { panic!("routed by {verdict:?}") };
            is_route(route, config);
            respond(&mut world, host, worker, stream, script);
        }
    }
    assert!(world.is_idle(), "nothing is under way, and nobody waits");

    // Another worker, later, with every source down: it has the index, or says what is wrong.
    world.pass(60_000);
    world.crash(worker);
    world.script([], Reply::Failed(CallFailure::Unreachable));
    let again = world.arrive(worker, &script.head);
    world.settle();
    let again = world.verdict(again);
    is_proper(again, &names, config);
    if let (Verdict::Respond(first), Verdict::Respond(again)) = (&was_first, again)
        && (first.status, again.status) == (200, 200)
        // A page says how things are just now.
        && !first.headers.contains(&("cache-control", "no-store".to_owned()))
    {
        assert_eq!(first.body, again.body);
    }
    all_is_proper(&world, host, config);
}

/// The response to a routed request comes: its head, and where that begins a zip, a body that is none. Then the client leaves.
fn respond(world: &mut World, host: Capabilities, worker: usize, stream: StreamId, script: &Script) {
    let (status, headers) = script.response.clone();
    let names: Vec<_> = headers.names().map(str::to_owned).collect();
    let head = response_head(status, headers, None, None, false);
    match world.answer_routed_as(worker, stream, &head) {
        Verdict::Edit(edit) => {
            let kept = names.iter().filter(|name| !edit.remove.contains(name));
            assert!(kept.into_iter().all(|name| name != "set-cookie" && !name.starts_with("x-")));
            is_clean(edit.set.iter());
        }
        Verdict::Respond(response) => is_response(&response),
        other => panic!("a response is not left like this: {other:?}"),
    }
    assert!(!world.worker(worker).awaits_response(stream), "a response has one head");
    if world.worker(worker).inspects(stream).is_some() {
        assert!(host.hold_response, "nothing could be held back");
        world.body(worker, stream, b"PK\x03\x04 and no more", true);
        assert_eq!(world.download(stream).fate, Fate::Reset, "it is no zip");
    } else {
        world.leave(worker, stream);
    }
}

fn is_proper(verdict: &Verdict, names: &BTreeSet<&str>, config: &Config) {
    let route_header = &config.matching.route_header;
    match verdict {
        Verdict::Continue => assert!(!names.contains(route_header.as_str()), "the client picked a cluster"),
        Verdict::Edit(edit) => {
            assert!(edit.remove.contains(route_header), "the client picked a cluster");
            is_clean(edit.set.iter());
        }
        Verdict::Route(route) => {
            assert!(route.set.iter().any(|(name, _)| name == route_header), "the client picked a cluster");
            is_clean(route.set.iter().chain(&route.confided));
        }
        Verdict::Respond(response) => is_response(response),
        Verdict::Wait => panic!("it waits for ever"),
    }
}

fn is_route(route: &Route, config: &Config) {
    let value =
        |wanted: &str| route.set.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let cluster = value(&config.matching.route_header).unwrap();
    let path = value(":path").unwrap();
    assert!(path.ends_with(".zip"), "{path}");
    assert!(
        named(config, cluster).is_some_and(|to| is_allowed(config, to, path)),
        "{path} is not for {cluster}"
    );
    assert!(value(&config.matching.host_header).is_some() && value(":scheme").is_some());
    assert!(value(":authority").is_none(), "another virtual host would be chosen by it");
    for name in ["authorization", "cookie"] {
        assert_eq!(route.left_behind([(name, "x")].into_iter()), [name], "the client's would go along");
        assert!(value(name).is_none(), "any route could give it to anybody");
    }
}

fn is_response(response: &Response) {
    let Response { status, headers, body, .. } = response;
    assert!(matches!(status, 200 | 304 | 400 | 403 | 404 | 405 | 410 | 502 | 503 | 504), "{status}");
    is_clean(headers.iter());
    let is_page = headers.iter().any(|(name, value)| *name == "content-type" && value == "application/json");
    assert!(headers.iter().any(|(name, _)| *name == "cache-control"), "nobody may guess");
    if *status >= 400 && !is_page {
        // Else the go command shows none of it.
        let text = std::str::from_utf8(body).unwrap();
        assert!(body.len() <= 648 && text.lines().count() <= 8, "{text}");
        assert!(!text.chars().any(is_hidden), "{text:?}");
        assert!(!text.contains(CLIENTS_SECRET));
    }
}

/// Some of what `unicode.IsGraphic` is not true of: one of these, and the go command shows nothing of the text.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e00ff}')
}

fn is_clean<'a>(headers: impl Iterator<Item = &'a (impl AsRef<str> + 'a, String)>) {
    for (name, value) in headers {
        assert!(!value.chars().any(char::is_control), "{}: {value:?}", name.as_ref());
        assert!(!value.contains(CLIENTS_SECRET), "{}: {value:?}", name.as_ref());
    }
}
