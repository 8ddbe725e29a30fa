//! The feed of what storage got: written by the workers that completed a version, and read by anyone, in the order of time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{CONFIG, EMPTY_ZIP, body};
use crate::{
    config::Config,
    gomod::{ModulePath, Version},
    sim::World,
    worker::event::Event,
};

const STORES: [&str; 3] = [
    r#", "dialect": "s3""#,
    r#", "key_prefix": "go", "layout": "athens""#,
    r#", "listing": "propfind", "layout": "athens_flat""#,
];

fn config(storage: &str, more: &str) -> String {
    CONFIG.replace("modules\"", &format!("modules\"{storage}")).replacen('{', &format!("{{{more}"), 1)
}

/// Gateways of so many workers each, before an upstream that has v1.0.0 of every module.
fn world(storage: &str, more: &str, gateways: &[usize]) -> World {
    let mut world = World::empty();
    for workers in gateways {
        world.join(*workers, Config::parse(&config(storage, more)).unwrap());
    }
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 20;
    world.cluster("public").made = Some(|path| {
        let module = path.strip_prefix("/base/")?;
        let (module, file) = module.split_once("/@v/v1.0.0.")?;
        Some(match file {
            "info" => br#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z"}"#.to_vec(),
            "mod" => format!("module {module}\n").into_bytes(),
            _ => EMPTY_ZIP.as_bytes().to_vec(),
        })
    });
    world
}

/// Has this worker fetch all of a module.
fn complete(world: &mut World, worker: usize, module: &str) {
    world.begin(worker, &format!("/{module}/@v/v1.0.0.zip"));
    world.settle();
}

fn lines(world: &mut World, query: &str) -> Vec<(String, String)> {
    let response = world.get(0, &format!("/index{query}"));
    assert_eq!(response.status, 200, "{response:?}");
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (text("Timestamp"), format!("{}@{}", text("Path"), text("Version")))
    };
    body(&response).lines().map(line).collect()
}

/// All that a client reads that goes on behind the last line, with so many lines a page; and how many pages that took.
fn all(world: &mut World, limit: usize) -> (Vec<String>, usize) {
    let (mut read, mut since, mut pages) = (Vec::<(String, String)>::new(), String::new(), 0);
    loop {
        pages += 1;
        assert!(pages < 500, "no end");
        let page = lines(world, &format!("?limit={limit}&since={since}"));
        assert!(page.is_sorted() && page.len() <= limit, "{page:?}");
        let new: Vec<_> = page.into_iter().filter(|line| !read.contains(line)).collect();
        let Some((last, _)) = new.last() else {
            return (read.into_iter().map(|(_, version)| version).collect(), pages);
        };
        assert!(read.last().is_none_or(|(before, _)| *before <= new[0].0), "{new:?}");
        since = last.clone();
        read.extend(new);
    }
}

fn segments(world: &World) -> Vec<String> {
    world.clusters["storage"].paths().filter(|path| path.contains("/index/")).map(str::to_owned).collect()
}

