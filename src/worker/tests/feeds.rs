//! Feeds of indexes: what is heard of, what is asked for because of it, and what a feed that fails costs.

use std::time::Duration;

use super::body;
use crate::{
    feed::Moment,
    http::{CallFailure, Reply, Timestamp},
    sim::World,
};

/// Lists and "not found" are fresh for a day: without a feed nothing is asked for anew.
const CONFIG: &str = r#"{
    "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}],
    "freshness": {"list": "1day", "latest": "1day", "query": "1day", "negative": "1h"},
    "sync": {
        "feeds": [{"name": "go", "cluster": "index", "url": "https://index.test"}],
        "modules": ["followed.example"]
    }
}"#;

fn open(workers: usize) -> World {
    let mut world = World::new(workers, CONFIG);
    world.cluster("index").feed = Some(Vec::new());
    publish(&mut world, "example.com/m", "v1.0.0");
    world.pass(2_000);
    world
}

/// The upstream has these of a module.
fn publish(world: &mut World, module: &str, versions: &str) {
    let newest = versions.split(' ').next_back().unwrap();
    let info = format!(r#"{{"Version":"{newest}"}}"#);
    let public = world.cluster("public");
    public.serve(&format!("/base/{module}/@v/list"), &versions.replace(' ', "\n"));
    public.serve(&format!("/base/{module}/@latest"), &info);
    public.serve(&format!("/base/{module}/@v/{newest}.info"), &info);
}

/// The index gets to know a version, `ago` seconds ago.
fn tell(world: &mut World, ago: u64, module: &str, version: &str) {
    let time = Moment::of(Timestamp(world.now.0 - ago * 1000)).to_string();
    let feed = world.cluster("index").feed.as_mut().unwrap();
    let line = (time, module.to_owned(), version.to_owned());
    feed.insert(feed.partition_point(|known| *known <= line), line);
}

fn asked(world: &mut World, cluster: &'static str) -> Vec<String> {
    std::mem::take(&mut world.cluster(cluster).asked)
}

fn counted(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

#[track_caller]
fn list(world: &mut World, worker: usize) -> String {
    body(&world.get(worker, "/example.com/m/@v/list")).replace('\n', " ").trim().to_owned()
}

#[test]
fn scenario_a_version_is_there_as_soon_as_the_index_tells_of_it() {
    let mut world = open(3);
    for worker in 0..3 {
        assert_eq!(list(&mut world, worker), "v1.0.0");
        assert_eq!(world.get(worker, "/example.com/m/@v/v1.1.0.info").status, 404);
    }
    publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    tell(&mut world, 0, "example.com/m", "v1.1.0");
    tell(&mut world, 0, "unknown.example/m", "v1.0.0");
    asked(&mut world, "public");
    asked(&mut world, "index");
    world.pass(62_000);
    assert_eq!(asked(&mut world, "index").len(), 1, "one worker of all");
    assert_eq!(asked(&mut world, "public"), ["GET /base/example.com/m/@v/list"]);
    for worker in 0..3 {
        assert_eq!(list(&mut world, worker), "v1.0.0 v1.1.0");
        assert_eq!(world.get(worker, "/example.com/m/@v/v1.1.0.info").status, 200);
    }
    // The page begins with what was read already: it is not asked for again.
    tell(&mut world, 0, "unknown.example/m", "v1.0.1");
    asked(&mut world, "public");
    world.pass(300_000);
    assert_eq!(asked(&mut world, "public"), [""; 0]);
    assert_eq!(counted(&world, "feed_lines_total.target.feed_go.outcome.new"), 3);
    assert!(
        world
            .log
            .iter()
            .all(|line| !line.contains("feed go: version 1, a feed of new versions, is in force in")),
        "{:?}",
        world.log
    );
}

#[test]
fn scenario_what_is_followed_is_asked_for_though_no_client_has() {
    let mut world = open(2);
    publish(&mut world, "followed.example/m", "v1.0.0");
    asked(&mut world, "public");
    tell(&mut world, 0, "followed.example/m", "v1.0.0");
    tell(&mut world, 0, "unknown.example/m", "v1.0.0");
    world.pass(62_000);
    let mut asked = asked(&mut world, "public");
    asked.sort();
    assert_eq!(asked, ["GET /base/followed.example/m/@latest", "GET /base/followed.example/m/@v/list"]);
}

#[test]
fn scenario_after_an_outage_of_hours_nothing_in_use_is_missed() {
    let mut world = open(2);
    assert_eq!(list(&mut world, 0), "v1.0.0");
    world.cluster("index").fault = Some(CallFailure::Unreachable);
    world.pass(Duration::from_secs(2 * 60 * 60).as_millis().try_into().unwrap());
    publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    for n in 0..4500 {
        tell(&mut world, 7000 - n, "busy.example/m", &format!("v1.0.{n}"));
    }
    tell(&mut world, 3600, "example.com/m", "v1.1.0");
    asked(&mut world, "index");
    asked(&mut world, "public");
    world.cluster("index").fault = None;
    world.pass(62_000);
    assert_eq!(asked(&mut world, "index").len(), 3, "pages");
    assert_eq!(asked(&mut world, "public"), ["GET /base/example.com/m/@v/list"]);
    assert_eq!(list(&mut world, 1), "v1.0.0 v1.1.0");
    assert_eq!(counted(&world, "feed_gaps_total.target.feed_go"), 0);
    let said = world.log.iter().filter(|line| line.contains("feed go")).count();
    assert_eq!(said, 3, "that it is read, that it fails, that it is read again: {:?}", world.log);
}

#[test]
fn scenario_a_poll_that_breaks_off_goes_on_where_it_was() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0), "v1.0.0");
    for n in 0..2500 {
        tell(&mut world, 100 - n / 100, "busy.example/m", &format!("v1.0.{n}"));
    }
    tell(&mut world, 100, "example.com/m", "v1.1.0");
    // The second page begins where the first ends.
    let (time, ..) = &world.cluster("index").feed.as_ref().unwrap()[1999];
    let second = format!("/index?since={time}&limit=2000");
    world.cluster("index").first(&second, [Reply::Failed(CallFailure::Broken)]);
    asked(&mut world, "index");
    asked(&mut world, "public");
    world.pass(130_000);
    assert_eq!(asked(&mut world, "public"), ["GET /base/example.com/m/@v/list"], "once");
    assert_eq!(counted(&world, "feed_lines_total.target.feed_go.outcome.new"), 2501, "each line once");
}

