//! What is decided by advisories, malice and waivers, and in which order.

use std::time::Duration;

use crate::advisory::{Advisories, Affected, Event, Ranges, Record, Severity};
use crate::gomod::{Version, go_version};
use crate::http::Timestamp;
use crate::policy::tests::{module, rule, version};
use crate::policy::{
    Action, Advised, Caller, Contents, Decision, InForce, Origin, Principal, Rule, Ruleset, Versions, Waiver,
    Waivers,
};

const DAY: Duration = Duration::from_secs(86_400);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// An advisory about `module`, fixed in each of these versions; without any it is about all.
fn record(id: &str, about: &str, fixed: &[&str]) -> Record {
    let events = fixed.iter().enumerate().flat_map(|(n, fix)| {
        let fix = version(fix);
        // Each fix is of its own line: v1.2.3 of v1.2.
        let from = Version::parse(&format!("{}.0", fix.major_minor())).unwrap();
        [Event::Introduced((n > 0).then_some(from)), Event::Fixed(fix)]
    });
    Record {
        id: id.to_owned(),
        published: Timestamp(NOW.0 - 30 * 86_400_000),
        is_reviewed: true,
        is_malicious: id.starts_with("MAL"),
        severity: Severity::Unknown,
        affected: vec![Affected {
            module: about.to_owned(),
            ranges: Ranges::new(events.collect()),
            versions: Vec::new(),
        }],
        ..Record::default()
    }
}

fn waiver(ids: &[&str]) -> Waiver {
    Waiver {
        name: String::new(),
        place: "policy.waivers[0]".to_owned(),
        modules: crate::gomod::Patterns::parse_list("*").unwrap(),
        exact: Vec::new(),
        versions: None,
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        principals: Vec::new(),
        until: NOW.after(30 * DAY),
        by: "sec@corp.example.com".to_owned(),
        ticket: String::new(),
        reason: "known".to_owned(),
    }
}

/// A rule that denies what such an advisory is about.
fn denies(advised: Advised) -> Rule {
    Rule { advised: Some(advised), ..rule(["*"], Action::Deny) }
}

fn any() -> Advised {
    Advised::default()
}

struct Gate {
    rules: Vec<Rule>,
    records: Vec<Record>,
    listed: Vec<Rule>,
    waivers: Vec<Waiver>,
    monitored: bool,
}

impl Gate {
    fn new(rules: Vec<Rule>, records: Vec<Record>) -> Self {
        Self { rules, records, listed: Vec::new(), waivers: Vec::new(), monitored: false }
    }

    fn in_force(&self) -> InForce {
        let rules = [(Origin::Configuration, self.rules.clone().into())];
        let mut in_force = InForce::new(rules, (false, self.monitored), []);
        in_force.replace_malicious(Origin::Configuration, Ruleset::new(self.listed.clone()));
        in_force.replace_waivers(Origin::Bundle, Waivers::new(self.waivers.clone()));
        in_force.replace_advisories("go", Advisories::of(self.records.clone()));
        in_force
    }

    /// What is decided of `path@version`, in a word.
    fn said(&self, path: &str, of: &str, caller: &Caller) -> &'static str {
        let in_force = self.in_force();
        let view = in_force.policy().view(&module(path), caller);
        // What is decided of the whole module is decided of each version.
        let decision = view.decide(&version(of), None, NOW);
        if let Some(whole) = view.whole() {
            assert_eq!(whole, decision, "{path}@{of}");
        }
        match decision {
            Decision::Allowed(_) => "allowed",
            Decision::Denied(_) => "denied",
            Decision::Malicious(_) => "malicious",
            Decision::NeedsDate(_) => "undated",
            Decision::Redirected(..) | Decision::TooYoung(..) => "else",
        }
    }

    fn says(&self, path: &str, of: &str) -> &'static str {
        self.said(path, of, &Caller::default())
    }

    fn reason(&self, path: &str, of: &str, listed: &[&str]) -> String {
        let in_force = self.in_force();
        let (path, of) = (module(path), version(of));
        let view = in_force.policy().view(&path, &Caller::default());
        let listed: Vec<_> = listed.iter().map(|text| version(text)).collect();
        let remedy = view.remedy(&of, &listed, |_| None, NOW);
        let decision = view.decide(&of, None, NOW);
        view.reason((&path, Some(&of)), &decision, remedy.as_ref(), &Caller::default(), NOW).unwrap()
    }
}

