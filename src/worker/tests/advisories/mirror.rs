//! The mirror of the database: what a client of Go's database is given by the gateway, and what while the source fails.

use serde_json::{Value, json as value};

use super::super::header;
use super::*;
use crate::{
    advisory::tests::index_json,
    cx::Verdict,
    http::{Response, gzip::gunzip},
};

const DATABASE: &str = "/db/index/db.json";

fn mirrored() -> String {
    config(&format!(r#""format": "zip", "url": "http://vuln.test{ZIP}""#), r#", "mirror": "/vulndb""#)
}

/// A world whose mirror has these records, of a zip.
fn serving(workers: usize, records: &[Record]) -> World {
    let mut world = world(workers, &mirrored());
    world.cluster("vuln").serve_bytes(ZIP, zip(records, 100));
    world.pass(2_000);
    world
}

fn unpacked(response: &Response) -> Vec<u8> {
    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    assert_eq!(header(response, "content-type"), "application/gzip");
    assert_eq!(header(response, "content-encoding"), "", "it is a file of its own");
    gunzip(&response.body, 1 << 20).unwrap()
}

/// The answer of every worker, which is one.
fn all(world: &mut World, path: &str) -> Response {
    let answers: Vec<_> = (0..world.workers()).map(|worker| made(world, worker, path)).collect();
    assert!(
        answers.iter().all(|answer| answer.body == answers[0].body && answer.headers == answers[0].headers)
    );
    answers[0].clone()
}

/// The answer, once it is made.
fn made(world: &mut World, worker: usize, path: &str) -> Response {
    let stream = world.begin(worker, path);
    world.pass(2_000);
    world.response(stream)
}

fn read(world: &mut World, path: &str) -> Value {
    serde_json::from_slice(&unpacked(&all(world, path))).unwrap()
}

#[test]
fn scenario_a_client_of_gos_database_is_given_by_every_worker_what_the_source_has() {
    let mut world = serving(3, &records());
    let modules = read(&mut world, "/vulndb/index/modules.json.gz");
    assert_eq!(
        modules,
        value!([
            {"path": "example.com/m", "vulns": [{"id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z", "fixed": "1.1.0"}]},
            {"path": "example.com/n", "vulns": [{"id": "GO-2026-0002", "modified": "2026-01-02T00:00:00Z", "fixed": "1.0.0"}]},
        ])
    );
    assert_eq!(read(&mut world, "/vulndb/index/vulns.json.gz")[1]["id"], "GO-2026-0002");
    assert_eq!(read(&mut world, "/vulndb/index/db.json.gz"), value!({"modified": "2026-01-02T00:00:00Z"}));
    for record in records() {
        let path = format!("/vulndb/ID/{}.json", record.id);
        let plain = all(&mut world, &path);
        assert_eq!(body(&plain), json(&record, 100), "byte for byte as the source has it");
        assert_eq!(unpacked(&all(&mut world, &format!("{path}.gz"))), &plain.body[..]);
        assert_eq!(header(&plain, "content-type"), "application/json");
        assert_eq!(header(&plain, "cache-control"), "max-age=60");
    }
    for plain in ["modules", "vulns", "db"] {
        let path = format!("/vulndb/index/{plain}.json");
        assert_eq!(all(&mut world, &path).body[..], unpacked(&all(&mut world, &format!("{path}.gz"))));
    }
    assert_eq!(asked(&world).len(), asked(&world).iter().filter(|path| **path == ZIP).count());
    for none in
        ["/vulndb/ID/GO-2026-0003.json", "/vulndb/ID/GO-2026-0001", "/vulndb/", "/vulndb/ID/../index/db.json"]
    {
        assert_eq!(world.get(0, none).status, 404, "{none}");
    }
    for (method, path, status) in [
        ("HEAD", "/vulndb/index/modules.json.gz", 200),
        ("POST", "/vulndb/index/modules.json.gz", 405),
        ("GET", "/vulndb/index/db.json?x=1", 200),
        ("GET", "//vulndb/%69ndex//db.json", 200),
    ] {
        let stream = world.begin_with(0, method, path, &[]);
        assert_eq!(world.response(stream).status, status, "{method} {path}");
    }
    for foreign in ["/vulndb", "/vulndbx/index/db.json", "/x/vulndb/index/db.json"] {
        let stream = world.begin(0, foreign);
        assert_eq!(*world.verdict(stream), Verdict::Continue, "{foreign}");
    }
    assert!(is_denied(&mut world), "and what it tells of is refused as before");
}

#[test]
fn scenario_it_serves_what_was_read_last_while_the_source_fails_and_what_changes_once_it_is_read() {
    let mut world = serving(2, &records());
    let before = all(&mut world, "/vulndb/index/modules.json.gz");
    let tag = header(&before, "etag").to_owned();
    let known = |world: &mut World, tag: &str| {
        let stream = world.begin_with(0, "GET", "/vulndb/index/modules.json.gz", &[("if-none-match", tag)]);
        world.pass(2_000);
        world.response(stream)
    };
    assert_eq!(known(&mut world, &tag).status, 304);
    world.cluster("vuln").remove(ZIP);
    world.pass(60_000);
    assert_eq!(all(&mut world, "/vulndb/index/modules.json.gz"), before);
    assert_eq!(all(&mut world, "/vulndb/ID/GO-2026-0002.json").status, 200);
    let changed = record("GO-2026-0001", "example.com/m", "v1.2.0", 7);
    world.cluster("vuln").serve_bytes(ZIP, zip(std::slice::from_ref(&changed), 100));
    world.pass(20_000);
    assert_eq!(known(&mut world, &tag).status, 200);
    let modules = read(&mut world, "/vulndb/index/modules.json.gz");
    assert_eq!(modules[0]["vulns"][0]["fixed"], "1.2.0");
    assert_eq!(modules.as_array().unwrap().len(), 1);
    assert_eq!(body(&all(&mut world, "/vulndb/ID/GO-2026-0001.json")), json(&changed, 100));
    assert_eq!(
        world.get(1, "/vulndb/ID/GO-2026-0002.json").status,
        404,
        "it is withdrawn, though its bytes are there yet"
    );
}

#[test]
fn scenario_of_a_database_the_records_that_change_are_kept_beside_those_that_did_not() {
    let text = config(r#""format": "database", "url": "http://vuln.test/db/""#, r#", "mirror": "/vulndb""#);
    let mut world = world(2, &text);
    let publish = |world: &mut World, records: &[Record], day: u64| {
        let modified = record("GO-2026-1", "m", "v1.0.0", day).modified.rfc3339();
        let cluster = world.cluster("vuln");
        cluster.serve(DATABASE, &format!(r#"{{"modified": "{modified}"}}"#));
        cluster.serve("/db/index/modules.json", &index_json(records));
        for record in records {
            cluster.serve(&format!("/db/ID/{}.json", record.id), &json(record, 100));
        }
    };
    publish(&mut world, &records(), 2);
    world.pass(3_000);
    let mut changed = records();
    changed[1] = record("GO-2026-0002", "example.com/n", "v1.5.0", 9);
    publish(&mut world, &changed, 9);
    world.pass(15_000);
    // Its worker is gone, and with it all but what is shared.
    world.crash(0);
    for record in &changed {
        let path = format!("/vulndb/ID/{}.json", record.id);
        assert_eq!(body(&all(&mut world, &path)), json(record, 100));
    }
    assert_eq!(read(&mut world, "/vulndb/index/modules.json.gz")[1]["vulns"][0]["fixed"], "1.5.0");
    assert_eq!(read(&mut world, "/vulndb/index/db.json.gz"), value!({"modified": "2026-01-09T00:00:00Z"}));
}

#[test]
fn scenario_before_all_sources_were_read_nothing_is_said_of_any() {
    let own = r#"{"name": "own", "cluster": "own", "interval": "10s", "format": "zip", "url": "http://own.test/own.zip"}"#;
    let text = mirrored().replacen(r#""sources": ["#, &format!(r#""sources": [{own},"#), 1);
    let mut world = world(2, &text);
    world.cluster("own").latency = 10;
    world.cluster("vuln").serve_bytes(ZIP, zip(&records(), 100));
    world.pass(3_000);
    assert!(is_denied(&mut world));
    for file in ["index/modules.json.gz", "index/db.json", "ID/GO-2026-0001.json"] {
        let answer = world.get(0, &format!("/vulndb/{file}"));
        assert_eq!((answer.status, header(&answer, "cache-control")), (503, "no-store"));
        assert!(body(&answer).contains("the advisories of own have not been read yet"), "{}", body(&answer));
    }
    let ours =
        [record("OUR-1", "example.com/m", "v1.3.0", 3), record("GO-2026-0002", "example.com/n", "v9.0.0", 3)];
    world.cluster("own").serve_bytes("/own.zip", zip(&ours, 10));
    world.pass(15_000);
    let modules = read(&mut world, "/vulndb/index/modules.json.gz");
    let ids: Vec<_> = modules[0]["vulns"].as_array().unwrap().iter().map(|vuln| vuln["id"].clone()).collect();
    assert_eq!(ids, ["GO-2026-0001", "OUR-1"]);
    assert_eq!(
        modules[1]["vulns"].as_array().unwrap().len(),
        1,
        "the source that is named first tells of it"
    );
    assert_eq!(modules[1]["vulns"][0]["fixed"], "9.0.0");
    assert_eq!(body(&all(&mut world, "/vulndb/ID/GO-2026-0002.json")), json(&ours[1], 10));
}

#[test]
fn scenario_a_mirror_that_is_configured_later_has_all_records() {
    let mut world = world(1, &zipped());
    world.cluster("vuln").serve_bytes(ZIP, zip(&records(), 100)).tag(ZIP, "\"a\"");
    world.pass(2_000);
    assert!(is_denied(&mut world));
    let path = "/vulndb/ID/GO-2026-0001.json.gz";
    let stream = world.begin(0, path);
    assert_eq!(*world.verdict(stream), Verdict::Continue, "without one the path is not the gateway's");
    world.replace(0, &mirrored());
    world.pass(3_000);
    assert_eq!(body(&all(&mut world, "/vulndb/ID/GO-2026-0001.json")), json(&records()[0], 100));
}

#[test]
fn scenario_what_there_is_no_room_for_is_said_and_never_given_as_absent() {
    let mut state = 1_u32;
    let mut noise = |length: usize| -> String {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b' ' + u8::try_from(state >> 24).unwrap() % 64)
        };
        (0..length).map(|_| next()).filter(|character| !matches!(character, '"' | '\\')).collect()
    };
    let large = json(&records()[0], 0).replacen('{', &format!(r#"{{"summary": "{}","#, noise(40_000)), 1);
    let small = json(&records()[1], 100);
    let files =
        [("ID/GO-2026-0001.json", large.into_bytes()), ("ID/GO-2026-0002.json", small.clone().into_bytes())];
    let mut world = world(2, &mirrored());
    world.cluster("vuln").serve_bytes(ZIP, crate::sim::zip("", &files));
    world.pass(3_000);
    let answer = world.get(1, "/vulndb/ID/GO-2026-0001.json.gz");
    assert_eq!(answer.status, 503);
    assert!(body(&answer).contains("no room for GO-2026-0001"), "{}", body(&answer));
    assert_eq!(body(&all(&mut world, "/vulndb/ID/GO-2026-0002.json")), small);
    let told = world.log.iter().filter(|line| line.contains("more than the mirror has room for"));
    assert_eq!(told.count(), 1, "{:?}", world.log);
}

#[test]
fn scenario_a_crowd_that_asks_for_a_list_is_answered_by_making_it_once() {
    let mut world = serving(1, &go_database());
    let streams: Vec<_> = (0..50).map(|_| world.begin(0, "/vulndb/index/modules.json.gz")).collect();
    world.pass(10_000);
    let answers: Vec<_> = streams.iter().map(|stream| world.response(*stream)).collect();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    let at_once = world.begin(0, "/vulndb/index/modules.json.gz");
    assert_eq!(world.response(at_once), answers[0], "and it is kept");
}
