//! A decision over 10,000 rules by the tree, against the same decision by asking each of the rules.
//!
//! `make bench-policy`. The rules are as an organisation has them, and the modules as builds ask for them: most are named by
//! no rule. Both sides are first held against each other.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench"
)]

use std::hint::black_box;
use std::time::Instant;

use modgate::gomod::{ModulePath, Version};
use modgate::http::Timestamp;
use modgate::policy::{Action, Caller, Decision, Policy, Rule};

#[path = "common/gate.rs"]
mod gate;
#[path = "common/rules.rs"]
mod list;

use list::rules;

/// How often each is measured.
const ROUNDS: usize = 200;

fn by_tree(policy: &Policy, module: &ModulePath, version: &Version) -> bool {
    let view = policy.view(module, &Caller::default());
    matches!(view.decide(version, None, Timestamp(0)), Decision::Allowed(_))
}

fn by_asking(rules: &[Rule], module: &ModulePath, version: &Version) -> bool {
    let caller = Caller::default();
    let applies = |rule: &&Rule| rule.names(module) && rule.is_for(&caller) && rule.has(version);
    rules.iter().find(applies).is_none_or(|rule| rule.action == Action::Allow)
}

fn main() {
    let all = rules();
    let policy = Policy::new(all.clone(), false);
    let version = Version::parse("v1.2.3").unwrap();
    let modules = gate::MODULES.map(|(path, is_allowed)| (ModulePath::parse(path).unwrap(), is_allowed));
    for (module, is_allowed) in &modules {
        assert_eq!(by_tree(&policy, module, &version), *is_allowed, "{module}");
        assert_eq!(by_asking(&all, module, &version), *is_allowed, "{module}");
    }
    measure(
        "8 decisions over 10,000 rules, by the tree",
        || (),
        |()| modules.iter().filter(|(module, _)| by_tree(&policy, black_box(module), &version)).count(),
    );
    measure(
        "8 decisions over 10,000 rules, by asking each",
        || (),
        |()| modules.iter().filter(|(module, _)| by_asking(&all, black_box(module), &version)).count(),
    );
    let paths = gate::MODULES.map(|(path, _)| path);
    for (of, advisories) in [
        ("Go's whole database", gate::database()),
        ("as much, about each of the eight", gate::advisories(&paths)),
    ] {
        let gated = gate::gated(advisories);
        let policy = gated.policy();
        for (module, is_allowed) in &modules {
            // An advisory may be about one that no rule names.
            assert!(*is_allowed || !by_tree(policy, module, &version), "{module}");
        }
        measure(
            &format!("8 decisions over 10,000 rules, {of}, and 1,000 waivers"),
            || (),
            |()| modules.iter().filter(|(module, _)| by_tree(policy, black_box(module), &version)).count(),
        );
    }
    measure("building the tree of 10,000 rules", rules, |rules| Policy::new(rules, false));
}

/// Prints what `work` takes, without what it is given and what it leaves.
fn measure<I, O>(what: &str, mut given: impl FnMut() -> I, mut work: impl FnMut(I) -> O) {
    let mut once = || {
        let given = given();
        let begun = Instant::now();
        let left = black_box(work(given));
        let took = begun.elapsed();
        drop(left);
        took
    };
    let mut took: Vec<_> = (0..ROUNDS).map(|_| once()).collect();
    took.sort();
    println!(
        "{what}: {:?}, half of them within {:?} and {:?}",
        took[ROUNDS / 2],
        took[ROUNDS / 4],
        took[ROUNDS * 3 / 4]
    );
}