#[test]
fn a_rule_asks_for_advisories() {
    let severe = Record { severity: Severity::High, ..record("GO-2", "a.b/c", &["v1.2.0"]) };
    let unfixed = Record { is_reviewed: false, ..record("GO-3", "a.b/d", &[]) };
    let records = vec![record("GO-1", "a.b/c", &["v1.1.0"]), severe, unfixed];
    for (name, advised, [old, newer, fixed, other]) in [
        ("any", any(), ["denied", "denied", "allowed", "denied"]),
        ("reviewed", Advised { reviewed: Some(true), ..any() }, ["denied", "denied", "allowed", "allowed"]),
        (
            "unreviewed",
            Advised { reviewed: Some(false), ..any() },
            ["allowed", "allowed", "allowed", "denied"],
        ),
        ("fixed", Advised { fixed: Some(true), ..any() }, ["denied", "denied", "allowed", "allowed"]),
        ("unfixed", Advised { fixed: Some(false), ..any() }, ["allowed", "allowed", "allowed", "denied"]),
        (
            "one",
            Advised { ids: vec!["GO-1".to_owned()], ..any() },
            ["denied", "allowed", "allowed", "allowed"],
        ),
        (
            "high",
            Advised { severity: vec![Severity::High], ..any() },
            ["denied", "denied", "allowed", "allowed"],
        ),
        ("old", Advised { older_than: Some(30 * DAY), ..any() }, ["denied", "denied", "allowed", "denied"]),
        ("older", Advised { older_than: Some(31 * DAY), ..any() }, ["allowed"; 4]),
        // Both of one advisory, and not each of another one.
        (
            "high and unknown",
            Advised { ids: vec!["GO-1".to_owned()], severity: vec![Severity::High], ..any() },
            ["allowed"; 4],
        ),
    ] {
        let gate = Gate::new(vec![denies(advised)], records.clone());
        assert_eq!(gate.says("a.b/c", "v1.0.0"), old, "{name}: v1.0.0");
        assert_eq!(gate.says("a.b/c", "v1.1.0"), newer, "{name}: v1.1.0");
        assert_eq!(gate.says("a.b/c", "v1.2.0"), fixed, "{name}: v1.2.0");
        assert_eq!(gate.says("a.b/d", "v1.0.0"), other, "{name}: the other module");
        assert_eq!(gate.says("a.b/c/v2", "v2.0.0"), "allowed", "{name}: another major version");
        assert_eq!(gate.says("a.b/e", "v1.0.0"), "allowed", "{name}: no advisory");
    }
}

/// Malice, waivers, rules in their order, default.
#[test]
fn malice_is_above_every_rule_and_a_waiver_above_malice() {
    let evil = || record("MAL-1", "a.b/evil", &[]);
    let mut gate = Gate::new(vec![rule(["*"], Action::Allow)], vec![evil(), record("GO-1", "a.b/c", &[])]);
    assert_eq!(gate.says("a.b/evil", "v1.0.0"), "malicious");
    assert_eq!(gate.says("a.b/c", "v1.0.0"), "allowed");
    gate.listed =
        vec![Rule { name: "CORP-1".to_owned(), ..rule(["a.b/c"], Action::Deny).having(&["<v1.5.0"]) }];
    assert_eq!(gate.says("a.b/c", "v1.0.0"), "malicious");
    assert_eq!(gate.says("a.b/c", "v1.5.0"), "allowed");
    // Another id lifts nothing; its own does.
    gate.waivers = vec![waiver(&["GO-1", "MAL-2"])];
    assert_eq!(gate.says("a.b/evil", "v1.0.0"), "malicious");
    gate.waivers = vec![waiver(&["MAL-1", "CORP-1"])];
    assert_eq!(gate.says("a.b/evil", "v1.0.0"), "allowed");
    assert_eq!(gate.says("a.b/c", "v1.0.0"), "allowed");
    // A waiver lifts the id and no rule.
    gate.rules = vec![rule(["a.b/evil"], Action::Deny)];
    assert_eq!(gate.says("a.b/evil", "v1.0.0"), "denied");
    // Nothing is enforced: malice is not either.
    gate.waivers.clear();
    gate.monitored = true;
    assert_eq!(gate.says("a.b/evil", "v1.0.0"), "allowed");
    let in_force = gate.in_force();
    let view = in_force.policy().view(&module("a.b/evil"), &Caller::default());
    let shadow = view.shadow().unwrap();
    assert!(matches!(shadow.decide(&version("v1.0.0"), None, NOW), Decision::Malicious(_)));
}

