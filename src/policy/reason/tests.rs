//! Texts as a developer reads them, and that the go command shows them whatever is in them.

use std::time::Duration;

use super::MAX_BYTES;
use crate::gomod::{ModulePath, Version, is_graphic};
use crate::http::Timestamp;
use crate::policy::tests::{module, rule, version};
use crate::policy::{Action, Caller, Decision, Policy, Rule};

/// 2026-11-23T08:00:00Z.
const NOW: Timestamp = Timestamp(1_795_420_800_000);
const DAY: Duration = Duration::from_secs(86_400);

fn cooldown() -> Action {
    Action::Cooldown(7 * DAY)
}

/// The rules, the first of which is the fourth of the configuration and called so.
fn policy(name: &str, rules: Vec<Rule>) -> Policy {
    let mut rules = rules;
    name.clone_into(&mut rules[0].name);
    "policy.rules[3]".clone_into(&mut rules[0].place);
    Policy::new(rules, false)
}

fn explained(
    policy: &Policy,
    module: &ModulePath,
    version: Option<&Version>,
    caller: &Caller,
) -> Option<String> {
    published(policy, module, version, caller, None)
}

/// The reason for what is decided of a version, or else of the module.
fn published(
    policy: &Policy,
    module: &ModulePath,
    version: Option<&Version>,
    caller: &Caller,
    published: Option<Timestamp>,
) -> Option<String> {
    let view = policy.view(module, caller);
    let decision = match version {
        Some(version) => view.decide(version, published, NOW),
        None => view.whole().unwrap(),
    };
    view.reason((module, version), &decision, None, caller, NOW)
}

#[test]
fn a_refusal_says_what_which_rule_why_and_what_to_do() {
    let (evil, known) = (module("github.com/evil/mod"), Caller::new(["user:eve".to_owned()]));
    let v1 = version("v1.2.3");
    let mut no_evil = rule(["github.com/evil/*"], Action::Deny);
    no_evil.reason = "It mines coins.".to_owned();
    no_evil.link = "https://wiki.example.com/evil".to_owned();
    let denied = policy("no-evil", vec![no_evil.clone()]);
    assert_eq!(
        explained(&denied, &evil, Some(&v1), &known).unwrap(),
        "forbidden: github.com/evil/mod@v1.2.3 is denied by the rule \"no-evil\" (policy.rules[3]).\n\
         Why: It mines coins.\n\
         See: https://wiki.example.com/evil\n\
         What to do: choose another module or version, or ask this proxy's operators."
    );
    let bare = policy("", vec![rule(["github.com/evil/*"], Action::Deny)]);
    assert_eq!(
        explained(&bare, &evil, None, &known).unwrap(),
        "forbidden: github.com/evil/mod is denied by the rule policy.rules[3].\n\
         What to do: choose another module, or ask this proxy's operators."
    );
    assert_eq!(
        explained(&Policy::new(Vec::new(), true), &evil, Some(&v1), &known).unwrap(),
        "forbidden: no rule allows github.com/evil/mod@v1.2.3, and policy.default denies all others.\n\
         What to do: choose another module or version, or ask this proxy's operators."
    );
}

#[test]
fn a_young_version_has_a_time_from_which_it_is_allowed() {
    let (fresh, v1, known) = (module("a.b/c"), version("v1.2.3"), Caller::new(["user:eve".to_owned()]));
    let settle = policy("settle", vec![rule(["*"], cooldown())]);
    for (age, until) in [
        (
            DAY,
            "Published 2026-11-22T08:00:00Z, it is not yet 7days old: allowed from 2026-11-29T08:00:00Z (in 6days).",
        ),
        (
            7 * DAY - Duration::from_millis(90_001),
            "Published 2026-11-16T08:01:30Z, it is not yet 7days old: allowed from 2026-11-23T08:01:31Z (in 1m 31s).",
        ),
        (
            Duration::from_secs(5400),
            "Published 2026-11-23T06:30:00Z, it is not yet 7days old: allowed from 2026-11-30T06:30:00Z (in 6days 23h).",
        ),
    ] {
        let at = Timestamp(NOW.0 - u64::try_from(age.as_millis()).unwrap());
        assert_eq!(
            published(&settle, &fresh, Some(&v1), &known, Some(at)).unwrap(),
            format!(
                "forbidden: a.b/c@v1.2.3 is too young for the rule \"settle\" (policy.rules[3]).\n{until}\n\
                 What to do: use an older version (go get a.b/c@latest finds the newest that is allowed), or wait."
            )
        );
    }
    assert_eq!(
        explained(&settle, &fresh, Some(&v1), &known).unwrap(),
        "forbidden: a.b/c@v1.2.3 has no known age for the rule \"settle\" (policy.rules[3]).\n\
         It has to be 7days old, but its publish time is unknown.\n\
         What to do: try again later, use an older version, or ask this proxy's operators."
    );
}

