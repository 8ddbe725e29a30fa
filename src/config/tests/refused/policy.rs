//! The section `policy`, and the mode.

use super::{UPSTREAM, check, lines};

#[test]
fn rules() {
    check(
        |rules| format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{"rules":{rules}}}}}"#),
        &[
            ("[]", &[]),
            (r#"[{"exact":["a.com/m"],"action":"allow"}]"#, &[]),
            (
                r#"[{},{"modules":[],"exact":[],"action":"deny"}]"#,
                &[
                    "$.policy.rules[0].modules: missing: globs of the modules it is for, `*` for every one, or `exact` paths",
                    "$.policy.rules[0].action: missing: allow, deny, redirect or cooldown",
                    "$.policy.rules[1].modules: missing: globs of the modules it is for, `*` for every one, or `exact` paths",
                ],
            ),
            // What was meant to name modules is not missing as well, nor what belongs to an action that nobody knows.
            (
                r#"[{"exact":"a.com","action":"drop","age":"7d","to":"https://h"},7]"#,
                &[
                    "$.policy.rules[0].exact: expected a list, found text",
                    r#"$.policy.rules[0].action: expected one of `allow`, `cooldown`, `deny`, `redirect`, found "drop""#,
                    "$.policy.rules[1]: expected an object, found a number",
                ],
            ),
            (
                r#"[{"modules":["[a"],"exact":["a.com/../m"],"principals":["@all","","[a"],"action":"deny"}]"#,
                &[
                    r#"$.policy.rules[0].modules[0]: malformed pattern "[a": a class is not closed with a bracket"#,
                    r#"$.policy.rules[0].exact[0]: malformed module path "a.com/../m": an element is made of dots only"#,
                    r#"$.policy.rules[0].principals[0]: "@all" names no caller: of the words with @ there are @anonymous and @authenticated alone"#,
                    r#"$.policy.rules[0].principals[1]: "" names no caller: it is empty"#,
                    r#"$.policy.rules[0].principals[2]: "[a" names no caller: a class is not closed with a bracket"#,
                ],
            ),
            (
                r#"[{"modules":["*"],"versions":[],"principals":[],"action":"deny"}]"#,
                &[
                    "$.policy.rules[0].versions: an empty list has no version; leave it out for every one",
                    "$.policy.rules[0].principals: an empty list has no caller; leave it out for everybody",
                ],
            ),
            (
                r#"[{"modules":["*"],"when":"now","action":"deny","reson":"x","reason":null}]"#,
                &[
                    "$.policy.rules[0].when: unknown field; known here: name, modules, exact, versions, principals, advisories, toolchain, license, looks_like, action, enforce, age, except, to, reason, link",
                    r#"$.policy.rules[0].reson: unknown field; did you mean "reason"?"#,
                    "$.policy.rules[0].reason: null says nothing: give a value, or leave it out for the default",
                ],
            ),
        ],
    );
}

#[test]
fn names() {
    check(
        |names| {
            let rules: Vec<_> = names
                .split(' ')
                .map(|name| format!(r#"{{"name":"{name}","modules":["*"],"action":"cooldown","age":"7d"}}"#))
                .collect();
            format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{"rules":[{}]}}}}"#, rules.join(","))
        },
        &[
            ("a b a-1_x", &[]),
            (
                "a b a a",
                &[
                    r#"$.policy.rules[2].name: "a" is the name of $.policy.rules[0] already; give it another"#,
                    r#"$.policy.rules[3].name: "a" is the name of $.policy.rules[0] already; give it another"#,
                ],
            ),
            (
                "A",
                &[r#"$.policy.rules[0].name: "A" is not 1 to 32 of a-z, 0-9, _ and - (it labels metrics)"#],
            ),
            (
                "undated",
                &[
                    r#"$.policy.rules[0].name: "undated" is what metrics call something else; give it another"#,
                ],
            ),
            (
                "default",
                &[
                    r#"$.policy.rules[0].name: "default" is what metrics call something else; give it another"#,
                ],
            ),
        ],
    );
}

