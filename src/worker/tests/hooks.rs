//! Webhooks: who is believed, what is looked at again, and what that costs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{body, gets, header};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    sim::{Happening, World},
};

const SECRET: &str = "a-secret-that-is-drawn";
const NEXT: &str = "whsec_bmV4dC1leGFtcGxlLW9mLWEtc2VjcmV0";

/// Lists and "not found" are fresh for an hour: without a hook nothing is asked for anew.
const CONFIG: &str = r#"{
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "freshness": {"list": "1h", "latest": "1h", "query": "1h", "negative": "1h"},
    "admin": {"explain": ["@anonymous"]},
    "sync": {"hooks": [
        {"name": "forge", "kind": "generic", "secrets": ["a-secret-that-is-drawn", "whsec_bmV4dC1leGFtcGxlLW9mLWEtc2VjcmV0"]},
        {"name": "hub", "kind": "github", "secrets": ["a-secret-that-is-drawn"],
         "repositories": {"github.com/mapped/*": "go.mapped.example/*"}},
        {"name": "lab", "kind": "gitlab", "secrets": ["whsec_bmV4dC1leGFtcGxlLW9mLWEtc2VjcmV0"]}
    ]}
}"#;

const TAGGED: &str = r#"{"repository":"https://example.com/m","ref":"refs/tags/v1.1.0"}"#;

fn mac(key: &[u8], parts: &[&str]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().to_vec()
}

