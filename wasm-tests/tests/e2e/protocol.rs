//! What the gateway says on the wire, header by header, to clients that ask well, badly, and for something else.

mod documents;
mod errors;
mod foreign;
mod identity;
mod pages;
mod paths;
mod zips;

use std::collections::BTreeMap;

use modgate_wasm_tests::envoy::Builder;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{self, Stack};
use modgate_wasm_tests::http::{self, Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::sumdb::Sumdb;
use serde_json::json;
use tempfile::TempDir;

/// A gateway with a module and a checksum database behind it, which proves nothing but the database itself.
struct Site {
    stack: Stack,
    /// Who asks the database.
    sumdb: Faulty,
    /// What the database says, path by path.
    said: BTreeMap<&'static str, Vec<u8>>,
    _database: (Sumdb, TempDir),
}

/// One kind of document, as [`Site`] has it.
struct Kind {
    path: &'static str,
    content_type: &'static str,
    cache_control: &'static str,
    /// Nothing where the checksum database says it.
    body: &'static str,
}

impl Kind {
    /// Whether it is a document that was fetched; the others are the gateway's own word.
    fn is_fetched(&self) -> bool {
        self.cache_control != "no-store"
    }
}

const IMMUTABLE: &str = "max-age=86400, immutable";
const MUTABLE: &str = "max-age=60";
const NEGATIVE: &str = "max-age=30";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

const LIST: &str = "/example.com/!capital/m/@v/list";
const INFO: &str = "/example.com/!capital/m/@v/v1.2.3.info";
const ZIP: &str = "/example.com/!capital/m/@v/v1.2.3.zip";

/// Every kind of small document.
const KINDS: [Kind; 11] = [
    Kind { path: LIST, content_type: TEXT, cache_control: MUTABLE, body: "v1.2.3\n" },
    Kind {
        path: "/example.com/!capital/m/@latest",
        content_type: JSON,
        cache_control: MUTABLE,
        body: r#"{"Version":"v1.2.3","Time":"2024-01-02T03:04:05Z"}"#,
    },
    Kind {
        path: INFO,
        content_type: JSON,
        cache_control: IMMUTABLE,
        body: r#"{"Version":"v1.2.3","Time":"2024-01-02T03:04:05Z"}"#,
    },
    Kind {
        path: "/example.com/!capital/m/@v/v1.2.3.mod",
        content_type: TEXT,
        cache_control: IMMUTABLE,
        body: "module example.com/Capital/m\n\ngo 1.21\n",
    },
    Kind {
        path: "/example.com/!capital/m/@v/main.info",
        content_type: JSON,
        cache_control: MUTABLE,
        body: r#"{"Version":"v1.2.4-0.20240102030405-abcdefabcdef"}"#,
    },
    Kind { path: "/example.com/tagless/@v/list", content_type: TEXT, cache_control: MUTABLE, body: "" },
    Kind { path: "/sumdb/sum.test/supported", content_type: TEXT, cache_control: "no-store", body: "" },
    // In this order each is proven by those before it.
    Kind { path: "/sumdb/sum.test/latest", content_type: TEXT, cache_control: MUTABLE, body: "" },
    Kind {
        path: "/sumdb/sum.test/tile/8/0/000.p/2",
        content_type: "application/octet-stream",
        cache_control: IMMUTABLE,
        body: "",
    },
    Kind {
        path: "/sumdb/sum.test/tile/8/data/000.p/2",
        content_type: "application/octet-stream",
        cache_control: IMMUTABLE,
        body: "",
    },
    Kind {
        path: "/sumdb/sum.test/lookup/example.com/!capital/m@v1.2.3",
        content_type: TEXT,
        cache_control: IMMUTABLE,
        body: "",
    },
];

/// A gateway that hands on paths as clients sent them: the filter has to do by itself what the shipped one does before it.
fn as_sent(builder: Builder) -> Builder {
    builder.edit(|bootstrap| {
        let hcm = bootstrap.hcm();
        hcm["normalize_path"] = json!(false);
        hcm["merge_slashes"] = json!(false);
        hcm["path_with_escaped_slashes_action"] = json!("KEEP_UNCHANGED");
    })
}

/// The module behind every [`Site`].
fn module() -> Module {
    Module::new("example.com/Capital/m", "v1.2.3")
}

impl Site {
    fn start(workers: u32) -> Self {
        Self::with(workers, |builder| builder)
    }

    fn with(workers: u32, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let tree = tempfile::tempdir().unwrap();
        module().write_to(tree.path());
        let database = Sumdb::of(tree.path());
        let sumdb = fixture::relay(database.addr());
        let served = json!({
            "name": Sumdb::NAME, "key": database.key(), "cluster": "sum_golang_org", "url": "https://sum.test",
        });
        // Not every file of these tests is a module's.
        let plugin = json!({"sumdb": [served], "verify": {"mode": "off"}});
        let stack = Stack::with(&plugin, |builder| {
            edit(builder.cluster("sum_golang_org", sumdb.addr()).concurrency(workers))
        });
        stack.upstream.serve(&module());
        let mut said = BTreeMap::new();
        // The last first: the database has a record of what it was asked for, and its head is a later one then.
        for kind in KINDS.iter().rev() {
            match kind.path.strip_prefix("/sumdb/sum.test") {
                Some("/supported") => {}
                Some(path) => {
                    let _ = said.insert(kind.path, http::get(database.addr(), path).body);
                }
                None => stack.upstream.on(kind.path, Reply::ok(kind.body)),
            }
        }
        Self { stack, sumdb, said, _database: (database, tree) }
    }

    /// What is to be answered.
    fn body(&self, kind: &Kind) -> &[u8] {
        self.said.get(kind.path).map_or(kind.body.as_bytes(), Vec::as_slice)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Response {
        self.stack.get(path)
    }

    #[track_caller]
    fn send(&self, request: &Request) -> Response {
        self.stack.envoy.send(request)
    }

    /// How many requests its upstream and its checksum database have seen.
    fn asked(&self) -> usize {
        self.stack.upstream.requests().len() + self.sumdb.requests().len()
    }
}

/// The headers without what two right answers may differ in: the date, where it came from, and how old it is.
fn comparable(response: &Response) -> Vec<(String, String)> {
    let mut headers = response.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-modgate-cache"));
    for (name, value) in &mut headers {
        if name == "cache-control" && !value.ends_with("immutable") {
            value.retain(|letter| !letter.is_ascii_digit());
        }
    }
    headers.sort();
    headers
}

/// How long caches may keep it: as long as said, less the time it took the test to ask.
#[track_caller]
fn assert_kept(answer: &Response, cache_control: &str) {
    let kept = answer.header("cache-control").unwrap_or_default();
    let seconds = |value: &str| value.strip_prefix("max-age=").and_then(|left| left.parse().ok());
    let as_said: bool = match (seconds(kept), seconds(cache_control)) {
        (Some(left), Some(whole)) => (1..=whole).contains::<u32>(&left),
        _ => kept == cache_control,
    };
    assert!(as_said, "{cache_control} in {answer:?}");
}

/// A refusal must be one that the go command shows to a person, and that no cache keeps unless it may.
#[track_caller]
fn assert_reason(answer: &Response, status: u16, reason: &str, cache_control: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert!(text.contains(reason), "{reason:?} in {text:?}");
    assert_eq!(answer.header("content-type"), Some(TEXT), "{text}");
    assert_kept(answer, cache_control);
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()), "{text}");
    assert!(text.lines().count() <= 8 && text.len() <= 648, "{text}");
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
}
