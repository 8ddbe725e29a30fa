//! Versions that are refused for their licences, which are known once a zip was read.

use serde_json::{Value, json};

use super::{super::random::Random, *};
use crate::{
    http::CallFailure,
    shared::Capabilities,
    sim::{Fate, zip},
};

const M: &str = "example.com/m";
const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";
const LIST: &str = "/example.com/m/@v/list";
const UPSTREAM: &str = "/base/example.com/m/@v/v1.0.0.zip";
const STORED: &str = "/modules/example.com/m/@v/v1.0.0.zip";
const RECORD: &str = "/modules/license/1/example.com/m/v1.0.0.json";
const NO_GPL: &str = r#"{"name": "copyleft", "modules": ["*"], "license": {"any": ["GPL-*", "AGPL-*"]}, "action": "deny",
    "reason": "Ask legal."}"#;

/// A zip of `module` with files of these names, each under one of these licences.
pub(super) fn licensed(module: &str, version: &str, licenses: &[(&str, &str)]) -> Vec<u8> {
    let mut files = vec![("go.mod", format!("module {module}\n").into_bytes())];
    files.extend(licenses.iter().map(|(name, license)| (*name, text(license))));
    zip(&format!("{module}@{version}/"), &files)
}

/// The text of a licence.
fn text(license: &str) -> Vec<u8> {
    format!("SPDX-License-Identifier: {license}\n").into_bytes()
}

/// A module with two versions, the first under this licence and the second under MIT's.
fn licensed_world(workers: usize, license: &str, rules: &str) -> World {
    let mut world = world(workers, &super::rules(rules));
    publish_licensed(&mut world, license);
    world
}

