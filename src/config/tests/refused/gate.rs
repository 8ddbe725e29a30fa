//! What a rule asks of the content of versions, and what stands above the rules.

use super::{UPSTREAM, check};
use crate::config::{Config, limits};

fn policy(fields: &str) -> String {
    format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{{fields}}}}}"#)
}

#[test]
fn rules_for_what_is_in_versions() {
    check(
        |fields| policy(&format!(r#""rules":[{{"modules":["*"],"action":{fields}}}]"#)),
        &[
            (r#""deny","advisories":{}"#, &[]),
            (r#""deny","toolchain":{"min":"1.27rc3"}"#, &[]),
            (r#""deny","license":{"any":["GPL-*","agpl-3.0-only"],"unknown":true}"#, &[]),
            (r#""deny","license":{"not":["MIT"]},"enforce":false"#, &[]),
            (
                r#""deny","license":{}"#,
                &["$.policy.rules[0].license.any: missing: licences by their SPDX identifiers, or `not`"],
            ),
            (
                r#""deny","license":{"any":["MIT"],"not":[]}"#,
                &["$.policy.rules[0].license.not: `any` is there already; keep one of the two"],
            ),
            (
                r#""deny","license":{"not":[]}"#,
                &["$.policy.rules[0].license.not: an empty list has no licence"],
            ),
            (
                r#""cooldown","age":"7d","license":{"any":["MIT"]}"#,
                &[
                    "$.policy.rules[0].license: only a rule with the action deny asks for licences: what a version's licence is, is not known before its zip is read",
                ],
            ),
            (
                r#""deny","license":{"any":["*","MIT OR Apache-2.0"],"unknown":"no"}"#,
                &[
                    r#"$.policy.rules[0].license.any[0]: "*" is no licence's SPDX identifier: an identifier has 1 to 64 characters"#,
                    r#"$.policy.rules[0].license.any[1]: "MIT OR Apache-2.0" is no licence's SPDX identifier: an identifier has letters, digits, - and . alone, and a * at most as its last character"#,
                    r#"$.policy.rules[0].license.unknown: expected true or false, found "no""#,
                ],
            ),
            (r#""cooldown","age":"7d","except":["fixes"]"#, &[]),
            (
                r#""deny","advisories":{"ids":["GO 1",""],"reviewed":"yes","older_than":"0s","severity":[]}"#,
                &[
                    r#"$.policy.rules[0].advisories.ids[0]: "GO 1" is not 1 to 64 letters, digits, -, _, . and :"#,
                    r#"$.policy.rules[0].advisories.ids[1]: "" is not 1 to 64 letters, digits, -, _, . and :"#,
                    r#"$.policy.rules[0].advisories.reviewed: expected true or false, found "yes""#,
                    r#"$.policy.rules[0].advisories.older_than: "0s" is not from 1m to 1year"#,
                    "$.policy.rules[0].advisories.severity: an empty list has no severity; leave it out for however severe",
                ],
            ),
            (
                r#""deny","advisories":{"ids":[],"severity":["grave"]}"#,
                &[
                    "$.policy.rules[0].advisories.ids: an empty list has no id",
                    r#"$.policy.rules[0].advisories.severity[0]: expected one of `unknown`, `low`, `moderate`, `high`, `critical`, found "grave""#,
                ],
            ),
            (
                r#""deny","toolchain":{}"#,
                &[
                    r#"$.policy.rules[0].toolchain.min: missing: the oldest Go that the rule is not for, such as "1.26.6""#,
                ],
            ),
            (
                r#""deny","toolchain":{"min":"v1.26"}"#,
                &[
                    r#"$.policy.rules[0].toolchain.min: "v1.26" is no version of Go, such as "1.26.6" or "1.27rc3""#,
                ],
            ),
            (
                r#""cooldown","age":"7d","except":[]"#,
                &["$.policy.rules[0].except: an empty list has no version that need not wait; leave it out"],
            ),
            (
                r#""deny","except":["fixes"]"#,
                &[
                    "$.policy.rules[0].except: only a rule with the action cooldown has versions that need not wait",
                ],
            ),
        ],
    );
    check(
        |modules| {
            policy(&format!(r#""rules":[{{{modules},"action":"deny","toolchain":{{"min":"1.26.6"}}}}]"#))
        },
        &[
            (r#""exact":["golang.org/toolchain"]"#, &[]),
            (r#""modules":["golang.org"]"#, &[]),
            (
                r#""exact":["golang.org/x/text"]"#,
                &[
                    "$.policy.rules[0].toolchain: the rule is not for golang.org/toolchain, which toolchains are versions of",
                ],
            ),
        ],
    );
}

#[test]
fn malice() {
    check(
        |listed| policy(&format!(r#""malicious":{listed}"#)),
        &[
            (r#"[{"id":"CORP-1","exact":["a.com/b"]}]"#, &[]),
            (r#"[{"id":"CORP-1","hashes":["h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ="]}]"#, &[]),
            (
                r#"[{"id":"A","hashes":[]},{"id":"B","hashes":["h1:abc=","NqM8"],"versions":["v1"]}]"#,
                &[
                    "$.policy.malicious[0].hashes: an empty list has no hash",
                    r#"$.policy.malicious[1].hashes[0]: "h1:abc=" is no hash as go.sum has it: h1: and 44 characters of base64"#,
                    r#"$.policy.malicious[1].hashes[1]: "NqM8" is no hash as go.sum has it: h1: and 44 characters of base64"#,
                    "$.policy.malicious[1].versions: it names no modules, and a hash is of one version",
                ],
            ),
            (
                r#"[{},{"id":"a b","modules":[],"reason":"x\ny","link":"wiki"},{"id":"C","modules":["*"]},{"id":"C","modules":["*"]}]"#,
                &[
                    "$.policy.malicious[0].id: missing: the id by which refusals and waivers name it",
                    "$.policy.malicious[0].modules: missing: globs of the modules it is for, or `exact` paths, or `hashes` of zips",
                    r#"$.policy.malicious[1].id: "a b" is not 1 to 64 letters, digits, -, _, . and :"#,
                    "$.policy.malicious[1].modules: missing: globs of the modules it is for, or `exact` paths, or `hashes` of zips",
                    "$.policy.malicious[1].reason: it has line ends or other control characters, for which the go command would show nothing",
                    "$.policy.malicious[1].link: a link is a URL that begins with http:// or https://",
                    r#"$.policy.malicious[3].id: "C" is the id of policy.malicious[2] already"#,
                ],
            ),
        ],
    );
}

#[test]
fn hashes_are_bounded_in_all_of_a_list() {
    let listed = |hashes: usize| {
        let hashes = vec![r#""h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=""#; hashes].join(",");
        policy(&format!(r#""malicious":[{{"id":"A","hashes":[{hashes}]}},{{"id":"B","hashes":[{hashes}]}}]"#))
    };
    assert!(Config::parse(&listed(limits::MAX_HASHES / 2)).is_ok());
    let problems = Config::parse(&listed(limits::MAX_HASHES / 2 + 1)).unwrap_err().to_string();
    let told = "$.policy.malicious[1].hashes: too many: at most 10000 are allowed in all of the list";
    assert!(problems.contains(told), "{problems}");
}

#[test]
fn waivers() {
    check(
        |fields| policy(&format!(r#""waivers":[{{{fields}}}]"#)),
        &[
            (r#""modules":["*"],"ids":["GO-1"],"until":"2027-03-01","by":"ann","reason":"known""#, &[]),
            (
                r#""modules":["*"],"ids":["GO-1"],"until":"2027-03-01T12:00:00+02:00","by":"ann","reason":"known""#,
                &[],
            ),
            (
                "",
                &[
                    "$.policy.waivers[0].ids: missing: the ids of the advisories that it lifts",
                    "$.policy.waivers[0].by: missing: a waiver says who has decided it, and why",
                    "$.policy.waivers[0].reason: missing: a waiver says who has decided it, and why",
                    "$.policy.waivers[0].modules: missing: globs of the modules it is for, or `exact` paths",
                    r#"$.policy.waivers[0].until: missing: its last day, such as "2027-03-01"; a waiver ends"#,
                ],
            ),
            (
                r#""modules":["*"],"ids":[],"until":"2027-3-1","by":" ","reason":"known","principals":[]"#,
                &[
                    "$.policy.waivers[0].ids: an empty list has no id",
                    r#"$.policy.waivers[0].until: "2027-3-1" is no day such as "2027-03-01", and no time as in RFC 3339"#,
                    "$.policy.waivers[0].by: missing: a waiver says who has decided it, and why",
                    "$.policy.waivers[0].principals: an empty list has no caller; leave it out for everybody",
                ],
            ),
        ],
    );
}
