//! What follows from rules in their order.

use std::time::Duration;

use super::{Decision, View};
use crate::http::Timestamp;
use crate::policy::tests::{module, rule, version};
use crate::policy::{Action, Caller, Policy, Rule};

const DAY: Duration = Duration::from_secs(86_400);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn allow() -> Rule {
    rule(["*"], Action::Allow)
}

fn deny() -> Rule {
    rule(["*"], Action::Deny)
}

fn cooldown() -> Rule {
    rule(["*"], Action::Cooldown(7 * DAY))
}

fn redirect() -> Rule {
    rule(["*"], Action::Redirect(Some("https://proxy.example.com".to_owned())))
}

/// The rules, each with its place, and what is decided where none of them does.
fn policy(rules: Vec<Rule>, deny_by_default: bool) -> Policy {
    let placed = rules.into_iter().enumerate().map(|(at, rule)| Rule { place: at.to_string(), ..rule });
    Policy::new(placed.collect(), deny_by_default)
}

fn caller(names: &[&str]) -> Caller {
    Caller::new(names.iter().map(|name| (*name).to_owned()))
}

/// A decision as a word and the place of its rule.
fn said(decision: Decision<'_>) -> String {
    let place = |rule: Option<&Rule>| rule.map_or("default", |rule| &rule.place).to_owned();
    match decision {
        Decision::Allowed(rule) => format!("allowed by {}", place(rule)),
        Decision::Denied(rule) => format!("denied by {}", place(rule)),
        Decision::Malicious(malice) => format!("malicious by {}", malice.id()),
        Decision::Redirected(rule, to) => {
            format!("redirected by {} to {}", rule.place, to.unwrap_or("upstream"))
        }
        Decision::TooYoung(rule, until) => format!("too young by {} for {:?}", rule.place, until.since(NOW)),
        Decision::NeedsDate(rule) => format!("undated by {}", rule.place),
    }
}

/// What is decided of v1.2.3, published as many days ago, if that is known.
fn decided(policy: &Policy, caller: &Caller, days: Option<u32>) -> String {
    let published = days.map(|days| Timestamp(NOW.0 - 86_400_000 * u64::from(days)));
    said(policy.view(&module("a.b/c"), caller).decide(&version("v1.2.3"), published, NOW))
}

#[test]
fn the_first_rule_that_applies_decides() {
    let nobody = Caller::default();
    let young = "too young by 0 for 518400s";
    for (rules, days, want, why) in [
        (vec![], None, "allowed by default", "no rule"),
        (vec![deny(), allow()], None, "denied by 0", "the first"),
        (vec![allow().having(&["v1.2.3"]), deny()], None, "allowed by 0", "an exception before its rule"),
        (vec![deny(), allow().having(&["v1.2.3"])], None, "denied by 0", "one after it is none"),
        (vec![allow().having(&["v1.2.4"]), deny()], None, "denied by 1", "for another version"),
        (vec![deny().told(&["bob"]), allow()], None, "allowed by 1", "for another caller"),
        (vec![rule(["a.b/d"], Action::Deny)], None, "allowed by default", "for another module"),
        (vec![redirect(), deny()], None, "redirected by 0 to https://proxy.example.com", "elsewhere"),
        (vec![rule(["*"], Action::Redirect(None))], None, "redirected by 0 to upstream", "wherever that is"),
        (vec![cooldown(), allow()], Some(1), young, "for now"),
        (vec![cooldown(), deny()], Some(1), "denied by 1", "there is nothing to wait for"),
        (vec![cooldown(), deny()], None, "denied by 1", "nor anything to find out"),
        (vec![cooldown(), deny().having(&["v1.2.4"])], Some(1), young, "another version is denied"),
        (vec![cooldown(), redirect()], Some(1), young, "nor is it sent away meanwhile"),
        (vec![cooldown(), deny()], Some(8), "denied by 1", "old enough is no permission"),
        (vec![cooldown(), allow()], Some(8), "allowed by 1", "passed over"),
        (vec![cooldown()], Some(8), "allowed by default", "passed over to the end"),
        (vec![cooldown()], Some(7), "allowed by default", "that old to the millisecond"),
        (vec![cooldown(), allow()], None, "undated by 0", "nobody knows its age"),
        (vec![allow().having(&["~v1.2"]), cooldown()], Some(1), "allowed by 0", "an exception to the age"),
        (vec![cooldown().having(&["v2"]), deny()], None, "denied by 1", "the age of others is nothing to it"),
        (
            vec![rule(["*"], Action::Cooldown(2 * DAY)), cooldown()],
            Some(3),
            "too young by 1 for 345600s",
            "two ages",
        ),
        (
            vec![rule(["*"], Action::Cooldown(2 * DAY)), cooldown()],
            Some(1),
            "too young by 1 for 518400s",
            "the one that ends last",
        ),
    ] {
        assert_eq!(decided(&policy(rules, false), &nobody, days), want, "{why}");
    }
    assert_eq!(decided(&policy(vec![cooldown()], true), &nobody, Some(8)), "denied by default");
    assert_eq!(decided(&policy(vec![cooldown()], true), &nobody, None), "denied by default");
    assert_eq!(decided(&policy(vec![], true), &nobody, None), "denied by default");
    // Whose date is from the future is as old as it will be then.
    let ahead = policy(vec![cooldown()], false);
    let view = ahead.view(&module("a.b/c"), &nobody);
    assert_eq!(
        said(view.decide(&version("v1.2.3"), Some(NOW.after(DAY)), NOW)),
        "too young by 0 for 691200s"
    );
}

