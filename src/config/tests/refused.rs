//! What is refused, and what the refusal says.

mod callers;
mod endpoints;
mod gate;
mod policy;
mod sections;
mod sync;
mod vanity;

use super::*;

fn lines(json: &str) -> Vec<String> {
    match Config::parse(json) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.to_string().lines().map(ToOwned::to_owned).collect(),
    }
}

/// Checks each fragment in its place: the rest of the configuration is right.
fn check(place: impl Fn(&str) -> String, cases: &[(&str, &[&str])]) {
    for (fragment, expected) in cases {
        assert_eq!(lines(&place(fragment)), *expected, "for {fragment}");
    }
}

const UPSTREAM: &str = r#"{"cluster":"c","url":"http://h"}"#;

#[test]
fn the_document() {
    let example = r#"{"upstreams":[{"cluster":"proxy_golang_org","url":"https://proxy.golang.org"}]}"#;
    let none = format!("$: no configuration: it needs at least one upstream or a storage, such as {example}");
    let nothing = "$.upstreams: neither upstreams nor a storage: there is nothing to serve modules from";
    check(
        ToOwned::to_owned,
        &[
            ("", &[&none]),
            (" \n", &[&none]),
            ("{", &["$: not JSON: EOF while parsing an object at line 1 column 1"]),
            ("{}}", &["$: not JSON: trailing characters at line 1 column 3"]),
            ("{'a':1}", &["$: not JSON: key must be a string at line 1 column 2"]),
            ("null", &["$: null says nothing: give a value, or leave it out for the default"]),
            ("[]", &["$: expected an object, found a list"]),
            ("\"x\"", &["$: expected an object, found text"]),
            ("{}", &[nothing]),
            (r#"{"upstreams":[]}"#, &[nothing]),
            // what was meant to be one is not missing as well
            (r#"{"storage":7}"#, &["$.storage: expected an object, found a number"]),
            (r#"{"upstreams":7}"#, &["$.upstreams: expected a list, found a number"]),
            (r#"{"upstreams":[7]}"#, &["$.upstreams[0]: expected an object, found a number"]),
        ],
    );
}

#[test]
fn bytes_that_are_no_text() {
    let told = |bytes: &[u8]| Config::parse_bytes(bytes).unwrap_err().to_string();
    let of_struct = "$: a protobuf message, not text: use google.protobuf.StringValue with JSON text; a Struct arrives as protobuf bytes";
    assert_eq!(told(b"\n+\n\x01a\x12&\x1a$upstreams"), of_struct);
    // a length of 123 is a brace
    assert_eq!(told(b"\n{\n\x02\"a\x12\xff"), of_struct);
    assert_eq!(told(b"\n\x8a\x01\n\tupstreams\x12"), of_struct);
    assert!(told(b"\xff{}").starts_with("$: not JSON: invalid utf-8"));
    assert!(told(b"").starts_with("$: no configuration"));
    // text may begin with a line break, too
    assert_eq!(Config::parse_bytes(format!("\n\n\n{MINIMAL}").as_bytes()), Config::parse(MINIMAL));
    assert_eq!(told(b"\n{\n"), "$: not JSON: EOF while parsing an object at line 3 column 0");
}

#[test]
fn fields() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],{fields}}}"#),
        &[
            (r#""upstream":[]"#, &[r#"$.upstream: unknown field; did you mean "upstreams"?"#]),
            (r#""matc":{"hots":1}"#, &[r#"$.matc: unknown field; did you mean "match"?"#]),
            (
                r#""cache":null"#,
                &[
                    "$.cache: unknown field; known here: match, upstreams, mode, policy, advisories, storage, private, sumdb, verify, index, freshness, fetch, callers, exposure, vanity, sync, catalog, admin",
                ],
            ),
            (r#""match":{"host":[]}"#, &[r#"$.match.host: unknown field; did you mean "hosts"?"#]),
            (r#""admin":{"a b":1}"#, &[r#"$.admin["a b"]: unknown field; known here: path_prefix, explain"#]),
            (r#""index":{"bytes":100000,"bytes":200000}"#, &["$.index.bytes: given twice; keep one"]),
            (r#""upstreams":[]"#, &["$.upstreams: given twice; keep one"]),
            (r#""upstreams":[{"x":1}],"index":{}"#, &["$.upstreams: given twice; keep one"]),
            (r#""private":[["a.b"],["c.d"]]"#, &["$.private: expected an object, found a list"]),
            (
                r#""private":null"#,
                &["$.private: null says nothing: give a value, or leave it out for the default"],
            ),
            (
                r#""private":{"modules":["a.b",null]}"#,
                &["$.private.modules[1]: null says nothing: give a value, or leave it out for the default"],
            ),
            (
                r#""private":{"modules":["a.b",4,["c"],{"x":"y"}]}"#,
                &[
                    "$.private.modules[1]: expected text, found 4",
                    "$.private.modules[2]: expected text, found a list",
                    "$.private.modules[3]: expected text, found an object",
                ],
            ),
            (r#""private":{"modules":"a.b"}"#, &["$.private.modules: expected a list, found text"]),
        ],
    );
}

/// Each kind of mistake at once, in every stage: all are told, in the order of the text.
#[test]
fn ten_mistakes_are_ten_lines() {
    let json = r#"{
        "upstreams": [
            { "url": "https://a.example.com", "timeout": "5 minute s" },
            { "cluster": "b", "url": "https://b.example.com", "scheme": "https", "modules": "b.example.com" },
            { "cluster": "c", "authority": "a.example.com", "fallbak": "any_error" }
        ],
        "storage": { "cluster": "s", "url": "http://s", "dialect": "s4", "write": null },
        "index": { "bytes": 0, "bytes": 1 },
        "freshness": { "list": 60 },
        "privat": { "modules": [] }
    }"#;
    let told = lines(json);
    let paths: Vec<&str> = told.iter().map(|line| line.split_once(": ").unwrap().0).collect();
    assert_eq!(
        paths,
        [
            "$.upstreams[0].cluster",
            "$.upstreams[0].timeout",
            "$.upstreams[1].scheme",
            "$.upstreams[1].modules",
            "$.upstreams[2].name",
            "$.upstreams[2].fallbak",
            "$.storage.dialect",
            "$.storage.write",
            "$.index.bytes",
            "$.freshness.list",
            "$.privat",
        ],
        "{told:#?}"
    );
}
