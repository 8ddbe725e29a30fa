//! How many instructions the core's hot functions take, against those that are kept in `instructions.txt`.
//!
//! `make bench-core` runs each case under callgrind, prints what it took and what was kept, and fails where a case takes 3 % more, or
//! 3 % less: then the new figure is to be kept (`make bench-core KEEP=1`). Instructions are counted natively, not in the host's V8; unlike
//! times they are the same on a busy machine, so that a slow-down is seen on the day on which it comes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use modgate::config::Config;
use modgate::cx::{StreamId, Verdict};
use modgate::gomod::{ModulePath, Version};
use modgate::goproxy::{Target, accept};
use modgate::http::{RequestHead, Timestamp};
use modgate::modzip::Check;
use modgate::policy::{Caller, Policy};
use modgate::sim::{self, Log, World};
use modgate::sumdb::SignedHead;

#[allow(dead_code, reason = "each bench uses what it needs")]
#[path = "common/gate.rs"]
mod gate;
#[path = "common/rules.rs"]
mod list;

/// Each case: its name, and what prepares it and measures it.
const CASES: &[(&str, fn())] = &[
    ("a configuration", a_configuration),
    ("a configuration of 1,000 rules", a_configuration_of_rules),
    ("a decision over 10,000 rules", a_decision),
    ("8 decisions in a gate in use", eight_decisions),
    ("a hit answered a moment ago", a_hot_hit),
    ("a hit in the index", || a_hit(&[])),
    ("a hit in the index, 304", || a_hit(&[("if-none-match", "*")])),
    ("a list of 2,000 versions", a_list),
    ("a path of a module", a_path),
    ("a request that is not ours", a_foreign_request),
    ("a signed tree head", a_signed_head),
    ("a zip of 1 MB, read along", a_zip),
];

/// How often a case does what is small.
const TIMES: usize = 100;

fn main() -> ExitCode {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    match named.and_then(|name| CASES.iter().find(|(case, _)| *case == name)) {
        Some((_, case)) => case(),
        None => return compare(),
    }
    ExitCode::SUCCESS
}

/// Callgrind counts what is done in here.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn a_configuration() {
    let text = r#"{"upstreams": [{"cluster": "golang", "url": "https://proxy.golang.org"}],
        "storage": {"cluster": "store", "url": "http://store.internal/go"},
        "policy": {"rules": [{"name": "evil", "modules": ["github.com/evil/*"], "action": "deny"}]}}"#;
    measured(|| (0..TIMES).for_each(|_| drop(black_box(Config::parse(text).unwrap()))));
}

