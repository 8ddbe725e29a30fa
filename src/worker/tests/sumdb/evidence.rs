//! The page that says what is known of the hashes of a go.sum.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{GO_MOD, MOD, body, config, database, h1, world_of, zip_of};
use crate::{
    advisory::{Advisories, Affected, Event, Ranges, Record, Severity},
    gomod::Version,
    http::{Response, Timestamp},
    modzip::H1,
    sim::World,
};

const EVIDENCE: &str = "/-/evidence";
const BILL: &str = "/-/evidence?format=cyclonedx";

/// The most that the page takes.
const MOST: usize = 256 << 10;

fn open(workers: usize, more: &str) -> World {
    world_of(workers, &config(&format!(r#""admin": {{"explain": ["@anonymous"]}},{more}"#)))
}

fn post(world: &mut World, worker: usize, path: &str, go_sum: &str) -> Response {
    let stream = world.begin_post(worker, path, &[]);
    world.send(worker, stream, go_sum.as_bytes(), true);
    world.settle();
    world.response(stream)
}

#[track_caller]
fn evidence(world: &mut World, worker: usize, path: &str, go_sum: &str) -> Value {
    let answer = post(world, worker, path, go_sum);
    assert_eq!(answer.status, 200, "{}", body(&answer));
    serde_json::from_slice(&answer.body).unwrap()
}

/// Two lines for a version of a module.
fn lines(module: &str, zip: &H1, go_mod: &H1) -> String {
    format!("{module} v1.0.0 {zip}\n{module} v1.0.0/go.mod {go_mod}\n")
}

fn right() -> String {
    lines("example.com/m", &h1(&zip_of("")), &H1::of_go_mod(GO_MOD.as_bytes()))
}

fn asked(world: &World) -> usize {
    world.clusters.values().map(|cluster| cluster.asked.len()).sum()
}

fn alarms(world: &World) -> Vec<&String> {
    world.log.iter().filter(|line| line.contains("evidence: ")).collect()
}

#[test]
fn scenario_a_hash_is_proven_by_the_log_or_differs_or_is_unknown() {
    let mut world = open(2, "");
    let page = evidence(&mut world, 0, EVIDENCE, &right());
    let module = &page["modules"][0];
    assert_eq!(
        (&module["zip"]["log"], module["zip"].get("record")),
        (&json!("unknown"), None),
        "nothing is indexed"
    );
    assert_eq!(world.get(0, MOD).status, 200);
    database(&mut world).grow("", 100);
    let before = asked(&world);

    let wrong = H1([9; 32]);
    let go_mod = H1::of_go_mod(GO_MOD.as_bytes());
    let proven = |h1: &H1| json!({"h1": h1.to_string(), "log": "proven", "record": 20, "tree_size": 21});
    // The other worker knows it as well.
    for worker in [0, 1] {
        let other = "example.com/n v1.2.0/go.mod h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=\n";
        let page = evidence(&mut world, worker, EVIDENCE, &format!("{}{other}", right()));
        let [module, other] = page["modules"].as_array().unwrap().as_slice() else { panic!("{page}") };
        assert_eq!((&module["module"], &module["version"]), (&json!("example.com/m"), &json!("v1.0.0")));
        assert_eq!((&module["zip"], &module["go_mod"]), (&proven(&h1(&zip_of(""))), &proven(&go_mod)));
        assert_eq!(
            (&module["checksum_database"], &module["decision"]),
            (&json!("sum.test"), &json!("allow"))
        );
        assert_eq!((&other["zip"], &other["go_mod"]["log"]), (&Value::Null, &json!("unknown")));
    }
    assert_eq!(alarms(&world), [""; 0]);

    let tampered = evidence(&mut world, 1, EVIDENCE, &lines("example.com/m", &wrong, &go_mod));
    let module = &tampered["modules"][0];
    let differs = json!({
        "h1": wrong.to_string(), "log": "differs", "log_h1": h1(&zip_of("")).to_string(), "record": 20, "tree_size": 21
    });
    assert_eq!((&module["zip"], &module["go_mod"]), (&differs, &proven(&go_mod)));
    let alarms = alarms(&world);
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(
        alarms[0].ends_with("other hashes than the checksum database: example.com/m@v1.0.0"),
        "{alarms:?}"
    );
    assert_eq!(asked(&world), before, "it asks no source");
    assert!(world.is_idle());
}

#[test]
fn scenario_many_hashes_that_differ_are_one_line_of_the_log() {
    let mut world = open(1, "");
    let names: Vec<_> = (0..20).map(|at| format!("example.com/x{at}")).collect();
    for name in &names {
        let path = super::publish(&mut world, name);
        assert_eq!(world.get(0, &path).status, 200);
    }
    let go_sum: String = names.iter().map(|name| lines(name, &H1([8; 32]), &H1([8; 32]))).collect();
    evidence(&mut world, 0, BILL, &go_sum);
    let alarms = alarms(&world);
    assert_eq!(alarms.len(), 1);
    assert!(alarms[0].contains("example.com/x0@v1.0.0") && alarms[0].ends_with("and 12 more"), "{alarms:?}");
}

#[test]
fn scenario_a_module_that_no_database_may_hear_of_is_unknown_to_it() {
    let mut world = open(1, r#""private": {"nosumdb": ["example.com"]},"#);
    assert_eq!(world.get(0, MOD).status, 200);
    let page = evidence(&mut world, 0, EVIDENCE, &right());
    let module = &page["modules"][0];
    assert_eq!((&module["checksum_database"], &module["zip"]["log"]), (&Value::Null, &json!("unknown")));
}

const POLICY: &str = r#""policy": {
    "rules": [{"name": "team", "modules": ["example.com/m"], "principals": ["user:ann"], "action": "deny", "reason": "Not for you."}],
    "malicious": [{"id": "CORP-1", "modules": ["example.com/evil"], "reason": "It steals."},
        {"id": "CORP-2", "modules": ["example.com/m"], "versions": ["v1.0.0"], "reason": "We thought so."}],
    "waivers": [
        {"name": "known", "modules": ["example.com/m"], "ids": ["GO-1"], "until": "2033-01-01", "by": "sec", "ticket": "S-1", "reason": "Not \"called\"."},
        {"name": "all-clear", "modules": ["example.com/m"], "ids": ["CORP-2"], "until": "2033-01-01", "by": "sec", "reason": "It is ours."}
    ]},"#;

fn advise(world: &mut World) {
    let record = |id: &str, fixed: &str, severity| {
        let events = vec![Event::Introduced(None), Event::Fixed(Version::parse(fixed).unwrap())];
        Record {
            id: id.to_owned(),
            published: Timestamp(1_690_000_000_000),
            is_reviewed: true,
            severity,
            affected: vec![Affected {
                module: "example.com/m".to_owned(),
                ranges: Ranges::new(events),
                versions: Vec::new(),
            }],
            ..Record::default()
        }
    };
    let records =
        vec![record("GO-1", "v1.1.0", Severity::Moderate), record("GO-2", "v1.2.0", Severity::Unknown)];
    world.worker(0).services.in_force.replace_advisories("go", Advisories::of(records));
}

fn advised() -> World {
    let mut world = open(1, POLICY);
    advise(&mut world);
    world
}

#[test]
fn scenario_what_is_said_against_a_version_is_told_with_its_waivers_and_the_callers_decision() {
    let mut world = advised();
    let go_sum = format!("{}{}", right(), lines("example.com/evil", &H1([1; 32]), &H1([2; 32])));
    let page = evidence(&mut world, 0, EVIDENCE, &go_sum);
    assert_eq!(page["advisory_sources"], json!(["go"]));
    assert!(page["generated"].as_str().unwrap().ends_with('Z'));
    let [module, evil] = page["modules"].as_array().unwrap().as_slice() else { panic!("{page}") };
    let advisories = module["advisories"].as_array().unwrap();
    let told: Vec<_> = advisories.iter().map(|one| (&one["id"], &one["waived"]["by"])).collect();
    assert_eq!(told, [(&json!("GO-1"), &json!("sec")), (&json!("GO-2"), &Value::Null)]);
    let listed = &module["malicious"][0];
    assert_eq!((&listed["id"], &listed["waived"]["name"]), (&json!("CORP-2"), &json!("all-clear")));
    assert_eq!((&module["decision"], &module["rule"]), (&json!("allow"), &Value::Null));
    assert_eq!((&evil["decision"], &evil["malicious"][0]["id"]), (&json!("malicious"), &json!("CORP-1")));
    assert!(evil["refusal"].as_str().unwrap().contains("It steals."));
    let ann = evidence(&mut world, 0, "/-/evidence?principal=user:ann", &go_sum);
    let module = &ann["modules"][0];
    assert_eq!((&module["decision"], &module["rule"]["name"]), (&json!("deny"), &json!("team")));
}

/// By the schema of CycloneDX 1.6: what must be there, what may be there, and the words it has.
#[track_caller]
fn assert_is_a_bill(bill: &Value) {
    let has = |value: &Value, required: &[&str], optional: &[&str]| {
        let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
        for name in required {
            assert!(object.contains_key(*name), "{name} is missing: {value}");
        }
        for name in object.keys() {
            assert!(
                required.contains(&name.as_str()) || optional.contains(&name.as_str()),
                "{name}: {value}"
            );
        }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let properties = |value: &Value| {
        for property in list(&value["properties"]) {
            has(&property, &["name", "value"], &[]);
            assert!(property["name"].is_string() && property["value"].is_string(), "{property}");
        }
    };
    let all = [
        "bomFormat",
        "specVersion",
        "$schema",
        "serialNumber",
        "version",
        "metadata",
        "components",
        "vulnerabilities",
    ];
    has(bill, &all, &[]);
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    assert_eq!(bill["version"], json!(1));
    let serial = bill["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
    let lengths: Vec<_> = serial.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{serial}");
    assert!(serial.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{serial}");
    has(&bill["metadata"], &["timestamp", "tools"], &["properties"]);
    properties(&bill["metadata"]);
    for tool in list(&bill["metadata"]["tools"]["components"]) {
        has(&tool, &["type", "name", "version"], &[]);
        assert_eq!(tool["type"], "application");
    }
    let mut refs = BTreeSet::new();
    for component in list(&bill["components"]) {
        has(&component, &["type", "name"], &["bom-ref", "version", "purl", "licenses", "properties"]);
        assert_eq!(component["type"], "library");
        assert!(refs.insert(component["bom-ref"].as_str().unwrap().to_owned()), "{component} twice");
        properties(&component);
    }
    for vulnerability in list(&bill["vulnerabilities"]) {
        let optional = ["ratings", "recommendation", "published"];
        has(&vulnerability, &["id", "source", "analysis", "affects", "properties"], &optional);
        properties(&vulnerability);
        has(&vulnerability["source"], &["name"], &[]);
        has(&vulnerability["analysis"], &["state", "detail"], &[]);
        let states = [
            "resolved",
            "resolved_with_pedigree",
            "exploitable",
            "in_triage",
            "false_positive",
            "not_affected",
        ];
        assert!(states.contains(&vulnerability["analysis"]["state"].as_str().unwrap()));
        for rating in list(&vulnerability["ratings"]) {
            has(&rating, &["severity"], &[]);
            let severities = ["critical", "high", "medium", "low", "info", "none", "unknown"];
            assert!(severities.contains(&rating["severity"].as_str().unwrap()), "{rating}");
        }
        for affected in list(&vulnerability["affects"]) {
            has(&affected, &["ref"], &["versions"]);
            assert!(refs.contains(affected["ref"].as_str().unwrap()), "{affected} is no component");
            for version in list(&affected["versions"]) {
                has(&version, &["version", "status"], &[]);
                assert!(["affected", "unaffected", "unknown"].contains(&version["status"].as_str().unwrap()));
            }
        }
    }
}

fn property<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let properties = of["properties"].as_array().unwrap();
    properties.iter().find(|one| one["name"] == name).map(|one| one["value"].as_str().unwrap())
}

#[test]
fn scenario_a_bill_of_materials_has_what_the_page_has_and_is_one_by_the_standard() {
    let mut world = advised();
    assert_eq!(world.get(0, MOD).status, 200);
    let graph = "example.com/graph v1.0.0/go.mod h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=\n";
    let go_sum = format!("{}{graph}{}", right(), lines("example.com/evil", &H1([1; 32]), &H1([2; 32])));
    let answer = post(&mut world, 0, BILL, &go_sum);
    assert_eq!(super::super::header(&answer, "content-type"), "application/vnd.cyclonedx+json; version=1.6");
    let bill: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_is_a_bill(&bill);
    let components = bill["components"].as_array().unwrap();
    let purls: Vec<_> = components.iter().map(|one| one["purl"].as_str().unwrap()).collect();
    assert_eq!(
        purls,
        ["pkg:golang/example.com/m@v1.0.0", "pkg:golang/example.com/evil@v1.0.0"],
        "of example.com/graph no code is in the build"
    );
    let zip = h1(&zip_of("")).to_string();
    for (name, want) in [
        ("modgate:h1", Some(zip.as_str())),
        ("modgate:log", Some("proven")),
        ("modgate:record", Some("20")),
        ("modgate:tree_size", Some("21")),
        ("modgate:go_mod:log", Some("proven")),
        ("modgate:decision", Some("allow")),
        ("modgate:refusal", None),
    ] {
        assert_eq!(property(&components[0], name), want, "{name}");
    }
    assert_eq!(property(&components[1], "modgate:decision"), Some("malicious"));
    let vulnerabilities = bill["vulnerabilities"].as_array().unwrap();
    let told: Vec<_> = vulnerabilities
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["analysis"]["detail"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("GO-1", "Waived until 2033-01-02T00:00:00Z by sec (S-1): Not \"called\"."),
            ("GO-2", "No waiver lifts it. The gateway's decision on this version: allow."),
            ("CORP-2", "Waived until 2033-01-02T00:00:00Z by sec: It is ours."),
            ("CORP-1", "No waiver lifts it. The gateway's decision on this version: malicious."),
        ]
    );
    let states: BTreeSet<_> =
        vulnerabilities.iter().map(|one| one["analysis"]["state"].as_str().unwrap()).collect();
    assert_eq!(states, BTreeSet::from(["in_triage"]), "what a build reaches is not known");
    assert_eq!(vulnerabilities[0]["recommendation"], "Fixed in v1.1.0.");
    assert_eq!(vulnerabilities[0]["ratings"], json!([{"severity": "medium"}]));
    assert_eq!(vulnerabilities[1].get("ratings"), None, "no source says how severe it is");
    let empty = evidence(&mut world, 0, BILL, "");
    assert_is_a_bill(&empty);
    assert_ne!(empty["serialNumber"], bill["serialNumber"]);
}

#[test]
fn scenario_what_is_no_go_sum_is_refused_with_its_line() {
    let mut world = open(1, "");
    let contradiction = format!("{}{}", right(), lines("example.com/m", &H1([1; 32]), &H1([1; 32])));
    let binary = world.begin_post(0, EVIDENCE, &[]);
    world.send(0, binary, b"\xff\xfe", true);
    world.settle();
    assert_eq!(world.response(binary).status, 400);
    let late = format!("{}example.com/m main h1:x\n", "\n".repeat(3_000));
    for (path, go_sum, status, why) in [
        (EVIDENCE, "example.com/m v1.0.0\n", 400, "line 1: "),
        (EVIDENCE, &contradiction, 400, "line 3: a line before it has another hash of example.com/m v1.0.0"),
        (EVIDENCE, &late, 400, "line 3001: "),
        (EVIDENCE, &"x".repeat(MOST + 1), 413, "more than 262144 bytes"),
        ("/-/evidence?format=spdx", "", 400, "format is json or cyclonedx"),
        ("/-/evidence?module=example.com/m", "", 400, "is not one of"),
    ] {
        let answer = post(&mut world, 0, path, go_sum);
        assert_eq!(answer.status, status, "{}", body(&answer));
        assert!(body(&answer).contains(why), "{}", body(&answer));
        assert!(answer.body.len() < 1_000, "a line is not quoted whole");
    }
    let long = post(&mut world, 0, EVIDENCE, &format!("{} v1.0.0 h1:x\n", "a".repeat(100_000)));
    assert!(long.status == 400 && long.body.len() < 1_000, "{}", long.body.len());
    let get = world.get(0, EVIDENCE);
    assert_eq!((get.status, super::super::header(&get, "allow")), (405, "POST"));
    let mut closed = world_of(1, &config(""));
    assert_eq!(post(&mut closed, 0, EVIDENCE, &right()).status, 404, "no caller may by default");
    assert!(world.is_idle() && world.worker(0).clients.is_empty());
}

#[test]
fn scenario_the_largest_go_sum_is_answered_and_a_longer_answer_refused() {
    let line = |at: usize| format!("a.test/m v1.0.{at} {}\n", H1([3; 32]));
    let go_sum: String = (0..MOST / line(1_000).len()).map(line).collect();
    assert!(go_sum.len() <= MOST && go_sum.lines().count() > 3_900);
    let mut world = open(1, "");
    let page = evidence(&mut world, 0, EVIDENCE, &go_sum);
    assert_eq!(page["modules"].as_array().unwrap().len(), go_sum.lines().count());
    let listed = format!(r#"{{"id": "CORP-1", "modules": ["a.test"], "reason": "{}"}}"#, "x".repeat(300));
    let mut world = open(1, &format!(r#""policy": {{"malicious": [{listed}]}},"#));
    let answer = post(&mut world, 0, BILL, &go_sum);
    assert_eq!(answer.status, 413);
    assert!(body(&answer).contains("send the go.sum in parts"), "{}", body(&answer));
    assert!(world.is_idle() && world.worker(0).clients.is_empty());
}