#[test]
fn a_waiver_is_for_what_it_names() {
    let team = |name: &str| Caller::new([name.to_owned()]);
    let mut gate = Gate::new(
        vec![denies(any())],
        vec![record("GO-1", "a.b/c", &[]), record("GO-2", "a.b/c", &["v1.1.0"])],
    );
    let lifted = waiver(&["GO-1"]);
    let until = |until| Waiver { until, ..waiver(&["GO-1"]) };
    for (name, waiver, [old, fixed]) in [
        // GO-2 still counts for the old one.
        ("by id", lifted.clone(), ["denied", "allowed"]),
        ("both ids", waiver(&["GO-1", "GO-2"]), ["allowed", "allowed"]),
        (
            "another module",
            Waiver { modules: Default::default(), exact: vec![module("a.b/d")], ..lifted.clone() },
            ["denied"; 2],
        ),
        (
            "this module",
            Waiver { modules: Default::default(), exact: vec![module("a.b/c")], ..lifted.clone() },
            ["denied", "allowed"],
        ),
        (
            "other versions",
            Waiver { versions: Some(Versions::parse(["<v1.1.0"]).unwrap()), ..lifted.clone() },
            ["denied"; 2],
        ),
        ("over", until(NOW), ["denied"; 2]),
        ("not yet over", until(Timestamp(NOW.0 + 1)), ["denied", "allowed"]),
        (
            "another caller",
            Waiver { principals: vec![Principal::parse("team:b").unwrap()], ..lifted.clone() },
            ["denied"; 2],
        ),
        (
            "this caller",
            Waiver { principals: vec![Principal::parse("team:a").unwrap()], ..lifted },
            ["denied", "allowed"],
        ),
    ] {
        gate.waivers = vec![waiver];
        assert_eq!(gate.said("a.b/c", "v1.0.0", &team("team:a")), old, "{name}: v1.0.0");
        assert_eq!(gate.said("a.b/c", "v1.1.0", &team("team:a")), fixed, "{name}: v1.1.0");
        let is_personal = !gate.waivers[0].principals.is_empty();
        assert_eq!(gate.in_force().policy().is_personal(&module("a.b/c")), is_personal, "{name}");
    }
    assert!(waiver(&["x"]).ends_soon(Timestamp(NOW.0 + 17 * 86_400_000)));
    assert!(!waiver(&["x"]).ends_soon(NOW));
    assert!(!waiver(&["x"]).ends_soon(NOW.after(30 * DAY)));
}

#[test]
fn a_waiver_that_is_used_is_known() {
    let mut gate =
        Gate::new(vec![denies(any())], vec![record("GO-1", "a.b/c", &[]), record("MAL-1", "a.b/evil", &[])]);
    let used = |gate: &Gate, path: &str| {
        let in_force = gate.in_force();
        let view = in_force.policy().view(&module(path), &Caller::default());
        view.waived(&version("v1.0.0"), NOW).len()
    };
    assert_eq!([used(&gate, "a.b/c"), used(&gate, "a.b/evil"), used(&gate, "a.b/d")], [0; 3]);
    gate.waivers = vec![waiver(&["GO-1"]), waiver(&["MAL-1"])];
    assert_eq!([used(&gate, "a.b/c"), used(&gate, "a.b/evil"), used(&gate, "a.b/d")], [1, 1, 0]);
    // Without it the version could be had as well.
    gate.rules.clear();
    assert_eq!([used(&gate, "a.b/c"), used(&gate, "a.b/evil"), used(&gate, "a.b/d")], [0, 1, 0]);
}

