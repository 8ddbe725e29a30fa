//! What Athens' documentation says of filter files, as tables; what is read otherwise, and what is told of it.

mod model;

use super::*;
use crate::gomod::{ModulePath, Version};
use crate::http::Timestamp;
use crate::policy::{Caller, Decision, Policy};

/// What becomes of a version, by the sign that a line for it would have.
fn sign(filter: &Filter, module: &str, version: &str) -> char {
    let mut rules = filter.rules.clone();
    // As the configuration has a default of D: a last rule for everything.
    if let Some(Action::Redirect(to)) = &filter.default {
        let all = read("D *").unwrap().rules.remove(0);
        rules.push(Rule { action: Action::Redirect(to.clone()), ..all });
    }
    let policy = Policy::new(rules, filter.default == Some(Action::Deny));
    let (module, version) = (ModulePath::parse(module).unwrap(), Version::parse(version).unwrap());
    match policy.view(&module, &Caller::default()).decide(&version, None, Timestamp(0)) {
        Decision::Allowed(_) => '+',
        Decision::Denied(_) => '-',
        Decision::Redirected(_, None) => 'D',
        other => panic!("{module}@{version:?}: {other:?}"),
    }
}

fn check(text: &str, cases: &[(&str, &str, char)]) {
    let filter = read(text).unwrap();
    for (module, version, expected) in cases {
        assert_eq!(sign(&filter, module, version), *expected, "{module}@{version} under\n{text}");
    }
}

fn warnings(text: &str) -> Vec<FilterWarning> {
    read(text).unwrap().warnings.iter().map(|warning| warning.kind).collect()
}

#[test]
fn the_deepest_line_decides_wherever_it_stands() {
    let cases = [
        ("github.com/a/b/c/d", "v1.0.0", '-'),
        ("github.com/a/b/c", "v1.0.0", '-'),
        ("github.com/a/b", "v1.0.0", 'D'),
        ("github.com/a/b/v2", "v2.0.0", 'D'),
        ("github.com/a", "v1.0.0", '+'),
        ("github.com/a/x", "v1.0.0", '+'),
        ("github.com/x", "v1.0.0", '-'),
        ("example.com", "v1.0.0", '-'),
    ];
    check("-\n+ github.com/a\nD github.com/a/b\n- github.com/a/b/c", &cases);
    check("- github.com/a/b/c\nD github.com/a/b\n+ github.com/a\n-", &cases);
}

#[test]
fn elements_are_whole_and_in_their_case() {
    check(
        "- example.com/Acme/tool\n- example.com/acme/",
        &[
            ("example.com/Acme/tool", "v1.0.0", '-'),
            ("example.com/Acme/tools", "v1.0.0", '+'),
            ("example.com/Acme/tool.v2", "v1.0.0", '+'),
            ("example.com/Acme", "v1.0.0", '+'),
            // Slashes around a path are not part of it.
            ("example.com/acme/tool", "v1.0.0", '-'),
            ("example.com/acme", "v1.0.0", '-'),
        ],
    );
}

#[test]
fn a_sign_alone_is_the_default_and_without_one_there_is_none() {
    let module = "example.com/a";
    for (text, expected) in [("", '+'), ("+", '+'), ("-", '-'), ("D", 'D'), ("-\nD\n+", '+'), ("+\n-", '-')] {
        assert_eq!(sign(&read(text).unwrap(), module, "v1.0.0"), expected, "{text:?}");
    }
    assert_eq!(read("# nothing").unwrap(), Filter::default());
    assert_eq!(read("D").unwrap().default, Some(Action::Redirect(None)));
}

#[test]
fn comments_blank_lines_and_line_ends_say_nothing() {
    let plain = read("-\n+ example.com/a v1").unwrap();
    for text in ["-\r\n+ example.com/a v1\r\n", "  -  \n\t+ example.com/a v1\t", "-\n+ example.com/a v1"] {
        assert_eq!(read(text).unwrap(), plain, "{text:?}");
    }
    let spread = read("# all\n\n-\n   # but\n+ example.com/a v1\n").unwrap();
    assert_eq!(spread.rules[0].place, "policy.athens_filter line 5");
    assert_eq!(Rule { place: plain.rules[0].place.clone(), ..spread.rules[0].clone() }, plain.rules[0]);
}

