//! Lists of what storage has: complete, in pages, without what the caller may not have.

use serde_json::Value;

use super::{CONFIG, body, header};
use crate::{cx::Verdict, http::CallFailure, sim::World};

/// Every kind of store, as more of the section `storage`.
const STORES: [&str; 5] = [
    r#", "dialect": "s3""#,
    r#", "dialect": "s3", "layout": "athens_flat", "key_prefix": "go""#,
    "",
    r#", "listing": "propfind", "layout": "athens", "key_prefix": "go/mod""#,
    r#", "layout": "athens_flat""#,
];

fn config(storage: &str, more: &str) -> String {
    CONFIG.replace("modules\"", &format!("modules\"{storage}")).replacen('{', &format!("{{{more}"), 1)
}

/// A gateway before a storage that has all files of these versions, and what gateways keep for themselves.
fn world(storage: &str, more: &str, versions: &[&str]) -> World {
    let mut world = World::new(2, &config(storage, more));
    world.cluster("storage").latency = 1;
    for version in versions {
        for kind in ["info", "mod", "zip"] {
            put(&mut world, storage, version, kind);
        }
    }
    put(&mut world, storage, "example.com/half@v1.0.0", "info");
    put(&mut world, storage, "example.com/half@v1.0.0", "mod");
    for key in [
        "aside/example.com/m/v1.0.0.json",
        "served/00.txt",
        "clock/sum.golang.org",
        "sumdb/sum.golang.org/lookup/example.com/m@v1.0.0",
    ] {
        serve(&mut world, storage, key);
    }
    world
}

fn put(world: &mut World, storage: &str, version: &str, kind: &str) {
    let (module, version) = version.split_once('@').unwrap();
    let escaped = |text: &str| {
        let escape = |c: char| {
            if c.is_ascii_uppercase() { format!("!{}", c.to_ascii_lowercase()) } else { c.to_string() }
        };
        text.chars().map(escape).collect::<String>()
    };
    let key = match storage {
        _ if storage.contains("athens_flat") => match kind {
            "info" => format!("{module}/{version}/{version}.info"),
            "mod" => format!("{module}/{version}/go.mod"),
            _ => format!("{module}/{version}/source.zip"),
        },
        _ if storage.contains("athens") => format!("{module}/@v/{version}.{kind}"),
        _ => format!("{}/@v/{}.{kind}", escaped(module), escaped(version)),
    };
    serve(world, storage, &key);
}

fn serve(world: &mut World, storage: &str, key: &str) {
    let prefix = ["go/mod", "go"].into_iter().find(|prefix| storage.contains(&format!("\"{prefix}\"")));
    let key = prefix.map_or_else(|| key.to_owned(), |prefix| format!("{prefix}/{key}"));
    let at = if storage.contains("s3") { "%40" } else { "@" };
    let path = key.replace('!', "%21").replace('+', if at == "@" { "+" } else { "%2B" }).replace('@', at);
    world.cluster("storage").serve(&format!("/modules/{path}"), "x");
}

fn json(world: &mut World, path: &str) -> Value {
    let response = world.get(0, path);
    assert_eq!(
        (response.status, header(&response, "content-type")),
        (200, "application/json"),
        "{response:?}"
    );
    assert_eq!(header(&response, "cache-control"), "no-store");
    serde_json::from_str(body(&response)).unwrap()
}

fn encoded(token: &str) -> String {
    percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// All that the pages name, and how many pages there were.
fn all(world: &mut World, page: &str) -> (Vec<String>, usize) {
    let (mut named, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        pages += 1;
        assert!(pages < 500, "no end");
        let answer = json(world, &format!("{page}&token={}", encoded(&token)));
        for entry in answer["modules"].as_array().unwrap() {
            match (&entry["module"], &entry["name"]) {
                (Value::String(module), _) => {
                    named.push(format!("{module}@{}", entry["version"].as_str().unwrap()));
                }
                (_, Value::String(module)) => {
                    let versions = entry["versions"].as_array().unwrap().iter();
                    named.extend(versions.map(|version| format!("{module}@{}", version.as_str().unwrap())));
                }
                other => panic!("{other:?}"),
            }
        }
        match answer.get("next") {
            Some(next) => token = next.as_str().unwrap().to_owned(),
            None => return (named, pages),
        }
    }
}

const VERSIONS: [&str; 12] = [
    "example.com/M@v1.0.0-RC.1",
    "example.com/m-x@v1.0.0",
    "example.com/m@v1.0.0",
    "example.com/m@v1.0.0-pre",
    "example.com/m@v1.0.0-pre.j",
    "example.com/m@v1.10.0",
    "example.com/m@v1.9.0",
    "example.com/m@v2.0.0+incompatible",
    "example.com/m/sub@v0.0.0-20240102030405-abcdefabcdef",
    "example.com/m/v2@v2.0.0",
    "example.com/m0@v1.0.0",
    "other.org/a/b/c@v1.0.0",
];

fn sorted<'a>(versions: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut versions: Vec<_> = versions.into_iter().map(str::to_owned).collect();
    versions.sort();
    versions
}

