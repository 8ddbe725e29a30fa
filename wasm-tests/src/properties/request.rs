//! A whole request through a worker: from its head over its callouts to its answer.
//!
//! Input: a digit that chooses the configuration, then method and path on the same line, `:authority` on the next one,
//! headers below; after an empty line the replies to come, in order, parted by lines of `--`. A reply is a status (or
//! `!` and a digit, for a failure), headers, and a body after an empty line. Once they are used up, everything answers 404.

mod script;
mod world;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use modgate::config::Config;
use modgate::cx::{Route, Verdict};
use modgate::host::envoy::reply::response_head;
use modgate::http::Response;

use self::script::Script;
use self::world::{CLIENTS_SECRET, World};

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
pub fn check(input: &[u8]) {
    let Some(script) = Script::read(input, CONFIGS.len()) else { return };
    let config = &CONFIGS[script.config];
    let mut world = World::new(config, script.replies);

    let (first, verdict) = world.begin(&script.head);
    let waits = verdict == Verdict::Wait;
    // The same at the same time: it waits for the same, and a third one that leaves changes nothing.
    let (second, verdict) = world.begin(&script.head);
    let (third, _) = world.begin(&script.head);
    assert!(!waits || verdict == Verdict::Wait);
    world.leave(third);
    world.settle();

    let (first, second) = (world.verdict_of(first), world.verdict_of(second));
    is_proper(&first, &script.head.headers.names().collect(), config);
    is_proper(&second, &script.head.headers.names().collect(), config);
    if let (true, Verdict::Respond(first), Verdict::Respond(second)) = (waits, &first, &second) {
        assert_eq!((first.status, &first.body), (second.status, &second.body));
    }
    for (stream, verdict) in world.routed() {
        let Verdict::Route(route) = verdict else { panic!("routed by {verdict:?}") };
        is_route(&route, config);
        let (status, headers) = script.response.clone();
        let names: Vec<_> = headers.names().map(str::to_owned).collect();
        match world.respond(stream, &response_head(status, headers, None, None, false)) {
            Verdict::Edit(edit) => {
                let kept = names.iter().filter(|name| !edit.remove.contains(name));
                assert!(kept.into_iter().all(|name| name != "set-cookie" && !name.starts_with("x-")));
                is_clean(edit.set.iter());
            }
            Verdict::Respond(response) => is_response(&response),
            other => panic!("a response is not left like this: {other:?}"),
        }
        world.end(stream);
    }
    assert!(world.is_idle(), "nothing is under way, and nobody waits");

    // Another worker, later, with every source down: it has the index, or says what is wrong.
    let mut other = world.another();
    let (stream, _) = other.begin(&script.head);
    other.settle();
    let again = other.verdict_of(stream);
    is_proper(&again, &script.head.headers.names().collect(), config);
    if let (Verdict::Respond(first), Verdict::Respond(again)) = (&first, &again)
        && (first.status, again.status) == (200, 200)
        // A page says how things are just now.
        && !first.headers.contains(&("cache-control", "no-store".to_owned()))
    {
        assert_eq!(first.body, again.body);
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
    assert!(world::is_allowed(config, cluster, path), "{path} is not for {cluster}");
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
