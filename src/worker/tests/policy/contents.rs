//! What is malicious for what its zip holds: no client is given it, however it comes and whatever it is called.

use super::*;
use crate::{
    gomod::{ModulePath, Version},
    modzip::Check,
    shared::Capabilities,
    sim::{Fate, zip},
};

const M: &str = "example.com/m";
const EVIL: &str = "v1.1.0";
const GOOD: &str = "v1.0.0";
const ZIP: &str = "/example.com/m/@v/v1.1.0.zip";

/// The zip of a version whose one file is `text`.
fn of(module: &str, version: &str, text: &str) -> Vec<u8> {
    zip(&format!("{module}@{version}/"), &[("m.go", text.as_bytes().to_vec())])
}

/// The hash of a zip as go.sum has it, and that of its files.
fn hashes(module: &str, version: &str, zip: &[u8]) -> (String, String) {
    let mut check = Check::new(&ModulePath::parse(module).unwrap(), &Version::parse(version).unwrap());
    check.push(zip, usize::MAX).unwrap();
    let checked = check.finish().unwrap();
    (checked.h1.to_string(), checked.files.to_string())
}

fn listing(hash: &str) -> String {
    format!(
        r#""rules": [{{"modules": ["*"], "action": "allow"}}],
           "malicious": [{{"id": "CORP-9", "hashes": ["{hash}"], "reason": "It steals tokens."}}]"#
    )
}

