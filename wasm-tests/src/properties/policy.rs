//! Rules, from a bundle or an Athens filter file: whatever they say, the tree they are compiled to finds what asking each of them
//! would find, with the rules that are not enforced and without them.
//!
//! Input: a line with a module path, a version and the name of a caller, blanks between; then the bundle (JSON), or else the filter
//! file.

use modgate::config::Bundle;
use modgate::gomod::{ModulePath, TOOLCHAIN, Version, toolchain_version};
use modgate::http::Timestamp;
use modgate::policy::{Action, Caller, Decision, Policy, Rule, View, athens};

/// No bytes panic; a decision is that of the first rule that applies, and a refusal is one that the go command shows.
pub fn check(input: &[u8]) {
    let (line, rest) = super::first_line(input);
    let text = String::from_utf8_lossy(rest);
    let rules = match Bundle::parse(&text) {
        Ok(bundle) => bundle.rules.rules().to_vec(),
        Err(problems) => {
            assert!(problems.iter().count() > 0);
            match athens::read(&text) {
                Ok(filter) => filter.rules,
                Err(faults) => {
                    assert!(!faults.is_empty());
                    assert!(faults.iter().all(|fault| !fault.to_string().contains('\n')), "{faults:?}");
                    return;
                }
            }
        }
    };
    let words: Vec<&str> = line.split(' ').collect();
    let [module, version, name] = words[..] else { return };
    let (Ok(module), Ok(version)) = (ModulePath::parse(module), Version::parse(version)) else { return };
    for caller in [Caller::default(), Caller::new([name.to_owned()])] {
        decides_in_order(&rules, &module, &version, &caller);
    }
}

fn decides_in_order(rules: &[Rule], module: &ModulePath, version: &Version, caller: &Caller) {
    let policy = Policy::new(rules.to_vec(), false);
    let view = policy.view(module, caller);
    let enforced: Vec<_> = rules.iter().filter(|rule| rule.enforced).collect();
    view_decides_in_order(&view, &enforced, module, version, caller);
    assert_eq!(view.shadow().is_some(), enforced.len() < rules.len());
    if let Some(shadow) = view.shadow() {
        view_decides_in_order(shadow, &rules.iter().collect::<Vec<_>>(), module, version, caller);
    }
}

fn view_decides_in_order(
    view: &View<'_>,
    rules: &[&Rule],
    module: &ModulePath,
    version: &Version,
    caller: &Caller,
) {
    let rules = || rules.iter().copied();
    for published in [None, Some(Timestamp(0)), Some(NOW)] {
        let decision = view.decide(version, published, NOW);
        let applies = |rule: &&Rule| {
            let is_old_go = |before: &Version| {
                let go = toolchain_version(version);
                module.as_str() == TOOLCHAIN && go.is_none_or(|go| go.precedence(before).is_lt())
            };
            rule.names(module)
                && rule.is_for(caller)
                && rule.has(version)
                // There are no advisories here.
                && rule.advised.is_none()
                && rule.go_before.as_ref().is_none_or(is_old_go)
        };
        let age = |rule: &Rule| if let Action::Cooldown(age) = &rule.action { Some(*age) } else { None };
        let last = rules().filter(applies).find(|rule| age(rule).is_none());
        let before = rules().take_while(|rule| Some(*rule) != last).filter(applies);
        let too_young = before.filter(|rule| match (age(rule), published) {
            (Some(age), Some(published)) => NOW < published.after(age),
            (age, _) => age.is_some(),
        });
        let too_young: Vec<_> = too_young.collect();
        // Of those that end last the first, unless it does not matter when they end.
        let for_now = match published {
            Some(_) => too_young.into_iter().rev().max_by_key(|rule| age(rule)),
            None => too_young.into_iter().next(),
        };
        let expected = match last {
            Some(last) if last.action == Action::Deny => Some(last),
            last => for_now.or(last),
        };
        assert_eq!(decision.rule(), expected, "{decision:?}");
        if let Some(reason) = view.reason((module, Some(version)), &decision, None, caller, NOW) {
            assert!(reason.lines().count() <= 8 && reason.len() < 648, "{reason:?}");
            assert!(!reason.chars().any(|c| c.is_control() && c != '\n'), "{reason:?}");
        }
        // What is so for all versions is so for this one.
        if let Some(whole) = view.whole() {
            let may_be_had = |decision: &Decision<'_>| matches!(decision, Decision::Allowed(_));
            assert_eq!(may_be_had(&whole), may_be_had(&decision), "{whole:?} {decision:?}");
        }
    }
}

/// In the year 2026: longer after 1970 than any cool-down lasts.
const NOW: Timestamp = Timestamp(1_780_000_000_000);
