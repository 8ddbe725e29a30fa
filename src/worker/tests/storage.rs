//! Storage: read first, written behind, done without.

use super::{CONFIG, INFO, body, gets, header, world};
use crate::{http::CallFailure, sim::World};

const INFO_PATH: &str = "/example.com/m/@v/v1.0.0.info";
const MOD_PATH: &str = "/example.com/m/@v/v1.0.0.mod";

#[test]
fn scenario_what_is_stored_is_not_fetched() {
    let mut world = world(1);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.info", INFO);
    let answer = world.get(0, INFO_PATH);
    assert_eq!((answer.status, header(&answer, "x-modgate-cache")), (200, "storage"));
    assert!(world.clusters["public"].asked.is_empty());
    assert_eq!(world.clusters["storage"].asked.len(), 1, "and not written again");
}

#[test]
fn scenario_names_are_escaped_as_gomodcache_escapes_them() {
    let mut world = world(1);
    world
        .cluster("public")
        .serve("/base/github.com/%21burnt%21sushi/toml/@v/v1.0.0-%21r%21c1.mod", "module x\n");
    for path in [
        "/github.com/%21burnt%21sushi/toml/@v/v1.0.0-%21r%21c1.mod",
        "/github.com/!burnt!sushi/toml/@v/v1.0.0-!r!c1.mod",
        "/github.com//!burnt!sushi/toml/@v/v1.0.0-!r!c1.mod?query",
        "/github.com/BurntSushi/toml/@v/v1.0.0-RC1.mod",
        "/github.com/%42urntSushi/toml/%40v/v1.0.0-RC1.mod",
    ] {
        assert_eq!(world.get(0, path).status, 200, "{path}");
    }
    assert_eq!(world.clusters["public"].asked.len(), 1, "all the same document");
    assert_eq!(
        world.clusters["storage"].asked[1],
        "PUT /modules/github.com/%21burnt%21sushi/toml/@v/v1.0.0-%21r%21c1.mod"
    );
}

#[test]
fn scenario_without_storage_everything_is_fetched_and_nothing_written() {
    for fault in [CallFailure::Unreachable, CallFailure::TimedOut, CallFailure::Broken] {
        let mut world = world(1);
        world.cluster("storage").fault = Some(fault);
        assert_eq!(world.get(0, INFO_PATH).status, 200, "{fault:?}");
        assert!(!world.clusters["storage"].asked.iter().any(|asked| asked.starts_with("PUT")), "{fault:?}");
        assert_eq!(world.log.len(), 1, "an outage is logged once: {:?}", world.log);
        // Of what changes an upstream's word counts while storage cannot say, but is not remembered. A version may be
        // one that only storage has.
        for (file, status) in [("list", 404), ("list", 404), ("v1.0.0.mod", 502)] {
            assert_eq!(world.get(0, &format!("/example.com/n/@v/{file}")).status, status, "{fault:?} {file}");
        }
        assert_eq!(world.clusters["public"].asked.len(), 4, "{fault:?}");
    }
}

