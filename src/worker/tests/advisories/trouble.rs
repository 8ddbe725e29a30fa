//! What can be wrong with what a source sends: what was read before stays, the log says why once, the metric counts.

use super::*;
use crate::advisory::{MAX_RECORDS, MAX_ZIP_BYTES};

/// A zip of one file.
fn one(name: &str, content: impl Into<Vec<u8>>) -> Vec<u8> {
    crate::sim::zip("", &[(name, content.into())])
}

#[test]
fn scenario_the_last_good_zip_stays_and_trouble_is_logged_once() {
    let good = zip(&records(), 100);
    let files = |list: &[(&str, String)]| {
        let files: Vec<_> =
            list.iter().map(|(name, content)| (*name, content.clone().into_bytes())).collect();
        crate::sim::zip("", &files)
    };
    let first = json(&records()[0], 100);
    let mut flipped = good.clone();
    flipped[100] ^= 1;
    let many: Vec<_> =
        (0..=MAX_RECORDS).map(|number| record(&format!("GO-2026-{number}"), "m", "v1.0.0", 1)).collect();
    let many_files = |records: &[Record]| zip_of_wide(records);
    let bomb = one("ID/GO-2026-0001.json", vec![b' '; 300 << 10]);
    assert!(bomb.len() < 1_000, "{} bytes", bomb.len());
    let index = |modified: &str| {
        files(&[("index/db.json", format!(r#"{{"modified": "{modified}"}}"#)), ("a.json", first.clone())])
    };
    for (zip, why) in [
        (
            b"<html><body>Sign in, please</body></html>".to_vec(),
            r#"it is no zip: it begins with "<html><body>Sign in, ple""#,
        ),
        (Vec::new(), r#"it is no zip: it begins with """#),
        (good[..good.len() / 2].to_vec(), "not a zip that can be read: it breaks off"),
        (good[..good.len() - 1].to_vec(), "not a zip that can be read: it breaks off"),
        (flipped, "not a zip that can be read: the content "),
        (bomb, r#"not a zip that can be read: more than 262144 bytes of content, in "ID/GO-2026-0001.json""#),
        (many_files(&many), "more than 32768 records"),
        (vec![b'P'; MAX_ZIP_BYTES + 1], "33554433 bytes: at most 33554432 are allowed"),
        (files(&[]), "it holds no record"),
        (one("README", "hello"), "it holds no record"),
        (one("a.json", "<html>"), r#""a.json": not an OSV record: expected value at line 1 column 1"#),
        (one("a.json", r#"{"id": 1}"#), r#""a.json": not an OSV record: invalid type: integer `1`"#),
        (
            files(&[("a.json", first.clone()), ("b.json", first.clone())]),
            r#"two records have the id "GO-2026-0001""#,
        ),
        (index("soon"), r#""index/db.json": "soon" is no time"#),
        (
            index("2026-01-01T23:00:00Z"),
            "it was changed last at 2026-01-01T23:00:00Z, and the one in force at 2026-01-02T00:00:00Z",
        ),
    ] {
        let mut world = settled(2);
        world.cluster("vuln").serve_bytes(ZIP, zip);
        world.pass(35_000);
        assert!(polls(&world, "invalid") >= 2, "{why}: {:?}, {:?}", world.log, world.counters);
        assert!(is_denied(&mut world), "{why}");
        assert_eq!(world.log.len(), 1, "{why}: {:?}", world.log);
        let line = world.log[0].strip_prefix("ERROR advisories go: refused: ").unwrap();
        assert!(line.starts_with(why), "{why}: {line}");
        assert!(line.ends_with("; version 1767312000 stays in force"), "{line}");
        world.cluster("vuln").serve_bytes(ZIP, good.clone());
        world.pass(11_000);
        assert_eq!(
            world.log.last().unwrap(),
            "INFO advisories go: it can be read again; version 1767312000 stays in force"
        );
    }
}

/// A zip of more entries than sixteen bits count: their number is not compared.
fn zip_of_wide(records: &[Record]) -> Vec<u8> {
    zip(records, 0)
}

#[test]
fn scenario_other_trouble_is_logged_as_such() {
    let mut world = settled(1);
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    world.pass(21_000);
    world.cluster("vuln").fault = None;
    for status in [404, 500, 302] {
        world.cluster("vuln").answer(ZIP, status, &[], "");
        world.pass(21_000);
    }
    assert!(polls(&world, "failed") >= 4 && is_denied(&mut world));
    assert_eq!(world.log.len(), 4, "{:?}", world.log);
}

/// Names and fields that a later database may have.
#[test]
fn scenario_what_is_not_known_is_passed_over() {
    let mut world = world(1, &zipped());
    let more = json(&records()[0], 10).replacen(
        '{',
        r#"{"nobody": {"knows": [1, null, {}]}, "severity": [{"type": "X"}],"#,
        1,
    );
    let files = [
        ("index/modules.json", b"[".to_vec()),
        ("index/else.json", b"?".to_vec()),
        ("LICENSE", b"CC-BY".to_vec()),
        ("a/b/c.json", more.into_bytes()),
        ("dir/", Vec::new()),
    ];
    world.cluster("vuln").serve_bytes(ZIP, crate::sim::zip("", &files));
    world.pass(2_000);
    assert!(is_denied(&mut world), "{:?}", world.log);
}