/// As a worker reads it, with the tree of its rules.
fn a_configuration_of_rules() {
    let rules: Vec<String> = (0..1_000)
        .map(|n| {
            let rest = r#""action": "deny", "reason": "Nobody looks after it.""#;
            match n % 4 {
                0 => format!(r#"{{"modules": ["github.com/owner{n}/*"], {rest}}}"#),
                1 => format!(r#"{{"name": "rule-{n}", "exact": ["github.com/owner{}/module{n}"], {rest}}}"#, n % 70),
                2 => format!(r#"{{"modules": ["*.team{n}.example.com/*/internal"], "principals": ["group:team{n}"], {rest}}}"#),
                _ => format!(r#"{{"modules": ["example.com/many/module{n}"], "versions": [">=v1.2.0, <v1.4.0"], {rest}}}"#),
            }
        })
        .collect();
    let text = format!(
        r#"{{"upstreams": [{{"cluster": "golang", "url": "https://proxy.golang.org"}}], "policy": {{"rules": [{}]}}}}"#,
        rules.join(",")
    );
    measured(|| {
        let config = Config::parse(&text).unwrap();
        let in_force = config.policy.in_force();
        (config, in_force)
    });
}

fn a_decision() {
    let policy = Policy::new(list::rules(), false);
    let module = ModulePath::parse("github.com/aws/aws-sdk-go-v2/service/s3").unwrap();
    let (version, caller) = (Version::parse("v1.2.3").unwrap(), Caller::default());
    measured(|| {
        for _ in 0..TIMES {
            black_box(policy.view(black_box(&module), &caller).decide(&version, None, Timestamp(0)));
        }
    });
}

/// Behind 10,000 rules, with Go's own advisories, and waivers.
fn eight_decisions() {
    let gated = gate::gated(gate::database());
    let modules = gate::MODULES.map(|(path, _)| ModulePath::parse(path).unwrap());
    let (version, caller) = (Version::parse("v1.2.3").unwrap(), Caller::default());
    measured(|| {
        for module in std::iter::repeat_n(&modules, TIMES).flatten() {
            black_box(gated.policy().view(black_box(module), &caller).decide(&version, None, Timestamp(0)));
        }
    });
}

fn path(n: usize) -> String {
    format!("/github.com/acme/library{n}/@v/v1.2.{n}.mod")
}

/// A gateway with documents in its index, and the head of a request for each.
fn warm(headers: &[(&str, &str)]) -> (World, Vec<RequestHead>) {
    let config = r#"{"upstreams": [{"cluster": "golang", "url": "https://proxy.golang.org"}], "verify": {"mode": "off"}}"#;
    let mut world = World::new(1, config);
    let go_mod = format!(
        "module github.com/acme/library\n\ngo 1.27\n{}",
        "// a line of 40 bytes, as many have them.\n".repeat(8)
    );
    let heads = (0..TIMES).map(|n| {
        world.cluster("golang").serve(&path(n), &go_mod);
        assert_eq!(world.get(0, &path(n)).status, 200);
        RequestHead {
            method: "GET".to_owned(),
            authority: "goproxy.corp.example".to_owned(),
            path: path(n),
            headers: [("user-agent", "Go-http-client/2.0"), ("accept-encoding", "gzip")]
                .iter()
                .chain(headers)
                .copied()
                .collect(),
            properties: Vec::new(),
            ends: true,
        }
    });
    let heads = heads.collect();
    (world, heads)
}

fn a_hot_hit() {
    let (mut world, heads) = warm(&[]);
    let head = &heads[0];
    let first = world.event(0, |worker, cx| worker.request_head(StreamId(1_000_000), head, cx));
    assert!(matches!(first, Verdict::Respond(_)));
    measured(|| {
        for _ in 0..TIMES {
            let verdict =
                world.unheeded(0, |worker, cx| worker.answer_again(&head.path, &|name| head.value(name), cx));
            assert!(matches!(black_box(verdict), Some(Verdict::Respond(_))));
        }
    });
}

fn a_hit(headers: &[(&str, &str)]) {
    let (mut world, heads) = warm(headers);
    // What was answered a moment ago would be answered without the index.
    world.pass(5_000);
    measured(|| {
        for (stream, head) in (1_000_000..).zip(&heads) {
            let verdict = world.unheeded(0, |worker, cx| worker.request_head(StreamId(stream), head, cx));
            assert!(matches!(black_box(verdict), Verdict::Respond(_)));
        }
    });
}

fn a_foreign_request() {
    let (mut world, _) = warm(&[]);
    let worker = world.worker(0);
    measured(|| {
        for _ in 0..TIMES {
            assert!(!black_box(worker.may_answer(black_box("/api/v1/users/4711/orders?page=2&sort=date"))));
        }
    });
}

fn a_list() {
    let Ok(Target::Document(document)) = Target::parse("github.com/acme/library/@v/list") else { panic!() };
    let list: String = (0..2_000).rev().fold(String::new(), |mut list, n| {
        writeln!(list, "v1.{}.{}", n / 40, n % 40).unwrap();
        list
    });
    measured(|| accept(&document, list.into_bytes()).unwrap());
}

fn a_path() {
    measured(|| {
        for _ in 0..TIMES {
            black_box(Target::parse(black_box(
                "github.com/!azure/azure-sdk-for-go/sdk/azcore/@v/v1.11.1.zip",
            )))
            .unwrap();
        }
    });
}

fn a_signed_head() {
    let mut log = Log::of(Vec::new());
    (0..300).for_each(|n| log.push(format!("record {n}\n")));
    let (text, key) = (log.head(log.size()), sim::key());
    measured(|| SignedHead::open(text.as_bytes(), &key).unwrap());
}

fn a_zip() {
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    // Not to be compressed: bits of a generator, so that the zip is as large as what it has.
    let mut state = 1_u32;
    let mut noise = |bytes: usize| {
        let next = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        next.take(bytes).collect::<Vec<u8>>()
    };
    let files: Vec<(String, Vec<u8>)> = (0..40).map(|n| (format!("file{n}.go"), noise(25_000))).collect();
    let mut files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    files.push(("go.mod", b"module example.com/m\n".to_vec()));
    let zip = sim::zip("example.com/m@v1.0.0/", &files);
    measured(|| {
        let mut check = Check::new(&module, &version);
        for piece in zip.chunks(16 << 10) {
            let mut rest = piece;
            while !rest.is_empty() || check.has_more_work() {
                let taken = check.push(rest, 1 << 20).unwrap();
                rest = &rest[taken..];
            }
        }
        check.finish().unwrap()
    });
}

/// Runs every case under callgrind, and compares.
fn compare() -> ExitCode {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
    let before: BTreeMap<String, u64> =
        std::fs::read_to_string(kept).unwrap_or_default().lines().filter_map(read).collect();
    let now: BTreeMap<&str, u64> = CASES.iter().map(|(case, _)| (*case, count(case))).collect();
    let mut differs = false;
    println!("{:<32} {:>14} {:>14} {:>8}", "instructions of", "kept", "now", "");
    for (case, now) in &now {
        let before = before.get(*case).copied();
        let share = before.map(|before| 100.0 * (*now as f64 / before as f64 - 1.0));
        let is_other = share.is_none_or(|share| share.abs() > 3.0);
        differs |= is_other;
        let before = before.map_or_else(|| "-".to_owned(), |before| before.to_string());
        let share = share.map_or_else(|| "new".to_owned(), |share| format!("{share:+.1} %"));
        println!("{case:<32} {before:>14} {now:>14} {share:>8}{}", if is_other { "  <-" } else { "" });
    }
    if std::env::var_os("KEEP").is_some() {
        let text: String = now.iter().map(|(case, now)| format!("{now:>12}  {case}\n")).collect();
        std::fs::write(kept, text).unwrap();
        println!("kept in {kept}");
        return ExitCode::SUCCESS;
    }
    if differs {
        println!(
            "\nMore than 3 % lie between: mend what became slower, or keep the new figures with `make bench-core KEEP=1` and say why."
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn read(line: &str) -> Option<(String, u64)> {
    let (now, case) = line.trim().split_once("  ")?;
    Some((case.to_owned(), now.parse().ok()?))
}

/// The instructions of a case, by callgrind.
fn count(case: &str) -> u64 {
    let valgrind =
        std::env::var("MODGATE_VALGRIND").expect("MODGATE_VALGRIND names valgrind: run `make bench-core`");
    let ran = Command::new(valgrind)
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
            "--toggle-collect=core::measured*",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(case)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{case}: {said}");
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).unwrap_or_else(|| panic!("{said}")).1;
    collected.trim().parse().unwrap()
}