#[test]
fn scenario_pages_name_each_version_once_in_every_store_and_have_an_end() {
    for storage in STORES {
        let mut world = world(storage, r#""catalog": {},"#, &VERSIONS);
        world.cluster("storage").page = Some(4);
        for page in ["/catalog?pagesize=", "/mod/v1/mod?limit="] {
            for size in [1, 2, 5, 1000] {
                let (mut named, pages) = all(&mut world, &format!("{page}{size}"));
                named.sort();
                assert_eq!(named, sorted(VERSIONS), "{page}{size} {storage}");
                assert!(size < 1000 || pages < 8, "{pages}");
            }
        }
        assert!(world.is_idle());
        assert!(world.clusters.get("public").is_none_or(|public| public.asked.is_empty()));
    }
}

#[test]
fn scenario_a_prefix_names_its_modules_alone() {
    for storage in STORES {
        let mut world = world(storage, r#""catalog": {},"#, &VERSIONS);
        for prefix in
            ["example.com/m", "example.com/M", "example.com/m/", "other", "other.org/", "none.org/x"]
        {
            let (mut named, _) = all(&mut world, &format!("/mod/v1/mod?prefix={prefix}"));
            named.sort();
            let want =
                VERSIONS.into_iter().filter(|version| version.split('@').next().unwrap().starts_with(prefix));
            assert_eq!(named, sorted(want), "{prefix} {storage}");
        }
        for bad in ["/", "a//b", "..", "a/../b", "a@v", "%00", "%C3%A4"] {
            assert_eq!(world.get(0, &format!("/mod/v1/mod?prefix={bad}")).status, 400, "{bad}");
        }
    }
}

/// A page whose keys are all of versions that are not whole goes on behind them (Athens begins anew there).
#[test]
fn scenario_a_page_without_a_version_leads_on() {
    for storage in [STORES[0], STORES[2]] {
        let mut world = world(storage, r#""catalog": {},"#, &["zzz.org/m@v1.0.0"]);
        for number in 0..80 {
            put(&mut world, storage, &format!("a.com/m{number:02}@v1.0.0"), "mod");
        }
        world.cluster("storage").page = Some(3);
        let first = json(&mut world, "/catalog");
        assert_eq!(first["modules"].as_array().unwrap().len(), 0);
        let (named, pages) = all(&mut world, "/catalog?pagesize=10");
        assert_eq!(named, ["zzz.org/m@v1.0.0"]);
        assert!(pages > 2, "{pages}");
        let longest = if storage.is_empty() { 64 } else { 8 };
        let asked = world.clusters["storage"].asked.len();
        json(&mut world, "/catalog");
        assert_eq!(world.clusters["storage"].asked.len() - asked, longest);
    }
}

/// What a version holds no name says: it is refused once that was read, and named no more.
#[test]
fn scenario_what_is_refused_for_what_it_holds_is_not_named() {
    let policy = r#""catalog": {}, "policy": {"rules": [
        {"modules": ["*"], "license": {"any": ["GPL-*"]}, "action": "deny"}]},"#;
    let versions = ["example.com/free@v1.0.0", "example.com/gpl@v1.0.0"];
    for storage in [STORES[0], STORES[2]] {
        let mut world = world(storage, policy, &versions);
        for module in ["free", "gpl"] {
            let license = if module == "gpl" { "GPL-3.0-only" } else { "MIT" };
            let record = format!(r#"{{"license":"{license}"}}"#);
            let path = format!("/modules/license/1/example.com/{module}/v1.0.0.json");
            world.cluster("storage").serve(&path, &record);
        }
        let modules = |world: &mut World| json(world, "/catalog")["modules"].as_array().unwrap().len();
        assert_eq!(modules(&mut world), 2, "nothing was read yet");
        assert_eq!(world.get(0, "/example.com/gpl/@v/v1.0.0.zip").status, 403);
        assert_eq!(modules(&mut world), 1);
        let named = json(&mut world, "/mod/v1/mod");
        assert_eq!(named["modules"][0]["name"], "example.com/free");
    }
}

#[test]
fn scenario_what_a_caller_may_not_have_is_not_named_to_it() {
    let policy = r#""catalog": {"principals": ["user:*"]},
        "private": {"modules": ["example.com/secret"]},
        "callers": {"principals": [{"header": "x-user", "trusted": true, "prefix": "user:"}]},
        "policy": {"rules": [
            {"modules": ["example.com/evil"], "action": "deny"},
            {"modules": ["example.com/secret"], "principals": ["user:alice"], "action": "allow"},
            {"modules": ["example.com/secret"], "action": "deny"},
            {"modules": ["example.com/m"], "versions": ["v1.1.0"], "action": "deny"},
            {"modules": ["example.com/there"], "action": "redirect", "to": "https://there.test"},
            {"modules": ["example.com/young"], "action": "cooldown", "age": "7d"}]},"#;
    let versions = [
        "example.com/evil@v1.0.0",
        "example.com/m@v1.0.0",
        "example.com/m@v1.1.0",
        "example.com/secret@v1.0.0",
        "example.com/there@v1.0.0",
        "example.com/young@v1.0.0",
    ];
    for storage in [STORES[0], STORES[2]] {
        let mut world = world(storage, policy, &versions);
        let as_user = |world: &mut World, name: &str| {
            let stream = world.begin_with(0, "GET", "/catalog", &[("x-user", name)]);
            world.settle();
            world.response(stream).clone()
        };
        assert_eq!(as_user(&mut world, "").status, 403);
        let named = |response: &crate::http::Response| {
            versions
                .into_iter()
                .filter(|version| {
                    let (module, version) = version.split_once('@').unwrap();
                    body(response).contains(&format!("{{\"module\":\"{module}\",\"version\":\"{version}\"}}"))
                })
                .collect::<Vec<_>>()
        };
        let may = ["example.com/m@v1.0.0", "example.com/there@v1.0.0"];
        assert_eq!(named(&as_user(&mut world, "bob")), may);
        let alice = named(&as_user(&mut world, "alice"));
        assert_eq!(alice, ["example.com/m@v1.0.0", "example.com/secret@v1.0.0", "example.com/there@v1.0.0"]);
        // To all callers no private module is named, whatever the policy says.
        let text = config(storage, &policy.replace(r#"{"principals": ["user:*"]}"#, "{}"));
        world.replace(0, &text);
        assert_eq!(named(&as_user(&mut world, "alice")), may);
        // Its age is known once it was asked for.
        let path = if storage.is_empty() { "@v" } else { "%40v" };
        let info = r#"{"Version":"v1.0.0","Time":"2020-01-02T03:04:05Z"}"#;
        world.cluster("storage").serve(&format!("/modules/example.com/young/{path}/v1.0.0.info"), info);
        assert_eq!(world.get(0, "/example.com/young/@v/v1.0.0.info").status, 200);
        assert!(named(&as_user(&mut world, "bob")).contains(&"example.com/young@v1.0.0"));
    }
}

#[test]
fn scenario_without_the_section_there_are_no_such_pages() {
    let mut world = world("", "", &VERSIONS);
    for path in ["/catalog", "/mod/v1/mod", "/index"] {
        let stream = world.begin(0, path);
        assert!(matches!(world.verdict(stream), Verdict::Continue), "{path}");
    }
}

#[test]
fn scenario_what_is_no_question_is_refused() {
    let mut world = world("", r#""catalog": {},"#, &VERSIONS);
    for path in [
        "/catalog?pagesize=0",
        "/catalog?pagesize=-1",
        "/catalog?pagesize=x",
        "/catalog?limit=1",
        "/catalog?prefix=a",
        "/catalog?token=a",
        "/catalog?token=a*9.1",
        "/catalog?token=a%00*",
        "/catalog?token=a*&token=b*",
        "/mod/v1/mod?pagesize=1",
        "/mod/v1/mod?limit=00",
    ] {
        assert_eq!(world.get(0, path).status, 400, "{path}");
    }
    // A number is one however many digits a machine's own have.
    for many in ["100000", "4294967296", "99999999999999999999999"] {
        let page = json(&mut world, &format!("/catalog?pagesize={many}"));
        assert_eq!(page["modules"].as_array().unwrap().len(), VERSIONS.len(), "{many}");
    }
    let post = world.begin_with(0, "POST", "/catalog", &[]);
    world.settle();
    assert_eq!(world.response(post).status, 405);
}

#[test]
fn scenario_a_store_that_cannot_list_is_told_from_one_that_fails() {
    for storage in STORES {
        let mut world = world(storage, r#""catalog": {},"#, &VERSIONS);
        for (fault, status) in [(CallFailure::TimedOut, 504), (CallFailure::Unreachable, 502)] {
            world.cluster("storage").fault = Some(fault);
            assert_eq!(world.get(0, "/catalog").status, status, "{storage}");
        }
        world.cluster("storage").fault = None;
        if !storage.contains("s3") {
            for (answered, status) in [(403, 501), (404, 501), (405, 501), (500, 502), (503, 502)] {
                world.cluster("storage").answer_folders = Some(answered);
                let answer = world.get(0, "/catalog");
                assert_eq!(answer.status, status, "{answered} {storage} {answer:?}");
            }
        }
        assert!(world.is_idle());
    }
}

#[test]
fn scenario_few_pages_are_made_at_once_and_none_for_a_client_that_has_left() {
    let mut world = world("", r#""catalog": {},"#, &VERSIONS);
    world.cluster("storage").latency = 100;
    let streams: Vec<_> = (0..6).map(|_| world.begin(0, "/catalog")).collect();
    for stream in &streams[4..] {
        assert_eq!(world.response(*stream).status, 503);
    }
    world.leave(0, streams[0]);
    world.settle();
    for stream in &streams[1..4] {
        assert_eq!(world.response(*stream).status, 200);
    }
    assert!(world.is_idle() && world.worker(0).clients.is_free());
}