#[test]
fn scenario_a_gap_of_days_is_jumped_and_said() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0), "v1.0.0");
    world.cluster("index").fault = Some(CallFailure::Unreachable);
    let days = |n: u64| Timestamp(n * 24 * 60 * 60 * 1000).0;
    world.set_clock(Timestamp(world.now.0 + days(4)));
    for n in 0..5000 {
        tell(&mut world, 200_000 + n, "busy.example/m", &format!("v1.0.{n}"));
    }
    world.cluster("index").fault = None;
    asked(&mut world, "index");
    world.pass(3_700_000);
    assert!(asked(&mut world, "index").len() <= 70, "a poll a minute, and no page of what was left out");
    assert_eq!(counted(&world, "feed_gaps_total.target.feed_go"), 1);
    assert_eq!(counted(&world, "feed_lines_total.target.feed_go.outcome.new"), 0);
    assert!(world.log.iter().any(|line| line.contains("it was not read for days")), "{:?}", world.log);
}

#[test]
fn scenario_a_feed_that_is_quiet_for_long_has_no_gap() {
    let mut world = open(1);
    for _ in 0..5 {
        world.set_clock(Timestamp(world.now.0 + 24 * 60 * 60 * 1000));
        world.pass(62_000);
    }
    assert_eq!(counted(&world, "feed_gaps_total.target.feed_go"), 0);
}

