//! Ages by the log of the checksum database, which no author can date back.

use super::{super::random::Random, *};
use crate::{
    http::{CallFailure, Timestamp},
    shared::log_clock,
};

const WEEK: u64 = 7 * DAY;
const COOLDOWN: &str = r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#;
const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const STORED: &str = "/modules/clock/sum.test";
/// What an author writes who dates a commit back.
const LONG_AGO: &str = "2019-01-01T00:00:00Z";

/// The cool-down, by the log.
fn by_log() -> String {
    rules(COOLDOWN)
        .replace(r#""verify": {"mode": "off"},"#, "")
        .replace(r#""policy": {"#, r#""policy": {"clock": "log", "#)
}

/// A module whose only version was in the log when the gateway began to look at it.
fn world_by_log(workers: usize) -> World {
    let mut world = world(workers, &by_log());
    tag(&mut world, "v1.0.0", LONG_AGO);
    world.pass(2000);
    world
}

/// An author tags a version now, and its commit says that it is from then.
fn tag(world: &mut World, version: &str, time: &str) {
    let info = format!(r#"{{"Version":"{version}","Time":"{time}"}}"#);
    publish_as(world, M, version, &info);
    let path = upstream(M, "@v/list");
    let list = world.clusters["public"].body(&path).unwrap_or_default();
    world.cluster("public").serve(&path, &format!("{list}{version}\n"));
    resolve(world, M, "@latest", &info);
    resolve(world, M, "@v/master.info", &info);
}

/// So much time passes in which nothing else does.
fn leap(world: &mut World, millis: u64) {
    world.set_clock(Timestamp(world.now.0 + millis));
    world.pass(3000);
}

/// So much time passes with a gateway that looks at the log each hour.
fn watch(world: &mut World, hours: u64) {
    for _ in 0..hours {
        database(world).grow("", 3);
        leap(world, HOUR);
    }
}

fn database(world: &mut World) -> &mut Database {
    world.cluster("sum").database.as_mut().unwrap()
}

/// Whether a version is served and shown, on every route alike; it is the newest, and v1.0.0 is the other.
#[track_caller]
fn may_be_had(world: &mut World, worker: usize, version: &str) -> bool {
    let [info, go_mod, _, lookup] = by_name(M, version);
    let ask = |world: &mut World, path: &str| ask_with(world, worker, "GET", path, &[]);
    let statuses =
        [info, go_mod, lookup, format!("/{M}/@v/master.info")].map(|path| ask(world, &path).status);
    assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
    assert!([200, 403].contains(&statuses[0]), "{statuses:?}");
    let is_had = statuses[0] == 200;
    let list = ask(world, LIST);
    assert_eq!((list.status, list.body.lines().any(|line| line == version)), (200, is_had), "{list:?}");
    let latest = ask(world, "/example.com/m/@latest").body;
    assert_eq!(latest.contains(version), is_had, "{latest}");
    is_had
}

/// Envoy is started anew: what its workers shared is lost.
fn restart(world: &mut World, workers: usize) {
    world.gateways[0].memory = Default::default();
    (0..workers).for_each(|worker| world.crash(worker));
}

#[test]
fn a_commit_that_is_dated_back_is_as_young_as_its_record_in_the_log() {
    for workers in [1, 2] {
        let mut world = world_by_log(workers);
        let last = workers - 1;
        assert!(may_be_had(&mut world, last, "v1.0.0"), "it was there when the gateway began to look");
        watch(&mut world, 3);
        tag(&mut world, "v1.1.0", LONG_AGO);
        world.pass(70_000);
        assert!(!may_be_had(&mut world, last, "v1.1.0"), "the log was not looked at since");
        leap(&mut world, HOUR);
        let covered = world.now.0;
        assert!(!may_be_had(&mut world, last, "v1.1.0"));
        watch(&mut world, 20);
        world.set_clock(Timestamp(covered + WEEK - HOUR));
        world.pass(70_000);
        assert!(!may_be_had(&mut world, last, "v1.1.0"));
        let refusal = ask(&mut world, "/example.com/m/@v/v1.1.0.mod").body;
        assert!(refusal.contains("Published 2023-11-1"), "{refusal}");
        world.set_clock(Timestamp(covered + WEEK));
        world.pass(70_000);
        assert!(may_be_had(&mut world, last, "v1.1.0"));
        assert_idle(&mut world, workers);
        // By the other clock it is had at once.
        let mut world = super::world(workers, &rules(COOLDOWN));
        tag(&mut world, "v1.0.0", LONG_AGO);
        tag(&mut world, "v1.1.0", LONG_AGO);
        assert!(may_be_had(&mut world, last, "v1.1.0"));
        assert_eq!(asked(&world, "clock/sum.test"), 0, "and nothing is remembered of the log");
    }
}

#[test]
fn what_its_info_calls_too_young_is_not_looked_up() {
    let mut world = world_by_log(1);
    watch(&mut world, 2);
    let now = world.now.0;
    tag(&mut world, "v1.1.0", &rfc3339(now - DAY));
    for path in ["@v/v1.1.0.info", "@v/v1.1.0.mod", "@v/master.info"] {
        assert_eq!(status(&mut world, &format!("/{M}/{path}")), 403);
    }
    assert_eq!(asked(&world, "lookup/example.com/m@v1.1.0"), 0);
    // What an author dates into the future is refused until then.
    tag(&mut world, "v1.2.0", &rfc3339(now + WEEK));
    watch(&mut world, 2);
    leap(&mut world, 10 * DAY);
    assert!(!may_be_had(&mut world, 0, "v1.2.0"));
    leap(&mut world, 5 * DAY);
    assert!(may_be_had(&mut world, 0, "v1.2.0"));
    assert_idle(&mut world, 1);
}

/// It has no time: the log alone says how old it is, and nothing begins anew with a restart.
#[test]
fn a_version_without_a_time_is_as_old_as_its_record() {
    let mut world = world_by_log(1);
    watch(&mut world, 1);
    publish_as(&mut world, M, "v1.1.0", r#"{"Version":"v1.1.0"}"#);
    watch(&mut world, 1);
    leap(&mut world, WEEK - HOUR);
    restart(&mut world, 1);
    world.pass(2000);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.mod"), 403);
    leap(&mut world, HOUR);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.mod"), 200);
}

#[test]
fn after_a_restart_and_at_a_second_gateway_it_is_as_old_as_before() {
    let mut world = world_by_log(2);
    watch(&mut world, 3);
    tag(&mut world, "v1.1.0", LONG_AGO);
    watch(&mut world, 2);
    let stored = world.clusters["storage"].body(STORED).unwrap();
    assert!(stored.starts_with("modgate clock of sum.test+") && stored.lines().count() >= 5, "{stored}");
    restart(&mut world, 2);
    // It is the very first request, and waits until storage was read.
    assert!(!may_be_had(&mut world, 1, "v1.1.0"));
    let second = world.join(1, Config::parse(&by_log()).unwrap());
    assert!(!may_be_had(&mut world, second, "v1.1.0"));
    leap(&mut world, WEEK);
    assert!(may_be_had(&mut world, 1, "v1.1.0") && may_be_had(&mut world, second, "v1.1.0"));
    // What each has noted is there, in order.
    let lines = world.clusters["storage"].body(STORED).unwrap();
    let pairs = log_clock::Pairs::read(lines.as_bytes(), &key()).unwrap();
    assert!(pairs.len() >= 5, "{lines}");
    assert_idle(&mut world, 3);
    // Without storage the gateway begins to look anew, and only the .info is left.
    world.cluster("storage").remove(STORED);
    tag(&mut world, "v1.2.0", LONG_AGO);
    restart(&mut world, 2);
    assert!(may_be_had(&mut world, 1, "v1.2.0"));
}

/// What was looked up is kept: a list is not judged by a thousand lookups each time.
#[test]
fn a_long_list_is_looked_up_once() {
    for workers in [1, 3] {
        let mut world = world_by_log(workers);
        for n in 1..150 {
            tag(&mut world, &format!("v1.{n}.0"), LONG_AGO);
        }
        watch(&mut world, 1);
        for n in 150..200 {
            tag(&mut world, &format!("v1.{n}.0"), LONG_AGO);
        }
        restart(&mut world, workers);
        world.pass(2000);
        // The second look of this world: all but v1.0.0 came between the two, or after.
        leap(&mut world, WEEK);
        forget_asked(&mut world);
        let listed =
            |world: &mut World, worker| ask_with(world, worker, "GET", LIST, &[]).body.lines().count();
        assert_eq!(listed(&mut world, 0), 150);
        let lookups = |world: &World| {
            let asked = world.clusters["sum"].asked.iter();
            asked.filter(|asked| asked.contains("/lookup/")).count()
        };
        assert!((200..=210).contains(&lookups(&world)), "{}", lookups(&world));
        forget_asked(&mut world);
        for worker in 0..workers {
            world.pass(70_000);
            assert_eq!(listed(&mut world, worker), 150);
        }
        world.crash(0);
        assert_eq!(listed(&mut world, 0), 150);
        // Those that are too young are looked up in the index.
        assert_eq!((lookups(&world), asked(&world, ".info")), (0, 0));
        assert_idle(&mut world, workers);
    }
}

#[test]
fn a_private_module_is_dated_by_its_info_and_its_name_stays_here() {
    let config = by_log().replacen('{', r#"{"private": {"nosumdb": ["example.com"]},"#, 1);
    let mut world = world(1, &config);
    tag(&mut world, "v1.0.0", LONG_AGO);
    watch(&mut world, 1);
    tag(&mut world, "v1.1.0", LONG_AGO);
    for path in ["@v/v1.1.0.mod", "@v/v1.1.0.info", "@latest"] {
        assert_eq!(status(&mut world, &format!("/{M}/{path}")), 200, "{path}");
    }
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
    assert_eq!(asked(&world, "m@v1.1.0"), 0);
    assert!(asked(&world, "/latest") > 0);
}

#[test]
fn while_the_log_cannot_be_asked_no_age_is_known_and_nothing_is_given() {
    let mut world = world_by_log(1);
    watch(&mut world, 2);
    assert!(may_be_had(&mut world, 0, "v1.0.0"));
    tag(&mut world, "v1.1.0", LONG_AGO);
    for (fault, expected) in [(CallFailure::Unreachable, 502), (CallFailure::TimedOut, 504)] {
        world.cluster("sum").fault = Some(fault);
        world.pass(70_000);
        for path in ["@v/v1.1.0.info", "@v/v1.1.0.mod"] {
            let got = ask(&mut world, &format!("/{M}/{path}"));
            assert!(got.status == expected && got.body.contains("no known age"), "{path}: {got:?}");
        }
        // What is known stays, and the rest is not shown.
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\n");
        assert_eq!(status(&mut world, "/example.com/m/@v/v1.0.0.mod"), 200);
        world.pass(60_000);
    }
    world.cluster("sum").fault = None;
    world.pass(70_000);
    assert!(!may_be_had(&mut world, 0, "v1.1.0"));
    leap(&mut world, HOUR);
    leap(&mut world, WEEK);
    assert!(may_be_had(&mut world, 0, "v1.1.0"));
    assert_idle(&mut world, 1);
}

/// The database does not know it: an author whose host keeps the database out is not to be believed.
#[test]
fn what_the_database_does_not_know_has_no_age() {
    let config = by_log().replacen('{', r#"{"verify": {"mode": "when_available"},"#, 1);
    for config in [by_log(), config] {
        let mut world = world(1, &config);
        tag(&mut world, "v1.0.0", LONG_AGO);
        world.pass(2000);
        world.cluster("sum").answer("/lookup/example.com/m@v1.0.0", 404, &[], "not found");
        let got = ask(&mut world, "/example.com/m/@v/v1.0.0.mod");
        assert_eq!((got.status, got.body.contains("it has no known age: not found")), (503, true), "{got:?}");
        assert_ne!(status(&mut world, "/example.com/m/@v/v1.0.0.info"), 200);
        assert_ne!(status(&mut world, "/example.com/m/@latest"), 200);
        assert_idle(&mut world, 1);
    }
}

/// A gateway that does not know what it knew before its restart would take the whole log to be of any age.
#[test]
fn while_storage_cannot_say_how_old_the_log_is_nothing_is_dated() {
    let mut world = world_by_log(1);
    watch(&mut world, 3);
    tag(&mut world, "v1.1.0", LONG_AGO);
    watch(&mut world, 2);
    let good = world.clusters["storage"].body(STORED).unwrap();
    let future = format!("{}99 1900000000\n", good.split_inclusive('\n').next().unwrap());
    for spoiled in [None, Some("junk".to_owned()), Some(good.replace(' ', "  ")), Some(future)] {
        match &spoiled {
            None => world.cluster("storage").fault_of = Some(("GET", "clock", CallFailure::Unreachable)),
            Some(text) => {
                world.cluster("storage").serve(STORED, text);
            }
        }
        restart(&mut world, 1);
        let stream = world.begin(0, "/example.com/m/@v/v1.1.0.mod");
        world.pass(20_000);
        assert!(matches!(world.verdict(stream), Verdict::Wait), "{spoiled:?}: it waits");
        world.settle();
        let got = end(&mut world, 0, stream);
        assert!(got.status == 504 && got.body.contains("how old the log is"), "{got:?}");
        assert_eq!(status(&mut world, LIST), 504);
        let said = world.log.iter().filter(|line| line.contains("by which versions are dated")).count();
        assert_eq!(said, 1, "once: {:?}", world.log);
        assert_eq!(
            spoiled,
            world.clusters["storage"].body(STORED).filter(|_| spoiled.is_some()),
            "it is left"
        );
        world.log.clear();
        world.cluster("storage").fault_of = None;
        world.cluster("storage").serve(STORED, &good);
        world.pass(35_000);
        assert!(
            !may_be_had(&mut world, 0, "v1.1.0") && status(&mut world, "/example.com/m/@v/v1.0.0.mod") == 200
        );
    }
}

/// Of one worker's look: the others follow, and take over where it dies.
#[test]
fn one_worker_looks_at_the_log_in_an_hour() {
    let mut world = world_by_log(4);
    let looks = |world: &World| asked(world, "/latest");
    // The gateway's own head of the log is there once, and from then on in the index of all.
    assert_eq!(world.clusters["sum"].asked.iter().filter(|asked| asked.ends_with("/latest")).count(), 1);
    forget_asked(&mut world);
    world.pass(50 * 60_000);
    assert_eq!(looks(&world), 0);
    watch(&mut world, 5);
    assert_eq!(world.clusters["sum"].asked.iter().filter(|asked| asked.ends_with("/latest")).count(), 5);
    assert_eq!(asked(&world, "clock/sum.test"), 5);
    let put = world.clusters["storage"]
        .asked
        .iter()
        .filter(|asked| asked.starts_with("PUT") && asked.contains("clock"));
    assert_eq!(put.count(), 5);
    // One dies in the middle of it.
    world.set_clock(Timestamp(world.now.0 + HOUR));
    world.pass(100);
    (0..4).for_each(|worker| world.crash(worker));
    forget_asked(&mut world);
    world.pass(32_000);
    assert_eq!(asked(&world, "clock/sum.test"), 1);
    assert_idle(&mut world, 4);
}

/// Storage has a head, too, which is not the newest.
#[test]
fn a_look_that_failed_is_made_again_as_soon_as_the_database_answers() {
    let mut world = world_by_log(2);
    watch(&mut world, 1);
    for fault in [CallFailure::Unreachable, CallFailure::TimedOut] {
        let last = |world: &World| {
            world.clusters["storage"].body(STORED).unwrap().lines().last().unwrap().to_owned()
        };
        let before = last(&world);
        world.cluster("sum").fault = Some(fault);
        database(&mut world).grow("", 1);
        leap(&mut world, 5 * HOUR);
        world.pass(200_000);
        assert_eq!(last(&world), before);
        world.cluster("sum").fault = None;
        world.pass(65_000);
        assert_ne!(last(&world), before);
    }
}

/// It is said what is wrong, and nothing gets older by it.
#[test]
fn a_clock_that_was_set_back_makes_nothing_old() {
    let mut world = world_by_log(1);
    watch(&mut world, 3);
    let right = world.now;
    world.set_clock(Timestamp(START - 365 * DAY));
    world.pass(2 * 3_600_000);
    tag(&mut world, "v1.1.0", LONG_AGO);
    database(&mut world).grow("", 3);
    leap(&mut world, 2 * HOUR);
    let told = |said: &str| world.log.iter().any(|line| line.contains(said));
    assert!(told("clock/sum.test, by which versions are dated: it is from the future"), "{:?}", world.log);
    assert!(!may_be_had(&mut world, 0, "v1.1.0"));
    world.set_clock(Timestamp(right.0 + HOUR));
    world.pass(70_000);
    assert!(!may_be_had(&mut world, 0, "v1.1.0"), "it is not a year old");
    let stored = world.clusters["storage"].body(STORED).unwrap();
    let read = log_clock::Pairs::read(stored.as_bytes(), &key()).unwrap();
    assert!(read.since() >= Some(Timestamp(START)), "{stored}");
    leap(&mut world, WEEK + HOUR);
    assert!(may_be_had(&mut world, 0, "v1.1.0"));
    assert_idle(&mut world, 1);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_old_without_storage_either() {
    let mut config: serde_json::Value = serde_json::from_str(&by_log()).unwrap();
    config.as_object_mut().unwrap().remove("storage");
    let mut world = world(1, &config.to_string());
    world.pass(2000);
    watch(&mut world, 3);
    let right = world.now;
    world.set_clock(Timestamp(START - 365 * DAY));
    world.pass(3000);
    tag(&mut world, "v1.1.0", LONG_AGO);
    leap(&mut world, 2 * HOUR);
    let said = world.log.iter().filter(|line| line.contains("the clock was set back: nothing is noted"));
    assert_eq!(said.count(), 1, "{:?}", world.log);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.mod"), 403);
    world.set_clock(Timestamp(right.0 + HOUR));
    world.pass(3000);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.mod"), 403);
    leap(&mut world, WEEK);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.mod"), 200);
}

/// Another one that sees less of the log, and wrote last, has storage forget nothing.
#[test]
fn a_database_behind_an_old_cache_has_nothing_forgotten() {
    let mut world = world_by_log(1);
    watch(&mut world, 5);
    let before = world.clusters["storage"].body(STORED).unwrap();
    let old = database(&mut world).head(22);
    world.cluster("storage").remove("/modules/sumdb/sum.test/latest");
    world.cluster("sum").serve("/latest", &old);
    restart(&mut world, 1);
    world.pass(3000);
    assert_eq!(world.clusters["storage"].body(STORED).unwrap(), before);
}

#[test]
fn offline_the_database_is_not_asked_and_what_is_stored_is_dated() {
    let mut world = world_by_log(1);
    watch(&mut world, 2);
    assert!(may_be_had(&mut world, 0, "v1.0.0"));
    tag(&mut world, "v1.1.0", LONG_AGO);
    leap(&mut world, HOUR);
    assert!(!may_be_had(&mut world, 0, "v1.1.0"));
    world.pass(10_000);
    reconfigure(&mut world, 1, &by_log().replacen('{', r#"{"mode": "offline","#, 1));
    restart(&mut world, 1);
    forget_asked(&mut world);
    watch(&mut world, 2);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.0.0.mod"), 200);
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.mod"), 403);
    assert_eq!(world.clusters["sum"].asked, [""; 0]);
    assert_idle(&mut world, 1);
}

#[test]
fn it_is_explained_and_shown_by_which_clock() {
    let config = by_log().replacen('{', r#"{"admin": {"explain": ["@anonymous"]},"#, 1);
    let mut world = world(1, &config);
    let page = |world: &mut World, version: &str| {
        let path = format!("/-/explain?module={M}&version={version}");
        serde_json::from_str::<serde_json::Value>(&ask(world, &path).body).unwrap()
    };
    assert_eq!(page(&mut world, "v1.0.0")["clock"], serde_json::json!({"kind": "log", "since": null}));
    world.pass(2000);
    tag(&mut world, "v1.1.0", LONG_AGO);
    watch(&mut world, 1);
    assert_eq!(page(&mut world, "v1.1.0")["decision"], "undated");
    assert_eq!(status(&mut world, "/example.com/m/@v/v1.1.0.info"), 403);
    let told = page(&mut world, "v1.1.0");
    assert_eq!((&told["decision"], &told["clock"]["kind"]), (&"cooldown".into(), &"log".into()));
    assert!(told["published"].as_str().unwrap().starts_with("2023-11-14T23:13:2"), "{told}");
    assert_eq!(told["clock"]["since"], "2023-11-14T22:13:21Z");
    let status: serde_json::Value = serde_json::from_str(&ask(&mut world, "/-/status").body).unwrap();
    let clock = &status["checksum_databases"][0]["clock"];
    assert_eq!((&clock["pairs"], &clock["recalled"]), (&2.into(), &true.into()), "{clock}");
}

/// What is only monitored is judged by what is known, and asks nothing.
#[test]
fn monitored_nothing_is_looked_up() {
    let config = by_log().replace(r#""policy": {"#, r#""policy": {"enforce": false, "#);
    let mut world = world(1, &config);
    world.pass(2000);
    tag(&mut world, "v1.0.0", LONG_AGO);
    watch(&mut world, 1);
    let got = ask(&mut world, "/example.com/m/@v/v1.0.0.info");
    assert_eq!((got.status, got.monitored), (200, None), "by its .info");
    // It was looked up to be verified, and is in the index.
    let got = ask(&mut world, "/example.com/m/@v/v1.0.0.mod");
    assert_eq!((got.status, got.monitored.is_some()), (200, true));
    assert_eq!(ask(&mut world, "/example.com/m/@v/v1.0.0.info").monitored, Some("policy_rules_0".to_owned()));
}

/// Whatever authors write, whoever restarts and however time leaps: no version is given before it has been in the log for a week, and
/// each is given once the gateways have known for a week that it is there.
#[test]
fn nothing_is_given_early_and_nothing_is_kept_for_good() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let mut world = world(2, &by_log());
        tag(&mut world, "v1.0.0", LONG_AGO);
        world.pass(2000);
        world.join(2, Config::parse(&by_log()).unwrap());
        world.pass(2000);
        // Each with when it was tagged, when its commit says it was, and when all gateways must have seen that it is there.
        let mut tagged: Vec<(String, u64, u64, Option<u64>)> = Vec::new();
        for step in 0..60 {
            match random.next(0..=9) {
                0..=1 => {
                    let now = world.now.0;
                    let ago = [400 * DAY, 6 * DAY + HOUR / 2, HOUR / 2];
                    let said = now - ago[usize::try_from(random.next(0..=2)).unwrap()];
                    let version = format!("v1.{}.0", tagged.len() + 1);
                    tag(&mut world, &version, &rfc3339(said));
                    tagged.push((version, now, said, None));
                }
                2 => {
                    let gateway = usize::try_from(random.next(0..=1)).unwrap();
                    world.gateways[gateway].memory = Default::default();
                    (0..2).for_each(|worker| world.crash(2 * gateway + worker));
                }
                3 => world.crash(usize::try_from(random.next(0..=3)).unwrap()),
                4 => {
                    world.cluster("sum").fault =
                        (random.next(0..=2) == 0).then_some(CallFailure::Unreachable);
                }
                _ => {
                    let times = [HOUR, 7 * HOUR, DAY, 2 * DAY];
                    leap(&mut world, times[usize::try_from(random.next(0..=3)).unwrap()]);
                }
            }
            let worker = usize::try_from(random.next(0..=3)).unwrap();
            let is_up = world.clusters["sum"].fault.is_none();
            if is_up {
                // A look that failed is made again.
                world.pass(35_000);
            }
            let list = ask_with(&mut world, worker, "GET", LIST, &[]);
            let latest = ask_with(&mut world, worker, "GET", "/example.com/m/@latest", &[]);
            for (version, since, said, seen) in &mut tagged {
                let context = || format!("seed {seed}, step {step}: {version}, tagged {since}: {list:?}");
                let path = format!(
                    "/{M}/@v/{version}.{}",
                    ["info", "mod"][usize::try_from(random.next(0..=1)).unwrap()]
                );
                let got = ask_with(&mut world, worker, "GET", &path, &[]);
                let is_named = latest.body.contains(&format!("\"{version}\""));
                let is_listed = list.status == 200 && list.body.lines().any(|line| line == version);
                let now = world.now.0;
                if is_up && now > *since + 2 * HOUR {
                    seen.get_or_insert(now);
                }
                if now < *since + WEEK {
                    assert_ne!(got.status, 200, "{}: {got:?}", context());
                    assert!(!is_listed && !is_named, "{}: {latest:?}", context());
                }
                if is_up && seen.is_some_and(|seen| now > seen.max(*said) + WEEK) {
                    assert_eq!(got.status, 200, "{}: {got:?}", context());
                }
            }
        }
        world.cluster("sum").fault = None;
        world.pass(200_000);
        assert_idle(&mut world, 4);
    }
}

/// Some thousand requests for each of a few histories.
const SEEDS: u64 = 6;
