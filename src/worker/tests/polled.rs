//! What holds for every polled document, shown by two toys: one that is large, and a feed of pages that is read from where it was
//! left.

mod toys;

use self::toys::{Feed, Large, SLICE, Seen};
use super::CONFIG;
use crate::{
    http::CallFailure,
    shared::{Expected, QueueId, SharedKv as _},
    sim::{Happening, World},
    worker::poll::Polled,
};

/// As many workers as `documents`, of which each polls its own reader of the same document.
fn world(documents: Vec<Box<dyn Polled>>) -> World {
    let mut world = World::new(documents.len(), CONFIG);
    world.cluster("source").latency = 20;
    for (worker, document) in documents.into_iter().enumerate() {
        poll_too(&mut world, worker, u32::try_from(worker).unwrap() + 1, document);
    }
    world
}

/// Has `worker`, whose queue that is, poll this one.
fn poll_too(world: &mut World, worker: usize, queue: u32, document: Box<dyn Polled>) {
    world.event(worker, |worker, cx| {
        worker.polls.add(document, QueueId(queue), &mut worker.services.in_force, cx.kv);
    });
}

fn asked(world: &World) -> Vec<&str> {
    world.clusters["source"].asked.iter().map(|asked| asked.strip_prefix("GET ").unwrap()).collect()
}

fn counted(world: &World, name: &str) -> u64 {
    world.counters.get(&format!("modgate.{name}")).copied().unwrap_or_default()
}

/// A page of the feed: what it brings, where the next one begins, and whether there is one already.
fn publish(world: &mut World, since: u32, entries: &str, next: u32, more: bool) {
    let more = if more { "more" } else { "end" };
    world.cluster("source").serve(&format!("/feed?since={since}"), &format!("{next} {more} {entries}"));
}

/// A feed of two pages that both workers have read.
fn fed() -> (World, [Seen; 2]) {
    let seen = [Seen::default(), Seen::default()];
    let mut world = world(seen.iter().map(|seen| Box::new(Feed::new(seen)) as _).collect());
    publish(&mut world, 0, "a b", 2, true);
    publish(&mut world, 2, "c", 3, false);
    publish(&mut world, 3, "", 3, false);
    world.pass(1_000);
    seen.iter().for_each(|seen| assert_eq!(seen.installed(), "abc"));
    (world, seen)
}

#[test]
fn scenario_a_large_document_is_read_a_slice_at_a_time() {
    let seen = [Seen::default(), Seen::default()];
    let mut world = world(seen.iter().map(|seen| Box::new(Large::new(seen)) as _).collect());
    let text = "ok\n".repeat(2 << 20);
    world.cluster("source").serve("/large", &text);
    world.happen(Happening::Time(100));
    assert_eq!(asked(&world), ["/large"], "one asks for both");
    world.happen(Happening::Call);
    for (worker, seen) in seen.iter().enumerate() {
        let (mut turns, mut read) = (0, 0);
        assert_eq!(seen.read(), 0, "nothing in the callback that brings it");
        while world.work(worker) {
            turns += 1;
            assert!(seen.read() - read <= SLICE, "{} bytes in one turn", seen.read() - read);
            read = seen.read();
            let version = world.worker(worker).services.in_force.version("toy");
            assert_eq!(version.is_some(), read == text.len() && seen.installed() != "");
        }
        assert_eq!((read, seen.installed()), (text.len(), format!("{} lines", 2 << 20)));
        assert!(turns >= text.len() / SLICE, "{turns} turns");
        // The other one finds it in shared data.
        world.happen(Happening::Time(100));
    }
    assert_eq!(asked(&world).len(), 1);
    assert_eq!(counted(&world, "toy_polls_total.outcome.changed"), 1);
    assert_eq!(counted(&world, "callouts_total.target.toy.outcome.ok"), 1);
    // What has not changed is not read once more.
    world.pass(30_000);
    assert!(counted(&world, "toy_polls_total.outcome.unchanged") >= 2);
    seen.iter().for_each(|seen| assert_eq!(seen.read(), text.len()));
}

#[test]
fn scenario_a_worker_that_dies_reading_is_replaced_by_another() {
    let seen = [Seen::default(), Seen::default()];
    let mut world = world(seen.iter().map(|seen| Box::new(Large::new(seen)) as _).collect());
    world.cluster("source").serve("/large", &"ok\n".repeat(1 << 20));
    world.happen(Happening::Time(100));
    world.happen(Happening::Call);
    assert!(world.work(0) && world.work(0));
    world.crash(0);
    assert!(!seen[1].has_installed());
    world.pass(30_000);
    assert!(seen[1].has_installed());
    assert_eq!(counted(&world, "toy_polls_total.outcome.changed"), 1);
}