#[test]
fn scenario_what_a_worker_completes_stands_in_the_feed_a_while_later() {
    for storage in STORES {
        let mut world = world(storage, r#""catalog": {},"#, &[2]);
        assert!(lines(&mut world, "").is_empty(), "{storage}");
        complete(&mut world, 0, "example.com/a");
        complete(&mut world, 1, "example.com/b");
        assert!(segments(&world).is_empty(), "they are gathered");
        // What is not complete does not stand there.
        world.get(0, "/example.com/half/@v/v1.0.0.info");
        world.get(0, "/example.com/half/@v/v1.0.0.mod");
        world.pass(20_000);
        assert_eq!(segments(&world).len(), 2, "one of each worker");
        assert!(lines(&mut world, "").is_empty(), "another may be on its way");
        world.pass(60_000);
        let named: BTreeSet<_> = lines(&mut world, "").into_iter().map(|(_, version)| version).collect();
        assert_eq!(
            named,
            ["example.com/a@v1.0.0", "example.com/b@v1.0.0"].map(str::to_owned).into(),
            "{storage}"
        );
        // Given again it is not said again.
        complete(&mut world, 1, "example.com/a");
        world.crash(1);
        complete(&mut world, 1, "example.com/a");
        world.pass(80_000);
        assert_eq!(segments(&world).len(), 2, "{storage}");
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_two_gateways_write_side_by_side_and_a_reader_misses_nothing() {
    for storage in STORES {
        let mut world = world(storage, r#""catalog": {},"#, &[2, 2]);
        let mut want = BTreeSet::new();
        for turn in 0..40 {
            for worker in 0..4 {
                let module = format!("example.com/m{turn}x{worker}");
                world.begin(worker, &format!("/{module}/@v/v1.0.0.zip"));
                want.insert(format!("{module}@v1.0.0"));
            }
            world.settle();
            world.pass(if turn % 10 == 9 { 5_400_000 } else { 1_000 });
        }
        world.pass(120_000);
        let names: BTreeSet<_> = segments(&world).into_iter().collect();
        assert!(names.len() >= 16, "{names:?}");
        for limit in [2, 7, 50, 2000] {
            let (read, pages) = all(&mut world, limit);
            assert_eq!(read.len(), want.len(), "{limit} {storage}");
            assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), want, "{limit} {storage}");
            assert!(limit < 2000 || pages <= 3, "{pages}");
        }
        assert!(lines(&mut world, "?since=2100-01-01T00:00:00Z").is_empty());
    }
}

#[test]
fn scenario_a_reader_that_follows_misses_nothing_while_it_is_written() {
    let mut world = world(STORES[0], r#""catalog": {},"#, &[2, 1]);
    let (mut since, mut read, mut want) = (String::new(), BTreeSet::new(), BTreeSet::new());
    for turn in 0..200 {
        let module = format!("example.com/m{turn}");
        world.begin(turn % 3, &format!("/{module}/@v/v1.0.0.zip"));
        want.insert(format!("{module}@v1.0.0"));
        // Storage takes no segment of some turns.
        world.cluster("storage").put_answered = (turn % 50 > 40).then_some(("/index/", 503));
        world.pass(1_700);
        for (time, version) in lines(&mut world, &format!("?since={since}")) {
            read.insert(version);
            since = time;
        }
    }
    world.cluster("storage").put_answered = None;
    world.pass(120_000);
    read.extend(lines(&mut world, &format!("?since={since}")).into_iter().map(|(_, version)| version));
    assert_eq!(read, want);
}

#[test]
fn scenario_what_a_caller_may_not_have_is_not_in_its_feed_and_it_is_told_where_to_go_on() {
    let policy = r#""catalog": {}, "private": {"modules": ["secret.org"]},
        "policy": {"rules": [{"modules": ["evil.org/*"], "action": "deny"}]},"#;
    let mut world = world(STORES[0], r#""catalog": {},"#, &[1]);
    for number in 0..1100 {
        let stamp = 1_600_000_000_000_u64 + number;
        let time = crate::http::Timestamp(stamp).rfc3339();
        let key = crate::store::before_feed_keys(crate::http::Timestamp(stamp));
        let line = format!(r#"{{"Path":"evil.org/m{number}","Version":"v1.0.0","Timestamp":"{time}"}}"#);
        world.cluster("storage").serve(&format!("/modules/{key}-w.ndjson"), &format!("{line}\njunk\n{{}}\n"));
    }
    complete(&mut world, 0, "secret.org/m");
    complete(&mut world, 0, "secret.org/m/v2");
    complete(&mut world, 0, "example.com/m");
    world.pass(120_000);
    world.replace(0, &config(STORES[0], policy));
    let answer = world.get(0, "/index");
    assert_eq!(answer.status, 503);
    let (_, since) = body(&answer).trim().rsplit_once("since=").unwrap();
    let since = since.to_owned();
    let named: Vec<_> =
        lines(&mut world, &format!("?since={since}")).into_iter().map(|(_, version)| version).collect();
    assert_eq!(named, ["example.com/m@v1.0.0"]);
}

#[test]
fn scenario_what_is_no_question_to_the_feed_is_refused() {
    let mut world = world(STORES[1], r#""catalog": {},"#, &[1]);
    for query in [
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?since=yesterday",
        "?since=2026-01-01",
        "?token=a",
        "?limit=1&limit=2",
        "?include=some",
    ] {
        assert_eq!(world.get(0, &format!("/index{query}")).status, 400, "{query}");
    }
    assert!(
        lines(&mut world, "?limit=1000000&include=all&since=2026-01-01T00:00:00.123456789%2B01:00")
            .is_empty()
    );
}

/// The versions are stored whatever becomes of the feed.
#[test]
fn scenario_without_the_section_or_where_storage_is_read_only_nothing_is_written_down() {
    let read_only = format!("{}{}", STORES[0], r#", "write": false"#);
    for (storage, more) in [(STORES[0], ""), (read_only.as_str(), r#""catalog": {},"#)] {
        let mut world = world(storage, more, &[1]);
        complete(&mut world, 0, "example.com/m");
        world.pass(120_000);
        assert!(segments(&world).is_empty());
    }
}

#[test]
fn scenario_what_there_is_no_room_for_while_storage_takes_nothing_is_counted() {
    let mut world = world("", r#""catalog": {},"#, &[1]);
    world.cluster("storage").put_answered = Some(("/index/", 503));
    let module = ModulePath::parse("example.com/m").unwrap();
    for n in 0..4100 {
        let version = Version::parse(&format!("v1.0.{n}")).unwrap();
        let completed = Event::Completed(module.clone(), version);
        world.event(0, |worker, cx| {
            worker.services.emit(completed);
            worker.settle(cx);
        });
    }
    world.pass(1_000);
    assert_eq!(world.counters["modgate.index_feed_lost_total"], 4);
    world.cluster("storage").put_answered = None;
    world.pass(200_000);
    assert!(world.log.iter().any(|line| line.contains("the index lacks 4 versions")), "{:?}", world.log);
    assert_eq!(all(&mut world, 2000).0.len(), 4096);
}
