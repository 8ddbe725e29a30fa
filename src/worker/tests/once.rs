//! What failed once: it is not gone, not spoiled, and not a state of the store.

use super::{EMPTY_ZIP, body, gets, routed_to, world};
use crate::{
    cx::{StreamId, Verdict},
    host::envoy::reply::response_head,
    http::{CallFailure, Headers, ResponseHead},
    sim::World,
};

mod head;
mod names;

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const STORED: &str = "/modules/example.com/m/@v/v1.0.0.zip";
const ORIGIN: &str = "/base/example.com/m/@v/v1.0.0.zip";

/// What clients send: a plain GET first.
const REQUESTS: [(&str, &[(&str, &str)]); 7] = [
    ("GET", &[]),
    ("HEAD", &[("if-none-match", "\"x\"")]),
    ("GET", &[("range", "bytes=0-99")]),
    ("GET", &[("if-none-match", "\"x\"")]),
    ("GET", &[("if-match", "\"x\"")]),
    ("GET", &[("if-modified-since", "Mon, 01 Jan 2024 00:00:00 GMT")]),
    ("GET", &[("if-range", "\"x\""), ("range", "bytes=5-")]),
];

/// How far storage is believed: its zip is checked when it is first read, never, or each time that it is given.
const REVERIFY: [&str; 3] = ["first_read", "never", "always"];

/// Two workers, and a zip that storage has and the gateway knows of.
fn warm(reverify: &str) -> World {
    let config = super::CONFIG.replace("modules\"", &format!("modules\", \"reverify\": \"{reverify}\""));
    let mut world = World::new(2, &config);
    world.cluster("public").serve(ORIGIN, EMPTY_ZIP);
    world.cluster("storage").serve(STORED, EMPTY_ZIP);
    assert_eq!(next(&mut world, 0), "storage");
    world
}

/// Whom the next plain GET is sent to, or with which status it is answered.
fn next(world: &mut World, worker: usize) -> String {
    let stream = world.begin(worker, ZIP);
    world.settle();
    outcome(world, stream)
}

fn outcome(world: &World, stream: StreamId) -> String {
    match world.verdict(stream) {
        Verdict::Respond(answer) => answer.status.to_string(),
        _ => routed_to(world, stream).to_owned(),
    }
}

/// A client's request, to which whoever it is routed to answers so.
fn answered(world: &mut World, request: (&str, &[(&str, &str)]), head: &ResponseHead) -> Verdict {
    let stream = world.begin_with(0, request.0, ZIP, request.1);
    world.settle();
    assert_eq!(routed_to(world, stream), "storage", "{request:?}");
    let verdict = world.answer_routed_as(0, stream, head);
    world.leave(0, stream);
    verdict
}

fn status(status: u16) -> ResponseHead {
    let headers = [("date", "now"), ("content-length", "5")].into_iter().collect::<Headers>();
    response_head(status, headers, Some("via_upstream"), None, false)
}

fn failure(details: &str) -> ResponseHead {
    let headers = [("content-type", "text/plain")].into_iter().collect::<Headers>();
    let status = if details.contains("protocol_error") { 502 } else { 503 };
    response_head(status, headers, Some(details), None, false)
}