#[test]
fn a_fix_need_not_wait_where_the_cool_down_says_so() {
    let cooldown = Rule { spares_fixes: true, ..rule(["*"], Action::Cooldown(7 * DAY)) };
    let unreviewed = Record { is_reviewed: false, ..record("GO-2", "a.b/d", &["v1.2.3"]) };
    let records = vec![
        record("GO-1", "a.b/c", &["v1.2.3", "v1.3.1"]),
        unreviewed,
        record("MAL-1", "a.b/e", &["v1.2.3"]),
        record("GO-3", "stdlib", &["v1.26.7"]),
    ];
    let mut gate = Gate::new(vec![cooldown], records);
    for (path, of, said) in [
        // A toolchain is what its Go is, and what another has made of it is not.
        ("golang.org/toolchain", "v0.0.1-go1.26.7.linux-amd64", "allowed"),
        ("golang.org/toolchain", "v0.0.1-go1.26.8.linux-amd64", "undated"),
        ("golang.org/toolchain", "v0.0.1-go1.26.7-bigcorp.linux-amd64", "undated"),
        ("a.b/c", "v1.2.3", "allowed"),
        ("a.b/c", "v1.3.1", "allowed"),
        // Nor what comes after the fix, which may bring anything.
        ("a.b/c", "v1.2.4", "undated"),
        ("a.b/c", "v1.2.2", "undated"),
        // What its author alone says is no reason.
        ("a.b/d", "v1.2.3", "undated"),
        ("a.b/e", "v1.2.3", "undated"),
        ("a.b/f", "v1.2.3", "undated"),
    ] {
        assert_eq!(gate.says(path, of), said, "{path}@{of}");
    }
    gate.rules[0].spares_fixes = false;
    assert_eq!(gate.says("a.b/c", "v1.2.3"), "undated");
    // The rules after it are asked all the same.
    gate.rules[0].spares_fixes = true;
    gate.rules.push(rule(["a.b/c"], Action::Deny));
    assert_eq!(gate.says("a.b/c", "v1.2.3"), "denied");
}

#[test]
fn a_toolchain_is_judged_as_the_go_that_it_is() {
    let floor = Rule { go_before: go_version("1.26.6"), ..rule(["golang.org/toolchain"], Action::Deny) };
    let mut gate = Gate::new(vec![floor], vec![record("GO-1", "stdlib", &["v1.25.9", "v1.26.7"])]);
    let toolchain = |go: &str| format!("v0.0.1-go{go}.linux-amd64");
    for (go, floor, advised) in [
        ("1.26.5", "denied", "denied"),
        ("1.26.6", "allowed", "denied"),
        ("1.26.7", "allowed", "allowed"),
        ("1.25.9", "denied", "allowed"),
        ("1.27rc2", "allowed", "allowed"),
        ("1.21.3-bigcorp", "denied", "denied"),
    ] {
        assert_eq!(gate.says("golang.org/toolchain", &toolchain(go)), floor, "{go} by the floor");
        let gate = Gate::new(vec![denies(any())], gate.records.clone());
        assert_eq!(gate.says("golang.org/toolchain", &toolchain(go)), advised, "{go} by the advisory");
    }
    // What is no version of Go is not known to be late enough.
    assert_eq!(gate.says("golang.org/toolchain", "v0.0.1"), "denied");
    assert_eq!(gate.says("golang.org/x/text", "v0.0.1"), "allowed");
    let text = gate.reason("golang.org/toolchain", &toolchain("1.26.5"), &[]);
    assert_eq!(
        text,
        "forbidden: golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64 is denied by the rule policy.rules[0].\n\
         It is older than go1.26.6.\n\
         What to do: use GOTOOLCHAIN=go1.26.6 or later."
    );
    gate.rules[0].go_before = go_version("1.27rc3");
    assert_eq!(gate.says("golang.org/toolchain", &toolchain("1.27rc2")), "denied");
    assert_eq!(gate.says("golang.org/toolchain", &toolchain("1.27rc3")), "allowed");
    // A rule that asks for both applies to what is old and has the advisory.
    let both = Rule { go_before: go_version("1.26.6"), ..denies(any()) };
    let gate_of_both = Gate::new(vec![both], gate.records.clone());
    for (go, said) in [("1.26.5", "denied"), ("1.26.6", "allowed"), ("1.25.9", "allowed")] {
        assert_eq!(gate_of_both.says("golang.org/toolchain", &toolchain(go)), said, "{go} by both");
    }
    // The version that is named is one that may be had.
    gate.rules = vec![denies(any())];
    let text = gate.reason("golang.org/toolchain", &toolchain("1.26.5"), &[]);
    assert!(text.ends_with("What to do: use GOTOOLCHAIN=go1.26.7 or later."), "{text}");
}