fn publish_licensed(world: &mut World, license: &str) {
    publish(world, M, &[("v1.0.0", DAY), ("v1.1.0", DAY)]);
    resolve(world, M, "@latest", r#"{"Version":"v1.1.0"}"#);
    let public = world.cluster("public");
    public.serve_bytes(UPSTREAM, licensed(M, "v1.0.0", &[("LICENSE", license)]));
    let other = licensed(M, "v1.1.0", &[("LICENSE", "MIT")]);
    public.serve_bytes(&UPSTREAM.replace("v1.0.0", "v1.1.0"), other);
}

fn record(world: &World) -> Option<String> {
    world.clusters["storage"].body(RECORD)
}

fn zips_read(world: &World) -> usize {
    asked(world, "v1.0.0.zip")
}

#[test]
fn scenario_a_zip_is_read_before_it_is_given_and_refused_for_its_licence() {
    for workers in [1, 3] {
        let mut world = licensed_world(workers, "GPL-3.0-only", NO_GPL);
        // Nothing is known before.
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
        assert_eq!(status(&mut world, "/example.com/m/@v/v1.0.0.info"), 200);
        let streams: Vec<_> = (0..2 * workers).map(|n| world.begin(n % workers, ZIP)).collect();
        world.settle();
        for stream in streams {
            let got = world.response(stream);
            assert_eq!(got.status, 403);
            let expected = "forbidden: example.com/m@v1.0.0 is denied by the rule \"copyleft\" (policy.rules[0]).\n\
                            Its licence is GPL-3.0-only.\nWhy: Ask legal.\n\
                            What to do: choose another module or version, or ask this proxy's operators.";
            assert_eq!(body(&got).trim_end(), expected);
        }
        assert_eq!(record(&world).as_deref(), Some(r#"{"license":"GPL-3.0-only"}"#));
        assert!(world.clusters["storage"].body(STORED).is_some(), "rules say who gets what is stored");
        // From now on it is refused by every name, and in no list.
        world.crash(0);
        for path in by_name(M, "v1.0.0") {
            assert_eq!(status(&mut world, &path), 403, "{path}");
        }
        assert_eq!(ask(&mut world, LIST).body, "v1.1.0\n");
        assert_eq!(zips_read(&world), 2, "asked of storage, fetched, and never read again");
        let other = ask(&mut world, "/example.com/m/@v/v1.1.0.zip");
        assert_eq!(other.status, 200);
        assert_idle(&mut world, workers);
    }
}

#[test]
fn scenario_what_may_be_had_is_given_from_storage_and_not_read_again() {
    let mut world = licensed_world(2, "MIT", NO_GPL);
    for worker in [0, 1, 0] {
        let stream = world.begin(worker, ZIP);
        world.settle();
        assert_eq!(super::super::routed_to(&world, stream), "storage");
        assert!(world.worker(worker).inspects(stream).is_none());
        world.leave(worker, stream);
    }
    assert_eq!(zips_read(&world), 2);
    assert_eq!(record(&world).as_deref(), Some(r#"{"license":"MIT"}"#));
}

/// Another gateway, as one that was restarted, has another memory and the same storage.
#[test]
fn scenario_after_a_restart_the_record_is_read_and_not_the_zip() {
    for (license, expected) in [("GPL-3.0-only", 403), ("MIT", 200)] {
        let mut world = licensed_world(1, license, NO_GPL);
        assert_eq!(status(&mut world, ZIP), expected);
        forget_asked(&mut world);
        let second = world.join(1, Config::parse(&rules(NO_GPL)).unwrap());
        assert_eq!(second, 1);
        assert_eq!(ask_with(&mut world, 1, "GET", ZIP, &[]).status, expected);
        assert_eq!(world.clusters["public"].asked, [""; 0]);
        let read: Vec<_> =
            world.clusters["storage"].asked.iter().filter(|line| line.starts_with("GET ")).collect();
        assert_eq!(read, [&format!("GET {RECORD}")]);
        assert_idle(&mut world, 2);
    }
}

/// What is stored before the rule comes has no record.
#[test]
fn scenario_what_was_stored_before_is_read_whole_once() {
    let mut world = licensed_world(1, "GPL-3.0-only", "");
    assert_eq!(status(&mut world, ZIP), 200);
    assert_eq!(record(&world), None, "it is not read for licences unasked");
    reconfigure(&mut world, 1, &rules(NO_GPL));
    forget_asked(&mut world);
    for _ in 0..2 {
        assert_eq!(status(&mut world, ZIP), 403);
    }
    assert_eq!(world.clusters["public"].asked, [""; 0]);
    assert_eq!(zips_read(&world), 1);
    assert!(record(&world).is_some());
}

#[test]
fn scenario_no_spelling_of_a_request_gets_around_it() {
    let mut world = licensed_world(1, "GPL-3.0-only", NO_GPL);
    for (method, headers, expected) in [
        ("DELETE", &[][..], 405),
        ("HEAD", &[("range", "bytes=0-9")], 403),
        ("GET", &[("range", "bytes=0-9")], 403),
        ("GET", &[("if-none-match", "\"x\"")], 403),
        ("GET", &[("if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT")], 403),
        ("GET", &[("cache-control", "no-cache")], 403),
        ("GET", &[("disable-module-fetch", "true")], 403),
        ("HEAD", &[], 403),
    ] {
        let got = ask_with(&mut world, 0, method, ZIP, headers);
        assert_eq!(got.status, expected, "{method} {headers:?}: {}", got.body);
    }
    // Each of them as the first.
    for (method, headers) in [
        ("HEAD", ("accept", "*/*")),
        ("GET", ("range", "bytes=0-9")),
        ("GET", ("if-none-match", "\"x\"")),
        ("GET", ("cache-control", "no-cache")),
    ] {
        let mut world = licensed_world(1, "GPL-3.0-only", NO_GPL);
        assert_eq!(ask_with(&mut world, 0, method, ZIP, &[headers]).status, 403, "{method} {headers:?}");
    }
}

/// As large as may be streamed alone.
fn large(license: &str) -> Vec<u8> {
    let mut random = Random(7);
    let noise: Vec<u8> = (0..20_000).flat_map(|_| random.next(0..=u64::MAX - 1).to_le_bytes()).collect();
    zip(&format!("{M}@v1.0.0/"), &[("LICENSE", text(license)), ("noise", noise)])
}

/// The zip as it streams to a client from where that was routed to.
fn stream(world: &mut World, worker: usize, zip: &[u8]) -> StreamId {
    let stream = world.begin(worker, ZIP);
    world.settle();
    assert!(matches!(world.verdict(stream), Verdict::Route(_)), "{:?}", world.verdict(stream));
    let length = zip.len().to_string();
    let _ = world.answer_routed(worker, stream, 200, &[("date", "now"), ("content-length", &length)]);
    let pieces: Vec<_> = zip.chunks(32 << 10).collect();
    for (at, piece) in pieces.iter().enumerate() {
        if world.download(stream).fate == Fate::Open {
            world.body(worker, stream, piece, at + 1 == pieces.len());
            world.settle();
        }
    }
    stream
}

const STREAMED: &str = r#""fetch": {"zip_bytes": 65536},"#;

#[test]
fn scenario_what_is_too_large_to_be_held_is_reset_before_its_end_and_refused_from_then_on() {
    for (license, fate) in [("GPL-3.0-only", Fate::Reset), ("MIT", Fate::Complete)] {
        for first in ["public", "storage"] {
            let config = format!(r#"{STREAMED} "policy": {{"rules": [{NO_GPL}]}},"#);
            let mut world = world(1, &super::config(&config));
            publish_licensed(&mut world, license);
            let zip = large(license);
            if first == "storage" {
                world.cluster("storage").serve_bytes(STORED, zip.clone());
            }
            world.cluster("public").serve_bytes(UPSTREAM, zip.clone());
            let stream = stream(&mut world, 0, &zip);
            let download = world.download(stream).clone();
            assert_eq!(download.fate, fate, "{license} from {first}: {:?}", world.log);
            assert_eq!(download.got.len() == zip.len(), fate == Fate::Complete);
            world.leave(0, stream);
            world.settle();
            let expected = format!(r#"{{"license":"{license}"}}"#);
            assert_eq!(record(&world), Some(expected), "{license} from {first}");
            assert_eq!(status(&mut world, ZIP), if fate == Fate::Complete { 200 } else { 403 });
            if fate == Fate::Reset {
                let said = "example.com/m@v1.0.0: refused by the rule copyleft: its licence is GPL-3.0-only; the download was reset";
                assert!(world.log.iter().any(|line| line.contains(said)), "{:?}", world.log);
            }
        }
    }
}

#[test]
fn scenario_a_host_that_holds_nothing_back_gives_what_was_read_whole_alone() {
    let host = Capabilities { hold_response: false, ..Capabilities::ALL };
    for (license, zip_bytes, expected) in [
        ("GPL-3.0-only", 1 << 20, 403),
        ("MIT", 1 << 20, 200),
        ("GPL-3.0-only", 65_536, 502),
        ("MIT", 65_536, 502),
    ] {
        let config = format!(r#""fetch": {{"zip_bytes": {zip_bytes}}}, "policy": {{"rules": [{NO_GPL}]}},"#);
        let mut world = World::on(host, 1, &super::config(&config));
        world.cluster("public").latency = 100;
        world.cluster("sum").database = Some(Database::new("", 20));
        publish_licensed(&mut world, license);
        // It was read and verified before there was a rule.
        world.cluster("storage").serve_bytes(STORED, large(license));
        let got = ask(&mut world, ZIP);
        assert_eq!(got.status, expected, "{license}, {zip_bytes}: {}", got.body);
    }
}

#[test]
fn scenario_what_is_not_known_of_storage_costs_a_read_and_refuses_nothing_else() {
    for (license, expected) in [("GPL-3.0-only", 403), ("MIT", 200)] {
        // Storage fails for the record alone: the zip says it.
        let mut world = licensed_world(1, license, NO_GPL);
        world.cluster("storage").fault_of = Some(("GET", "license/", CallFailure::Unreachable));
        assert_eq!(status(&mut world, ZIP), expected);
        // What lies there in its place is not believed.
        let mut world = licensed_world(1, license, NO_GPL);
        world.cluster("storage").serve(RECORD, "<html>");
        assert_eq!(status(&mut world, ZIP), expected);
        // Storage is not there at all.
        let mut world = licensed_world(1, license, NO_GPL);
        world.cluster("storage").fault = Some(CallFailure::Unreachable);
        assert_eq!(status(&mut world, ZIP), expected);
        assert_idle(&mut world, 1);
    }
}

#[test]
fn scenario_without_storage_it_is_read_before_it_is_given_too() {
    let without = |rules: &str| {
        let config = rules.to_owned();
        let storage = config.find(r#""storage""#).unwrap();
        let end = storage + config[storage..].find("},").unwrap() + 2;
        format!("{}{}", &config[..storage], &config[end..])
    };
    for (license, expected) in [("GPL-3.0-only", 403), ("MIT", 200)] {
        let mut world = world(1, &without(&rules(NO_GPL)));
        publish_licensed(&mut world, license);
        for _ in 0..2 {
            assert_eq!(status(&mut world, ZIP), expected);
        }
        assert_eq!(zips_read(&world), 1, "{:?}", world.clusters["public"].asked);
        assert_idle(&mut world, 1);
    }
}

/// A version in which no licence is found is for the rules that say so.
#[test]
fn scenario_unknown_licences_are_refused_where_a_rule_says_so() {
    for (license, expected) in [
        (r#"{"any": ["GPL-*"]}"#, 200),
        (r#"{"any": ["GPL-*"], "unknown": true}"#, 403),
        (r#"{"not": ["MIT"]}"#, 403),
        (r#"{"not": ["MIT"], "unknown": false}"#, 200),
    ] {
        let rule = format!(r#"{{"modules": ["*"], "license": {license}, "action": "deny"}}"#);
        let mut world = licensed_world(1, "of my own", &rule);
        let got = ask(&mut world, ZIP);
        assert_eq!(got.status, expected, "{license}");
        assert_eq!(got.body.contains("Its files have no licence that is known here."), expected == 403);
        assert_eq!(record(&world).as_deref(), Some(r#"{"license":"unknown"}"#));
    }
}

#[test]
fn scenario_rules_before_it_and_callers_that_it_is_not_for_need_no_licence() {
    let rules = format!(
        r#"{{"exact": ["{M}"], "versions": ["v1.1.0"], "action": "allow"}},
           {{"modules": ["*"], "principals": ["ann"], "action": "allow"}}, {NO_GPL}"#
    );
    let mut world = licensed_world(1, "GPL-3.0-only", &rules);
    let ann = [("x-user", "ann")];
    assert_eq!(ask_with(&mut world, 0, "GET", ZIP, &ann).status, 200);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.zip"), 200);
    assert_eq!(status(&mut world, ZIP), 403);
    assert_eq!(ask_with(&mut world, 0, "GET", ZIP, &ann).status, 200);
    assert_eq!(ask_with(&mut world, 0, "GET", LIST, &ann).body, "v1.0.0\nv1.1.0\n");
    assert_eq!(ask(&mut world, LIST).body, "v1.1.0\n");
}

#[test]
fn scenario_clients_are_sent_elsewhere_for_nothing_that_was_not_read() {
    // By a rule behind it: it is read here first.
    let elsewhere = r#"{"modules": ["*"], "action": "redirect", "to": "https://other.test"}"#;
    for (license, expected) in [("GPL-3.0-only", 403), ("MIT", 302)] {
        let mut world = licensed_world(1, license, &format!("{NO_GPL}, {elsewhere}"));
        assert_eq!(status(&mut world, ZIP), expected);
        assert_eq!(status(&mut world, ZIP), expected);
    }
    // By `on_miss`: what is stored is read, and nothing else is given.
    let config = format!(r#""policy": {{"rules": [{NO_GPL}], "on_miss": {{"mode": "redirect"}}}},"#);
    for (license, stored, expected) in
        [("MIT", true, 200), ("GPL-3.0-only", true, 403), ("MIT", false, 403), ("GPL-3.0-only", false, 403)]
    {
        let mut world = world(1, &super::config(&config));
        publish_licensed(&mut world, license);
        if stored {
            world.cluster("storage").serve_bytes(STORED, licensed(M, "v1.0.0", &[("LICENSE", license)]));
        }
        let got = ask(&mut world, ZIP);
        assert_eq!(got.status, expected, "{license}, {stored}: {}", got.body);
        assert_eq!(got.body.contains("policy.on_miss sends clients elsewhere"), !stored);
    }
}

/// Of a rule that is not enforced nothing is waited for, and clients get what they would get without it.
#[test]
fn scenario_a_monitored_rule_says_what_it_would_do_once_the_licence_is_known() {
    let monitored = NO_GPL.replacen('{', r#"{"enforce": false, "#, 1);
    let mut world = licensed_world(1, "GPL-3.0-only", &monitored);
    let info = "/example.com/m/@v/v1.0.0.info";
    assert_eq!(ask(&mut world, info).monitored, None);
    assert_eq!(status(&mut world, ZIP), 200);
    world.pass(2_000);
    let got = ask(&mut world, info);
    assert_eq!((got.status, got.monitored.as_deref()), (200, Some("copyleft")));
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
    assert_eq!(zips_read(&world), 1, "storage was only asked whether it has it");
}

/// A zip that a header calls by another name than the directory, which Go believes.
#[test]
fn scenario_no_zip_hides_its_licence_behind_the_names_of_its_headers() {
    let config = format!(r#"{STREAMED} "policy": {{"rules": [{NO_GPL}]}},"#);
    let mut world = world(1, &super::config(&config));
    publish_licensed(&mut world, "MIT");
    let mut zip = large("GPL-3.0-only");
    let at = zip.windows(7).position(|bytes| bytes == b"LICENSE").unwrap();
    zip[at..at + 7].copy_from_slice(b"license");
    let at = zip.windows(7).position(|bytes| bytes == b"license").unwrap();
    zip[at..at + 7].copy_from_slice(b"nothing");
    world.cluster("public").serve_bytes(UPSTREAM, zip.clone());
    let stream = stream(&mut world, 0, &zip);
    assert_eq!(world.download(stream).fate, Fate::Reset);
    assert_eq!(record(&world), None);
    assert!(world.log.iter().any(|line| line.contains("its licences cannot be told")), "{:?}", world.log);
}

/// Where licences are read though no rule asks for them, nothing waits for that.
#[test]
fn scenario_licences_are_read_along_where_that_is_wanted() {
    for (wanted, expected) in [(true, Some(r#"{"license":"Apache-2.0 AND MIT"}"#)), (false, None)] {
        let mut world = world(1, &config(&format!(r#""policy": {{"licenses": {wanted}}},"#)));
        publish_licensed(&mut world, "MIT");
        let both = licensed(M, "v1.0.0", &[("LICENSE", "MIT"), ("LICENSE-APACHE", "Apache-2.0")]);
        world.cluster("public").serve_bytes(UPSTREAM, both);
        assert_eq!(status(&mut world, ZIP), 200);
        assert_eq!(record(&world).as_deref(), expected);
    }
}

/// What is read is on the page that explains, in the evidence, and in the bill of materials.
#[test]
fn scenario_explain_and_evidence_have_what_was_read() {
    let admin = r#""admin": {"explain": ["@anonymous"]},"#;
    let explained = |world: &mut World| {
        let page = world.get(0, &format!("/-/explain?module={M}&version=v1.0.0"));
        serde_json::from_slice::<Value>(&page.body).unwrap()
    };
    let h1 = H1([7; 32]);
    let evidence = |world: &mut World, query: &str| {
        let stream = world.begin_post(0, &format!("/-/evidence{query}"), &[]);
        world.send(0, stream, format!("{M} v1.0.0 {h1}\n").as_bytes(), true);
        world.settle();
        serde_json::from_slice::<Value>(&world.response(stream).body).unwrap()
    };
    let depends = "depends on the licence, which is not known before the zip is read";
    for (license, decision, outcome, bill) in [
        ("GPL-3.0-only", "deny", "decides", json!([{"license": {"id": "GPL-3.0-only"}}])),
        ("MIT", "allow", "not for what is in this version", json!([{"license": {"id": "MIT"}}])),
    ] {
        let mut world = world(1, &config(&format!(r#"{admin} "policy": {{"rules": [{NO_GPL}]}},"#)));
        publish_licensed(&mut world, license);
        let page = explained(&mut world);
        assert_eq!((&page["license"], &page["decision"]), (&Value::Null, &json!("allow")));
        assert_eq!(page["considered"][0]["outcome"], depends);
        assert_eq!(evidence(&mut world, "")["modules"][0].get("license"), Some(&Value::Null));
        assert_eq!(evidence(&mut world, "?format=cyclonedx")["components"][0].get("licenses"), None);
        ask(&mut world, ZIP);
        let page = explained(&mut world);
        assert_eq!((&page["license"], &page["decision"]), (&json!(license), &json!(decision)));
        assert_eq!(page["considered"][0]["outcome"], outcome);
        let module = &evidence(&mut world, "")["modules"][0];
        assert_eq!((&module["license"], &module["decision"]), (&json!(license), &json!(decision)));
        assert_eq!(evidence(&mut world, "?format=cyclonedx")["components"][0]["licenses"], bill);
    }
}

/// What a rule before it allows whoever asks is given as if there were no other.
#[test]
fn scenario_what_a_rule_before_it_allows_is_not_read() {
    let allowed = format!(r#"{{"exact": ["{M}"], "action": "allow"}}, {NO_GPL}"#);
    let mut world = licensed_world(1, "GPL-3.0-only", &allowed);
    world.cluster("storage").serve_bytes(STORED, licensed(M, "v1.0.0", &[("LICENSE", "GPL-3.0-only")]));
    assert_eq!(status(&mut world, ZIP), 200);
    assert_eq!((zips_read(&world), record(&world)), (0, None));
}

/// A licence is remembered of what a zip has to be, and of nothing else.
#[test]
fn scenario_what_is_not_proven_is_not_remembered() {
    let with = |mode: &str| rules(NO_GPL).replace(r#""mode": "off""#, &format!(r#""mode": "{mode}""#));
    // Another zip than the database has: it is not given, whatever its licence is.
    let mut world = world(1, &with("require"));
    publish_licensed(&mut world, "MIT");
    assert_eq!(status(&mut world, ZIP), 502);
    assert_eq!(record(&world), None);
    // The database cannot be asked, and the zip may be given all the same.
    for (license, expected) in [("GPL-3.0-only", 403), ("MIT", 200)] {
        let mut world = self::world(1, &with("when_available"));
        publish_licensed(&mut world, license);
        world.cluster("sum").fault = Some(CallFailure::Unreachable);
        for _ in 0..2 {
            assert_eq!(status(&mut world, ZIP), expected, "{license}");
        }
        assert_eq!(record(&world), None, "{license}");
    }
}

/// What storage has is believed: to read it for its licence is no reason to ask for a proof that is not to be had.
#[test]
fn scenario_what_needs_no_proof_needs_none_to_be_read() {
    for (license, is_given) in [("GPL-3.0-only", false), ("MIT", true)] {
        let config = format!(r#"{STREAMED} "policy": {{"rules": [{NO_GPL}]}},"#);
        let config = super::config(&config).replace(r#""mode": "off""#, r#""mode": "require""#);
        for is_large in [false, true] {
            let mut world = world(1, &config);
            publish_licensed(&mut world, license);
            world.cluster("sum").fault = Some(CallFailure::Unreachable);
            let zip = if is_large { large(license) } else { licensed(M, "v1.0.0", &[("LICENSE", license)]) };
            world.cluster("storage").serve_bytes(STORED, zip.clone());
            if is_large {
                let stream = stream(&mut world, 0, &zip);
                assert_eq!(world.download(stream).fate == Fate::Complete, is_given, "{:?}", world.log);
            } else {
                assert_eq!(status(&mut world, ZIP), if is_given { 200 } else { 403 });
            }
            assert!(record(&world).is_some(), "{license}, {is_large}");
            assert_eq!(world.clusters["sum"].asked, [""; 0]);
        }
    }
}