/// Versions that one qualifier fits, and some that it does not.
#[test]
fn qualifiers_are_for_the_versions_that_athens_says() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "v1",
            &["v1.0.0", "v1.9.9", "v1.2.3-rc.1", "v1.0.1-0.20200101000000-abcdefabcdef"],
            &["v0.1.0", "v10.0.0"],
        ),
        ("v1.*", &["v1.0.0", "v1.20.3"], &["v10.0.0", "v2.0.0+incompatible"]),
        ("v1.", &["v1.0.0"], &["v10.0.0"]),
        ("v2", &["v2.0.0+incompatible", "v2.1.0"], &["v20.0.0"]),
        ("v1.2", &["v1.2.0", "v1.2.30", "v1.2.0-pre"], &["v1.20.0", "v1.1.9"]),
        ("v1.2.*", &["v1.2.0"], &["v1.20.0"]),
        ("v1.2*", &["v1.2.0"], &["v1.20.0"]),
        ("v1.2.3-*", &["v1.2.3-rc.1", "v1.2.3-0.20200101000000-abcdefabcdef"], &["v1.2.3", "v1.2.4-rc.1"]),
        (
            "~v1.2.3",
            &["v1.2.3", "v1.2.4", "v1.2.30"],
            &["v1.2.2", "v1.3.0", "v1.2.4-rc.1", "v2.2.3+incompatible"],
        ),
        ("^v1.2.3", &["v1.2.3", "v1.10.0", "v1.3.0"], &["v1.2.2", "v1.1.9", "v2.0.0", "v1.3.0-rc.1"]),
        // Compatible means the major version, below v1 too.
        ("^v0.2.3", &["v0.9.0"], &["v0.2.2", "v1.0.0"]),
        ("~v2.0.0", &["v2.0.1"], &["v2.0.1+incompatible"]),
        // At most, whatever it looks like.
        ("<v1.2.3", &["v1.2.3", "v0.99.9", "v1.1.99"], &["v1.2.4", "v2.0.0", "v1.2.3-rc.1", "v1.0.0-rc.1"]),
        ("<=1.2.3", &["v1.2.3", "v0.99.9"], &["v1.2.4"]),
        ("~v1.02.3", &["v1.2.3"], &["v1.3.0"]),
        ("v1.2,~v2.3.4,v9", &["v1.2.0", "v2.3.5", "v9.0.0"], &["v1.3.0", "v2.3.3", "v2.4.0"]),
        // Read as they are meant, see `FilterWarning`.
        ("v1.2.3", &["v1.2.3"], &["v1.2.30", "v1.2.3-rc.1", "v1.2.3-0.20200101000000-abcdefabcdef"]),
        ("v1.2.3-rc.1", &["v1.2.3-rc.1"], &["v1.2.3", "v1.2.3-rc.10"]),
        (
            "v1.2.4-0.20200101000000-abcdefabcdef",
            &["v1.2.4-0.20200101000000-abcdefabcdef"],
            &["v1.2.4", "v1.2.4-0.20200101000000-abcdefabcde0"],
        ),
        (
            "v1.2.3-pre.0.20200101000000-abcdefabcdef",
            &["v1.2.3-pre.0.20200101000000-abcdefabcdef"],
            &["v1.2.3-pre"],
        ),
        ("v2.0.0+incompatible", &["v2.0.0+incompatible"], &["v2.0.1+incompatible"]),
        ("1.2", &["v1.2.0"], &["v1.20.0"]),
        ("1.2.3", &["v1.2.3"], &["v1.2.30"]),
        ("~1.2.3", &["v1.2.4"], &["v2.3.4", "v1.3.0"]),
        ("<12.3.4", &["v12.3.4", "v2.9.9"], &["v12.3.5"]),
    ];
    for (qualifiers, inside, outside) in cases {
        let filter = read(&format!("-\n+ example.com/a {qualifiers}")).unwrap();
        for (versions, expected) in [(inside, '+'), (outside, '-')] {
            for version in *versions {
                assert_eq!(sign(&filter, "example.com/a", version), expected, "{version} under {qualifiers}");
            }
        }
    }
}

