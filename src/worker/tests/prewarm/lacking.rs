//! What storage lacks of a build.

use super::*;
use crate::http::CallFailure;

fn lacking(world: &mut World, worker: usize, text: &str) -> (u16, Vec<String>) {
    let stream = post_as(world, worker, "ci", "/-/missing", text);
    world.settle();
    let answer = world.response(stream);
    if answer.status == 200 {
        assert_eq!(header(&answer, "content-type"), "application/x-ndjson");
    }
    let mut lines: Vec<String> = body(&answer).lines().map(str::to_owned).collect();
    lines.sort();
    (answer.status, lines)
}

/// The paths and what became of each.
fn brief(lines: &[String]) -> Vec<String> {
    let read = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let brief = |line: serde_json::Value| {
        format!("{} {}", line["outcome"].as_str().unwrap(), line["file"].as_str().unwrap())
    };
    lines.iter().map(|line| brief(read(line))).collect()
}

#[test]
fn scenario_each_file_that_storage_lacks_is_named_and_none_is_fetched() {
    for offline in [false, true] {
        let mode = if offline { r#"{"mode": "offline","# } else { "{" };
        let mut world = with(2, &CONFIG.replacen('{', mode, 1));
        for n in 0..3 {
            publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
        }
        let storage = world.cluster("storage");
        for file in ["info", "mod", "zip"] {
            storage.serve(&format!("/modules/example.com/m0/@v/v1.0.0.{file}"), super::super::EMPTY_ZIP);
        }
        storage
            .serve("/modules/example.com/m0/@v/v1.0.0.info", r#"{"Version":"v1.0.0"}"#)
            .serve("/modules/example.com/m0/@v/v1.0.0.mod", "module example.com/m0\n")
            .serve("/modules/example.com/m1/@v/v1.0.0.mod", "module example.com/m1\n");
        let go_sum = format!(
            "example.com/m0 v1.0.0 {HASH}\nexample.com/m1 v1.0.0 {HASH}\nexample.com/m1 v1.0.0/go.mod {HASH}\n\
             example.com/m2 v1.0.0/go.mod {HASH}\nbad.test/m v1.0.0/go.mod {HASH}\n"
        );
        let (status, lines) = lacking(&mut world, 1, &go_sum);
        assert_eq!(status, 200, "{lines:?}");
        let want = [
            "refused bad.test/m/@v/v1.0.0.mod",
            "missing example.com/m1/@v/v1.0.0.info",
            "missing example.com/m1/@v/v1.0.0.zip",
            "missing example.com/m2/@v/v1.0.0.mod",
        ];
        assert_eq!(brief(&lines), want);
        assert!(world.clusters["public"].asked.is_empty());
        assert!(world.clusters["storage"].asked.iter().all(|asked| !asked.starts_with("PUT ")));
        assert_eq!(counted(&world, "prewarm_files_total.outcome.missing"), 0, "none was to be fetched");
        assert!((0..2).all(|worker| world.worker(worker).jobs().is_empty()));
    }
}

#[test]
fn scenario_it_is_storage_that_is_asked_and_not_the_index() {
    let mut world = open(1);
    publish(&mut world, "public", "example.com/m", "v1.0.0");
    world.cluster("storage").refuse_put = true;
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 200);
    world.cluster("storage").refuse_put = false;
    let text = format!("example.com/m v1.0.0/go.mod {HASH}\n");
    assert_eq!(brief(&lacking(&mut world, 0, &text).1), ["missing example.com/m/@v/v1.0.0.mod"]);
    let page = prewarm(&mut world, 0, "example.com/m v1.0.0\n");
    world.settle();
    assert_eq!(counts(&shown(&mut world, 0, &page)), [3, 0, 0, 0, 0]);
    assert_eq!(lacking(&mut world, 0, "example.com/m v1.0.0\n"), (200, Vec::new()));
    assert_eq!(lacking(&mut world, 0, ""), (200, Vec::new()));
}

#[test]
fn scenario_storage_that_fails_is_no_storage_that_lacks() {
    let mut world = open(1);
    world.cluster("storage").fault = Some(CallFailure::Dropped);
    let (status, lines) = lacking(&mut world, 0, "example.com/m v1.0.0\n");
    assert_eq!(status, 200);
    assert!(lines.len() == 3 && brief(&lines).iter().all(|line| line.starts_with("failed ")), "{lines:?}");
}

#[test]
fn scenario_a_thousand_versions_are_compared_in_time_and_who_leaves_stops_it() {
    let mut world = open(1);
    world.cluster("storage").latency = 20;
    let list: String = (0..1000).map(|n| format!("example.com/m v1.0.{n}\n")).collect();
    let before = world.now.0;
    let (status, lines) = lacking(&mut world, 0, &list);
    assert_eq!((status, lines.len()), (200, 3000));
    assert!(world.now.0 - before < 10_000, "{}", world.now.0 - before);

    world.cluster("storage").latency = 5_000;
    let stream = post_as(&mut world, 0, "ci", "/-/missing", &list);
    while world.work(0) {}
    world.pass(10_000);
    world.leave(0, stream);
    world.settle();
    assert!(world.worker(0).jobs().is_empty() && world.is_idle());
    let (status, _) = lacking(&mut world, 0, &list);
    assert_eq!(status, 503, "storage is too slow for so many");
    assert!(world.worker(0).jobs().is_empty());
}