#[test]
fn whoever_could_be_somebody_is_told_to_sign_in() {
    let sign_in = "\nWhat to do: sign in (GOAUTH or .netrc): access depends on the caller.";
    let (nobody, eve) = (Caller::default(), Caller::new(["eve".to_owned()]));
    let secret = module("corp.example.com/secret");
    let team = || rule(["*"], Action::Allow).told(&["team:*"]);
    for (rules, caller, told, why) in [
        (
            vec![rule(["*"], Action::Deny).told(&["@anonymous"])],
            &nobody,
            true,
            "the rule is for the anonymous",
        ),
        (vec![team(), rule(["*"], Action::Deny)], &nobody, true, "the rule before it is for some"),
        (vec![team(), rule(["*"], Action::Deny)], &eve, false, "who is signed in already"),
        (vec![rule(["*"], Action::Deny)], &nobody, false, "nobody may have it"),
        (vec![rule(["*"], Action::Deny), team()], &nobody, false, "no name would change it"),
    ] {
        let text = explained(&policy("x", rules), &secret, None, caller).unwrap();
        assert_eq!(text.ends_with(sign_in), told, "{why}: {text}");
    }
}

#[test]
fn what_is_not_refused_has_no_reason() {
    for action in [Action::Allow, Action::Redirect(None), Action::Redirect(Some("https://a.b".to_owned()))] {
        let policy = policy("x", vec![rule(["*"], action)]);
        assert_eq!(explained(&policy, &module("a.b/c"), None, &Caller::default()), None);
    }
    assert_eq!(explained(&Policy::default(), &module("a.b/c"), None, &Caller::default()), None);
}

/// Its length as the go command has it, which puts a tab before every line but the first.
fn length(text: &str) -> usize {
    text.len() + text.matches('\n').count()
}

/// What the go command refuses to show hides the end of the text, or all of it.
fn is_shown(text: &str) {
    assert!(length(text) < MAX_BYTES, "{} bytes: {text}", length(text));
    assert!(text.lines().count() <= 8, "{text}");
    assert!(text.lines().all(|line| !line.trim().is_empty() && line.chars().all(is_graphic)), "{text:?}");
    assert!(text.starts_with("forbidden: "), "{text}");
    assert!(text.lines().last().unwrap().starts_with("What to do: ") && text.ends_with('.'), "{text}");
}

#[test]
fn whatever_is_said_is_shown() {
    let long_module = module(&format!("example.com/{}", "m".repeat(1_000)));
    let long_version = version(&format!("v1.2.3-{}", "r".repeat(1_000)));
    let texts = [
        String::new(),
        " \n\t\r\n".to_owned(),
        "one\r\ntwo\n\nthree\u{202e}\u{7}\u{1b}[31m\u{2028}four".to_owned(),
        "\u{e9}".repeat(1_000),
        "\u{1f980}".repeat(647),
        "word ".repeat(200),
        "\u{0}".repeat(1_000),
    ];
    let mut fullest = 0;
    for (text, name) in
        texts.iter().flat_map(|text| ["", "settle", texts[5].as_str()].map(|name| (text, name)))
    {
        for age in [Duration::ZERO, 7 * DAY, Duration::MAX] {
            for action in [Action::Deny, Action::Cooldown(age)] {
                for module in [&module("a.b"), &long_module] {
                    for version in [&version("v1.0.0"), &long_version] {
                        for time in [None, Some(Timestamp(0)), Some(NOW), Some(Timestamp(u64::MAX))] {
                            let mut new = rule(["*"], action.clone());
                            text.clone_into(&mut new.reason);
                            text.clone_into(&mut new.link);
                            text.clone_into(&mut new.place);
                            name.clone_into(&mut new.name);
                            let policy = Policy::new(vec![new], false);
                            let caller = Caller::default();
                            let reason = published(&policy, module, Some(version), &caller, time);
                            fullest = fullest.max(reason.as_deref().map_or(0, length));
                            reason.iter().for_each(|reason| is_shown(reason));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(fullest, MAX_BYTES - 1, "what there is room for is said");
}

/// The link is whole while the reason is cut, and nothing is cut that fits.
#[test]
fn what_the_operator_wrote_is_cut_first() {
    let mut wordy = rule(["*"], Action::Deny);
    wordy.reason = "because ".repeat(1_000);
    wordy.link = format!("https://wiki.example.com/{}", "x".repeat(100));
    let link = wordy.link.clone();
    let policy = policy("wordy", vec![wordy]);
    let module = module("github.com/acme/thing");
    let view = policy.view(&module, &Caller::default());
    let reason = view.reason(
        (&module, None),
        &Decision::Denied(view.rules().first().copied()),
        None,
        &Caller::default(),
        NOW,
    );
    let reason = reason.unwrap();
    let lines: Vec<&str> = reason.lines().collect();
    assert_eq!(
        lines[0],
        "forbidden: github.com/acme/thing is denied by the rule \"wordy\" (policy.rules[3])."
    );
    assert!(lines[1].starts_with("Why: because because") && lines[1].ends_with("..."), "{}", lines[1]);
    assert_eq!(lines[2], format!("See: {link}"));
    assert_eq!(length(&reason), MAX_BYTES - 1);
}