#[test]
fn where_qualifiers_do_not_fit_the_line_above_decides_and_then_the_default() {
    check(
        "D\n- example.com/a\n+ example.com/a/b v1\nD example.com/a/b/c v1.2,v0.8",
        &[
            ("example.com/a/b/c", "v1.2.3", 'D'),
            ("example.com/a/b/c", "v0.8.0", 'D'),
            ("example.com/a/b/c", "v1.3.0", '+'),
            ("example.com/a/b/c", "v2.0.0", '-'),
            ("example.com/a/b", "v1.3.0", '+'),
            ("example.com/b", "v1.3.0", 'D'),
        ],
    );
    // Nothing else refuses: such a line refuses nothing.
    check("+ example.com/a v1", &[("example.com/a", "v1.0.0", '+'), ("example.com/a", "v0.1.0", '+')]);
}

#[test]
fn of_several_lines_for_a_path_the_last_counts() {
    check(
        "-\n+ example.com/a v1\n+ example.com/a/ v2",
        &[("example.com/a", "v1.0.0", '-'), ("example.com/a", "v2.0.0", '+')],
    );
    check("- example.com/a v1\n+ example.com/a", &[("example.com/a", "v1.0.0", '+')]);
    // Not even where it has no effect itself.
    check("- example.com/a\n- example.com/a v1.x", &[("example.com/a", "v1.0.0", '+')]);
}

#[test]
fn what_is_misread_is_read_as_meant_and_told() {
    let cases: &[(&str, &[FilterWarning])] = &[
        ("-  example.com/a", &[FilterWarning::Spacing]),
        ("-\texample.com/a", &[FilterWarning::Spacing]),
        ("- example.com/a\tv1", &[FilterWarning::Spacing]),
        ("- example.com/*", &[FilterWarning::Glob]),
        ("- example.com/a?", &[FilterWarning::Glob]),
        ("- example.com/a v1.2.3", &[FilterWarning::Full]),
        ("- example.com/a v1.2.3-rc.1", &[FilterWarning::Full]),
        ("- example.com/a ~1.2.3", &[FilterWarning::NoV]),
        ("- example.com/a 1", &[FilterWarning::NoV]),
        ("- example.com/a 1.2.3", &[FilterWarning::Full, FilterWarning::NoV]),
    ];
    for (text, expected) in cases {
        assert_eq!(warnings(text), *expected, "{text:?}");
        assert_eq!(read(text).unwrap().default, None, "{text:?}");
        assert_eq!(read(text).unwrap().rules.len(), 1, "{text:?}");
    }
    check("-  example.com/a", &[("example.com/a", "v1.0.0", '-'), ("example.com/b", "v1.0.0", '+')]);
    check(
        "- example.com/*\n+ example.com/ok",
        &[
            ("example.com/a/b", "v1.0.0", '-'),
            ("example.com", "v1.0.0", '+'),
            // At one depth the line without a pattern decides.
            ("example.com/ok", "v1.0.0", '+'),
        ],
    );
}