#[test]
fn a_refusal_names_the_advisories_and_what_to_use() {
    let mut records: Vec<_> = (1..6).map(|n| record(&format!("GO-2026-{n}"), "a.b/c", &["v1.2.0"])).collect();
    records.push(record("GO-2026-9", "a.b/d", &[]));
    let mut gate = Gate::new(vec![denies(any())], records);
    assert_eq!(
        gate.reason("a.b/c", "v1.0.0", &["v1.1.0", "v1.2.0-rc.1", "v1.2.0", "v1.3.0"]),
        "forbidden: a.b/c@v1.0.0 is denied by the rule policy.rules[0].\n\
         Advisories: GO-2026-1, GO-2026-2, GO-2026-3 and 2 more (about the module; govulncheck may find no call).\n\
         See: https://pkg.go.dev/vuln/GO-2026-1\n\
         What to do: go get a.b/c@v1.2.0, or ask this proxy's operators for a waiver."
    );
    // What would be refused as well is not named.
    gate.rules.push(rule(["a.b/c"], Action::Deny).having(&["v1.2.0"]));
    let text = gate.reason("a.b/c", "v1.0.0", &["v1.1.0", "v1.3.0"]);
    assert!(text.contains("go get a.b/c@v1.3.0, or"), "{text}");
    let text = gate.reason("a.b/c", "v1.0.0", &[]);
    assert!(text.contains("no later version is known to be allowed"), "{text}");
    let text = gate.reason("a.b/d", "v1.0.0", &["v1.1.0"]);
    assert!(text.contains("no later version is known to be allowed"), "{text}");
}

#[test]
fn malice_is_named_and_not_to_be_replaced() {
    let mut gate = Gate::new(vec![], vec![record("MAL-2025-2544", "a.b/evil", &[])]);
    assert_eq!(
        gate.reason("a.b/evil", "v1.0.0", &["v1.1.0"]),
        "forbidden: a.b/evil@v1.0.0 is malicious: MAL-2025-2544.\n\
         See: https://osv.dev/vulnerability/MAL-2025-2544\n\
         What to do: remove it from the build, and take what it could reach for stolen; ask this proxy's operators."
    );
    let mut listed = Rule { name: "CORP-1".to_owned(), ..rule(["a.b/c"], Action::Deny) };
    listed.reason = "It steals tokens.".to_owned();
    gate.listed = vec![listed];
    let text = gate.reason("a.b/c", "v1.0.0", &[]);
    assert!(
        text.starts_with("forbidden: a.b/c@v1.0.0 is malicious: CORP-1.\nWhy: It steals tokens.\n"),
        "{text}"
    );
}

/// What is kept of a list is looked at anew when a waiver ends, and when an advisory gets as old as a rule wants it.
#[test]
fn it_is_known_when_a_decision_changes() {
    let mut gate = Gate::new(
        vec![denies(Advised { older_than: Some(31 * DAY), ..any() })],
        vec![record("GO-1", "a.b/c", &[])],
    );
    let changes = |gate: &Gate, path: &str| {
        let in_force = gate.in_force();
        in_force.policy().view(&module(path), &Caller::default()).changes_at(NOW)
    };
    assert_eq!(changes(&gate, "a.b/c"), Some(NOW.after(DAY)));
    assert_eq!(changes(&gate, "a.b/d"), None);
    gate.waivers = vec![Waiver { until: NOW.after(DAY / 2), ..waiver(&["GO-1"]) }];
    assert_eq!(changes(&gate, "a.b/c"), Some(NOW.after(DAY / 2)));
    gate.waivers[0].until = NOW;
    assert_eq!(changes(&gate, "a.b/c"), Some(NOW.after(DAY)));
}