/// Whatever storage answers to one client, the next gets the zip from storage: but for a 404 or a 410 to what everybody asks.
#[test]
fn no_answer_to_one_client_keeps_the_next_from_storage() {
    for reverify in REVERIFY {
        for request in REQUESTS {
            for code in (200..600).filter(|code| code % 100 < 32 || *code == 451) {
                for is_down in [false, true] {
                    let mut world = warm(reverify);
                    let _ = answered(&mut world, request, &status(code));
                    world.cluster("public").fault = is_down.then_some(CallFailure::Unreachable);
                    // Of what is read along, storage sees nobody's range or condition.
                    let is_plain = request == REQUESTS[0] || reverify == "always" && request.0 == "GET";
                    let is_gone = is_plain && matches!(code, 404 | 410);
                    let expected = if is_gone && !is_down { "public" } else { "storage" };
                    for worker in [1, 0] {
                        let got = next(&mut world, worker);
                        assert_eq!(got, expected, "{reverify} {request:?} {code} down: {is_down}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_outage_for_one_client_keeps_the_next_from_storage() {
    for reverify in REVERIFY {
        for request in REQUESTS {
            for details in [
                "upstream_reset_before_response_started{connection_termination}",
                "upstream_reset_before_response_started{overflow}",
                "upstream_reset_before_response_started{protocol_error}",
                "upstream_reset_before_response_started{remote_connection_failure}",
                "no_healthy_upstream",
                "response_timeout",
                "stream_idle_timeout",
                "cluster_not_found",
                "route_not_found",
                "direct_response",
            ] {
                for is_down in [false, true] {
                    let mut world = warm(reverify);
                    let _ = answered(&mut world, request, &failure(details));
                    world.cluster("public").fault = is_down.then_some(CallFailure::Unreachable);
                    assert_eq!(next(&mut world, 1), "storage", "{reverify} {request:?} {details}");
                }
            }
            let mut world = warm(reverify);
            let foreign = ResponseHead { cluster: Some("other".to_owned()), ..status(404) };
            let _ = answered(&mut world, request, &foreign);
            assert_eq!(next(&mut world, 1), "storage", "{reverify} {request:?}: another cluster's answer");
        }
    }
}

/// Storage that says that it has a zip, and gives none, is not what the next client is sent to.
#[test]
fn after_a_failed_download_storage_has_to_show_that_it_gives_the_zip() {
    for reverify in REVERIFY {
        let mut world = warm(reverify);
        let _ = answered(&mut world, REQUESTS[0], &status(500));
        world.cluster("storage").get_answered = Some((500, ""));
        assert_eq!(next(&mut world, 1), "public", "{reverify}");
        world.cluster("storage").get_answered = None;
        assert_eq!(next(&mut world, 1), "storage", "{reverify}: it does again");
        let asked = world.clusters["storage"].asked.len();
        assert_eq!(next(&mut world, 0), "storage", "{reverify}");
        assert_eq!(world.clusters["storage"].asked.len(), asked, "{reverify}: and the index knows");
    }
}

/// What breaks off may be larger than an answer may be, of a store that knows no ranges: it is sent there where nobody else has it.
#[test]
fn what_breaks_off_again_is_asked_for_last() {
    for reverify in ["never", "always"] {
        let mut world = warm(reverify);
        let _ = answered(
            &mut world,
            REQUESTS[0],
            &failure("upstream_reset_before_response_started{protocol_error}"),
        );
        world.cluster("storage").fault_of = Some(("GET", ".zip", CallFailure::Broken));
        for is_down in [true, false] {
            world.cluster("public").fault = is_down.then_some(CallFailure::Unreachable);
            assert_eq!(next(&mut world, 1), if is_down { "storage" } else { "public" }, "{reverify}");
            world.event(0, |worker, cx| {
                let doubted = crate::shared::Entry::Stored { since: cx.now, checked: true, doubted: true };
                worker.services.index.keep(cx.kv, &ZIP[1..], &doubted, cx.now);
            });
        }
    }
}

/// What was checked once is not read once more for one failure.
#[test]
fn a_failure_does_not_take_the_mark_that_a_zip_is_checked() {
    let mut world = warm("first_read");
    world.cluster("storage").gives_ranges = true;
    let _ = answered(&mut world, REQUESTS[0], &failure("no_healthy_upstream"));
    let before = world.clusters["storage"].callouts.len();
    assert_eq!(next(&mut world, 1), "storage");
    let asked: Vec<_> = world.clusters["storage"].callouts[before..]
        .iter()
        .map(|callout| {
            callout.headers.iter().find(|(name, _)| name == "range").map(|(_, range)| range.as_str())
        })
        .collect();
    assert_eq!(asked, [Some("bytes=0-0")], "it is asked for one byte");
}

#[test]
fn what_storage_lost_it_is_asked_for_last() {
    let mut world = warm("first_read");
    let _ = answered(&mut world, REQUESTS[0], &status(404));
    assert_eq!(next(&mut world, 1), "public");
    // The upstream knows it no more, or says nothing; storage has it again.
    for (status, fault) in [(404, None), (500, None), (200, Some(CallFailure::TimedOut))] {
        let mut world = warm("first_read");
        let _ = answered(&mut world, REQUESTS[0], &self::status(404));
        let public = world.cluster("public");
        public.answer(ORIGIN, status, &[], EMPTY_ZIP);
        public.fault = fault;
        assert_eq!(next(&mut world, 1), "storage", "{status} {fault:?}");
    }
    // Nobody has it.
    world.cluster("public").remove(ORIGIN);
    world.cluster("storage").remove(STORED);
    assert_eq!(next(&mut world, 1), "404");
}

/// A page in place of storage, for a moment: nothing of it is given, and nothing of it stays.
#[test]
fn a_page_of_maintenance_is_over_when_it_is_over() {
    for reverify in REVERIFY {
        for page in ["<html>Back soon</html>", "", "PK\x03\x04 cut"] {
            let config =
                super::CONFIG.replace("modules\"", &format!("modules\", \"reverify\": \"{reverify}\""));
            let mut world = World::new(2, &config);
            world.cluster("public").serve(ORIGIN, EMPTY_ZIP);
            let storage = world.cluster("storage").serve(STORED, EMPTY_ZIP);
            storage.get_answered = Some((200, page));
            let during = next(&mut world, 0);
            if reverify == "first_read" {
                assert_eq!(during, "public", "{page:?}");
            }
            world.cluster("storage").get_answered = None;
            world.pass(2_000);
            world.cluster("public").fault = Some(CallFailure::Unreachable);
            assert_eq!(next(&mut world, 1), "storage", "{reverify} {page:?}: the only source left");
            world.cluster("public").fault = None;
            world.pass(20_000);
            assert_eq!(next(&mut world, 0), "storage", "{reverify} {page:?}: twenty seconds later");
        }
    }
}

/// As it streams, without memory to read it first.
#[test]
fn a_download_that_was_no_zip_is_forgotten_sooner_than_another_zip() {
    for (bytes, loss) in [("<html>", "page"), ("PK\x05\x06 and no end", "cut"), (OTHER, "another zip")] {
        let mut world = warm("always");
        let stream = world.begin(0, ZIP);
        world.settle();
        let _ = world.answer_routed(0, stream, 200, &[("date", "now")]);
        world.body(0, stream, bytes.as_bytes(), true);
        while world.work(0) {}
        assert_eq!(next(&mut world, 1), "public", "{loss}");
        world.pass(20_000);
        let (soon, late) = (next(&mut world, 1), if loss == "another zip" { "public" } else { "storage" });
        assert_eq!(soon, late, "{loss}: after twenty seconds");
        world.pass(24 * 3_600_000);
        assert_eq!(next(&mut world, 1), "storage", "{loss}: after a day");
    }
}

/// A zip without entries whose end speaks of one.
const OTHER: &str = "PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn what_is_spoiled_in_storage_is_read_again_where_nobody_else_has_it() {
    for reverify in ["first_read", "never"] {
        let mut world = warm(reverify);
        let key = &ZIP[1..];
        world.event(0, |worker, cx| {
            let spoiled = crate::shared::Entry::Lost { since: cx.now, loss: crate::shared::Loss::Wrong };
            worker.services.index.keep(cx.kv, key, &spoiled, cx.now);
        });
        assert_eq!(next(&mut world, 1), "public", "{reverify}");
        world.cluster("public").fault = Some(CallFailure::Unreachable);
        world.cluster("storage").serve(STORED, OTHER);
        let stream = world.begin(0, ZIP);
        world.settle();
        assert_eq!(world.response(stream).status, 502, "{reverify}: it is still wrong");
        // Somebody has put it right.
        world.cluster("storage").serve(STORED, EMPTY_ZIP);
        let read = gets(&world, "storage", STORED);
        assert_eq!(next(&mut world, 1), "storage", "{reverify}");
        assert_eq!(gets(&world, "storage", STORED), read + 1, "{reverify}: checked before it is given");
        world.cluster("public").fault = None;
        assert_eq!(next(&mut world, 0), "storage", "{reverify}: and known to be right");
    }
}

/// A page that stands before the store for a moment says nothing of what is wrong within.
#[test]
fn a_page_does_not_shorten_what_is_known_of_another_zip() {
    let mut world = warm("first_read");
    world.cluster("storage").serve(STORED, OTHER);
    world.pass(60_000);
    world.event(0, |worker, cx| {
        worker.services.index.forget(cx.kv, crate::shared::Region::Found, &ZIP[1..], cx.now);
    });
    assert_eq!(next(&mut world, 0), "public");
    world.cluster("storage").get_answered = Some((200, "<html>"));
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    assert_eq!(next(&mut world, 0), "502");
    world.cluster("storage").get_answered = None;
    world.cluster("public").fault = None;
    world.pass(30_000);
    let read = gets(&world, "storage", STORED);
    assert_eq!(next(&mut world, 1), "public");
    assert_eq!(gets(&world, "storage", STORED), read, "it is not read for a day");
}

/// What is checked goes to clients unread: of a page in its place, nothing does.
#[test]
fn a_page_in_place_of_a_checked_zip_is_not_given() {
    for reverify in REVERIFY {
        let mut world = warm(reverify);
        let headers = [("content-type", "text/html; charset=utf-8"), ("date", "now")].into_iter().collect();
        let Verdict::Respond(answer) =
            answered(&mut world, REQUESTS[0], &ResponseHead { headers, ..status(200) })
        else {
            panic!("{reverify}: passed on");
        };
        assert_eq!(answer.status, 502);
        assert!(body(&answer).contains("a web page"), "{}", body(&answer));
    }
    // nginx sends one with a refusal of a range, which is the client's own.
    for code in [412, 416] {
        let mut world = warm("first_read");
        let headers = [("content-type", "text/html"), ("date", "now")].into_iter().collect();
        let verdict = answered(&mut world, REQUESTS[2], &ResponseHead { headers, ..status(code) });
        assert!(matches!(verdict, Verdict::Edit(_)), "{code}: {verdict:?}");
    }
}

/// That the upstream failed one client is not that it has no such zip.
#[test]
fn a_failure_of_an_upstream_is_no_404_for_the_next() {
    for code in [400, 403, 412, 416, 429, 500, 502, 503, 504, 301] {
        let mut world = super::streaming(2);
        world.cluster("public").serve(ORIGIN, EMPTY_ZIP);
        let stream = world.begin(0, ZIP);
        world.settle();
        assert_eq!(routed_to(&world, stream), "public");
        let _ = world.answer_routed_as(0, stream, &status(code));
        assert_eq!(next(&mut world, 1), "public", "{code}");
    }
}