#[test]
fn what_is_for_nothing_is_told() {
    let nothing = [
        ("- https://example.com/a", FilterWarning::NoModule),
        ("- example.com//a", FilterWarning::NoModule),
        ("- example.com/!acme", FilterWarning::NoModule),
        ("- example.com/...", FilterWarning::NoModule),
        ("- intranet/a", FilterWarning::NoModule),
        ("- example.com/a,example.com/b", FilterWarning::NoModule),
        ("- example.com/a v1.x", FilterWarning::NoVersion),
        ("- example.com/a V1", FilterWarning::NoVersion),
        ("- example.com/a latest", FilterWarning::NoVersion),
        ("- example.com/a >=v1.2.3", FilterWarning::NoVersion),
        ("- example.com/a <v2", FilterWarning::NoVersion),
        ("- example.com/a ~v1.2", FilterWarning::NoVersion),
        ("- example.com/a ^v1.2.3-rc.1", FilterWarning::NoVersion),
        ("- example.com/a v1.2.3.4", FilterWarning::NoVersion),
        ("- example.com/a v01", FilterWarning::NoVersion),
        ("- example.com/a #note", FilterWarning::NoVersion),
    ];
    for (text, kind) in nothing {
        let filter = read(text).unwrap();
        assert_eq!((filter.rules.len(), filter.warnings.len()), (0, 1), "{text:?}: {filter:?}");
        assert_eq!(filter.warnings[0], Warning { line: 1, others: 0, kind }, "{text:?}");
    }
    // The others of a list count.
    check("- example.com/a <v2,v3", &[("example.com/a", "v3.0.0", '-'), ("example.com/a", "v1.0.0", '+')]);
}

#[test]
fn what_has_no_effect_is_told_with_its_line() {
    assert_eq!(warnings("+ example.com/a v1"), [FilterWarning::Idle]);
    assert_eq!(warnings("+\n+ example.com/a\n+ example.com/a/b v1"), [FilterWarning::Idle]);
    for text in
        ["-\n+ example.com/a v1", "D example.com\n+ example.com/a v1", "+ example.com/a", "- *\n+ a.com v1"]
    {
        assert!(!warnings(text).contains(&FilterWarning::Idle), "{text:?}");
    }
    assert_eq!(warnings("- /"), [FilterWarning::Root]);
    assert_eq!(read("- / v1").unwrap().default, Some(Action::Deny));
    assert_eq!(warnings("-\n+"), [FilterWarning::Replaced]);
    let long = format!("-\n# {}\n+ example.com/a", "x".repeat(MAX_ATHENS_LINE));
    assert_eq!(read(&long).unwrap().warnings[0], Warning { line: 2, others: 0, kind: FilterWarning::Long });
}

#[test]
fn a_warning_is_one_for_all_lines_of_its_kind() {
    let approved: String = (0..1000).map(|n| format!("+ example.com/m{n} v1.0.{n},v1.1.{n}\n")).collect();
    let filter = read(&format!("-\n{approved}")).unwrap();
    assert_eq!(filter.warnings, [Warning { line: 2, others: 999, kind: FilterWarning::Full }]);
    assert!(filter.warnings[0].to_string().starts_with("line 2 and 999 more: a version in full"));
    let kept = read("+ example.com/a\n- example.com/b\n- example.com/a").unwrap();
    assert_eq!(kept.warnings, [Warning { line: 1, others: 0, kind: FilterWarning::Replaced }]);
    assert_eq!(kept.rules.len(), 2);
}

#[test]
fn what_athens_does_not_start_with_is_refused() {
    let cases = [
        ("some words", "is none of the signs"),
        ("d example.com/a", "is none of the signs"),
        ("E example.com/a", "is none of the signs"),
        ("-example.com/a", "is none of the signs"),
        ("\u{feff}-", r#""\u{feff}-" is none of the signs"#),
        ("- example.com/a v1, v2", "too many words"),
        ("- example.com/a # never", "too many words"),
        ("- example.com/a v1 v2", "too many words"),
        ("- example.com/a v1,", "no qualifier"),
        ("- example.com/a *", "no qualifier"),
        // These Athens takes for what begins so, which no rule can say.
        ("- example.com/a v1.2.3*", "part of a version"),
        ("- example.com/a v0.0.0-2019", "part of a version"),
        ("- example.com/a v1.2.3-0", "part of a version"),
        ("- example.com/a v1.2.3-rc.*", "part of a version"),
    ];
    for (text, expected) in cases {
        let faults = read(&format!("-\n{text}\n+ example.com/b")).unwrap_err();
        let shown: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 1, "{text:?}: {shown:?}");
        assert!(shown[0].starts_with("line 2: ") && shown[0].contains(expected), "{text:?}: {shown:?}");
    }
    assert_eq!(read(&"x\n".repeat(1000)).unwrap_err().len(), MAX_FAULTS);
}