#[test]
fn what_is_said_against_a_version_is_said_whoever_asks() {
    let mut gate =
        Gate::new(Vec::new(), vec![record("GO-1", "a.b/c", &["v1.1.0"]), record("MAL-2", "a.b/c", &[])]);
    gate.listed = vec![Rule { name: "CORP-3".to_owned(), ..rule(["a.b/c"], Action::Deny) }];
    // That one caller may have it says nothing of the others.
    let personal = Waiver { principals: vec![Principal::Anonymous], ..waiver(&["GO-1", "MAL-2"]) };
    let ended = Waiver { until: NOW, ..waiver(&["MAL-2"]) };
    gate.waivers = vec![personal, ended, waiver(&["GO-1", "CORP-3"])];
    let against = |of: &str| {
        let in_force = gate.in_force();
        let against = in_force.policy().against(&module("a.b/c"), &version(of), &Contents::default(), NOW);
        let said = against
            .iter()
            .map(|one| format!("{} {} {} {}", one.id, one.source, one.is_malicious, one.waived.is_some()));
        said.collect::<Vec<_>>()
    };
    let always = ["MAL-2 go true false", "CORP-3 operators true true"];
    let old = against("v1.0.0");
    assert!(old.len() == 3 && old.contains(&"GO-1 go false true".to_owned()), "{old:?}");
    assert_eq!(against("v1.1.0"), always);
    assert!(always.iter().all(|one| old.contains(&(*one).to_owned())), "{old:?}");
}

/// Sources tell of the same thing between others of their own, and one record names both parts of Go.
#[test]
fn an_id_comes_once_whoever_tells_it_and_however_often() {
    let ids = |in_force: &InForce, path: &str, of: &str| {
        let view = in_force.policy().view(&module(path), &Caller::default());
        let found = view.findings(&version(of), NOW);
        found
            .iter()
            .map(|finding| format!("{} {}", finding.source, finding.advisory.id()))
            .collect::<Vec<_>>()
    };
    let told = |ids: &[&str], about: &str| ids.iter().map(|id| record(id, about, &[])).collect::<Vec<_>>();
    let mut in_force = Gate::new(Vec::new(), told(&["GO-1", "GO-2", "GO-4"], "a.b/c")).in_force();
    in_force.replace_advisories("more", Advisories::of(told(&["GO-0", "GO-2", "GO-3", "GO-4"], "a.b/c")));
    assert_eq!(
        ids(&in_force, "a.b/c", "v1.0.0"),
        ["go GO-1", "go GO-2", "go GO-4", "more GO-0", "more GO-3"]
    );
    let of_go = ["GO-1", "GO-2", "GO-3"].map(|id| {
        let mut both = record(id, "stdlib", &[]);
        both.affected.extend(record(id, "toolchain", &[]).affected);
        both
    });
    let in_force = Gate::new(Vec::new(), of_go.to_vec()).in_force();
    let found = ids(&in_force, "golang.org/toolchain", "v0.0.1-go1.26.0.linux-amd64");
    assert_eq!(found, ["go GO-1", "go GO-2", "go GO-3"]);
}

/// What one source calls vulnerable may be what another calls malicious.
#[test]
fn what_any_source_calls_malicious_is() {
    let told =
        |id: &str, is_malicious| Record { id: id.to_owned(), is_malicious, ..record("GO-1", "a.b/c", &[]) };
    for [first, second] in [[false, true], [true, false], [true, true]] {
        let gate = Gate::new(vec![], vec![told("GO-1", first)]);
        let mut in_force = gate.in_force();
        in_force.replace_advisories("malice", Advisories::of(vec![told("GO-1", second)]));
        let view = in_force.policy().view(&module("a.b/c"), &Caller::default());
        let decision = view.decide(&version("v1.0.0"), None, NOW);
        assert!(matches!(decision, Decision::Malicious(_)), "{first} {second}: {decision:?}");
        assert_eq!(view.findings(&version("v1.0.0"), NOW).len(), 1);
    }
}