/// What is decided of v1.2.3 a day after it was published, and what would be if all were enforced.
#[test]
fn what_is_not_enforced_is_passed_over_and_seen() {
    let young = "too young by 0 for 518400s";
    for (rules, want, would, why) in [
        (vec![deny().watched()], "allowed by default", "denied by 0", "no other rule"),
        (vec![deny().watched(), deny()], "denied by 1", "denied by 0", "the next denies"),
        (vec![allow(), deny().watched()], "allowed by 0", "allowed by 0", "it is not reached"),
        (vec![cooldown().watched(), allow()], "allowed by 1", young, "for now"),
        (vec![cooldown().watched(), deny()], "denied by 1", "denied by 1", "nothing to wait for"),
        (vec![cooldown(), deny().watched()], young, "denied by 1", "for good"),
        (vec![allow().watched(), deny()], "denied by 1", "allowed by 0", "no exception yet"),
        (vec![allow().watched(), deny().watched()], "allowed by default", "allowed by 0", "of what is none"),
        (vec![deny().watched().having(&["v2"]), deny()], "denied by 1", "denied by 1", "another version"),
    ] {
        let policy = policy(rules, false);
        let view = policy.view(&module("a.b/c"), &Caller::default());
        let published = Some(Timestamp(NOW.0 - 86_400_000));
        let [is, would_be] =
            [&view, view.shadow().unwrap()].map(|view| said(view.decide(&version("v1.2.3"), published, NOW)));
        assert_eq!((is.as_str(), would_be.as_str()), (want, would), "{why}");
    }
    // Of a policy that is monitored the default is no more enforced than its rules.
    let all = policy(vec![deny().having(&["v2"]), allow().told(&["bob"])], true).monitored(true);
    let view = all.view(&module("a.b/c"), &Caller::default());
    assert_eq!(view.whole().map(said).as_deref(), Some("allowed by default"));
    assert_eq!(view.shadow().and_then(View::whole).map(said).as_deref(), Some("denied by default"));
    assert_eq!((view.is_personal(), view.shadow().unwrap().is_personal()), (false, true));
    assert!(
        all.is_open()
            && all.monitors()
            && policy(vec![deny()], false).view(&module("a.b/c"), &Caller::default()).shadow().is_none()
    );
}

/// What holds for all versions, and whether there are two sorts of them.
#[test]
fn the_whole_is_decided_where_all_agree() {
    let nobody = Caller::default();
    for (rules, deny_by_default, want, why) in [
        (vec![], false, Some("allowed by default"), "no rule"),
        (vec![], true, Some("denied by default"), "nor one that allows"),
        (vec![deny()], false, Some("denied by 0"), "all versions"),
        (vec![deny(), allow()], false, Some("denied by 0"), "what comes after it is not looked at"),
        (vec![allow().having(&["v1.2.3"]), deny()], false, None, "all but one"),
        (vec![allow().having(&["v1.2.3"]), allow()], false, Some("allowed by 1"), "one, and all others"),
        (
            vec![allow().having(&["v1.2.3"])],
            false,
            Some("allowed by default"),
            "one, and all others by default",
        ),
        (vec![allow().having(&["v1.2.3"])], true, None, "one, and no other"),
        (vec![deny().having(&["v1.2.3"])], false, None, "all but one that is denied"),
        (vec![deny().having(&["v1.2.3"])], true, Some("denied by default"), "none, and one of them twice"),
        (vec![cooldown()], false, None, "the old ones"),
        (vec![cooldown()], true, Some("denied by default"), "the young ones too soon, the old ones anyway"),
        (vec![cooldown(), deny()], false, Some("denied by 1"), "likewise"),
        (vec![cooldown(), allow()], true, None, "the old ones"),
        (vec![cooldown().having(&["v1.2.3"]), deny()], false, Some("denied by 1"), "all, the one anyway"),
        (
            vec![redirect(), deny()],
            false,
            Some("redirected by 0 to https://proxy.example.com"),
            "all of them elsewhere",
        ),
        (vec![deny().having(&["v1.2.3"]), redirect()], false, None, "all but one elsewhere"),
        (vec![redirect().having(&["v1.2.3"]), deny()], false, None, "one elsewhere"),
        (vec![redirect().having(&["v1.2.3"])], false, None, "one elsewhere, the others here"),
        (vec![deny().told(&["bob"])], false, Some("allowed by default"), "another caller's rule"),
        (vec![rule(["a.b/d"], Action::Deny)], false, Some("allowed by default"), "another module's"),
    ] {
        let policy = policy(rules, deny_by_default);
        let view = policy.view(&module("a.b/c"), &nobody);
        assert_eq!(view.whole().map(said).as_deref(), want, "{why}");
        assert_eq!(view.is_mixed(), want.is_none(), "{why}");
    }
}

