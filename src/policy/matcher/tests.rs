//! The tree against asking each rule, against the answers of Go's own code, and how much of it is looked at.

use super::{Builder, Matcher};
use crate::gomod::tests::Lcg;
use crate::gomod::tests::golden::{Differences, bit, rows};
use crate::gomod::{ModulePath, Pattern};
use crate::policy::tests::{module, rule};
use crate::policy::{Action, Rule};

/// A rule for one pattern or, where there is an equals sign before it, for one module.
fn one(text: &str) -> Rule {
    match text.strip_prefix('=') {
        Some(exact) => Rule { exact: vec![module(exact)], ..rule([], Action::Deny) },
        None => rule([text], Action::Deny),
    }
}

fn matcher<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Matcher {
    of(&texts.into_iter().map(|text| one(text.as_ref())).collect::<Vec<_>>())
}

fn of(rules: &[Rule]) -> Matcher {
    let mut builder = Builder::default();
    rules.iter().for_each(|rule| builder.add(rule));
    builder.write(usize::MAX).unwrap()
}

fn places(matcher: &Matcher, path: &str) -> Vec<usize> {
    matcher.places(&module(path)).collect()
}

fn tried(matcher: &Matcher, path: &str) -> usize {
    let mut tried = 0;
    matcher.search(path, &mut tried);
    tried
}

#[test]
fn rules_are_found_in_their_order() {
    let rules = matcher([
        "*",
        "github.com/acme",
        "=github.com/acme/x",
        "github.com/*/x",
        "github.com/ac*",
        "github.com/*me/x/",
        "=github.com/acme",
        "gith?b.com",
        "github.com/acme/x/v2",
        "github.com/[a-c]*",
        "github.com[/]acme",
        "github.com/[^b]cme/?",
        "github.com/acme",
    ]);
    for (path, named) in [
        ("github.com/acme/x", &[0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12][..]),
        ("github.com/acme", &[0, 1, 4, 6, 7, 9, 10, 12]),
        ("github.com/acme/x/v2", &[0, 1, 3, 4, 5, 7, 8, 9, 10, 11, 12]),
        ("github.com/acme/xx", &[0, 1, 4, 7, 9, 10, 12]),
        ("github.com/bcme/x", &[0, 3, 5, 7, 9]),
        ("github.com", &[0, 7]),
        ("gitlab.com/acme", &[0]),
    ] {
        assert_eq!(places(&rules, path), named, "{path}");
    }
    assert!(places(&of(&[]), "a.b").is_empty());
}

/// Many globs that begin, or end, with one another: of those only one element tells which match.
#[test]
fn globs_that_begin_or_end_alike_are_told_apart() {
    let globs = [
        "a*", "ab*", "abc*", "ab*c", "abd*", "b*", "*c", "*bc", "*dbc", "?bc", "*b*", "abc?", "[a-b]bc",
        "*.*",
    ];
    let rules = matcher(globs.map(|glob| format!("x.y/{glob}/z")));
    for (element, named) in [
        ("abc", &[0, 1, 2, 3, 6, 7, 9, 10, 12][..]),
        ("abcd", &[0, 1, 2, 10, 11]),
        ("a", &[0]),
        ("bc", &[5, 6, 7, 10]),
        ("dbc", &[6, 7, 8, 9, 10]),
        ("aab.c", &[0, 6, 10, 13]),
        ("c", &[6]),
        ("~", &[]),
    ] {
        assert_eq!(places(&rules, &format!("x.y/{element}/z")), named, "{element}");
    }
}

#[test]
fn what_a_rule_names_twice_is_found_once() {
    let twice = || rule(["a.b/*", "a.b", "a.b/c", "*", "a.b[/]c"], Action::Deny);
    let rules: Vec<Rule> =
        (0..3).map(|_| Rule { exact: vec![module("a.b/c"), module("a.b/c")], ..twice() }).collect();
    assert_eq!(places(&of(&rules), "a.b/c"), [0, 1, 2]);
}

#[test]
fn patterns_match_as_in_go() {
    let (first, rest) = include_str!("../../gomod/testdata/globs.jsonl").split_once('\n').unwrap();
    let (_, targets): (String, Vec<String>) = serde_json::from_str(first).unwrap();
    let table = rows::<(String, bool, String, bool, String)>(rest, 1500);
    let usable: Vec<_> = table.iter().filter(|(glob, ..)| Pattern::parse(glob).is_ok()).collect();
    assert!(usable.len() > 500, "{} usable globs", usable.len());
    let rules = matcher(usable.iter().map(|(glob, ..)| glob));
    let mut differences = Differences::default();
    let mut paths = 0;
    for (index, target) in targets.iter().enumerate() {
        let Ok(path) = ModulePath::parse(target) else { continue };
        paths += 1;
        let gos: Vec<&str> =
            usable.iter().filter(|(.., bits)| bit(bits, index)).map(|(glob, ..)| glob.as_str()).collect();
        let ours: Vec<&str> = rules.places(&path).map(|place| usable[place].0.as_str()).collect();
        differences.compare(target, ours, gos);
    }
    assert!(paths > 40, "{paths} paths");
}

/// Elements of which paths and patterns are made, so that they meet.
const ELEMENTS: [&str; 24] = [
    "a", "b", "ab", "abc", "a-b", "v2", "*", "a*", "*a", "*b", "a*b", "*a*", "?", "??", "a?", "[ab]", "[^a]",
    "[a-]b", "[a-c]*", "\\a", "a\\b", "[/]", "a[/]b", "*[^x]b",
];
const HOSTS: [&str; 12] =
    ["a.b", "c.b", "x.a.b", "*", "*.b", "a.*", "?.b", "[a-c].b", "*.*", "[^c].b", "a[.]b", "a.b[.-0]a"];