#[test]
fn scenario_a_feed_is_read_from_where_it_was_left_whoever_dies() {
    let (mut world, seen) = fed();
    assert_eq!(asked(&world), ["/feed?since=0", "/feed?since=2"]);
    // Between two polls: what was read is there at once, and the next poll goes on behind it.
    world.crash(0);
    let reborn = Seen::default();
    poll_too(&mut world, 0, 3, Box::new(Feed::new(&reborn)));
    assert_eq!(reborn.installed(), "abc");
    publish(&mut world, 3, "d", 4, false);
    publish(&mut world, 4, "", 4, false);
    world.pass(11_000);
    [&reborn, &seen[1]].iter().for_each(|seen| assert_eq!(seen.installed(), "abcd"));
    // While it asks: another one asks the same.
    world.cluster("source").latency = 1_000;
    while !world.is_asking("source") {
        world.pass(100);
    }
    publish(&mut world, 4, "e", 5, false);
    publish(&mut world, 5, "", 5, false);
    world.crash(0);
    world.cluster("source").latency = 20;
    world.pass(30_000);
    assert_eq!(seen[1].installed(), "abcde");
    assert!(asked(&world).iter().skip(2).all(|path| !matches!(*path, "/feed?since=0" | "/feed?since=2")));
    assert_eq!(
        world.log.last().unwrap(),
        "INFO toy: version 5, of 5 entries, is in force in place of version 4"
    );
}

#[test]
fn scenario_a_feed_that_brings_nothing_moves_the_cursor_alone() {
    let (mut world, seen) = fed();
    publish(&mut world, 3, "", 7, false);
    publish(&mut world, 7, "", 7, false);
    world.pass(25_000);
    assert_eq!(asked(&world).last(), Some(&"/feed?since=7"));
    seen.iter().for_each(|seen| assert_eq!((seen.installed(), seen.installs()), ("abc".to_owned(), 1)));
    assert_eq!(counted(&world, "toy_polls_total.outcome.changed"), 1);
}

#[test]
fn scenario_a_feed_whose_place_is_lost_is_read_from_its_beginning() {
    let (mut world, seen) = fed();
    let keys: Vec<_> =
        world.gateways[0].memory.keys().filter(|key| key.contains("/poll/")).map(str::to_owned).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in &keys {
        let version = world.gateways[0].memory.get(key).unwrap().version;
        world.gateways[0].memory.put(key, b"of another build", Expected::Version(version)).unwrap();
    }
    world.pass(1_000);
    assert_eq!(asked(&world)[2..], ["/feed?since=0", "/feed?since=2"]);
    seen.iter().for_each(|seen| assert_eq!((seen.installed(), seen.installs()), ("abc".to_owned(), 1)));
    world.crash(0);
    let reborn = Seen::default();
    poll_too(&mut world, 0, 3, Box::new(Feed::new(&reborn)));
    assert_eq!(reborn.installed(), "abc", "it is kept again");
    world.pass(11_000);
    assert_eq!(asked(&world).last(), Some(&"/feed?since=3"));
}

#[test]
fn scenario_what_is_wrong_changes_nothing_and_is_said_once() {
    let (mut world, seen) = fed();
    world.log.clear();
    // The first of its pages is right.
    publish(&mut world, 3, "d", 4, true);
    world.cluster("source").serve("/feed?since=4", "what is this");
    world.pass(45_000);
    assert!(counted(&world, "toy_polls_total.outcome.invalid") >= 3);
    seen.iter().for_each(|seen| assert_eq!((seen.installed(), seen.installs()), ("abc".to_owned(), 1)));
    assert_eq!(world.log, ["ERROR toy: refused: no page: what is this; version 3 stays in force"]);
    publish(&mut world, 4, "e", 5, false);
    publish(&mut world, 5, "", 5, false);
    world.pass(11_000);
    seen.iter().for_each(|seen| assert_eq!(seen.installed(), "abcde"));
}

#[test]
fn scenario_two_workers_never_poll_at_once() {
    for latency in [1, 900, 2_900] {
        let seen: Vec<_> = (0..4).map(|_| Seen::default()).collect();
        let mut world = world(seen.iter().map(|seen| Box::new(Large::new(seen)) as _).collect());
        world.cluster("source").latency = latency;
        for round in 0..400 {
            // Each time another one, or none.
            world.cluster("source").serve("/large", &"ok\n".repeat(1 + round / 40));
            world.cluster("source").fault = (round % 100 > 80).then_some(CallFailure::TimedOut);
            world.pass(250);
            assert!(world.calls_to("source") <= 1, "{latency} ms, after {round} steps");
        }
        assert!(seen.iter().all(|seen| seen.installs() >= 3), "{latency} ms");
    }
}
