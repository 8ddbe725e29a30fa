//! What is read of a record.

use crate::advisory::{Advisories, Advisory, Record, Severity, osv};
use crate::gomod::Version;
use crate::http::Timestamp;

/// In 2026.
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn read(json: &str) -> Record {
    osv::read(json.as_bytes(), false, NOW).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// A record about `m` with this beside the package's name.
fn about(more: &str) -> String {
    format!(
        r#"{{"id": "GO-2026-0001", "affected": [{{"package": {{"name": "m", "ecosystem": "Go"}}{more}}}]}}"#
    )
}

/// Which of some versions it is about.
fn affected(json: &str) -> Vec<&'static str> {
    let advisories = Advisories::of([read(json)]);
    let is_it = |version: &&str| {
        let version = Version::parse(version).unwrap();
        advisories.about("m").any(|advisory| advisory.affects(&version))
    };
    ["v0.9.0", "v1.0.0", "v1.1.0-0", "v1.1.0", "v1.2.0", "v2.0.0+incompatible"]
        .into_iter()
        .filter(is_it)
        .collect()
}

#[test]
fn what_a_record_says_is_read() {
    let record = read(
        r#"{"schema_version": "1.7.4", "id": "GO-2024-2687", "modified": "2024-05-20T16:03:47Z",
            "published": "2024-04-03T21:12:01.5Z", "aliases": ["CVE-2023-45288", "GHSA-4v7x-pqxf-cx7m"], "new": [1, {"a": null}],
            "affected": [{"package": {"name": "golang.org/x/net", "ecosystem": "Go", "purl": "x"}, "ranges": []},
                         {"package": {"name": "net", "ecosystem": "npm"}}, {"ranges": []}],
            "database_specific": {"review_status": "UNREVIEWED", "severity": "High", "cwe_ids": ["CWE-1"]}}"#,
    );
    assert_eq!((record.id.as_str(), record.aliases.len(), record.affected.len()), ("GO-2024-2687", 2, 1));
    assert_eq!(
        (record.modified, record.published),
        (Timestamp(1_716_221_027_000), Timestamp(1_712_178_721_500))
    );
    assert_eq!((record.is_reviewed, record.is_malicious, record.severity), (false, false, Severity::High));
    assert_eq!(record.affected[0].module, "golang.org/x/net");
}

