//! Who may have which module version: what the policy says holds on every route, and the go command shows why.

mod athens;
mod cooldown;
mod explain;
mod gate;
mod later;
mod licenses;
mod many;
mod monitored;
mod names;
mod offline;
mod on_miss;
mod private;
mod redirect;
mod rules;
mod versions;

use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::go::{Go, Run};
use modgate_wasm_tests::http::Response;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tree::escape;
use serde_json::{Value, json};

/// A gateway with these rules, an upstream that does what it is told, and an empty store.
fn ruled(workers: u32, rules: &Value) -> Stack {
    with(workers, &json!({"policy": {"rules": rules}}))
}

fn with(workers: u32, patch: &Value) -> Stack {
    Stack::with(patch, |builder| builder.concurrency(workers))
}

/// A go command that asks this gateway and nobody else.
fn go(stack: &Stack) -> Go {
    Go::new(&stack.envoy.url())
}

/// Versions of one module.
fn versions(module: &str, versions: &[&str]) -> Vec<Module> {
    versions.iter().map(|version| Module::new(module, version)).collect()
}

/// How often a server was asked for anything of a module, and of what is below it.
fn asked_about(server: &Faulty, module: &str) -> usize {
    let below = format!("/{}/", escape(module));
    server.requests().iter().filter(|seen| seen.target.replace("%21", "!").starts_with(&below)).count()
}

/// The files that a version consists of.
const FILES: [&str; 3] = ["info", "mod", "zip"];

/// A refusal must be one that the go command shows to a person, that no cache keeps, and that says all of this.
#[track_caller]
fn assert_refused(answer: &Response, says: &[&str]) {
    let text = answer.text();
    assert_eq!(answer.status, 403, "{text}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{text}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{text}");
    assert!(text.lines().count() <= 8 && text.len() <= 648, "{text}");
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    for part in says {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

/// It must have failed, and have shown all of this.
#[track_caller]
fn assert_go_shows(run: &Run, says: &[&str]) {
    // With -json, a text within a text: its quotes are escaped.
    let said = format!("{}{}", run.stdout, run.stderr).replace("\\\"", "\"");
    assert!(!run.ok(), "{said}");
    for part in ["403 Forbidden"].iter().chain(says) {
        assert!(said.contains(part), "{part:?} in {said}");
    }
}
