//! The section `callers`.

use super::{UPSTREAM, check};

#[test]
fn callers() {
    let one = "it needs one of header, property and xfcc";
    let nowhere = "only what lies in connection, filter_state, metadata is the gateway's own word; a header is a `header`";
    let no_path =
        "it is not the path of an attribute, such as [\"connection\", \"uri_san_peer_certificate\"]";
    let no_peer = "of a connection only what ends in _peer_certificate says who the client is";
    let separators =
        "$.callers.principals[0].separator: what it separates has separators of its own: leave it out";
    let at = |place: &str, what: &str| format!("$.callers.principals{place}: {what}");
    check(
        |sources| format!(r#"{{"upstreams":[{UPSTREAM}],"callers":{{"principals":[{sources}]}}}}"#),
        &[
            ("", &[]),
            (r#"{"header":"X-User","trusted":true,"separator":" "}"#, &[]),
            (r#"{"property":["connection","subject_peer_certificate"]}"#, &[]),
            (r#"{"property":["filter_state","who"],"separator":";"}"#, &[]),
            (r#"{"xfcc":"Subject","trusted":true}"#, &[]),
            (
                r#"{"prefix":"user:"},{"header":"a","xfcc":"URI","prefix":"b:"},{"header":7,"prefix":"c:"}"#,
                &[&at("[0]", one), &at("[1]", one), &at("[2].header", "expected text, found 7")],
            ),
            (
                r#"{"header":"Authorization"}"#,
                &[&at(
                    "[0].header",
                    "\"authorization\" cannot say who asks: it is a credential, which Modgate does not check; take the \
                     header in which the gateway puts the name",
                )],
            ),
            (
                r#"{"header":"X-Forwarded-Client-Cert"}"#,
                &[&at(
                    "[0].header",
                    "\"x-forwarded-client-cert\" cannot say who asks: it says many things; take `xfcc`",
                )],
            ),
            (
                r#"{"header":"X-Modgate-Cluster"}"#,
                &[&at(
                    "[0].header",
                    "\"x-modgate-cluster\" cannot say who asks: it carries the route (match.route_header)",
                )],
            ),
            (
                r#"{"header":":path"}"#,
                &[&at("[0].header", "\":path\" cannot say who asks: not a header name")],
            ),
            (r#"{"property":["connection"]}"#, &[&at("[0].property", no_path)]),
            (r#"{"property":["metadata",""]}"#, &[&at("[0].property", no_path)]),
            // the client's own words
            (r#"{"property":["request","headers","x-user"]}"#, &[&at("[0].property", nowhere)]),
            (r#"{"property":["connection","requested_server_name"]}"#, &[&at("[0].property", no_peer)]),
            // ours, not the client's
            (r#"{"property":["connection","uri_san_local_certificate"]}"#, &[&at("[0].property", no_peer)]),
            (
                r#"{"property":["filter_state","who"],"trusted":true}"#,
                &[&at("[0].trusted", "a property is the gateway's own word: leave it out")],
            ),
            (r#"{"xfcc":"DNS","separator":","}"#, &[separators]),
            // it is this Envoy itself
            (
                r#"{"xfcc":"By"}"#,
                &[&at("[0].xfcc", "expected one of `DNS`, `Hash`, `Subject`, `URI`, found \"By\"")],
            ),
            (
                r#"{"header":"a","separator":", "}"#,
                &[&at("[0].separator", "\", \" is not a blank or one sign such as a comma")],
            ),
            (
                r#"{"header":"a","prefix":"team:*"}"#,
                &[&at(
                    "[0].prefix",
                    "\"team:*\" is not at most 64 visible ASCII characters without * ? [ \\",
                )],
            ),
            (
                r#"{"header":"a","prefix":"@"}"#,
                &[&at("[0].prefix", "rules take what begins with @ for a word of their own (@anonymous)")],
            ),
        ],
    );
}

/// A user who calls himself `team:payments` is not taken for the team.
#[test]
fn names_of_one_source_cannot_be_those_of_another() {
    let missing = "missing: with several sources each needs one, such as \"user:\" or \"team:\"";
    let missing = |n: u32| format!("$.callers.principals[{n}].prefix: {missing}");
    let alike = "begin alike, so that a name of one could be taken for one of the other";
    let alike = |mine: &str, other: &str| {
        format!("$.callers.principals[1].prefix: {mine:?} and {other:?} of $.callers.principals[0] {alike}")
    };
    check(
        |prefixes| {
            let source = |prefix: &str| format!(r#"{{"header":"x","trusted":true,"prefix":"{prefix}"}}"#);
            let sources: Vec<_> = prefixes.split(' ').map(source).collect();
            let sources = sources.join(",");
            format!(r#"{{"upstreams":[{UPSTREAM}],"callers":{{"principals":[{sources}]}}}}"#)
        },
        &[
            ("user: team:", &[]),
            // said to be one kind of names
            ("user: user:", &[]),
            (" team:", &[&missing(0)]),
            ("user: ", &[&missing(1)]),
            (" ", &[&missing(0), &missing(1)]),
            ("team: team", &[&alike("team", "team:")]),
            ("t team:", &[&alike("team:", "t")]),
        ],
    );
}
