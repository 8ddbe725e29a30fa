//! What was served lately, and who is told of it when an advisory comes.

use super::{EMPTY_ZIP, body};
use crate::{
    advisory::{Advisories, Affected, Event, Ranges, Record, Severity},
    config::Config,
    gomod::Version,
    http::{CallFailure, Timestamp},
    shared::{LEDGERS, Ledger},
    sim::World,
};

const DAY: u64 = 86_400_000;

/// Until what was given is shared, storage has it, and a worker has looked.
const WHILE: u64 = 11 * 60 * 1_000;

const M: &str = "example.com/m";

fn config(exposure: &str, storage: &str) -> String {
    format!(
        r#"{{"exposure": {{{exposure}}},
        "callers": {{"principals": [{{"header": "x-user", "trusted": true, "prefix": "user:"}}, {{"header": "x-team", "trusted": true, "prefix": "a-team:"}}]}},
        "admin": {{"explain": ["@anonymous"]}},
        "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test/modules", "reverify": "never"{storage}}}}}"#
    )
}

fn named() -> String {
    config(r#""callers": true"#, "")
}

fn world(workers: usize, config: &str) -> World {
    let mut world = World::new(workers, config);
    world.cluster("storage").latency = 1;
    let public = world.cluster("public");
    public.latency = 100;
    for module in [M, "example.com/n"] {
        for version in ["v1.0.0", "v1.2.0"] {
            let path = format!("/base/{module}/@v/{version}");
            public
                .serve(&format!("{path}.info"), &format!(r#"{{"Version":"{version}"}}"#))
                .serve(&format!("{path}.mod"), &format!("module {module}\n"))
                .serve(&format!("{path}.zip"), EMPTY_ZIP);
        }
    }
    world
}

/// A GET of a zip by `user`, up to where the response begins.
fn begin(world: &mut World, worker: usize, user: &str, version: &str) -> crate::cx::StreamId {
    let user = [("x-user", user), ("x-team", "web")];
    let headers = if user[0].1.is_empty() { &[][..] } else { &user };
    let path = format!("/{}.zip", version.replace('@', "/@v/"));
    let stream = world.begin_with(worker, "GET", &path, headers);
    world.settle();
    stream
}

/// `user` gets a version whole.
fn take(world: &mut World, worker: usize, user: &str, version: &str) {
    let stream = begin(world, worker, user, version);
    let _ = world.answer_routed(worker, stream, 200, &[]);
    world.body(worker, stream, EMPTY_ZIP.as_bytes(), true);
}

fn record(id: &str, module: &str, fixed: Option<&str>, is_malicious: bool) -> Record {
    let fixed = fixed.map(|fixed| Event::Fixed(Version::parse(fixed).unwrap()));
    let ranges = Ranges::new([Event::Introduced(None)].into_iter().chain(fixed).collect());
    Record {
        id: id.to_owned(),
        published: Timestamp(1_690_000_000_000),
        is_reviewed: true,
        is_malicious,
        severity: Severity::Unknown,
        affected: vec![Affected { module: module.to_owned(), ranges, versions: Vec::new() }],
        ..Record::default()
    }
}

/// These are what each of so many workers knows from now on.
fn advise(world: &mut World, workers: usize, records: &[Record]) {
    for worker in 0..workers {
        let worker = world.worker(worker);
        worker.services.in_force.replace_advisories("go", Advisories::of(records.to_vec()));
        worker.decide_anew();
    }
}

fn vulnerable() -> Vec<Record> {
    vec![record("GO-2024-1", M, Some("v1.2.1"), false)]
}

fn page(world: &mut World, worker: usize, query: &str) -> serde_json::Value {
    let response = world.get(worker, &format!("/-/exposed{query}"));
    assert_eq!(response.status, 200, "{}", body(&response));
    serde_json::from_str(body(&response)).unwrap()
}

fn told(world: &World) -> Vec<&String> {
    world.log.iter().filter(|line| line.contains("exposed: ")).collect()
}

fn gauges(world: &World) -> [Option<u64>; 2] {
    ["modgate.served_advised", "modgate.served_malicious"].map(|name| world.gauges.get(name).copied())
}

#[test]
fn scenario_an_advisory_about_what_was_served_is_told_once_and_shown_with_the_callers() {
    for workers in [1, 3] {
        let mut world = world(workers, &named());
        take(&mut world, 0, "ann", "example.com/m@v1.2.0");
        take(&mut world, workers - 1, "bob", "example.com/m@v1.2.0");
        take(&mut world, 0, "", "example.com/n@v1.0.0");
        world.pass(WHILE);
        assert_eq!((told(&world).len(), page(&mut world, 0, "")), (0, serde_json::json!([])));
        assert_eq!(gauges(&world), [Some(0), Some(0)]);
        advise(&mut world, workers, &vulnerable());
        world.pass(WHILE);
        let line = "exposed: example.com/m@v1.2.0 was served, last on 2023-11-14, to user:ann, user:bob: GO-2024-1 (go) is about it";
        assert!(told(&world).len() == 1 && told(&world)[0].ends_with(line), "{:?}", told(&world));
        assert_eq!(gauges(&world), [Some(1), Some(0)]);
        let exposed = serde_json::json!({
            "id": "GO-2024-1", "source": "go", "module": M, "version": "v1.2.0", "malicious": false, "waived": null,
            "served": {
                "last": "2023-11-14",
                "callers": [{"name": "user:ann", "last": "2023-11-14"}, {"name": "user:bob", "last": "2023-11-14"}],
                "more": 0,
            },
        });
        for worker in 0..workers {
            assert_eq!(page(&mut world, worker, ""), serde_json::json!([exposed]));
        }
        // Another one about both, and then nothing new.
        let mut more = vulnerable();
        more.extend([record("MAL-2024-2", M, None, true), record("MAL-2024-3", "example.com/n", None, true)]);
        for _ in 0..2 {
            advise(&mut world, workers, &more);
            world.pass(WHILE);
        }
        let lines = told(&world);
        assert_eq!(lines.len(), 3, "{lines:?}");
        let malicious = "example.com/n@v1.0.0 was served, last on 2023-11-14, to @anonymous: MAL-2024-3 (go) says that it is malicious";
        assert!(lines.iter().any(|line| line.ends_with(malicious)), "{lines:?}");
        assert_eq!(gauges(&world), [Some(2), Some(2)]);
        for (query, ids) in [
            ("", vec!["GO-2024-1", "MAL-2024-2", "MAL-2024-3"]),
            ("?id=GO-2024-1", vec!["GO-2024-1"]),
            ("?module=example.com/n", vec!["MAL-2024-3"]),
            ("?module=example.com/n&id=GO-2024-1", vec![]),
        ] {
            let page = page(&mut world, 0, query);
            let mut shown: Vec<_> =
                page.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
            shown.sort_unstable();
            assert_eq!(shown, ids, "{query}");
        }
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_what_was_served_too_long_ago_is_forgotten() {
    let mut world = world(1, &named());
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    world.pass(WHILE);
    let now = Timestamp(world.now.0 + 89 * DAY);
    world.set_clock(now);
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!((told(&world).len(), gauges(&world)), (1, [Some(1), Some(0)]));
    let now = Timestamp(world.now.0 + DAY);
    world.set_clock(now);
    world.pass(WHILE);
    assert_eq!((page(&mut world, 0, ""), gauges(&world)), (serde_json::json!([]), [Some(0), Some(0)]));
    let kept: Vec<_> = world.clusters["storage"].paths().filter(|path| path.contains("/served/")).collect();
    assert!(
        kept.iter().all(|path| !world.clusters["storage"].body(path).unwrap().contains("ann")),
        "{kept:?}"
    );
}

#[test]
fn scenario_what_looks_like_a_module_in_use_is_said_so_and_given() {
    let policy = r#""policy": {"rules": [{"name": "typo", "modules": ["*"], "looks_like": {"in_use": true}, "action": "deny",
        "enforce": false}]}, "exposure""#;
    let config = named().replace("\"exposure\"", policy);
    let mut world = world(2, &config);
    let alike = "/examp1e.com/m/@v/v1.0.0.info";
    world.cluster("public").serve(&format!("/base{alike}"), r#"{"Version":"v1.0.0"}"#);
    let said = |world: &mut World, worker: usize, path: &str| {
        let response = world.get(worker, path);
        assert_eq!(response.status, 200, "{}", body(&response));
        response.monitored.map(|monitored| monitored.rule)
    };
    let begun = world.now.0;
    for (day, is_used) in [(0, false), (6, false), (7, true), (40, true)] {
        world.set_clock(Timestamp(begun + day * DAY));
        take(&mut world, 0, "", "example.com/m@v1.2.0");
        world.pass(WHILE);
        // Each worker finds it out once an hour.
        world.set_clock(Timestamp(begun + day * DAY + 2 * 3_600_000));
        world.pass(WHILE);
        for worker in [0, 1] {
            assert_eq!(said(&mut world, worker, alike), is_used.then(|| "typo".to_owned()), "day {day}");
            assert_eq!(said(&mut world, worker, "/example.com/m/@v/v1.0.0.info"), None, "it is meant");
            assert_eq!(said(&mut world, worker, "/example.com/n/@v/v1.0.0.info"), None, "of the same owner");
        }
    }
    let explained = world.get(0, "/-/explain?module=examp1e.com/m&version=v1.0.0");
    assert!(body(&explained).contains("It looks like example.com/m, but it differs by a letter"));
    // Another Envoy knows it of storage.
    let other = world.join(1, Config::parse(&config).unwrap());
    world.pass(WHILE);
    assert_eq!(said(&mut world, other, alike), Some("typo".to_owned()));
    // What is not served any more is not in use.
    world.set_clock(Timestamp(begun + 140 * DAY));
    world.pass(WHILE);
    assert_eq!(said(&mut world, 0, alike), None);
}

#[test]
fn scenario_after_a_restart_and_at_another_gateway_storage_says_what_was_served_before() {
    let mut world = world(2, &named());
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    world.pass(WHILE);
    advise(&mut world, 2, &vulnerable());
    world.pass(WHILE);
    assert_eq!(told(&world).len(), 1);
    let other = world.join(1, Config::parse(&named()).unwrap());
    take(&mut world, other, "bob", "example.com/m@v1.2.0");
    advise(&mut world, other + 1, &vulnerable());
    world.pass(WHILE);
    for worker in [0, 1, other] {
        let page = page(&mut world, worker, "");
        let callers = &page[0]["served"]["callers"];
        assert_eq!(
            (callers[0]["name"].as_str(), callers[1]["name"].as_str()),
            (Some("user:ann"), Some("user:bob"))
        );
    }
    assert_eq!(told(&world).len(), 1, "storage says that it was told: {:?}", told(&world));
    assert!(world.is_idle());
}

#[test]
fn scenario_only_zips_that_were_given_whole_are_remembered() {
    let mut world = world(1, &named());
    // The client leaves, asks for a part, or for the head alone; the source has none.
    let stream = begin(&mut world, 0, "left", "example.com/m@v1.2.0");
    let _ = world.answer_routed(0, stream, 200, &[]);
    world.leave(0, stream);
    for (user, status, headers) in
        [("part", 206, &[("content-range", "bytes 0-1/22")][..]), ("none", 404, &[])]
    {
        let stream = begin(&mut world, 0, user, "example.com/m@v1.2.0");
        let _ = world.answer_routed(0, stream, status, headers);
        world.leave(0, stream);
    }
    let head = world.begin_with(0, "HEAD", "/example.com/m/@v/v1.2.0.zip", &[("x-user", "head")]);
    world.settle();
    world.leave(0, head);
    world.get(0, "/example.com/m/@v/v1.2.0.mod");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!(page(&mut world, 0, ""), serde_json::json!([]));
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    world.pass(WHILE);
    let page = page(&mut world, 0, "");
    assert_eq!(page[0]["served"]["callers"].as_array().unwrap().len(), 1, "{page}");
}

#[test]
fn scenario_a_client_that_is_sent_to_storage_counts_as_one_that_got_it() {
    let storage = r#", "delivery": {"zips": "redirect", "url": "https://modules.test"}"#;
    let mut world = world(1, &config(r#""callers": true"#, storage));
    let stream = begin(&mut world, 0, "ann", "example.com/m@v1.2.0");
    assert_eq!(world.response(stream).status, 302);
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!(page(&mut world, 0, "")[0]["served"]["callers"][0]["name"], "user:ann");
}

#[test]
fn scenario_without_names_none_is_kept_anywhere() {
    let mut world = world(1, &named());
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    world.pass(WHILE);
    let kept = |world: &World| {
        let storage = &world.clusters["storage"];
        storage
            .paths()
            .filter(|path| path.contains("/served/"))
            .map(|path| storage.body(path).unwrap())
            .collect::<String>()
    };
    assert!(kept(&world).contains("user:ann"));
    world.replace(0, &config("", ""));
    take(&mut world, 0, "bob", "example.com/m@v1.2.0");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert!(
        !kept(&world).contains("user:") && kept(&world).contains("example.com/m@v1.2.0"),
        "{}",
        kept(&world)
    );
    let page = page(&mut world, 0, "");
    assert_eq!(
        (&page[0]["served"]["callers"], &page[0]["served"]["more"]),
        (&serde_json::json!([]), &2.into())
    );
    assert!(told(&world)[0].contains("to about 2 callers: GO-2024-1"), "{:?}", told(&world));
}

#[test]
fn scenario_without_the_section_nothing_is_remembered_and_storage_is_not_asked() {
    let without = named().replacen(r#""exposure": {"callers": true},"#, "", 1);
    let mut world = world(1, &without);
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!((told(&world).len(), gauges(&world)), (0, [None, None]));
    assert_eq!(world.get(0, "/-/exposed").status, 404);
    assert!(world.clusters["storage"].asked.iter().all(|asked| !asked.contains("/served/")));
}

#[test]
fn scenario_a_waiver_is_shown_and_what_it_lifts_is_told_when_it_ends() {
    let waiver = r#""policy": {"waivers": [{"ids": ["GO-2024-1"], "modules": ["example.com/m"], "until": "2023-11-15T00:00:00Z", "by": "sec", "reason": "not reached"}]},"#;
    let mut world = world(1, &named().replacen('{', &format!("{{{waiver}"), 1));
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!((told(&world).len(), gauges(&world)), (0, [Some(0), Some(0)]));
    assert_eq!(page(&mut world, 0, "")[0]["waived"]["reason"], "not reached");
    let now = Timestamp(world.now.0 + DAY);
    world.set_clock(now);
    world.pass(WHILE);
    assert_eq!((told(&world).len(), gauges(&world)), (1, [Some(1), Some(0)]));
}

#[test]
fn scenario_storage_that_fails_keeps_no_operator_from_being_told_and_gets_it_later() {
    let mut world = world(1, &named());
    world.cluster("storage").fault = Some(CallFailure::TimedOut);
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!(told(&world).len(), 1);
    let asked = |world: &World| {
        world.clusters["storage"].asked.iter().filter(|asked| asked.contains("/served/")).count()
    };
    assert!((9..=12).contains(&asked(&world)), "once a minute: {}", asked(&world));
    assert_eq!(
        world.log.iter().filter(|line| line.contains("what was served")).count(),
        1,
        "{:?}",
        world.log
    );
    world.cluster("storage").fault = None;
    world.cluster("storage").refuse_put = true;
    world.pass(WHILE);
    world.cluster("storage").refuse_put = false;
    world.pass(WHILE);
    let storage = &world.clusters["storage"];
    let kept: Vec<_> = storage.paths().filter(|path| path.contains("/served/")).collect();
    assert_eq!(kept.len(), 1, "an empty ledger is not written: {kept:?}");
    assert!(storage.body(kept[0]).unwrap().contains("user:ann"));
}

#[test]
fn scenario_what_anyone_wrote_into_storage_does_no_harm() {
    let mut world = world(1, &named());
    for number in 0..LEDGERS {
        let line = |name: &str, rest: &str| format!("modgate served 1\n{name}\t19675\t0\t{rest}\n");
        let body = match number % 5 {
            0 => "<html>".to_owned(),
            1 => line("example.com/m@v1.2.0", "\t19675=a\u{7}b"),
            2 => line("../../etc@v1", "\t19675=ann"),
            3 => line("example.com/m@v1.2.0", "\t99999=ann"),
            _ => format!("modgate served 1\n{}", line("a.test/m@v1.0.0", "").repeat(10_000)),
        };
        world.cluster("storage").serve(&format!("/modules/served/{number:02}.txt"), &body);
    }
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    let page = page(&mut world, 0, "");
    let versions: std::collections::BTreeSet<_> =
        page.as_array().unwrap().iter().map(|one| one["version"].to_string()).collect();
    assert_eq!(versions.len(), 1, "{page}");
    let storage = &world.clusters["storage"];
    for path in storage.paths().filter(|path| path.contains("/served/")) {
        let bytes = storage.bytes(path).unwrap();
        assert!(
            Ledger::decode(bytes).is_some_and(|ledger| ledger.len() <= 1),
            "{path}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn scenario_storage_that_is_not_written_to_is_not_asked_for_what_was_served() {
    let mut world = world(1, &config(r#""callers": true"#, r#", "write": false"#));
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    advise(&mut world, 1, &vulnerable());
    world.pass(WHILE);
    assert_eq!(told(&world).len(), 1);
    assert!(world.clusters["storage"].asked.iter().all(|asked| !asked.contains("/served/")));
}

#[test]
fn scenario_of_very_many_not_all_are_told_singly() {
    let mut world = world(1, &named());
    take(&mut world, 0, "ann", "example.com/m@v1.2.0");
    take(&mut world, 0, "ann", "example.com/n@v1.2.0");
    take(&mut world, 0, "ann", "example.com/m@v1.0.0");
    world.pass(WHILE);
    let many: Vec<_> = (0..60)
        .flat_map(|n| {
            [M, "example.com/n"].map(|module| record(&format!("GO-{n}-{module}"), module, None, false))
        })
        .collect();
    advise(&mut world, 1, &many);
    world.pass(WHILE);
    let lines = told(&world);
    assert_eq!(lines.len(), 101);
    assert!(lines[100].ends_with("exposed: 80 more; /-/exposed lists them"), "{}", lines[100]);
    assert_eq!(page(&mut world, 0, "").as_array().unwrap().len(), 180);
}

#[test]
fn scenario_the_page_is_for_those_whom_the_operator_names() {
    let mut world = world(1, &named().replace("@anonymous", "user:sec"));
    assert_eq!(world.get(0, "/-/exposed").status, 403);
    for (query, status) in [("", 200), ("?id=x&id=y", 400), ("?modul=x", 400), ("?module=x%20y", 400)] {
        let stream = world.begin_with(0, "GET", &format!("/-/exposed{query}"), &[("x-user", "sec")]);
        world.settle();
        assert_eq!(world.response(stream).status, status, "{query}");
    }
}