#[test]
fn scenario_what_is_no_feed_is_said_once_and_changes_nothing() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0), "v1.0.0");
    let feed = world.cluster("index").feed.take();
    world.cluster("index").get_answered = Some((200, "<html>sign in</html>"));
    let path = world.cluster("index").asked.last().unwrap().strip_prefix("GET ").unwrap().to_owned();
    world.cluster("index").serve(&path, "<html>sign in</html>");
    asked(&mut world, "public");
    world.pass(400_000);
    let said: Vec<_> = world.log.iter().filter(|line| line.contains("no feed of an index")).collect();
    assert_eq!(said.len(), 1, "{:?}", world.log);
    assert_eq!(asked(&mut world, "public"), [""; 0]);
    world.cluster("index").remove(&path);
    world.cluster("index").feed = feed;
    publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    tell(&mut world, 0, "example.com/m", "v1.1.0");
    world.pass(62_000);
    assert_eq!(list(&mut world, 0), "v1.0.0 v1.1.0");
}

#[test]
fn scenario_a_clock_that_is_set_back_stops_nothing() {
    let mut world = open(1);
    assert_eq!(list(&mut world, 0), "v1.0.0");
    world.pass(120_000);
    world.set_clock(Timestamp(world.now.0 - 86_400_000));
    world.pass(120_000);
    publish(&mut world, "example.com/m", "v1.0.0 v1.1.0");
    // By the index's clock, which is right.
    let time = Moment::of(Timestamp(world.now.0 + 86_400_000)).to_string();
    let told = (time, "example.com/m".to_owned(), "v1.1.0".to_owned());
    world.cluster("index").feed.as_mut().unwrap().push(told);
    world.pass(62_000);
    assert_eq!(list(&mut world, 0), "v1.0.0 v1.1.0");
}

#[test]
fn scenario_a_line_from_the_future_hides_nothing_that_comes_before_then() {
    let mut world = open(2);
    assert_eq!(list(&mut world, 0), "v1.0.0");
    let far = ("9999-12-31T23:59:59.000000000Z".to_owned(), "example.com/n".to_owned(), "v1.0.0".to_owned());
    world.cluster("index").feed.as_mut().unwrap().push(far);
    world.pass(62_000);
    for n in 1..4 {
        let versions = (0..=n).map(|n| format!("v1.{n}.0")).collect::<Vec<_>>().join(" ");
        publish(&mut world, "example.com/m", &versions);
        tell(&mut world, 0, "example.com/m", &format!("v1.{n}.0"));
        world.pass(62_000);
        assert_eq!(list(&mut world, n % 2), versions);
    }
}

/// Some feeds ignore the time that they are asked for, and would be asked for their oldest page again and again.
#[test]
fn scenario_a_feed_that_does_not_heed_the_time_costs_one_question_a_poll() {
    let mut world = open(1);
    let line = r#"{"Path":"example.com/m","Version":"v1.0.0","Timestamp":"2019-04-10T19:08:52Z"}"#;
    let path = world.cluster("index").asked.last().unwrap().strip_prefix("GET ").unwrap().to_owned();
    world.cluster("index").feed = None;
    world.cluster("index").serve(&path, &format!("{line}\n").repeat(2000));
    asked(&mut world, "index");
    world.pass(600_000);
    assert!(asked(&mut world, "index").len() <= 11);
    assert_eq!(world.log.iter().filter(|line| line.contains("does not heed `since`")).count(), 1);
}

/// However much a feed tells at once, the upstream is left to clients.
#[test]
fn scenario_what_a_feed_tells_is_asked_for_at_a_bounded_pace() {
    let mut world = open(1);
    for n in 0..4000 {
        tell(&mut world, 10, &format!("followed.example/m{n}"), "v1.0.0");
    }
    asked(&mut world, "public");
    let mut most = 0;
    for _ in 0..65 {
        world.pass(1000);
        most = most.max(asked(&mut world, "public").len());
    }
    assert!(most > 0 && most <= 90, "{most} in a second");
}