#[test]
fn a_view_is_personal_where_a_name_could_change_it() {
    let team = || allow().told(&["team:*"]);
    for (rules, names, personal, whole, why) in [
        (vec![deny()], &[][..], false, Some("denied by 0"), "no rule names anybody"),
        (vec![team(), deny()], &[], true, Some("denied by 1"), "others may have it"),
        (vec![team(), deny()], &["team:a"], true, Some("allowed by 0"), "others may not"),
        (vec![team(), deny()], &["eve"], true, Some("denied by 1"), "a name, and the wrong one"),
        (vec![team(), deny()], &["eve", "team:b"], true, Some("allowed by 0"), "one name of two"),
        (vec![deny(), team()], &[], false, Some("denied by 0"), "nobody comes as far as the rule with names"),
        (vec![team().having(&["v2"]), deny()], &["team:a"], true, None, "one version for some"),
        (vec![deny().told(&["@anonymous"]), allow()], &[], true, Some("denied by 0"), "whoever says nothing"),
        (
            vec![deny().told(&["@anonymous"]), allow()],
            &["eve"],
            true,
            Some("allowed by 1"),
            "whoever says a name",
        ),
        (vec![allow().told(&["@authenticated"]), deny()], &["eve"], true, Some("allowed by 0"), "any name"),
        (
            vec![allow().told(&["@authenticated"]), deny()],
            &[""],
            true,
            Some("denied by 1"),
            "an empty name is none",
        ),
        (
            vec![rule(["a.b/d"], Action::Deny).told(&["eve"]), allow()],
            &["eve"],
            false,
            Some("allowed by 1"),
            "a rule with names for another module",
        ),
    ] {
        let policy = policy(rules, false);
        let view = policy.view(&module("a.b/c"), &caller(names));
        assert_eq!(view.is_personal(), personal, "{why}");
        assert_eq!(view.whole().map(said).as_deref(), whole, "{why}");
    }
}

/// What can apply ends with what always does: of ten thousand rules for all modules, one is looked at.
#[test]
fn rules_end_with_the_one_that_decides_anyway() {
    let rules: Vec<Rule> = [allow().having(&["v2"]), deny().told(&["bob"]), cooldown(), deny()]
        .into_iter()
        .chain((0..10_000).map(|_| allow().told(&["eve"])))
        .collect();
    let policy = policy(rules, false);
    let view = policy.view(&module("a.b/c"), &Caller::default());
    let places: Vec<&str> = view.rules().iter().map(|rule| rule.place.as_str()).collect();
    assert_eq!(places, ["0", "2", "3"]);
    assert!(view.is_personal(), "for bob's rule");
}

/// Whatever the rules: what holds for the whole holds for each of its versions, published whenever.
#[test]
fn the_whole_agrees_with_its_versions() {
    let kinds = [
        || allow().having(&["v1.2.3"]),
        || deny().having(&["v1.2.3", "v2"]),
        || cooldown().having(&["v1.2.3"]),
        || redirect().having(&["v1.2.3"]),
        allow,
        deny,
        cooldown,
        redirect,
    ];
    let mut decided = 0;
    for (first, second, third) in (0..512).map(|n| (n % 8, n / 8 % 8, n / 64)) {
        for deny_by_default in [false, true] {
            let policy = policy(vec![kinds[first](), kinds[second](), kinds[third]()], deny_by_default);
            let view = policy.view(&module("a.b/c"), &Caller::default());
            let Some(whole) = view.whole() else { continue };
            decided += 1;
            for (text, days) in [("v1.2.3", 1), ("v1.2.3", 9), ("v3.0.0", 1), ("v3.0.0", 9), ("v2.0.0", 9)] {
                let published = Timestamp(NOW.0 - 86_400_000 * days);
                let one = view.decide(&version(text), Some(published), NOW);
                let agrees = matches!(
                    (whole, one),
                    (Decision::Allowed(_), Decision::Allowed(_))
                        | (Decision::Denied(_), Decision::Denied(_) | Decision::TooYoung(..))
                        | (Decision::Redirected(..), Decision::Redirected(..))
                );
                assert!(agrees, "{first} {second} {third}: {} but {}", said(whole), said(one));
            }
        }
    }
    assert!(decided > 300, "{decided} decided as a whole");
}