#[test]
fn scenario_an_outage_of_storage_alone_is_no_404() {
    let mut world = World::new(1, r#"{"storage": {"cluster": "storage", "url": "http://storage.test"}}"#);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let answer = world.get(0, INFO_PATH);
    assert_eq!(answer.status, 502);
    assert!(body(&answer).contains("no answer from storage"), "{}", body(&answer));
    world.cluster("storage").fault = None;
    assert_eq!(world.get(0, INFO_PATH).status, 404);
}

#[test]
fn scenario_a_storage_without_a_cluster_is_named_with_what_to_create() {
    // Upstreams do not have it, and storage might: the client cannot be told that there is none.
    let mut world = world(1);
    world.cluster("storage").fault = Some(CallFailure::Misconfigured);
    for path in ["/example.com/none/@v/v1.0.0.mod", "/example.com/none/@v/v1.0.0.zip"] {
        let answer = world.get(0, path);
        assert_eq!(answer.status, 502, "{path}");
        let said = body(&answer);
        assert!(
            said.contains("no answer from storage") && said.contains("\"storage\" has to be a cluster"),
            "{said}"
        );
    }
}

#[test]
fn scenario_a_failed_write_costs_the_copy_alone() {
    let mut world = world(1);
    world.cluster("storage").answer("/modules/example.com/m/@v/list", 507, &[], "");
    let stream = world.begin(0, "/example.com/m/@v/list");
    world.pass(100);
    assert_eq!(world.response(stream).status, 200);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    assert_eq!(world.get(0, "/example.com/m/@latest").status, 200);
    assert_eq!(world.counters["modgate.storage_writes_total.outcome.unreachable"], 1);
    assert!(world.is_idle());
}

/// What it has it reads as well as before: it is not said to fail with each write and to be well with each read.
#[test]
fn scenario_a_storage_that_is_full_is_not_one_that_fails() {
    let mut world = world(1);
    world.cluster("storage").refuse_put = true;
    for n in 0..10 {
        let path = format!("/example.com/m{n}/@v/v1.0.0.mod");
        world.cluster("public").serve(&format!("/base{path}"), &format!("module example.com/m{n}\n"));
        assert_eq!(world.get(0, &path).status, 200);
        world.settle();
        assert!(body(&world.get(0, "/-/readyz")).contains(r#""failing":[]"#));
    }
    let said: Vec<_> = world.log.iter().filter(|line| line.contains("answers")).collect();
    assert!(
        said.iter().all(|line| line.contains("not written") || !line.contains("storage: it")),
        "{said:?}"
    );
    // One that fails to read does fail.
    world.cluster("storage").get_answered = Some((500, ""));
    let _ = world.get(0, "/example.com/x/@v/v1.0.0.mod");
    assert!(body(&world.get(0, "/-/readyz")).contains(r#""failing":["storage"]"#));
}

#[test]
fn scenario_the_client_does_not_wait_for_the_write() {
    let mut world = world(1);
    world.cluster("storage").latency = 60_000;
    world.cluster("public").latency = 1;
    let stream = world.begin(0, "/example.com/m/@v/list");
    world.pass(1);
    assert_eq!(world.response(stream).status, 200);
    assert!(!world.is_idle());
}

#[test]
fn scenario_writes_are_bounded() {
    let mut world = world(1);
    world.cluster("storage").latency = 600_000;
    const NAMES: usize = 64 + 4096 + 36;
    for number in 0..NAMES {
        let path = format!("/base/example.com/m{number}/@v/list");
        world.cluster("public").serve(&path, "v1.0.0\n");
        world.begin(0, path.strip_prefix("/base").unwrap());
        // No more at once than may be fetched at once.
        if number % 100 == 99 {
            world.pass(1_000);
        }
    }
    world.pass(1_000);
    let puts = |world: &World| {
        world.clusters["storage"].asked.iter().filter(|asked| asked.starts_with("PUT ")).count()
    };
    assert_eq!(puts(&world), 64);
    // No more wait than there is room for.
    assert_eq!(world.counters["modgate.storage_writes_total.outcome.skipped"], 36);
    world.cluster("storage").latency = 1;
    world.pass(700_000);
    assert_eq!(puts(&world), NAMES - 36, "each in its turn");
    assert_eq!(world.counters["modgate.storage_writes_total.outcome.stored"], (NAMES - 36) as u64);
    assert!(world.is_idle());
}

/// What is asked for at once is stored all the same, and never asked of the upstream again, whatever the index has lost.
#[test]
fn scenario_a_burst_of_immutable_documents_reaches_the_upstream_once() {
    for workers in [1, 2] {
        let mut world = world(workers);
        world.resize_index(super::tiny_index(16, 4));
        world.cluster("storage").latency = 30;
        let paths: Vec<_> = (0..400)
            .map(|number| {
                let (kind, version) = (if number % 2 == 0 { "info" } else { "mod" }, number / 2);
                let path = format!("/example.com/burst/@v/v1.{version}.0.{kind}");
                let document = match kind {
                    "info" => format!(r#"{{"Version":"v1.{version}.0","Time":"2023-01-02T03:04:05Z"}}"#),
                    _ => "module example.com/burst\n".to_owned(),
                };
                world.cluster("public").serve(&format!("/base{path}"), &document);
                path
            })
            .collect();
        for round in 0..3 {
            let streams: Vec<_> =
                paths.iter().enumerate().map(|(n, path)| world.begin(n % workers, path)).collect();
            world.pass(60_000);
            assert!(streams.iter().all(|stream| world.response(*stream).status == 200));
            assert_eq!(world.clusters["public"].asked.len(), paths.len(), "round {round}");
            if round == 1 {
                world.gateways[0].memory = crate::shared::Memory::default();
                (0..workers).for_each(|worker| world.crash(worker));
            }
        }
        assert!(!world.counters.contains_key("modgate.storage_writes_total.outcome.skipped"));
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_a_store_that_may_not_be_written_is_only_read() {
    let mut world = World::new(1, &CONFIG.replace("/modules\"", "/modules\", \"write\": false"));
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.info", INFO);
    world.cluster("storage");
    assert_eq!(world.get(0, INFO_PATH).status, 200);
    assert!(world.clusters["storage"].asked.iter().all(|asked| asked.starts_with("GET ")));
}

#[test]
fn scenario_what_upstreams_lost_or_cannot_say_comes_from_storage() {
    let mut world = world(1);
    world.cluster("storage").serve("/modules/example.com/old/@v/list", "v1.0.0\n");
    let answer = world.get(0, "/example.com/old/@v/list");
    assert_eq!(
        (answer.status, body(&answer), header(&answer, "x-modgate-cache")),
        (200, "v1.0.0\n", "storage")
    );
    world.cluster("storage").serve("/modules/example.com/older/@v/list", "v1.0.0\n");
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    assert_eq!(world.get(0, "/example.com/older/@v/list").status, 200);
    assert_eq!(
        world.get(0, "/example.com/never/@v/list").status,
        502,
        "and what nobody has is an outage still"
    );
}

#[test]
fn scenario_a_corrupt_object_is_fetched_anew_and_not_overwritten() {
    let mut world = world(1);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.info", "garbage");
    let answer = world.get(0, INFO_PATH);
    assert_eq!((answer.status, header(&answer, "x-modgate-cache")), (200, "upstream"));
    assert_eq!(
        world.clusters["storage"].body("/modules/example.com/m/@v/v1.0.0.info").as_deref(),
        Some("garbage")
    );
    assert!(world.log.iter().any(|line| line.contains("bad object")), "{:?}", world.log);
}

#[test]
fn scenario_what_was_fetched_while_storage_was_down_is_written_later() {
    let mut world = world(2);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    assert_eq!(world.get(0, MOD_PATH).status, 200);
    world.pass(60_000);
    // Still down: one tries, and then nobody for a while.
    for worker in [0, 1, 0, 1] {
        assert_eq!(header(&world.get(worker, MOD_PATH), "x-modgate-cache"), "hit");
    }
    // What never changes is looked for before it is written.
    let looks = |world: &World| gets(world, "storage", ".mod");
    let puts = |world: &World| {
        world.clusters["storage"].asked.iter().filter(|asked| asked.starts_with("PUT")).count()
    };
    assert_eq!((looks(&world), puts(&world)), (2, 0));
    world.cluster("storage").fault = None;
    world.pass(60_000);
    for worker in [0, 1, 0, 1] {
        assert_eq!(header(&world.get(worker, MOD_PATH), "x-modgate-cache"), "hit");
    }
    assert_eq!((looks(&world), puts(&world)), (3, 1));
    assert_eq!(
        world.clusters["storage"].body("/modules/example.com/m/@v/v1.0.0.mod").as_deref(),
        Some("module example.com/m\n")
    );
    world.pass(600_000);
    assert_eq!(world.get(0, MOD_PATH).status, 200);
    assert_eq!(puts(&world), 1, "it has it");
}

/// One filter takes whatever storage has; what it kept is nothing to another that is to check it.
#[test]
fn scenario_what_was_never_checked_is_checked_by_a_stricter_configuration() {
    let config = CONFIG.replacen('{', r#"{"fetch": {"zip_bytes": 0},"#, 1);
    let lax = config.replace("modules\"", r#"modules", "reverify": "never""#);
    let mut world = World::new(1, &lax);
    world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", "PK");
    for is_checked in [false, true] {
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        let _ = world.answer_routed(0, stream, 200, &[("date", "now")]);
        assert_eq!(world.worker(0).inspects(stream).is_some(), is_checked);
        world.replace(0, &config);
    }
}