fn digits(body: &str) -> String {
    mac(SECRET.as_bytes(), &[body]).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn open(workers: usize) -> World {
    let mut world = World::new(workers, CONFIG);
    publish(&mut world, "example.com/m", "v1.0.0");
    world
}

/// The upstream has this of a module, and nothing else.
fn publish(world: &mut World, module: &str, versions: &str) {
    let module = module.replace('!', "%21");
    let (list, latest) = (format!("/base/{module}/@v/list"), format!("/base/{module}/@latest"));
    let newest = versions.split(' ').next_back().unwrap();
    let public = world.cluster("public");
    public.latency = 100;
    public.serve(&list, &versions.replace(' ', "\n"));
    public.serve(&latest, &format!(r#"{{"Version":"{newest}"}}"#));
    public.serve(&format!("/base/{module}/@v/{newest}.info"), &format!(r#"{{"Version":"{newest}"}}"#));
}

fn deliver_to(
    world: &mut World,
    worker: usize,
    hook: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> StreamId {
    let stream = world.begin_post(worker, &format!("/-/hooks/{hook}"), headers);
    world.send(worker, stream, body.as_bytes(), true);
    stream
}

/// A signed delivery; 202 at once, whatever is to be done.
#[track_caller]
fn deliver(world: &mut World, body: &str) {
    let stream = deliver_to(world, 0, "forge", &[("x-modgate-signature", &digits(body))], body);
    let answer = world.response(stream);
    assert_eq!((answer.status, answer.body.len(), header(&answer, "cache-control")), (202, 0, "no-store"));
}

fn hub(world: &mut World, id: &str, body: &str) -> u16 {
    let signature = format!("sha256={}", digits(body));
    let headers = [("x-hub-signature-256", signature.as_str()), ("x-github-delivery", id)];
    let stream = deliver_to(world, 0, "hub", &headers, body);
    world.response(stream).status
}

fn counted(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

#[track_caller]
fn list(world: &mut World, worker: usize, module: &str) -> String {
    let answer = world.get(worker, &format!("/{module}/@v/list"));
    assert_eq!(answer.status, 200, "{module}");
    body(&answer).replace('\n', " ").trim().to_owned()
}

#[test]
fn scenario_a_new_tag_is_there_as_soon_as_it_is_told() {
    let mut world = open(2);
    let newer = ["info", "mod"].map(|file| format!("/example.com/m/@v/v1.1.0.{file}"));
    for worker in 0..2 {
        assert_eq!(list(&mut world, worker, "example.com/m"), "v1.0.0");
        assert!(body(&world.get(worker, "/example.com/m/@latest")).contains("v1.0.0"));
        newer.iter().for_each(|path| assert_eq!(world.get(worker, path).status, 404, "{path}"));
    }
    publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    world.pass(60_000);
    let before = world.clusters["public"].asked.len();
    assert_eq!(list(&mut world, 1, "example.com/m"), "v1.0.0", "nobody has said anything");
    assert_eq!(world.clusters["public"].asked.len(), before);

    deliver(&mut world, TAGGED);
    world.settle();
    let asked = world.cluster("public").asked.split_off(before);
    assert_eq!(
        asked.len(),
        2,
        "the list and the latest, once each, and nothing that a client did not ask for: {asked:?}"
    );
    // Another worker gives for up to a second what it has just given.
    world.pass(1000);
    for worker in 0..2 {
        assert_eq!(list(&mut world, worker, "example.com/m"), "v1.0.0 v1.1.0");
        assert!(body(&world.get(worker, "/example.com/m/@latest")).contains("v1.1.0"));
        assert_eq!(world.get(worker, &newer[0]).status, 200);
    }
    assert_eq!(world.clusters["public"].asked.len(), before + 1, "the .info, once");
    world.settle();
    assert_eq!(counted(&world, "hooks_total.target.forge.outcome.accepted"), 1);
    assert_eq!(counted(&world, "looks_total.outcome.asked"), 2);
    assert!(world.is_idle());
}

#[test]
fn scenario_what_is_not_signed_changes_nothing_and_is_told_nothing() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0");
    world.pass(60_000);
    let asked = world.clusters["public"].asked.len();
    let (right, flipped) = (digits(TAGGED), TAGGED.replace("v1.1.0", "v1.1.1"));
    for (hook, headers, body, status) in [
        ("forge", &[("x-modgate-signature", right.as_str())][..], flipped.as_str(), 401),
        ("forge", &[("x-modgate-signature", "")], TAGGED, 401),
        ("forge", &[], TAGGED, 401),
        ("forge", &[("authorization", SECRET)], TAGGED, 401),
        // Another hook's signature is in another header.
        ("hub", &[("x-modgate-signature", right.as_str())], TAGGED, 401),
        ("lab", &[("x-gitlab-token", SECRET)], TAGGED, 401),
        ("none", &[("x-modgate-signature", right.as_str())], TAGGED, 404),
        ("forge/more", &[("x-modgate-signature", right.as_str())], TAGGED, 404),
    ] {
        let stream = deliver_to(&mut world, 0, hook, headers, body);
        let answer = world.response(stream);
        let text = super::body(&answer);
        assert_eq!(answer.status, status, "{hook} {headers:?}");
        assert!(!text.contains("v1.1") && !text.contains(SECRET) && !text.contains("example.com"), "{text}");
    }
    for method in ["GET", "HEAD", "PUT"] {
        let stream = world.begin_with(0, method, "/-/hooks/forge", &[]);
        let answer = world.response(stream);
        assert_eq!((answer.status, header(&answer, "allow")), (405, "POST"), "{method}");
    }
    let large = format!("{}{}", TAGGED, " ".repeat(256 << 10));
    let stream = deliver_to(&mut world, 0, "forge", &[("x-modgate-signature", &digits(&large))], &large);
    assert_eq!(world.response(stream).status, 413);
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), asked);
    assert_eq!(counted(&world, "hooks_total.target.forge.outcome.unsigned"), 4);
    assert_eq!(world.log.iter().filter(|line| line.contains("hook forge")).count(), 1, "{:?}", world.log);
}

/// It costs nothing to send what is not signed, to one hook and the other in turn.
#[test]
fn scenario_a_flood_that_is_not_signed_is_a_line_a_minute_for_each_hook() {
    let mut world = open(2);
    for n in 0..60 {
        let hook = ["forge", "hub", "lab"][n % 3];
        let stream = deliver_to(&mut world, n % 2, hook, &[("x-modgate-signature", "0")], "not JSON");
        assert_eq!(world.response(stream).status, 401);
    }
    assert_eq!(world.log.iter().filter(|line| line.contains(": a delivery ")).count(), 3, "{:?}", world.log);
    world.pass(61_000);
    let stream = deliver_to(&mut world, 0, "hub", &[], TAGGED);
    assert_eq!(world.response(stream).status, 401);
    assert_eq!(world.log.iter().filter(|line| line.contains(": a delivery ")).count(), 4, "{:?}", world.log);
}

/// What proves a delivery is in its body, so that every client may begin to send one.
#[test]
fn scenario_who_sends_nothing_keeps_nobody_from_sending() {
    let mut world = open(1);
    let large = [("content-length", "262144")];
    let hang = |world: &mut World| world.begin_post(0, "/-/hooks/forge", &large);
    let explained = |world: &mut World| {
        let stream = world.begin_post(0, "/-/explain", &[]);
        world.send(0, stream, b"example.com/m v1.0.0\n", true);
        world.settle();
        world.response(stream).status
    };
    let slow: Vec<_> = (0..48).map(|_| hang(&mut world)).collect();
    assert_eq!(explained(&mut world), 200, "callers who are named have room of their own");
    let next = hang(&mut world);
    assert_eq!(world.response(next).status, 503);
    world.pass(1_100);
    deliver(&mut world, TAGGED);
    let ended: Vec<_> =
        slow.iter().filter(|stream| !matches!(world.verdict(**stream), Verdict::Wait)).collect();
    assert_eq!((ended.len(), world.response(*ended[0]).status), (1, 408));
    // Who has sent for a while is ended for each who comes, and not without.
    for _ in 0..10 {
        hang(&mut world);
    }
    world.pass(500);
    let ended = slow.iter().filter(|stream| !matches!(world.verdict(**stream), Verdict::Wait)).count();
    assert_eq!(ended, 10, "what was delivered has left its room");
    deliver(&mut world, TAGGED);
    world.pass(11_000);
    assert!(world.is_idle());
}

/// A host switches a webhook off that is answered otherwise.
#[test]
fn scenario_what_is_signed_and_not_wanted_is_taken_all_the_same() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0");
    world.pass(60_000);
    let asked = world.clusters["public"].asked.len();
    for body in ["{}", "[1]", r#"{"zen":"..."}"#, "no JSON", "", r#"{"repository":"example.com/m"}"#] {
        deliver(&mut world, body);
    }
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), asked);
    assert_eq!(counted(&world, "hooks_total.target.forge.outcome.unwanted"), 4);
    assert_eq!(counted(&world, "hooks_total.target.forge.outcome.unreadable"), 2);
}

#[test]
fn scenario_each_secret_is_good_while_one_is_replaced() {
    let mut world = open(1);
    let key = STANDARD.decode(NEXT.trim_start_matches("whsec_")).unwrap();
    let signature: String = mac(&key, &[TAGGED]).iter().map(|byte| format!("{byte:02x}")).collect();
    let stream = deliver_to(&mut world, 0, "forge", &[("x-modgate-signature", &signature)], TAGGED);
    assert_eq!(world.response(stream).status, 202);
}

#[test]
fn scenario_what_is_sent_twice_is_heeded_once() {
    let mut world = open(2);
    let push = r#"{"ref":"refs/tags/v1.1.0","before":"00","after":"a1","repository":{"clone_url":"https://example.com/m.git"}}"#;
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0");
    world.pass(60_000);
    assert_eq!(hub(&mut world, "one", push), 202);
    world.settle();
    let asked = world.clusters["public"].asked.len();
    world.pass(10_000);
    assert_eq!(hub(&mut world, "one", push), 202);
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), asked, "redelivered");
    assert_eq!(hub(&mut world, "two", push), 202);
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), asked + 1);
    assert_eq!(counted(&world, "hooks_total.target.hub.outcome.repeated"), 1);
    // What has a time in it is good for five minutes, and once.
    let lab = r#"{"object_kind":"tag_push","ref":"refs/tags/v1.1.0","before":"00","after":"a1","project":{"web_url":"https://example.com/m"}}"#;
    let time = (world.now.0 / 1000).to_string();
    let key = STANDARD.decode(NEXT.trim_start_matches("whsec_")).unwrap();
    let signature = format!("v1,{}", STANDARD.encode(mac(&key, &["msg_1.", &time, ".", lab])));
    let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", &time), ("webhook-signature", &signature)];
    for (millis, status, outcome) in [(0, 202, "accepted"), (1000, 202, "repeated"), (301_000, 401, "late")] {
        world.pass(millis);
        let stream = deliver_to(&mut world, 1, "lab", &headers, lab);
        assert_eq!(world.response(stream).status, status);
        world.settle();
        world.pass(1000);
        assert_eq!(counted(&world, &format!("hooks_total.target.lab.outcome.{outcome}")), 1, "{outcome}");
    }
}

