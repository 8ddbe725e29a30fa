//! What is odd and no problem.

use super::*;

fn warnings(rest: &str) -> Vec<String> {
    let callers = r#""callers":{"principals":[{"header":"x-user","trusted":true}]}"#;
    warnings_of(&format!("{callers},{rest}"))
}

fn warnings_of(rest: &str) -> Vec<String> {
    Config::parse(&format!(r#"{{"upstreams":[{{"cluster":"c","url":"http://h"}}],{rest}}}"#))
        .unwrap()
        .warnings
}

/// `allow *` first, and everything below it is for show.
#[test]
fn rules_that_can_never_apply() {
    let told = |first: &str, second: &str| {
        let rules = [first, second].map(|rule| match rule.contains("action") {
            true => format!("{{{rule}}}"),
            false => format!(r#"{{{rule},"action":"deny"}}"#),
        });
        let warnings = warnings(&format!(r#""policy":{{"rules":[{}]}}"#, rules.join(",")));
        assert!(warnings.len() <= 1, "{warnings:?}");
        !warnings.is_empty()
    };
    for (first, second) in [
        (r#""modules":["a.com/x"],"action":"allow""#, r#""modules":["a.com/x"]"#),
        (r#""modules":["a.com/x/"]"#, r#""modules":["a.com/x"],"versions":["v1.0.0"],"principals":["a"]"#),
        (
            r#""modules":["a.com"],"action":"redirect""#,
            r#""modules":["a.com/*"],"exact":["a.com","a.com/b"]"#,
        ),
        (r#""modules":["*"]"#, r#""modules":["a.com","*.org"],"exact":["b.com"]"#),
        (r#""modules":["*.com/x"],"exact":["a.org"]"#, r#""modules":["*.com/x/[a-c]"],"exact":["a.org"]"#),
        (r#""exact":["a.com"]"#, r#""exact":["a.com"]"#),
        (r#""modules":["a.com/[xy]"]"#, r#""modules":["a.com/[xy]"]"#),
    ] {
        assert!(told(first, second), "{second} after {first}");
    }
    for (first, second) in [
        // It decides nothing, or not for all.
        (r#""modules":["a.com"],"action":"cooldown","age":"7d""#, r#""modules":["a.com"]"#),
        (r#""modules":["a.com"],"versions":["v1.0.0"]"#, r#""modules":["a.com"]"#),
        (r#""modules":["a.com"],"principals":["@anonymous"]"#, r#""modules":["a.com"]"#),
        (r#""modules":["a.com"],"looks_like":{"of":["a.com/b"]}"#, r#""modules":["a.com"]"#),
        (r#""exact":["a.com"]"#, r#""modules":["a.com"]"#),
        (r#""modules":["a.com"],"enforce":false"#, r#""modules":["a.com"]"#),
        // Not of everything.
        (r#""modules":["a.com"]"#, r#""modules":["a.com","b.com"]"#),
        (r#""modules":["a.com"]"#, r#""modules":["a.com"],"exact":["b.com"]"#),
        (r#""modules":["a.com/x"]"#, r#""modules":["a.com/xy"]"#),
        // A class that holds a slash: the first names two elements, the second may name another two.
        (r#""modules":["a.com/x[^a]y"]"#, r#""modules":["a.com/x[^a]y/z"]"#),
    ] {
        assert!(!told(first, second), "{second} after {first}");
    }
}

#[test]
fn what_is_said_of_them() {
    let deny =
        |name: &str, modules: &str| format!(r#"{{"name":"{name}","modules":[{modules}],"action":"deny"}}"#);
    let (a, b) = (deny("a", r#""a.com""#), deny("b", r#""b.com""#));
    let unnamed = r#"{"modules":["a.com/x","b.com/x"],"action":"allow"}"#;
    // The last of all that it takes is named.
    assert_eq!(
        warnings(&format!(r#""policy":{{"rules":[{a},{b},{unnamed}]}}"#)),
        ["policy.rules[2] can never apply: before it policy.rules[1] (b) decides for everybody"]
    );
    let many: Vec<_> = (0..20).map(|n| deny(&format!("r{n}"), r#""*""#)).collect();
    let told = warnings(&format!(r#""policy":{{"rules":[{}]}}"#, many.join(",")));
    assert_eq!((told.len(), told[8].as_str()), (9, "11 more can never apply"));
    let bundle = Bundle::parse(&format!(r#"{{"version":1,"rules":[{a},{}]}}"#, deny("c", r#""a.com/b""#)));
    assert_eq!(
        bundle.unwrap().warnings,
        ["bundle.rules[1] (c) can never apply: before it bundle.rules[0] (a) decides for everybody"]
    );
}

#[test]
fn what_is_said_of_licences_that_are_never_told() {
    let told = warnings(
        r#""policy":{"rules":[{"modules":["*"],"license":{"any":["gpl-*","MS-PL","JSON*","mit"]},"action":"deny"}]}"#,
    );
    let says =
        |glob: &str| format!("policy.rules[0] asks for {glob}: no licence that can be told is called so");
    assert_eq!(told, ["MS-PL", "JSON*"].map(says));
}

/// What is monitored for good by mistake refuses nothing.
#[test]
fn a_policy_that_is_not_enforced() {
    let deny = r#"{"modules":["a.com"],"action":"deny","enforce":false}"#;
    for (enforce, told) in [("false", 1), ("true", 0)] {
        let warnings = warnings(&format!(r#""policy":{{"enforce":{enforce},"rules":[{deny}]}}"#));
        assert_eq!(warnings.len(), told, "{warnings:?}");
    }
}

/// Athens stores no proofs; offline nobody else has them.
#[test]
fn what_athens_has_stored_cannot_be_proven_offline() {
    let base = r#""mode":"offline","storage":{"cluster":"s","url":"http://s","layout":"athens"},
        "sumdb":[{"name":"sum.golang.org","cluster":"d","url":"http://d"}]"#;
    assert_eq!(
        warnings(base),
        [
            "mode: offline, and verify requires what Athens does not store: proofs of \"sum.golang.org\". What only Athens has stored is not served"
        ]
    );
    for (from, to) in [
        ("offline", "online"),
        (r#""athens""#, r#""goproxy""#),
        (r#""athens""#, r#""athens","reverify":"never""#),
        (r#""sumdb":"#, r#""verify":{"mode":"when_available"},"sumdb":"#),
    ] {
        assert!(base.contains(from));
        assert_eq!(warnings(&base.replace(from, to)), [""; 0], "{to}");
    }
    // All but what is excepted.
    let excepted = r#""verify":{"mode":"off","overrides":[{"modules":["a.com"],"mode":"require"}]},"sumdb":"#;
    assert_eq!(warnings(&base.replace(r#""sumdb":"#, excepted)).len(), 1);
}

/// By a log that is forgotten with each restart, or that is asked about nothing.
#[test]
fn a_clock_that_forgets() {
    let base = r#""policy":{"clock":"log"},"storage":{"cluster":"s","url":"http://s"},
        "sumdb":[{"name":"sum.golang.org","cluster":"d","url":"http://d"}]"#;
    let told = |from: &str, to: &str| {
        assert!(base.contains(from));
        let warnings = warnings(&base.replacen(from, to, 1));
        warnings.iter().map(|warning| warning.chars().take(60).collect()).collect::<Vec<String>>()
    };
    let forgets = "policy.clock is log, and no storage is written that keeps ho";
    let is_off = "policy.clock is log, and verify.mode is off: no version is l";
    let exempt = r#""verify":{"mode":"off","overrides":[{"modules":["a.com"],"mode":"require"}]},"sumdb":"#;
    for (from, to, expected) in [
        (r#""log""#, r#""log""#, &[][..]),
        (r#""url":"http://s""#, r#""url":"http://s","write":false"#, &[forgets]),
        (r#""storage":{"cluster":"s","url":"http://s"},"#, "", &[forgets]),
        (r#""log""#, r#""info""#, &[]),
        (r#""sumdb":"#, r#""verify":{"mode":"off"},"sumdb":"#, &[is_off]),
        (r#""sumdb":"#, exempt, &[]),
    ] {
        assert_eq!(told(from, to), expected, "{to}");
    }
}

#[test]
fn a_rule_for_callers_of_whom_nobody_says_who_they_are() {
    let rule = |who: &str| {
        format!(r#""policy":{{"rules":[{{"modules":["a.com"],"principals":["{who}"],"action":"allow"}}]}}"#)
    };
    let nobody =
        "is for callers with names, but `callers` names no place to read them from: no caller has a name";
    assert_eq!(warnings_of(&rule("ada")), [format!("policy.rules[0] {nobody}")]);
    assert_eq!(warnings_of(r#""admin":{"explain":["ada"]}"#), [format!("admin.explain {nobody}")]);
    assert_eq!(warnings_of(&rule("@anonymous")), [""; 0]);
    assert_eq!(warnings(&rule("ada")), [""; 0]);
}

/// Documents are asked for by the filter, which says them all; a download goes by a route of the gateway.
#[test]
fn headers_that_a_download_may_lack() {
    let warned = |headers: &str| {
        let config = format!(
            r#"{{"upstreams":[{{"cluster":"c","url":"http://h","headers":{headers}}}],
                "storage":{{"cluster":"s","url":"http://s","headers":{headers}}},
                "sumdb":[{{"name":"sum.golang.org","cluster":"d","url":"http://d","headers":{headers}}}]}}"#
        );
        Config::parse(&config).unwrap().warnings
    };
    assert!(warned(r#"{"Authorization":"x","private-token":"y","x-jfrog-art-api":"z"}"#).is_empty());
    let warnings = warned(r#"{"X-Own":"s3cret"}"#);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, at) in warnings.iter().zip(["upstreams[0].headers.x-own: ", "storage.headers.x-own: "]) {
        let line = r#"{header: {key: x-own, value: "%FILTER_STATE(wasm.modgate.x-own:PLAIN)%"}}"#;
        assert!(
            warning.starts_with(at) && warning.contains(line) && !warning.contains("s3cret"),
            "{warning}"
        );
    }
}

/// Whoever answers for all of a forge may answer for names that are private there.
#[test]
fn an_upstream_that_is_asked_for_private_modules_and_for_others() {
    let warned = |modules: &str, private: &str| {
        let config = format!(
            r#"{{"upstreams":[{{"name":"wide","cluster":"c","url":"http://h","modules":[{modules}]}}],
                "private":{{"modules":[{private}]}}}}"#
        );
        Config::parse(&config).unwrap().warnings
    };
    for (modules, private) in [
        (r#""github.com""#, r#""github.com/acme""#),
        (r#""github.com/*""#, r#""github.com/acme""#),
        (r#""a.com","*.com""#, r#""corp.com/x/*""#),
    ] {
        let warnings = warned(modules, private);
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("upstream wide is asked for private modules ("),
            "{modules} {private}: {warnings:?}"
        );
    }
    for (modules, private) in [
        (r#""github.com/acme""#, r#""github.com/acme""#),
        (r#""github.com/acme/team","*.corp.com""#, r#""github.com/acme","*.corp.com""#),
        (r#""golang.org""#, r#""github.com/acme""#),
        // It is asked for no private module by that.
        (r#""*""#, r#""github.com/acme""#),
        (r#""github.com/*""#, ""),
    ] {
        assert_eq!(warned(modules, private), [""; 0], "{modules} {private}");
    }
}

#[test]
fn a_rule_that_asks_what_is_in_use_where_that_is_not_remembered() {
    let rule = r#""policy":{"rules":[{"modules":["*"],"action":"deny","enforce":false,"looks_like":{"in_use":true}}]}"#;
    assert_eq!(
        warnings(rule),
        [
            "policy.rules[0] asks which modules are in use, and without `exposure` it is not remembered what is served: none is"
        ]
    );
    assert_eq!(warnings(&format!(r#""exposure":{{}},{rule}"#)), [""; 0]);
}

#[test]
fn a_rule_that_asks_for_advisories_where_there_are_none() {
    let rule = |fields: &str| format!(r#""policy":{{"rules":[{{"modules":["*"],{fields}}}]}}"#);
    for fields in
        [r#""action":"deny","advisories":{}"#, r#""action":"cooldown","age":"7d","except":["fixes"]"#]
    {
        let told = warnings(&rule(fields));
        assert_eq!(
            told,
            ["policy.rules[0] asks for advisories, but `advisories` names no source of them: there are none"]
        );
        let source =
            r#""advisories":{"sources":[{"name":"go","format":"zip","cluster":"c","url":"http://h/v.zip"}]}"#;
        assert_eq!(warnings(&format!("{source},{}", rule(fields))), [""; 0]);
    }
}
