//! Upstreams that say "too many requests": all workers leave them alone for as long, and who waits gets it in the end.

use super::{body, gets, header};
use crate::{cx::StreamId, sim::World};

fn world(workers: usize, limit: (u32, u32)) -> World {
    let mut world = World::new(
        workers,
        r#"{"upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test"}]}"#,
    );
    let public = world.cluster("public");
    public.latency = 50;
    public.limit = Some(limit);
    world
}

fn go_mod(number: usize) -> String {
    format!("/example.com/m{number}/@v/v1.0.0.mod")
}

/// Begins `count` requests for different things at all workers in turn.
fn begin(world: &mut World, workers: usize, count: usize) -> Vec<StreamId> {
    (0..count)
        .map(|number| {
            let text = format!("module example.com/m{number}\n");
            world.cluster("public").serve(&go_mod(number), &text);
            world.begin(number % workers, &go_mod(number))
        })
        .collect()
}

#[test]
fn scenario_two_hundred_at_once_all_get_it_from_one_that_takes_twenty_a_second() {
    for workers in [1, 2, 4] {
        let mut world = world(workers, (20, 1));
        let began = world.now;
        let streams = begin(&mut world, workers, 200);
        world.settle();
        for stream in &streams {
            let response = world.response(*stream);
            assert_eq!(response.status, 200, "{workers} workers: {}", body(&response));
        }
        let took = world.now.since(began).as_secs();
        let asked = world.clusters["public"].asked.len();
        println!("{workers} workers: {took} s, {asked} asked");
        assert!((9..30).contains(&took), "{workers} workers: {took} s");
        // The first burst finds out; after it hardly anything is asked in vain.
        assert!(asked < 200 + 200 + 200, "{workers} workers: {asked} asked");
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_who_came_first_is_served_first() {
    let mut world = world(1, (5, 1));
    let streams = begin(&mut world, 1, 40);
    let mut done = Vec::new();
    for _ in 0..300 {
        world.pass(100);
        for (number, stream) in streams.iter().enumerate() {
            let is_done = !matches!(world.verdict(*stream), crate::cx::Verdict::Wait);
            if is_done && !done.contains(&number) {
                done.push(number);
            }
        }
    }
    assert_eq!(done.len(), 40);
    // More or less in the order in which they came: who is told to come later twice waits by himself.
    let worst = done.iter().enumerate().map(|(at, number)| at.abs_diff(*number)).max().unwrap();
    assert!(worst <= 25, "{done:?}");
}

#[test]
fn scenario_a_pause_of_one_worker_is_a_pause_of_all() {
    let mut world = world(2, (0, 5));
    let first = world.begin(0, &go_mod(0));
    world.pass(1_000);
    let asked = world.clusters["public"].asked.len();
    let second = world.begin(1, &go_mod(1));
    world.cluster("public").serve(&go_mod(0), "module example.com/m0\n");
    world.cluster("public").serve(&go_mod(1), "module example.com/m1\n");
    world.cluster("public").limit = None;
    world.pass(3_500);
    assert_eq!(world.clusters["public"].asked.len(), asked, "nobody asks meanwhile");
    world.settle();
    assert_eq!((world.response(first).status, world.response(second).status), (200, 200));
}

#[test]
fn scenario_who_would_wait_for_too_long_is_told_at_once_for_how_long() {
    let mut world = world(1, (0, 3600));
    let began = world.now;
    let response = world.get(0, &go_mod(0));
    assert_eq!((response.status, header(&response, "retry-after")), (503, "3600"));
    assert!(world.now.since(began).as_millis() < 500);
    // It is not silent for an hour for all others: after half a minute one asks.
    world.cluster("public").limit = None;
    let other = world.begin(0, &go_mod(1));
    world.cluster("public").serve(&go_mod(1), "module example.com/m1\n");
    world.pass(20_000);
    assert_eq!(gets(&world, "public", "m1/@v/v1.0.0.mod"), 0);
    world.settle();
    assert_eq!(world.response(other).status, 200);
}

#[test]
fn scenario_who_has_waited_for_as_long_as_anybody_does_is_told_when_to_come_back() {
    let mut world = world(1, (0, 29));
    let streams: Vec<_> = (0..3).map(|number| world.begin(0, &go_mod(number))).collect();
    let began = world.now;
    world.settle();
    for stream in streams {
        let response = world.response(stream);
        assert_eq!(response.status, 503, "{}", body(&response));
        let seconds: u64 = header(&response, "retry-after").parse().unwrap();
        assert!((1..=30).contains(&seconds), "{seconds}");
    }
    assert!((100..=155).contains(&world.now.since(began).as_secs()));
    assert!(world.is_idle());
}

#[test]
fn scenario_where_another_upstream_may_be_asked_nobody_waits() {
    let mut world = World::new(
        1,
        r#"{"upstreams": [
            {"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "any_error"},
            {"name": "two", "cluster": "two", "url": "http://two.test"}]}"#,
    );
    world.cluster("one").limit = Some((0, 20));
    for number in 0..3 {
        world.cluster("two").serve(&go_mod(number), &format!("module example.com/m{number}\n"));
        let began = world.now;
        assert_eq!(world.get(0, &go_mod(number)).status, 200);
        assert!(world.now.since(began).as_millis() < 1000);
    }
    assert_eq!(world.clusters["one"].asked.len(), 1);
}

/// One answer that wants to be asked later is that one thing's affair; a 503 is not a limit.
#[test]
fn scenario_one_that_is_overloaded_for_one_thing_is_asked_for_others() {
    let mut world = world(1, (u32::MAX, 0));
    let busy = crate::http::Reply::Answered {
        status: 503,
        headers: [("retry-after", "3"), ("date", "now")].into_iter().collect(),
        body: Vec::new(),
    };
    world.cluster("public").first(&go_mod(0), [busy]).serve(&go_mod(0), "module example.com/m0\n");
    world.cluster("public").serve(&go_mod(1), "module example.com/m1\n");
    let busy = world.begin(0, &go_mod(0));
    world.pass(200);
    let began = world.now;
    let other = world.begin(0, &go_mod(1));
    world.pass(200);
    assert_eq!(world.response(other).status, 200);
    world.settle();
    assert_eq!(world.response(busy).status, 200);
    assert!((1..6).contains(&world.now.since(began).as_secs()));
}

/// A mirror gives what it has, and answers 429 to what it would have to fetch.
#[test]
fn scenario_one_thing_that_is_never_given_does_not_slow_all_others() {
    for pause in ["1", "30"] {
        let mut world = world(2, (u32::MAX, 0));
        let never = crate::http::Reply::Answered {
            status: 429,
            headers: [("retry-after", pause), ("date", "now")].into_iter().collect(),
            body: Vec::new(),
        };
        world.cluster("public").first(&go_mod(9999), vec![never; 10_000]);
        let mut streams = Vec::new();
        for number in 0..600 {
            if number % 50 == 0 {
                world.begin(number % 2, &go_mod(9999));
            }
            world.cluster("public").serve(&go_mod(number), &format!("module example.com/m{number}\n"));
            streams.push(world.begin(number % 2, &go_mod(number)));
            world.pass(500);
        }
        world.settle();
        let served = streams.iter().filter(|stream| world.response(**stream).status == 200).count();
        assert!(served >= 595, "{pause}: {served} of 600");
    }
}

/// A list that is known is given as it was.
#[test]
fn scenario_what_is_known_is_not_waited_for() {
    let mut world = world(1, (u32::MAX, 0));
    let list = "/example.com/m/@v/list";
    world.cluster("public").serve(list, "v1.0.0\n");
    assert_eq!(world.get(0, list).status, 200);
    world.pass(10 * 60 * 1000);
    world.cluster("public").limit = Some((0, 20));
    let began = world.now;
    let response = world.get(0, list);
    assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
    assert!(world.now.since(began).as_millis() < 1000);
}