/// However often it is told: one question a second for each document, and the last that is told is never lost.
#[test]
fn scenario_a_flood_of_deliveries_costs_one_question_a_second() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0");
    world.pass(60_000);
    let asked = gets(&world, "public", "/m/@v/list");
    for n in 0..100 {
        if n == 99 {
            publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
        }
        deliver(&mut world, TAGGED);
        world.pass(50);
    }
    world.settle();
    let asked = gets(&world, "public", "/m/@v/list") - asked;
    assert!((4..=7).contains(&asked), "{asked} in five seconds");
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0 v1.1.0");
    assert!(counted(&world, "looks_total.outcome.merged") > 80);
}

/// An answer that was asked for before the tag was made comes after the delivery: it is not the last word.
#[test]
fn scenario_an_answer_that_is_under_way_may_be_too_old() {
    for other in 0..2 {
        let mut world = open(2);
        let waits = world.begin(other, "/example.com/m/@v/list");
        world.pass(50);
        deliver(&mut world, TAGGED);
        // The upstream has read its list before the tag was made.
        world.happen(Happening::Call);
        publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
        world.settle();
        assert_eq!(body(&world.response(waits)), "v1.0.0\n");
        assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0 v1.1.0");
        assert_eq!(gets(&world, "public", "/m/@v/list"), 2);
    }
}

