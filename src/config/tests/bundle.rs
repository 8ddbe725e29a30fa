//! What a fetched bundle becomes, and what is refused of it.

use super::*;
use crate::policy::{Action, Ruleset};

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
    let empty = Bundle { version: 2, rules: Ruleset::default(), warnings: Vec::new() };
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
            &["$.default: unknown field; known here: version, rules"],
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

/// A turn of a worker is bounded by what is read in it, not by how many rules that is of.
#[test]
fn long_rules_are_read_in_as_many_turns_as_short_ones() {
    let modules: Vec<_> = (0..5_000).map(|n| format!(r#""m{n}.example""#)).collect();
    let rules = vec![format!(r#"{{"modules":[{}],"action":"deny"}}"#, modules.join(",")); 10];
    let mut reading = BundleReading::new(format!(r#"{{"version":1,"rules":[{}]}}"#, rules.join(",")));
    let mut turns = 0;
    let bundle = loop {
        turns += 1;
        if let Some(read) = reading.work() {
            break read.unwrap();
        }
    };
    assert_eq!(bundle.rules.rules().len(), 10);
    // Each rule is compiled and put into the tree by itself, and the tree has 50,000 entries.
    assert!(turns >= 10 + 10 + 50_000 / 2_000, "{turns}");
}
