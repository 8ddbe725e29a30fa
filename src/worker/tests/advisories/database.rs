//! A source with the files of Go's database: what of it is asked for, and when.

use super::*;
use crate::advisory::tests::index_json;

const DATABASE: &str = "/db/index/db.json";
const MODULES: &str = "/db/index/modules.json";
const ARCHIVE: &str = "/db/vulndb.zip";

fn configured() -> String {
    config(r#""format": "database", "url": "http://vuln.test/db/""#, "")
}

/// The database has these records, and was changed on this day of 2026.
fn publish(world: &mut World, records: &[Record], day: u64) {
    let cluster = world.cluster("vuln");
    let modified = record("GO-2026-1", "m", "v1.0.0", day).modified.rfc3339();
    cluster.serve(DATABASE, &format!(r#"{{"modified": "{modified}"}}"#));
    cluster.serve(MODULES, &index_json(records));
    for record in records {
        cluster.serve(&entry(&record.id), &json(record, 100));
    }
}

fn entry(id: &str) -> String {
    format!("/db/ID/{id}.json")
}

/// A world of a database that all workers have in force.
fn settled(workers: usize) -> World {
    let mut world = world(workers, &configured());
    publish(&mut world, &records(), 2);
    world.pass(2_000);
    assert!(is_denied(&mut world), "{:?}", world.log);
    assert_eq!(asked(&world), [DATABASE, MODULES, "/db/ID/GO-2026-0001.json", "/db/ID/GO-2026-0002.json"]);
    world.log.clear();
    world.cluster("vuln").asked.clear();
    world
}

#[test]
fn scenario_only_what_has_changed_is_asked_for() {
    let mut world = settled(2);
    world.pass(30_000);
    assert!(
        asked(&world).len() >= 2 && asked(&world).iter().all(|path| *path == DATABASE),
        "{:?}",
        asked(&world)
    );
    // Whichever worker asks: one has read it, the other has what that kept.
    for (round, worker) in [(0, 1), (1, 0)] {
        world.cluster("vuln").asked.clear();
        let mut records = records();
        records[0] =
            record("GO-2026-0001", "example.com/m", if round == 0 { "v1.0.0" } else { "v1.1.0" }, 10 + round);
        records.push(record("GO-2026-0003", "example.com/o", "v1.0.0", 9));
        publish(&mut world, &records, 10 + round);
        world.crash(worker);
        world.pass(11_000);
        assert_eq!(is_denied(&mut world), round == 1);
        let mut fetched: Vec<_> =
            asked(&world).into_iter().filter(|path| path.starts_with("/db/ID/")).collect();
        fetched.sort_unstable();
        let new = if round == 0 {
            &["/db/ID/GO-2026-0001.json", "/db/ID/GO-2026-0003.json"][..]
        } else {
            &["/db/ID/GO-2026-0001.json"]
        };
        assert_eq!(fetched, new, "round {round}");
    }
    // What is not listed any more is gone, and nothing is asked for because of it.
    world.cluster("vuln").asked.clear();
    publish(&mut world, &records()[1..], 12);
    world.pass(11_000);
    assert!(!is_denied(&mut world));
    assert!(asked(&world).iter().all(|path| [DATABASE, MODULES].contains(path)), "{:?}", asked(&world));
}

#[test]
fn scenario_much_is_asked_for_at_once_and_one_by_one_where_it_cannot_be() {
    let mut many: Vec<_> = (100..200)
        .map(|number| record(&format!("GO-2026-0{number}"), "example.com/o", "v1.0.0", 3))
        .collect();
    many.extend(records());
    let many = many;
    for archived in [true, false] {
        let mut many = many.clone();
        let mut world = world(2, &configured());
        publish(&mut world, &many, 3);
        if archived {
            let day = record("GO-2026-1", "m", "v1.0.0", 3).modified.rfc3339();
            let mut files =
                vec![("index/db.json".to_owned(), format!(r#"{{"modified": "{day}"}}"#).into_bytes())];
            files.extend(
                many.iter().map(|record| (format!("ID/{}.json", record.id), json(record, 10).into_bytes())),
            );
            let files: Vec<_> =
                files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
            world.cluster("vuln").serve_bytes(ARCHIVE, crate::sim::zip("", &files));
        }
        world.pass(4_000);
        assert!(is_denied(&mut world), "{:?}", world.log);
        let singly = asked(&world).iter().filter(|path| path.starts_with("/db/ID/")).count();
        assert_eq!((asked(&world).contains(&ARCHIVE), singly), (true, if archived { 0 } else { 102 }));
        // From there it goes on by what changes.
        world.cluster("vuln").asked.clear();
        many[0] = record("GO-2026-0100", "example.com/o", "v1.0.1", 4);
        publish(&mut world, &many, 4);
        world.pass(11_000);
        assert_eq!(asked(&world).iter().filter(|path| **path != DATABASE).count(), 2, "{:?}", asked(&world));
        assert!(asked(&world).contains(&"/db/ID/GO-2026-0100.json"));
        assert!(is_denied(&mut world));
    }
}

#[test]
fn scenario_what_was_fetched_before_a_failure_is_not_asked_for_again() {
    let mut world = world(1, &configured());
    publish(&mut world, &records(), 2);
    world.cluster("vuln").answer(&entry("GO-2026-0002"), 500, &[], "");
    world.pass(10_000);
    let first = |world: &World| asked(world).iter().filter(|path| path.ends_with("0001.json")).count();
    assert!(polls(&world, "failed") >= 3);
    assert_eq!(first(&world), 1);
    publish(&mut world, &records(), 2);
    world.pass(2_000);
    assert!(is_denied(&mut world));
    assert_eq!(first(&world), 1);
}

#[test]
fn scenario_the_last_good_database_stays_and_trouble_is_logged_once() {
    let listed = |list: &[(&str, &str, &str)]| {
        let modules = list.iter().map(|(path, id, modified)| {
            format!(r#"{{"path": "{path}", "new": 1, "vulns": [{{"id": "{id}", "modified": "{modified}", "fixed": "1"}}]}}"#)
        });
        format!("[{}]", modules.collect::<Vec<_>>().join(","))
    };
    let (one, day) = ("GO-2026-0001", "2026-01-05T00:00:00Z");
    let large = format!("[{}]", " ".repeat(5 << 20));
    let changed = listed(&[("example.com/m", one, day)]);
    let other = json(&records()[1], 10);
    for (path, text, why) in [
        (DATABASE, "<html>".to_owned(), r#""index/db.json": expected value at line 1 column 1"#),
        (DATABASE, r#"{"modified": "now"}"#.to_owned(), r#""index/db.json": "now" is no time"#),
        (
            DATABASE,
            r#"{"modified": "2026-01-01T12:00:00Z"}"#.to_owned(),
            "it was changed last at 2026-01-01T12:00:00Z, and the one in force at 2026-01-02T00:00:00Z",
        ),
        (MODULES, "<html>".to_owned(), "index/modules.json: expected value at line 1 column 1"),
        (MODULES, r#"{"path": "m"}"#.to_owned(), "index/modules.json: invalid type: map"),
        (MODULES, r#"[{"path": 5}]"#.to_owned(), "index/modules.json: invalid type: integer `5`"),
        (MODULES, large, "index/modules.json has 5242882 bytes, and at most 5242880 are read"),
        (
            MODULES,
            listed(&[("m", one, day), ("m", "GO-2026-0002", day)]),
            r#"index/modules.json names the module "m" twice"#,
        ),
        (
            MODULES,
            listed(&[("m", one, day), ("n", one, "2026-01-06T00:00:00Z")]),
            r#"index/modules.json has two times for "GO-2026-0001""#,
        ),
        (MODULES, listed(&[("m", one, "never")]), r#"index/modules.json: "never" is no time"#),
        (MODULES, listed(&[("m", "../db", day)]), r#"index/modules.json: the id "../db" is none"#),
        ("entry", "<html>".to_owned(), r#""GO-2026-0001": not an OSV record: expected value"#),
        ("entry", other, r#"where "GO-2026-0001" is expected, there is "GO-2026-0002""#),
        (
            "entry",
            json(&records()[0], 10),
            r#""GO-2026-0001" was changed last at 2026-01-01T00:00:00Z, and its index says 2026-01-05T00:00:00Z"#,
        ),
    ] {
        let mut world = settled(2);
        if path != DATABASE {
            world.cluster("vuln").serve(DATABASE, r#"{"modified": "2026-01-05T00:00:00Z"}"#);
        }
        if path == "entry" {
            world.cluster("vuln").serve(MODULES, &changed);
        }
        let path = if path == "entry" { entry(one) } else { path.to_owned() };
        world.cluster("vuln").serve(&path, &text);
        world.pass(35_000);
        assert!(polls(&world, "invalid") >= 2, "{why}: {:?}, {:?}", world.log, asked(&world));
        assert!(is_denied(&mut world), "{why}");
        assert_eq!(world.log.len(), 1, "{why}: {:?}", world.log);
        let line = world.log[0].strip_prefix("ERROR advisories go: refused: ").unwrap();
        assert!(
            line.starts_with(why) && line.ends_with("; version 1767312000 stays in force"),
            "{why}: {line}"
        );
        publish(&mut world, &records(), 20);
        world.pass(11_000);
        assert!(is_denied(&mut world));
        assert!(!world.log.last().unwrap().starts_with("ERROR"), "{:?}", world.log);
    }
}