/// All that lies below the repository, and nothing beside it.
#[test]
fn scenario_all_modules_of_a_repository_are_looked_at() {
    let mut world = World::new(1, CONFIG);
    let (within, beside) = (
        [
            "github.com/!acme/x",
            "github.com/!acme/x/v2",
            "github.com/!acme/x/sub/dir",
            "github.com/!acme/x/sub/v3",
        ],
        ["github.com/!acme/xy", "github.com/!acme/other", "github.com/other/x"],
    );
    for module in within.iter().chain(&beside) {
        let version = if module.ends_with("v2") {
            "v2.0.0"
        } else if module.ends_with("v3") {
            "v3.0.0"
        } else {
            "v1.0.0"
        };
        publish(&mut world, module, version);
        assert_eq!(list(&mut world, 0, module), version);
    }
    assert_eq!(world.get(0, "/github.com/!acme/x/sub/dir/@v/v1.9.0.info").status, 404);
    assert_eq!(world.get(0, "/github.com/!acme/xy/@v/v1.9.0.info").status, 404);
    world.pass(60_000);
    let before = world.clusters["public"].asked.len();
    let push = r#"{"ref":"refs/heads/main","before":"a1","after":"b2","repository":{"clone_url":"https://github.com/acme/X.git"}}"#;
    assert_eq!(hub(&mut world, "one", push), 202);
    world.settle();
    let mut asked = world.cluster("public").asked.split_off(before);
    asked.sort_unstable();
    let mut want = within.map(|module| format!("GET /base/{}/@v/list", module.replace('!', "%21"))).to_vec();
    want.sort_unstable();
    assert_eq!(asked, want);
    // A "not found" is forgotten, and not asked for before a client does.
    world.cluster("public").asked.clear();
    assert_eq!(world.get(0, "/github.com/!acme/x/sub/dir/@v/v1.9.0.info").status, 404);
    assert_eq!(world.get(0, "/github.com/!acme/xy/@v/v1.9.0.info").status, 404);
    assert_eq!(gets(&world, "public", "/dir/@v/v1.9.0.info"), 1);
    assert_eq!(gets(&world, "public", "/xy/@v/v1.9.0.info"), 0);
}