#[test]
fn what_is_not_said_has_a_meaning() {
    let record = read(r#"{"id": "X-1"}"#);
    assert_eq!(record, Record { id: "X-1".to_owned(), is_reviewed: true, ..Record::default() });
    for (specific, is_reviewed, severity) in [
        ("null", true, Severity::Unknown),
        ("{}", true, Severity::Unknown),
        (r#"{"review_status": "REVIEWED", "severity": "moderate"}"#, true, Severity::Moderate),
        (r#"{"severity": "MEDIUM"}"#, true, Severity::Moderate),
        (r#"{"severity": "CRITICAL", "github_reviewed": true}"#, true, Severity::Critical),
        (r#"{"severity": "LOW", "github_reviewed": false}"#, false, Severity::Low),
        (r#"{"severity": 7, "review_status": null, "github_reviewed": "no"}"#, true, Severity::Unknown),
        (r#"{"severity": "dreadful"}"#, true, Severity::Unknown),
    ] {
        let record = read(&format!(r#"{{"id": "X-1", "database_specific": {specific}}}"#));
        assert_eq!((record.is_reviewed, record.severity), (is_reviewed, severity), "{specific}");
    }
    // Go's database says the year 1 where it does not know.
    let early = read(r#"{"id": "X-1", "modified": "0001-01-01T00:00:00Z"}"#);
    assert_eq!((early.modified, early.published), (Timestamp(0), Timestamp(0)));
    let unpublished = read(r#"{"id": "X-1", "modified": "2024-05-20T16:03:47Z"}"#);
    assert_eq!(unpublished.published, unpublished.modified);
}

#[test]
fn what_was_withdrawn_is_about_nothing() {
    let of = |withdrawn: &str| {
        let json = about("").replacen('{', &format!(r#"{{"withdrawn": "{withdrawn}","#), 1);
        read(&json).affected.len()
    };
    assert_eq!((of("2020-01-01T00:00:00Z"), of("2030-01-01T00:00:00Z")), (0, 1));
    let record = osv::read(about("").as_bytes(), true, NOW).unwrap();
    assert!(record.is_malicious, "the source says so");
    let mal = |id: &str| read(&about("").replace("GO-2026-0001", id));
    assert!(mal("MAL-2026-3620").is_malicious);
    assert_eq!((mal("MAL-2026-3620").affected.len(), mal("MAL-0000-kam-1").affected.len()), (1, 0));
}

#[test]
fn ranges_and_lists_say_which_versions() {
    let all = vec!["v0.9.0", "v1.0.0", "v1.1.0-0", "v1.1.0", "v1.2.0", "v2.0.0+incompatible"];
    let ranges =
        |kind: &str, events: &str| format!(r#", "ranges": [{{"type": "{kind}", "events": [{events}]}}]"#);
    for (more, versions) in [
        ("".to_owned(), all.clone()),
        (r#", "ranges": []"#.to_owned(), all.clone()),
        (r#", "ranges": null, "versions": null"#.to_owned(), all.clone()),
        (ranges("SEMVER", ""), all.clone()),
        (ranges("SEMVER", r#"{"introduced": "0"}"#), all.clone()),
        (ranges("GIT", r#"{"introduced": "0"}, {"fixed": "abcdef"}"#), all.clone()),
        (ranges("SEMVER", r#"{"introduced": "1.0.0"}, {"fixed": "1.1.0"}"#), vec!["v1.0.0", "v1.1.0-0"]),
        (ranges("ECOSYSTEM", r#"{"fixed": "1.1.0-0"}, {"introduced": "0"}"#), vec!["v0.9.0", "v1.0.0"]),
        (
            ranges("ECOSYSTEM", r#"{"introduced": "v1.0"}, {"last_affected": "1.1.0"}"#),
            vec!["v1.0.0", "v1.1.0-0", "v1.1.0"],
        ),
        (ranges("SEMVER", r#"{"introduced": "go2.0.0"}"#), vec!["v2.0.0+incompatible"]),
        (
            ranges("SEMVER", r#"{"introduced": "0"}, {"fixed": "1.1.0+build.7"}, {"limit": "3"}"#),
            vec!["v0.9.0", "v1.0.0", "v1.1.0-0"],
        ),
        // A text that is no version is before all versions, for Go.
        (ranges("SEMVER", r#"{"introduced": "tip"}"#), all.clone()),
        (ranges("SEMVER", r#"{"introduced": "0"}, {"fixed": "tip"}"#), vec![]),
        (r#", "versions": ["1.0.0", "v1.2.0"]"#.to_owned(), vec!["v1.0.0", "v1.2.0"]),
        (r#", "versions": ["2.0.0"], "ranges": [{"type": "GIT"}]"#.to_owned(), vec!["v2.0.0+incompatible"]),
        (
            format!(
                r#"{}, "versions": ["0.9.0"]"#,
                ranges("SEMVER", r#"{"introduced": "1.2.0"}, {"fixed": "2.0.0"}"#)
            ),
            vec!["v0.9.0", "v1.2.0"],
        ),
        (
            r#", "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]},
                            {"type": "SEMVER", "events": [{"introduced": "1.2.0"}]}]"#
                .to_owned(),
            vec!["v0.9.0", "v1.2.0", "v2.0.0+incompatible"],
        ),
    ] {
        assert_eq!(affected(&about(&more)), versions, "{more}");
    }
}

#[test]
fn what_is_no_version_fixes_nothing() {
    let json = about(
        r#", "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "tip"}, {"introduced": "1.0.0"}, {"fixed": "1.1.0"}]}]"#,
    );
    let advisories = Advisories::of([read(&json)]);
    let fixes: Vec<_> = advisories.about("m").flat_map(|one| one.fixes().map(Version::to_string)).collect();
    assert_eq!(fixes, ["v1.1.0"]);
}

#[test]
fn what_is_no_record_is_refused_with_a_reason() {
    for (json, why) in [
        ("<html>", "not an OSV record: expected value at line 1 column 1"),
        ("", "not an OSV record: EOF"),
        ("{}", "not an OSV record: missing field `id`"),
        (r#"{"id": 7}"#, "not an OSV record: invalid type: integer `7`"),
        (r#"{"id": "X 1"}"#, r#"the id "X 1" is none"#),
        (r#"{"id": ""}"#, r#"the id "" is none"#),
        (r#"{"id": "X-1", "modified": "yesterday"}"#, r#"modified is "yesterday", which is no time"#),
        (r#"{"id": "X-1", "withdrawn": ""}"#, r#"withdrawn is "", which is no time"#),
        (r#"{"id": "X-1", "affected": {}}"#, "not an OSV record: invalid type: map"),
        (
            r#"{"id": "X-1", "affected": [{"package": {"name": "m"}}]}"#,
            "not an OSV record: missing field `ecosystem`",
        ),
        (r#"{"id": "X-1", "id": "X-2"}"#, "not an OSV record: duplicate field `id`"),
        (r#"{"id": "X-1"} x"#, "not an OSV record: trailing characters"),
    ] {
        let error = osv::read(json.as_bytes(), false, NOW).unwrap_err().to_string();
        assert!(error.starts_with(why), "{json}: {error}");
        assert!(error.len() < 200, "{error}");
    }
    let long = format!(r#"{{"id": "X-1", "details": "{}"}}"#, "x".repeat(crate::advisory::MAX_RECORD_BYTES));
    assert!(osv::read(long.as_bytes(), false, NOW).unwrap_err().to_string().starts_with("it has 2621"));
}

/// One thing, as two databases have it.
#[test]
fn sources_know_of_each_other_by_aliases() {
    let go = r#"{"id": "GO-2026-0001", "aliases": ["CVE-1", "GHSA-4v7x-pqxf-cx7m"], "affected": [
        {"package": {"name": "m", "ecosystem": "Go"}}]}"#;
    let ghsa = r#"{"id": "GHSA-4v7x-pqxf-cx7m", "database_specific": {"severity": "HIGH"}, "affected": [
        {"package": {"name": "m", "ecosystem": "Go"}}, {"package": {"name": "n", "ecosystem": "Go"}}]}"#;
    let told = |sources: &[Advisories], module: &str| -> Vec<(String, Severity)> {
        let all = sources.iter().flat_map(|source| source.about(module));
        all.map(|advisory| (advisory.id().to_owned(), advisory.severity())).collect()
    };
    let mut sources = [Advisories::of([read(go)]), Advisories::of([read(ghsa)])];
    assert_eq!(told(&sources, "m")[0], ("GO-2026-0001".to_owned(), Severity::Unknown));
    Advisories::join(&mut sources);
    assert_eq!(told(&sources, "m"), [("GO-2026-0001".to_owned(), Severity::High)]);
    assert_eq!(told(&sources, "n"), [("GHSA-4v7x-pqxf-cx7m".to_owned(), Severity::High)]);
    // Where Go's is withdrawn, GitHub's stands for itself.
    sources[0] = Advisories::of([read(&go.replacen('{', r#"{"withdrawn": "2026-01-01T00:00:00Z","#, 1))]);
    Advisories::join(&mut sources);
    assert_eq!(told(&sources, "m"), [("GHSA-4v7x-pqxf-cx7m".to_owned(), Severity::High)]);
    // In one source they know each other too, and malice is told whoever else tells of it.
    let malicious = osv::read(ghsa.as_bytes(), true, NOW).unwrap();
    let mut sources = [Advisories::of([read(go), read(ghsa)]), Advisories::of([malicious])];
    Advisories::join(&mut sources);
    let ids: Vec<_> = told(&sources, "m").into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["GO-2026-0001", "GHSA-4v7x-pqxf-cx7m"]);
    assert!(sources[1].about("m").all(Advisory::is_malicious));
}
