//! What is likely to be asked for: what is learnt of an hour, and what is done before it comes again.

use std::time::Duration;

use super::{body, header};
use crate::{
    forecast::{HOUR, beginning, hour},
    http::{CallFailure, Timestamp},
    sim::World,
};

/// Lists are fresh for a quarter of an hour: what was asked for before an hour began is fresh then.
fn config(forecast: &str) -> String {
    format!(
        r#"{{
            "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}],
            "storage": {{"cluster": "store", "url": "http://store.internal"}},
            "freshness": {{"list": "15m", "latest": "15m", "stale_while_revalidate": "0s"}},
            "sync": {{{forecast}}}
        }}"#
    )
}

const ON: &str = r#""forecast": {"window": "2m", "ahead": 2, "documents": 8}"#;
const FORECAST: &str = "/forecast/mon-09.json";
const WEEK: u64 = 7 * 24;

/// Monday the 30th of November 2026, nine o'clock.
const NINE: u64 = 498_897;

fn open(workers: usize, forecast: &str) -> World {
    let mut world = World::new(workers, &config(forecast));
    for n in 0..4 {
        world.cluster("public").serve(&format!("/base/example.com/m{n}/@v/list"), "v1.0.0\n");
    }
    world.cluster("store");
    world
}

/// The clock shows so many minutes past `hour`, or before it.
fn set(world: &mut World, hour: u64, minutes: i64) {
    let minute = Duration::from_secs(60);
    let by = minute * u32::try_from(minutes.unsigned_abs()).unwrap();
    let begin = beginning(hour);
    let now = if minutes < 0 {
        Timestamp(begin.0 - u64::try_from(by.as_millis()).unwrap())
    } else {
        begin.after(by)
    };
    world.set_clock(now);
    world.pass(1_000);
}

fn list(world: &mut World, worker: usize, n: usize) -> String {
    let response = world.get(worker, &format!("/example.com/m{n}/@v/list"));
    assert_eq!((response.status, body(&response)), (200, "v1.0.0\n"));
    header(&response, "x-modgate-cache").to_owned()
}

fn asked(world: &mut World) -> Vec<String> {
    let mut asked = std::mem::take(&mut world.cluster("public").asked);
    asked.sort();
    asked
}

fn counted(world: &World, outcome: &str) -> u64 {
    let name = format!("modgate.forecasts_total.outcome.{outcome}");
    world.counters.get(&name).copied().unwrap_or_default()
}

/// Clients use the first two modules at nine, one of them more.
fn nine(world: &mut World, hour: u64) {
    set(world, hour, -30);
    set(world, hour, 10);
    for worker in [0, 1, 0, 1, 0] {
        list(world, worker, 0);
        world.pass(31_000);
    }
    for worker in [0, 1] {
        list(world, worker, 1);
    }
    list(world, 0, 2);
    set(world, hour + 1, 1);
    world.pass(2_000);
}

#[test]
fn scenario_what_was_in_use_a_week_ago_is_there_before_the_hour_begins() {
    assert_eq!((HOUR, hour(beginning(NINE))), (Duration::from_secs(3600), NINE));
    let mut world = open(2, ON);
    nine(&mut world, NINE);
    let learnt = world.cluster("store").body(FORECAST).unwrap();
    assert!(learnt.contains("m0/@v/list") && learnt.contains("m1/@v/list"), "{learnt}");
    assert!(!learnt.contains("m2/@v/list"), "one client asked once: {learnt}");
    assert_eq!(counted(&world, "learnt"), 1, "one worker of all");
    asked(&mut world);

    set(&mut world, NINE + WEEK, -5);
    assert_eq!(asked(&mut world), [""; 0], "two windows of two minutes before, and not earlier");
    set(&mut world, NINE + WEEK, -4);
    assert_eq!(asked(&mut world).len(), 1, "the more used one");
    world.pass(61_000);
    assert_eq!(asked(&mut world), ["GET /base/example.com/m1/@v/list"], "spread over a window");
    world.pass(60_000);
    set(&mut world, NINE + WEEK, 0);
    for worker in [0, 1] {
        assert_eq!([0, 1].map(|n| list(&mut world, worker, n)), ["hit", "hit"]);
    }
    assert_eq!(asked(&mut world), [""; 0]);
    assert_eq!(list(&mut world, 0, 2), "upstream");
    assert_eq!(counted(&world, "asked"), 2);
}