#[test]
fn actions() {
    let bound = "is not from 1m to 1year: less is no cool-down, and more is a list of versions";
    check(
        |fields| {
            format!(
                r#"{{"upstreams":[{UPSTREAM}],"policy":{{"rules":[{{"modules":["*"],"action":{fields}}}]}}}}"#
            )
        },
        &[
            (r#""cooldown","age":"1m""#, &[]),
            (r#""redirect""#, &[]),
            (r#""redirect","to":"http://h:80/x""#, &[]),
            (
                r#""cooldown""#,
                &[r#"$.policy.rules[0].age: missing: how old a version has to be, such as "7d""#],
            ),
            (r#""cooldown","age":"59s""#, &[&format!(r#"$.policy.rules[0].age: "59s" {bound}"#)]),
            (
                r#""cooldown","age":7"#,
                &[
                    r#"$.policy.rules[0].age: expected a duration as text, such as "30s" or "1h 30m", found 7"#,
                ],
            ),
            (
                r#""deny","age":"7d","to":"https://h""#,
                &[
                    "$.policy.rules[0].age: only a rule with the action cooldown has an age",
                    "$.policy.rules[0].to: only a rule with the action redirect sends clients elsewhere",
                ],
            ),
            (
                r#""redirect","to":"proxy.golang.org""#,
                &["$.policy.rules[0].to: a URL begins with http:// or https://"],
            ),
            (
                r#""redirect","to":"https://h/x?y""#,
                &["$.policy.rules[0].to: its path: it has a query or a fragment"],
            ),
            (
                r#""deny","reason":"a\nb","link":"wiki/x""#,
                &[
                    "$.policy.rules[0].reason: it has line ends or other control characters, for which the go command would show nothing",
                    "$.policy.rules[0].link: a link is a URL that begins with http:// or https://",
                ],
            ),
            (r#""deny","looks_like":{"of":["a.com/b"]}"#, &[]),
            (
                r#""deny","looks_like":{}"#,
                &[
                    "$.policy.rules[0].looks_like.of: missing: the modules that are meant, by their paths, or `in_use`",
                ],
            ),
            (r#""deny","looks_like":{"in_use":true},"enforce":false"#, &[]),
            (
                r#""deny","looks_like":{"in_use":true}"#,
                &[
                    r#"$.policy.rules[0].looks_like.in_use: what is in use depends on what clients ask for, and decides nothing: give the rule "enforce": false, or list modules in `of`"#,
                ],
            ),
            (
                r#""deny","looks_like":{"of":["a.com/*"],"by":[]}"#,
                &[
                    r#"$.policy.rules[0].looks_like.of[0]: malformed module path "a.com/*": the character '*' is not allowed"#,
                    "$.policy.rules[0].looks_like.by: an empty list has no likeness; leave it out for capitals and a letter",
                ],
            ),
            (
                r#""deny","looks_like":{"of":["a.com/b"],"by":["sound"]}"#,
                &[
                    r#"$.policy.rules[0].looks_like.by[0]: expected one of `capitals`, `letter`, `owner`, found "sound""#,
                ],
            ),
            (
                r#""deny","link":"https://h/a b""#,
                &["$.policy.rules[0].link: a link is a URL that begins with http:// or https://"],
            ),
        ],
    );
    let told = |field: &str, text: &str| {
        lines(&format!(
            r#"{{"upstreams":[{UPSTREAM}],"policy":{{"rules":[{{"modules":["*"],"action":"deny","{field}":"{text}"}}]}}}}"#
        ))
    };
    assert_eq!(told("reason", &"é".repeat(150)), [""; 0]);
    assert_eq!(
        told("reason", &"é".repeat(151)),
        ["$.policy.rules[0].reason: 302 bytes: the go command would not show more than 300"]
    );
    assert_eq!(
        told("link", &format!("https://{}", "h".repeat(193))),
        ["$.policy.rules[0].link: 201 bytes: the go command would not show more than 200"]
    );
}

/// A list that is longer than allowed is told of once, whatever is in it.
#[test]
fn too_many() {
    let policy = |policy: &str| lines(&format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{{policy}}}}}"#));
    let rule = r#"{"modules":["*"],"action":"cooldown","age":"7d"}"#;
    let mut rules = vec![rule; 20_000];
    assert_eq!(policy(&format!(r#""rules":[{}]"#, rules.join(","))), [""; 0]);
    rules.extend(["{}", "{}"]);
    assert_eq!(
        policy(&format!(r#""rules":[{}]"#, rules.join(","))),
        ["$.policy.rules[20000]: too many: at most 20000 are allowed"]
    );
    for (field, one) in
        [("modules", "a.com"), ("exact", "a.com"), ("versions", "v1.0.0"), ("principals", "a")]
    {
        let list = vec![format!("\"{one}\""); 10_001].join(",");
        let others = if field == "modules" { "" } else { r#""modules":["*"],"# };
        assert_eq!(
            policy(&format!(r#""rules":[{{{others}"{field}":[{list}],"action":"deny"}}]"#)),
            [format!("$.policy.rules[0].{field}: too many: at most 10000 are allowed")]
        );
    }
    let overrides = vec![r#"{"modules":["*"],"mode":"none"}"#; 65].join(",");
    assert_eq!(
        policy(&format!(r#""on_miss":{{"overrides":[{overrides}]}}"#)),
        ["$.policy.on_miss.overrides[64]: too many: at most 64 are allowed"]
    );
}

#[test]
fn the_section() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{{fields}}}}}"#),
        &[
            (r#""default":"deny","on_miss":{"mode":"redirect"}"#, &[]),
            (
                r#""default":"drop","rule":[],"athens_filter":["- a.com"]"#,
                &[
                    r#"$.policy.default: expected `allow` or `deny`, found "drop""#,
                    r#"$.policy.rule: unknown field; did you mean "rules"?"#,
                    "$.policy.athens_filter: expected text, found a list",
                ],
            ),
            (
                r#""on_miss":{"mode":"sync","overides":[],"overrides":[{},{"modules":["a.com"],"mod":"none","mode":"none"}]}"#,
                &[
                    r#"$.policy.on_miss.mode: expected one of `fetch`, `none`, `redirect`, found "sync""#,
                    r#"$.policy.on_miss.overides: unknown field; did you mean "overrides"?"#,
                    "$.policy.on_miss.overrides[0].modules: missing: globs of the modules of which something else becomes",
                    "$.policy.on_miss.overrides[0].mode: missing: fetch, redirect or none",
                    r#"$.policy.on_miss.overrides[1].mod: unknown field; did you mean "mode"?"#,
                ],
            ),
            (r#""on_miss":"none""#, &["$.policy.on_miss: expected an object, found text"]),
        ],
    );
}

/// Without an upstream there is nobody to send clients to.
#[test]
fn nobody_to_send_clients_to() {
    let to = "$.policy.rules[0].to: missing: the base URL of the proxy that clients are sent to, as there is no upstream";
    let rule = r#""policy":{"rules":[{"modules":["*"],"action":"redirect"}]}"#;
    check(
        |fields| format!(r#"{{"storage":{{"cluster":"s","url":"http://s"}},{fields}}}"#),
        &[
            (rule, &[to]),
            (&rule.replace(r#""redirect""#, r#""redirect","to":"https://h""#), &[]),
            (&format!(r#"{rule},"upstreams":[{UPSTREAM}]"#), &[]),
            // What was meant to be one is wrong, and not missing as well.
            (&format!(r#"{rule},"upstreams":7"#), &["$.upstreams: expected a list, found a number"]),
            (
                r#""policy":{"on_miss":{"mode":"redirect","overrides":[{"modules":["a.com"],"mode":"redirect"}]}}"#,
                &[
                    "$.policy.on_miss.mode: it sends clients to an upstream, and there is none",
                    "$.policy.on_miss.overrides[0].mode: it sends clients to an upstream, and there is none",
                ],
            ),
        ],
    );
}

#[test]
fn the_mode() {
    let offline = "$.mode: offline without a storage: there is nothing to serve modules from";
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],{fields}}}"#),
        &[
            (r#""mode":"online""#, &[]),
            (r#""mode":"offline","storage":{"cluster":"s","url":"http://s"}"#, &[]),
            (r#""mode":"offline""#, &[offline]),
            (r#""mode":"offline","storage":"s3""#, &["$.storage: expected an object, found text"]),
            (r#""mode":"off""#, &[r#"$.mode: expected `offline` or `online`, found "off""#]),
        ],
    );
}

#[test]
fn where_a_bundle_comes_from() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{"bundle":{{{fields}}}}}}}"#),
        &[
            (r#""cluster":"c","url":"https://h/policy/go.json","headers":{"authorization":"x"}"#, &[]),
            (r#""cluster":"c","url":"https://h/""#, &[]),
            (
                "",
                &[
                    "$.policy.bundle.cluster: missing: the name of the Envoy cluster that reaches it",
                    "$.policy.bundle.authority: missing: give `url`, or the host it is addressed to",
                ],
            ),
            (
                r#""cluster":"c","url":"https://h/policy/""#,
                &["$.policy.bundle.url: it ends in a slash, and a bundle is a file"],
            ),
            (
                r#""cluster":"c","authority":"h","path_prefix":"/policy/""#,
                &["$.policy.bundle.path_prefix: it ends in a slash, and a bundle is a file"],
            ),
            (
                r#""cluster":"c","url":"https://h/go.json?ref=main","headers":{"host":"h"}"#,
                &[
                    "$.policy.bundle.url: its path: it has a query or a fragment",
                    "$.policy.bundle.headers.host: it comes from `url` or `authority`",
                ],
            ),
            (
                r#""cluster":"c","url":"https://h/p","interval":"25h","required":"no","etag":"x""#,
                &[
                    r#"$.policy.bundle.interval: "25h" is not from 1s to 1day: more often is a flood, and more seldom no rule"#,
                    r#"$.policy.bundle.required: expected true or false, found "no""#,
                    "$.policy.bundle.etag: unknown field; known here: interval, required, redirects, cluster, url, authority, scheme, path_prefix, headers, timeout",
                ],
            ),
        ],
    );
}

#[test]
fn the_clock() {
    let database = r#""sumdb":[{"name":"sum.golang.org","cluster":"d","url":"http://d"}],"#;
    let none = "$.policy.clock: there is no checksum database in `sumdb` by whose log it could be";
    for (more, clock, problems) in [
        (database, r#""log""#, &[][..]),
        (database, r#""info""#, &[]),
        ("", r#""info""#, &[]),
        ("", r#""log""#, &[none]),
        (r#""sumdb":[],"#, r#""log""#, &[none]),
        // What was meant to be one has been noted.
        (r#""sumdb":7,"#, r#""log""#, &["$.sumdb: expected a list, found a number"]),
        (database, r#""tlog""#, &[r#"$.policy.clock: expected `info` or `log`, found "tlog""#]),
        (database, "7", &["$.policy.clock: expected text, found 7"]),
    ] {
        check(
            |clock| format!(r#"{{{more}"upstreams":[{UPSTREAM}],"policy":{{"clock":{clock}}}}}"#),
            &[(clock, problems)],
        );
    }
}