#[test]
fn scenario_modules_of_other_names_are_known_by_configuration_and_by_their_origin() {
    let mut world = World::new(1, CONFIG);
    for module in ["go.mapped.example/tool", "go.vanity.example/lib/sub", "go.vanity.example/lib"] {
        publish(&mut world, module, "v1.0.0");
        assert_eq!(list(&mut world, 0, module), "v1.0.0");
    }
    let info = r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z","Origin":{"VCS":"git","URL":"https://github.com/Vanity/lib","Subdir":"sub","Ref":"refs/tags/sub/v1.0.0"}}"#;
    world.cluster("public").serve("/base/go.vanity.example/lib/sub/@v/v1.0.0.info", info);
    assert_eq!(world.get(0, "/go.vanity.example/lib/sub/@v/v1.0.0.info").status, 200);
    world.pass(60_000);
    for (repository, modules) in [
        ("github.com/mapped/tool", &["go.mapped.example/tool"][..]),
        ("github.com/vanity/lib", &["go.vanity.example/lib", "go.vanity.example/lib/sub"]),
        ("github.com/vanity/other", &[]),
    ] {
        for module in modules {
            publish(&mut world, module, "v1.0.0 v1.1.0");
        }
        let create = format!(
            r#"{{"ref":"v1.1.0","ref_type":"tag","repository":{{"html_url":"https://{repository}"}}}}"#
        );
        let before = world.clusters["public"].asked.len();
        assert_eq!(hub(&mut world, repository, &create), 202);
        world.settle();
        assert_eq!(world.clusters["public"].asked.len(), before + modules.len(), "{repository}");
        for module in modules {
            assert_eq!(list(&mut world, 0, module), "v1.0.0 v1.1.0");
        }
        world.pass(2000);
    }
}

/// What is told is a reason to ask, and no answer: if asking fails, all goes on as before.
#[test]
fn scenario_an_outage_after_a_delivery_takes_nothing_away() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0");
    world.pass(60_000);
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    deliver(&mut world, TAGGED);
    world.settle();
    let answer = world.get(0, "/example.com/m/@v/list");
    assert_eq!((answer.status, header(&answer, "x-modgate-cache")), (200, "stale"));
    world.cluster("public").fault = None;
    publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    world.pass(61_000);
    assert_eq!(list(&mut world, 0, "example.com/m"), "v1.0.0 v1.1.0");
}

#[test]
fn scenario_a_moved_tag_is_told_and_its_files_stay() {
    let mut world = open(1);
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    let asked = world.clusters["public"].asked.len();
    let push = |after: &str| {
        format!(
            r#"{{"ref":"refs/tags/v1.0.0","before":"a1","after":"{after}","forced":true,"repository":{{"clone_url":"https://example.com/m.git"}}}}"#
        )
    };
    assert_eq!(hub(&mut world, "one", &push("b2")), 202);
    assert_eq!(hub(&mut world, "two", &push("00")), 202);
    world.settle();
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    assert_eq!(world.clusters["public"].asked.len(), asked, "what never changes is not asked for");
    world.pass(1000);
    assert_eq!(counted(&world, "tags_moved_total"), 1, "and a deletion is none");
    let told: Vec<_> = world.log.iter().filter(|line| line.contains("was moved")).collect();
    assert!(matches!(told[..], [line] if line.contains("\"v1.0.0\" of example.com/m")), "{told:?}");
}

#[test]
fn scenario_no_secret_is_shown_anywhere() {
    let mut world = open(1);
    deliver(&mut world, TAGGED);
    deliver_to(&mut world, 0, "forge", &[("x-modgate-signature", SECRET)], SECRET);
    let status = world.get(0, "/-/status");
    assert_eq!(status.status, 200);
    let key = STANDARD.decode(NEXT.trim_start_matches("whsec_")).unwrap();
    let key = String::from_utf8_lossy(&key).into_owned();
    for secret in [SECRET, NEXT, &key] {
        assert!(!body(&status).contains(secret) && !world.log.concat().contains(secret));
        assert!(!world.counters.keys().any(|name| name.contains(secret)));
        assert!(!format!("{:?}", world.worker(0).services.config).contains(secret));
    }
}

/// A gateway that is cut off has no source that knows better.
#[test]
fn scenario_nothing_is_asked_for_where_nothing_may_be() {
    let offline = CONFIG.replacen(
        '{',
        r#"{"mode": "offline", "storage": {"cluster": "storage", "url": "http://storage.test"},"#,
        1,
    );
    let mut world = World::new(1, &offline);
    world.cluster("public");
    world.cluster("storage").serve("/example.com/m/@v/list", "v1.0.0\n");
    let before = world.get(0, "/example.com/m/@v/list");
    world.pass(60_000);
    let asked = world.clusters["storage"].asked.len();
    deliver(&mut world, TAGGED);
    world.settle();
    assert_eq!(world.clusters["storage"].asked.len(), asked);
    assert_eq!(world.get(0, "/example.com/m/@v/list").body, before.body);
    assert!(world.clusters["public"].asked.is_empty());
}