fn gated(policy: &str) -> String {
    config(&format!(r#""admin": {{"explain": ["@anonymous"]}}, "policy": {{{policy}}},"#))
}

/// [`M`] has a version that is listed by one of its hashes, and one that is not.
fn furnished(world: &mut World) {
    publish(world, M, &[(GOOD, 90 * DAY), (EVIL, 30 * DAY)]);
    let latest = format!(r#"{{"Version":"{EVIL}","Time":"{}"}}"#, rfc3339(START - 30 * DAY));
    resolve(world, M, "@latest", &latest);
    for (version, text) in [(GOOD, "good"), (EVIL, "evil")] {
        let zip = of(M, version, text);
        world.cluster("public").serve_bytes(&upstream(M, &format!("@v/{version}.zip")), zip);
    }
}

fn evil_hashes() -> [String; 2] {
    let (h1, files) = hashes(M, EVIL, &of(M, EVIL, "evil"));
    assert_ne!(h1, files);
    [h1, files]
}

#[track_caller]
fn refused(world: &mut World, path: &str) {
    let got = ask(world, path);
    assert_eq!(got.status, 403, "{path}: {got:?} {:?}", world.log);
    let begins = "forbidden: example.com/m@v1.1.0 is malicious: CORP-9.\nWhy: It steals tokens.\n";
    assert!(got.body.starts_with(begins), "{path}: {}", got.body);
}

fn stored(version: &str) -> String {
    format!("/modules/example.com/m/@v/{version}.zip")
}

/// The source that a client was routed to sends it this.
fn send(world: &mut World, stream: StreamId, bytes: &[u8]) -> Verdict {
    let verdict = world.answer_routed(0, stream, 200, &[("date", "now")]);
    if matches!(verdict, Verdict::Edit(_)) {
        world.body(0, stream, bytes, true);
        while world.work(0) {}
    }
    verdict
}

#[test]
fn what_was_fetched_whole_is_refused_before_anything_is_given_and_is_not_stored() {
    for hash in evil_hashes() {
        let mut world = world(1, &gated(&listing(&hash)));
        furnished(&mut world);
        refused(&mut world, ZIP);
        assert_eq!(world.cluster("storage").bytes(&stored(EVIL)), None, "others take from there as well");
        // From then on it is known, under every name.
        let asked = world.cluster("public").asked.len();
        for path in by_name(M, EVIL) {
            refused(&mut world, &path);
        }
        assert_eq!(world.cluster("public").asked.len(), asked);
        assert_eq!(ask(&mut world, &format!("/{M}/@v/list")).body, "v1.0.0\n");
        assert!(ask(&mut world, &format!("/{M}/@latest")).body.contains("\"v1.0.0\""));
        assert_eq!(ask(&mut world, "/example.com/m/@v/v1.0.0.zip").status, 200);
        assert!(world.cluster("storage").bytes(&stored(GOOD)).is_some());
        assert_eq!(world.counters["modgate.refusals_total.reason.malicious"], 5);
    }
}

/// The hash of go.sum has the names in it; that of the files does not.
#[test]
fn a_copy_by_another_name_is_refused_by_the_hash_of_its_files() {
    let [h1, files] = evil_hashes();
    for (hash, status) in [(h1, 200), (files, 403)] {
        let mut world = world(1, &gated(&listing(&hash)));
        let fork = "example.org/fork";
        publish(&mut world, fork, &[("v0.1.0", DAY)]);
        let zip = of(fork, "v0.1.0", "evil");
        world.cluster("public").serve_bytes(&upstream(fork, "@v/v0.1.0.zip"), zip);
        assert_eq!(ask(&mut world, "/example.org/fork/@v/v0.1.0.zip").status, status);
    }
}

/// A zip that is too large for that is read as it passes, and a client never gets its end.
#[test]
fn what_passes_by_is_reset_before_its_end_and_refused_from_then_on() {
    for hash in evil_hashes() {
        let mut world = world(1, &gated(&listing(&hash)));
        furnished(&mut world);
        for (version, text) in [(GOOD, "good"), (EVIL, "evil")] {
            let range = [("content-range", "bytes 0-1/20000000")];
            let path = upstream(M, &format!("@v/{version}.zip"));
            world.cluster("public").answer(&path, 206, &range, "PK");
            let zip = of(M, version, text);
            let stream = world.begin(0, &format!("/{M}/@v/{version}.zip"));
            world.settle();
            let _ = send(&mut world, stream, &zip);
            let download = world.download(stream);
            if version == GOOD {
                assert_eq!((download.fate, &download.got), (Fate::Complete, &zip));
            } else {
                assert_eq!(download.fate, Fate::Reset);
                assert!(download.got.len() + 22 <= zip.len());
                assert!(
                    world.log.iter().any(|line| line.contains("is malicious: CORP-9")),
                    "{:?}",
                    world.log
                );
            }
        }
        world.pass(60_000);
        assert_eq!(world.cluster("storage").bytes(&stored(EVIL)), None);
        refused(&mut world, ZIP);
        refused(&mut world, "/example.com/m/@v/v1.1.0.info");
    }
}

/// What was stored and checked before it was listed is read once more; that which is not listed is then given unread as before.
#[test]
fn what_is_stored_is_read_before_it_is_given() {
    for reverify in ["never", "first_read", "always"] {
        for hash in evil_hashes() {
            let open = gated("").replace("\"never\"", &format!("\"{reverify}\""));
            let closed = gated(&listing(&hash)).replace("\"never\"", &format!("\"{reverify}\""));
            let mut world = world(2, &open);
            furnished(&mut world);
            for version in [GOOD, EVIL] {
                let stream = world.begin(0, &format!("/{M}/@v/{version}.zip"));
                world.settle();
                assert!(matches!(world.verdict(stream), Verdict::Route(_)), "{reverify}");
                world.leave(0, stream);
            }
            reconfigure(&mut world, 2, &closed);
            world.cluster("storage").asked.clear();
            refused(&mut world, ZIP);
            let path = format!("/{M}/@v/{GOOD}.zip");
            for time in 0..3 {
                let stream = world.begin(time % 2, &path);
                world.settle();
                let Verdict::Route(route) = world.verdict(stream) else { panic!("{reverify}: not routed") };
                assert_eq!((route.cluster.as_str(), route.selects), ("storage", reverify != "always"));
                world.leave(0, stream);
                world.leave(1, stream);
            }
            let gets = world.cluster("storage").asked.iter();
            let gets = gets.filter(|asked| **asked == format!("GET {}", stored(GOOD))).count();
            assert_eq!(gets, 1, "{reverify}");
        }
    }
}

/// Where a checksum database has the hash, the client is told before anything of the zip is on its way.
#[test]
fn what_a_checksum_database_has_is_refused_by_that() {
    let [h1, _] = evil_hashes();
    let verified = gated(&listing(&h1)).replace(r#""mode": "off""#, r#""mode": "require""#);
    let mut world = world(1, &verified);
    furnished(&mut world);
    let h1 = H1::parse(&h1).unwrap();
    let go_mod = H1::of_go_mod(b"module example.com/m\n");
    world.cluster("sum").database.as_mut().unwrap().publish(M, EVIL, &h1, &go_mod);
    refused_by_lookup(&mut world);
    // One that is too large to be fetched whole.
    let mut world = super::world(1, &verified);
    furnished(&mut world);
    world.cluster("sum").database.as_mut().unwrap().publish(M, EVIL, &h1, &go_mod);
    let range = [("content-range", "bytes 0-1/20000000")];
    world.cluster("public").answer(&upstream(M, "@v/v1.1.0.zip"), 206, &range, "PK");
    let stream = world.begin(0, ZIP);
    world.settle();
    let Verdict::Respond(refusal) = send(&mut world, stream, &of(M, EVIL, "evil")) else {
        panic!("it goes on: {:?}", world.log)
    };
    assert_eq!(refusal.status, 403);
}

fn refused_by_lookup(world: &mut World) {
    // The record comes with the go.mod, for which it is needed.
    refused(world, "/example.com/m/@v/v1.1.0.mod");
    let asked = world.cluster("public").asked.len();
    for path in by_name(M, EVIL) {
        refused(world, &path);
    }
    assert_eq!(world.cluster("public").asked.len(), asked);
}

#[test]
fn a_waiver_of_its_id_lifts_it_and_what_is_not_enforced_changes_nothing() {
    let [_, files] = evil_hashes();
    let waiver = r#""waivers": [{"modules": ["example.com"], "ids": ["CORP-9"], "until": "2030-01-01", "by": "ann", "reason": "no use"}]"#;
    for more in [waiver, r#""enforce": false"#] {
        let mut world = world(1, &gated(&format!("{}, {more}", listing(&files))));
        furnished(&mut world);
        for path in by_name(M, EVIL) {
            let stream = world.begin(0, &path);
            world.settle();
            if let Verdict::Route(_) = world.verdict(stream) {
                let zip = of(M, EVIL, "evil");
                let _ = send(&mut world, stream, &zip);
                assert_eq!(world.download(stream).fate, Fate::Complete, "{more}");
            } else {
                assert_eq!(world.response(stream).status, 200, "{path} {more}");
            }
        }
        assert_eq!(ask(&mut world, &format!("/{M}/@v/list")).body, "v1.0.0\nv1.1.0\n", "{more}");
    }
}

/// A go.sum says it before the gateway has read the zip; and what was read operators are shown.
#[test]
fn explain_shows_both_hashes_and_evidence_knows_that_of_a_go_sum() {
    let [h1, files] = evil_hashes();
    let mut world = world(1, &gated(&listing(&h1)));
    furnished(&mut world);
    let evidence = |world: &mut World| {
        let stream = world.begin_post(0, "/-/evidence", &[]);
        world.send(0, stream, format!("{M} {EVIL} {h1}\n").as_bytes(), true);
        while world.work(0) {}
        world.settle();
        let page = world.response(stream);
        let page: serde_json::Value = serde_json::from_str(body(&page)).unwrap();
        page["modules"][0].clone()
    };
    let explain = |world: &mut World, version: &str| -> serde_json::Value {
        let page = ask(world, &format!("/-/explain?module={M}&version={version}"));
        serde_json::from_str(&page.body).unwrap()
    };
    let told = evidence(&mut world);
    assert_eq!((&told["decision"], &told["malicious"][0]["id"]), (&"malicious".into(), &"CORP-9".into()));
    let unread = explain(&mut world, EVIL);
    assert_eq!((&unread["decision"], unread.get("content")), (&"allow".into(), None));
    refused(&mut world, ZIP);
    let read = explain(&mut world, EVIL);
    assert_eq!(read["decision"], "malicious");
    assert_eq!(read["content"], serde_json::json!({"h1": h1, "files_h1": files}));
    assert_eq!(evidence(&mut world)["decision"], "malicious");
}

#[test]
fn no_spelling_of_the_request_gets_around_it() {
    let [_, files] = evil_hashes();
    let mut world = world(1, &gated(""));
    furnished(&mut world);
    assert_eq!(ask(&mut world, ZIP).status, 200);
    reconfigure(&mut world, 1, &gated(&listing(&files)));
    for header in [("range", "bytes=0-10"), ("if-none-match", "\"x\""), ("if-modified-since", "now")] {
        let stream = world.begin_with(0, "GET", ZIP, &[header]);
        world.settle();
        assert_eq!(world.response(stream).status, 403, "{header:?}");
    }
    refused(&mut world, ZIP);
}

/// There a zip is given only when it was read whole.
#[test]
fn a_host_that_holds_nothing_back_gives_nothing_unread_either() {
    let [h1, files] = evil_hashes();
    let host = Capabilities { hold_response: false, ..Capabilities::ALL };
    for hash in [h1, files] {
        for stored in [false, true] {
            let first = if stored { gated("") } else { gated(&listing(&hash)) };
            let mut world = World::on(host, 1, &first);
            world.cluster("storage").latency = 1;
            world.cluster("sum").database = Some(Database::new("", 20));
            furnished(&mut world);
            if stored {
                assert_eq!(ask(&mut world, ZIP).status, 200);
                assert_eq!(ask(&mut world, "/example.com/m/@v/v1.0.0.zip").status, 200);
                reconfigure(&mut world, 1, &gated(&listing(&hash)));
            }
            refused(&mut world, ZIP);
            assert_eq!(ask(&mut world, "/example.com/m/@v/v1.0.0.zip").status, 200);
        }
    }
}