fn some(lcg: &mut Lcg, hosts: &[&str], elements: &[&str]) -> String {
    let mut text = hosts[lcg.below(hosts.len())].to_owned();
    for _ in 0..lcg.below(4) {
        text.push('/');
        for _ in 0..=lcg.below(5) / 4 {
            text.push_str(elements[lcg.below(elements.len())]);
        }
    }
    if lcg.below(9) == 0 {
        text.push('/');
    }
    text
}

#[test]
fn the_tree_names_what_each_rule_names() {
    let mut lcg = Lcg(5);
    let (mut named, mut odd) = (0, 0);
    for _ in 0..150 {
        let mut rules = Vec::new();
        while rules.len() < 60 {
            let mut new = rule([], Action::Deny);
            new.modules = (0..lcg.below(3))
                .filter_map(|_| {
                    let text = match lcg.below(4) {
                        0 => format!("a.{}", lcg.text(b"abb/**??[]^-\\.", 7)),
                        _ => some(&mut lcg, &HOSTS, &ELEMENTS),
                    };
                    Pattern::parse(&text).ok()
                })
                .collect();
            if lcg.below(3) == 0 {
                new.exact.extend(ModulePath::parse(&some(&mut lcg, &HOSTS[..3], &ELEMENTS[..6])));
            }
            odd += new.modules.iter().filter(|pattern| pattern.elements().is_none()).count();
            rules.push(new);
        }
        let tree = of(&rules);
        for _ in 0..60 {
            let Ok(path) = ModulePath::parse(&some(&mut lcg, &HOSTS[..3], &ELEMENTS[..6])) else { continue };
            let scanned: Vec<usize> = rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| rule.names(&path))
                .map(|(place, _)| place)
                .collect();
            named += scanned.len();
            let names = |place: &usize| {
                let rule = &rules[*place];
                (rule.modules.iter().map(Pattern::as_str).collect::<Vec<_>>(), &rule.exact)
            };
            let found: Vec<usize> = tree.places(&path).collect();
            let differ: Vec<_> = found.iter().filter(|place| !scanned.contains(place)).map(names).collect();
            let missed: Vec<_> = scanned.iter().filter(|place| !found.contains(place)).map(names).collect();
            assert_eq!(found, scanned, "{path}: {differ:?} not, but {missed:?}");
        }
    }
    assert!(named > 10_000 && odd > 100, "{named} named, {odd} odd patterns");
}

/// Rules as an organisation has them: none for most of what is asked for.
fn realistic() -> Matcher {
    matcher((0..10_000).map(|n| match n % 10 {
        0 | 1 => format!("github.com/org{n}/*"),
        2 | 3 => format!("=github.com/org{}/mod{n}", n % 700),
        4 => format!("github.com/corp/team{n}-*"),
        5 => format!("*.team{n}.corp.example.com"),
        6 => format!("gitlab.example.com/group{}/*/svc{n}", n % 50),
        7 => format!("=gopkg.in/pkg{n}.v2"),
        8 => format!("github.com/*/typo{n}"),
        _ => format!("vanity{n}.example.org/x"),
    }))
}

#[test]
fn little_is_looked_at() {
    let rules = realistic();
    for (path, named) in [
        ("github.com/spf13/cobra", &[][..]),
        ("golang.org/x/text", &[]),
        ("github.com/org10/some/thing/v2", &[10]),
        ("github.com/org102/mod5002", &[5002]),
        ("github.com/corp/team14-api/v2", &[14]),
        ("git.team25.corp.example.com/a/b", &[25]),
        ("gitlab.example.com/group16/any/svc5566/x", &[5566]),
        ("gopkg.in/pkg77.v2", &[77]),
        ("github.com/whoever/typo88/v3", &[88]),
    ] {
        assert_eq!(places(&rules, path), named, "{path}");
        let tried = tried(&rules, path);
        assert!(tried < 100, "{path}: {tried} of 10,000 rules");
    }
}

/// Ten thousand of a kind, as they might be generated.
#[test]
fn no_kind_of_rule_is_slow() {
    let of = |make: fn(usize) -> String| matcher((0..10_000).map(make));
    for (what, rules, path) in [
        ("organisations", of(|n| format!("github.com/org{n}/*")), "github.com/org77/x"),
        ("modules", of(|n| format!("=github.com/acme/mod{n}")), "github.com/acme/mod77"),
        ("prefixes in a folder", of(|n| format!("a.b/prefix-{n}-*")), "a.b/prefix-77-x"),
        ("suffixes in a folder", of(|n| format!("a.b/*-{n}-suffix")), "a.b/x-77-suffix"),
        ("subdomains", of(|n| format!("*.d{n}.example.com")), "x.d77.example.com/y"),
        ("below a star", of(|n| format!("*/*/m{n}")), "a.b/c/m77/d"),
        ("deep", of(|n| format!("a.b{}/c{n}", "/*".repeat(12))), &format!("a.b{}/c77", "/x".repeat(12))),
    ] {
        assert_eq!(places(&rules, path), [77], "{what}");
        let tried = tried(&rules, path);
        assert!(tried < 100, "{what}: {tried}");
    }
    for (what, same) in
        [("catch-alls", "*"), ("hosts", "*.b"), ("one pattern", "a.b/c"), ("one module", "=a.b/c/d")]
    {
        let rules = matcher((0..10_000).map(|_| same));
        assert!(tried(&rules, "a.b/c/d") < 10, "{what}");
        assert!(rules.places(&module("a.b/c/d")).eq(0..10_000), "{what}");
        assert_eq!(rules.places.len(), 10_000, "{what}");
    }
    // As many nodes as elements, whatever is written below.
    assert!(matcher([format!("a.b{}", "/*".repeat(10_000))]).nodes.len() == 10_002);
}
