//! What a fetched bundle becomes, and what is refused of it.

use super::*;
use crate::policy::{Action, Ruleset, Waivers};

fn lines(json: &str) -> Vec<String> {
    match Bundle::parse(json) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.to_string().lines().map(ToOwned::to_owned).collect(),
    }
}

#[test]
fn a_bundle_is_a_number_and_rules() {
    let bundle = Bundle::parse(
        r#"{"version":17,"rules":[
            {"name":"evil","modules":["github.com/evil"],"action":"deny"},
            {"modules":["*"],"action":"redirect"}
        ]}"#,
    )
    .unwrap();
    assert_eq!((bundle.version, bundle.warnings), (17, Vec::new()));
    let [evil, rest] = bundle.rules.rules() else { panic!("two rules: {:?}", bundle.rules) };
    assert_eq!((evil.name.as_str(), evil.place.as_str()), ("evil", "bundle.rules[0]"));
    assert_eq!((rest.place.as_str(), &rest.action), ("bundle.rules[1]", &Action::Redirect(None)));
    // What a protobuf Struct or a script makes of 2.
    let empty = Bundle {
        version: 2,
        rules: Ruleset::default(),
        malicious: Ruleset::default(),
        waivers: Waivers::default(),
        warnings: Vec::new(),
    };
    assert_eq!(Bundle::parse(r#"{"version":2.0,"rules":[]}"#), Ok(empty));
}

#[test]
fn what_is_wrong_with_a_bundle_is_told_as_for_a_configuration() {
    let no_number = "$.version: missing: a whole number, by which metrics show which bundle is in force";
    let no_rules = "$.rules: missing: a list of rules, empty where there are none";
    let cases: &[(&str, &[&str])] = &[
        ("", &["$: not JSON: EOF while parsing a value at line 1 column 0"]),
        ("<html>", &["$: not JSON: expected value at line 1 column 1"]),
        ("[]", &["$: expected an object, found a list"]),
        ("null", &["$: null says nothing: give a value, or leave it out for the default"]),
        ("{}", &[no_number, no_rules]),
        (r#"{"rules":[]}"#, &[no_number]),
        (r#"{"version":1}"#, &[no_rules]),
        (r#"{"version":1.5,"rules":[]}"#, &["$.version: expected a whole number, not negative, found 1.5"]),
        (
            r#"{"version":"1","rules":[]}"#,
            &[r#"$.version: expected a whole number, not negative, found "1""#],
        ),
        (r#"{"version":1,"rules":{}}"#, &["$.rules: expected a list, found an object"]),
        (r#"{"version":1,"version":2,"rules":[]}"#, &["$.version: given twice; keep one"]),
        (
            r#"{"version":1,"rules":[],"default":"deny"}"#,
            &["$.default: unknown field; known here: version, rules, malicious, waivers"],
        ),
        (
            r#"{"version":1,"rules":[{"name":"a","module":["a.com"],"exact":["a.com"],"action":"deny"},{"name":"a","modules":["*"],"action":"cooldown"}]}"#,
            &[
                r#"$.rules[0].module: unknown field; did you mean "modules"?"#,
                r#"$.rules[1].age: missing: how old a version has to be, such as "7d""#,
                r#"$.rules[1].name: "a" is the name of $.rules[0] already; give it another"#,
            ],
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(lines(json), *expected, "for {json}");
    }
    let many = vec![r#"{"modules":["*"],"action":"deny"}"#; 20_001].join(",");
    assert_eq!(
        lines(&format!(r#"{{"version":1,"rules":[{many}]}}"#)),
        ["$.rules[20000]: too many: at most 20000 are allowed"]
    );
}

/// The rules of a bundle come between those of the configuration and those of the filter, in place of the last bundle's.
#[test]
fn a_bundle_is_put_in_the_middle() {
    let config = r#"{"upstreams":[{"cluster":"c","url":"http://h"}],
        "policy":{"default":"deny","rules":[{"name":"own","modules":["a.com"],"action":"deny"}]}}"#;
    let mut in_force = Config::parse(config).unwrap().policy.in_force();
    for name in ["first", "second"] {
        let bundle =
            format!(r#"{{"version":1,"rules":[{{"name":"{name}","modules":["*"],"action":"deny"}}]}}"#);
        Bundle::parse(&bundle).unwrap().install(&mut in_force);
        let names: Vec<_> = in_force.policy().rules().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["own", name]);
        assert!(in_force.policy().denies_by_default());
    }
    Bundle::parse(r#"{"version":3,"rules":[]}"#).unwrap().install(&mut in_force);
    assert_eq!(in_force.policy().rules().count(), 1);
}

/// A rule is as much work as it names: few rules with long lists are as many slices as many with short ones.
#[test]
fn long_lists_are_read_in_as_many_slices_as_many_rules() {
    let bundle = |rules: usize, names: usize| {
        let rule = |rule| {
            let names: Vec<_> = (0..names).map(|n| format!(r#""r{rule}-{n}.example/*""#)).collect();
            format!(r#"{{"modules":[{}],"action":"deny"}}"#, names.join(","))
        };
        let rules: Vec<_> = (0..rules).map(rule).collect();
        format!(r#"{{"version":1,"rules":[{}]}}"#, rules.join(","))
    };
    let turns = |text: &str| {
        let mut reading = BundleReading::new(text.to_owned());
        let mut turns = 1;
        while reading.work().is_none() {
            turns += 1;
        }
        turns
    };
    let (many, long) = (turns(&bundle(20_000, 1)), turns(&bundle(40, 500)));
    // What stands in either beside names makes the difference.
    assert!(long > many / 2 && long > 80, "{many} turns for many rules, {long} for long ones");
    assert_eq!(Bundle::parse(&bundle(40, 500)).unwrap().rules.rules().len(), 40);
}