#[test]
fn scenario_what_nobody_wants_any_more_is_forgotten() {
    let mut world = open(2, ON);
    nine(&mut world, NINE);
    for week in 1..=5 {
        set(&mut world, NINE + week * WEEK, -10);
        asked(&mut world);
        set(&mut world, NINE + week * WEEK, -4);
        world.pass(150_000);
        let is_foreseen = !asked(&mut world).is_empty();
        assert_eq!(is_foreseen, week == 1, "what it asked for itself is not in use: week {week}");
        if week == 1 {
            // Somebody uses another one in that hour.
            set(&mut world, NINE + week * WEEK, 10);
            for worker in [0, 1] {
                list(&mut world, worker, 3);
            }
            world.cluster("store").serve(FORECAST, r#"{"hour":1,"documents":{}}"#);
        }
        set(&mut world, NINE + week * WEEK + 1, 1);
        if week == 1 {
            let learnt = world.cluster("store").body(FORECAST).unwrap();
            assert!(learnt.contains("m3") && !learnt.contains("m0"), "{learnt}");
            world.cluster("store").serve(FORECAST, r#"{"hour":1,"documents":{}}"#);
        }
    }
}

#[test]
fn scenario_a_storage_that_is_down_is_asked_again_until_the_hour_begins() {
    let mut world = open(2, ON);
    nine(&mut world, NINE);
    set(&mut world, NINE + WEEK, -5);
    asked(&mut world);
    world.cluster("store").fault = Some(CallFailure::Unreachable);
    set(&mut world, NINE + WEEK, -4);
    world.pass(10_000);
    assert_eq!(asked(&mut world), [""; 0]);
    assert!(counted(&world, "failed") >= 1);
    world.cluster("store").fault = None;
    world.pass(150_000);
    assert_eq!(asked(&mut world).len(), 2);
    // An hour that cannot be written at once is written later.
    set(&mut world, NINE + WEEK, 10);
    for worker in [0, 1] {
        list(&mut world, worker, 0);
        list(&mut world, worker, 3);
    }
    world.cluster("store").fault = Some(CallFailure::Unreachable);
    set(&mut world, NINE + WEEK + 1, 1);
    world.pass(40_000);
    world.cluster("store").fault = None;
    world.pass(40_000);
    assert!(world.cluster("store").body(FORECAST).unwrap().contains("m3"));
}

#[test]
fn scenario_what_is_no_forecast_is_said_once_and_written_anew() {
    let mut world = open(2, ON);
    world.cluster("store").serve(FORECAST, "<html>");
    set(&mut world, NINE, -4);
    world.pass(150_000);
    assert_eq!(
        world.log.iter().filter(|line| line.contains("likely to be asked for")).count(),
        1,
        "{:?}",
        world.log
    );
    nine(&mut world, NINE);
    assert!(world.cluster("store").body(FORECAST).unwrap().contains("m0"));
}

#[test]
fn scenario_nothing_is_asked_for_that_may_not_be() {
    let mut world = open(1, ON);
    let forecast = r#"{"hour":1,"documents":{
        "example.com/m0/@v/v1.0.0.zip": 9, "example.com/m0/@v/main.info": 9, "../../etc/passwd": 9, "example.com/m1/@v/list": 1
    }}"#;
    world.cluster("store").serve(FORECAST, forecast);
    set(&mut world, NINE, -4);
    world.pass(150_000);
    assert_eq!(asked(&mut world), ["GET /base/example.com/m1/@v/list"]);
    // A list that is fresh is left alone.
    set(&mut world, NINE + WEEK, -5);
    list(&mut world, 0, 1);
    asked(&mut world);
    set(&mut world, NINE + WEEK, -4);
    world.pass(150_000);
    assert_eq!((asked(&mut world), counted(&world, "fresh")), (Vec::new(), 1));
}

/// A week of builds, with a forecast and without: at nine to eleven on five days forty modules are built, each by three builds an hour at times
/// that differ from day to day. Prints the share of hits and the time that clients waited, which the documentation quotes.
#[test]
fn scenario_a_week_with_a_forecast_and_without() {
    let week = |forecast: &str| {
        let mut world = World::new(2, &config(forecast));
        world.cluster("public").latency = 80;
        world.cluster("store").latency = 5;
        for n in 0..40 {
            world.cluster("public").serve(&format!("/base/example.com/m{n}/@v/list"), "v1.0.0\n");
        }
        let (mut hits, mut waited, mut all, mut upstream) = (0_u32, 0, 0, 0);
        for hours in
            (0..2).flat_map(|week| (0..5).flat_map(move |day| (0..3).map(move |hour| (week, day, hour))))
        {
            let (week, day, nth) = hours;
            let at = NINE + week * WEEK + day * 24 + nth;
            set(&mut world, at, -4);
            world.pass(150_000);
            set(&mut world, at, 0);
            if (week, day, nth) == (1, 0, 0) {
                asked(&mut world);
            }
            for build in 0..3_u64 {
                for n in 0..40_u64 {
                    world.pass(((n * 7 + day * 11 + build * 13) % 5) * 700 + 100);
                    let (begun, worker) = (world.now, usize::try_from((n + build) % 2).unwrap());
                    let cache = list(&mut world, worker, usize::try_from(n).unwrap());
                    if week == 1 {
                        all += 1;
                        hits += u32::from(cache == "hit");
                        waited += world.now.since(begun).as_millis();
                    }
                }
            }
            set(&mut world, at + 1, -30);
        }
        upstream += asked(&mut world).len();
        let share = f64::from(hits) / f64::from(all);
        println!(
            "{forecast:?}: {:.1} % hits, {waited} ms waited for {all} lists, {upstream} asked of the upstream",
            100.0 * share
        );
        (share, waited, upstream)
    };
    let many = r#""forecast": {"window": "2m", "ahead": 2}"#;
    let (with, without) = (week(many), week(""));
    assert!(with.0 > without.0 && with.1 * 2 < without.1, "{with:?} {without:?}");
    assert!(with.2 <= without.2 + 40, "the upstream is asked no more: {with:?} {without:?}");
}
