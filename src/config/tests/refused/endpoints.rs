//! Upstreams, and what they have in common with all that is reached through a cluster.

use super::{UPSTREAM, check, lines};

#[test]
fn endpoints() {
    check(
        |fields| format!(r#"{{"upstreams":[{{{fields}}}]}}"#),
        &[
            (
                "",
                &[
                    "$.upstreams[0].cluster: missing: the name of the Envoy cluster that reaches it",
                    "$.upstreams[0].authority: missing: give `url`, or the host it is addressed to",
                ],
            ),
            (r#""cluster":"outbound|443||proxy.golang.org","authority":"proxy.golang.org:443""#, &[]),
            (r#""cluster":"c","authority":"h","egress":"http-proxy.internal:3128""#, &[]),
            (
                r#""cluster":"c","authority":"h","egress":"""#,
                &[
                    "$.upstreams[0].egress: it is not 1 to 128 characters of ASCII without blanks and `@`, such as http-proxy.internal:3128",
                ],
            ),
            (
                r#""cluster":"c","authority":"h","egress":"user:pw@proxy""#,
                &[
                    "$.upstreams[0].egress: it is not 1 to 128 characters of ASCII without blanks and `@`, such as http-proxy.internal:3128",
                ],
            ),
            (
                r#""cluster":"","authority":"h""#,
                &["$.upstreams[0].cluster: empty: it must name the Envoy cluster that reaches it"],
            ),
            (
                r#""cluster":"a b","authority":"h""#,
                &[
                    r#"$.upstreams[0].cluster: "a b" is not a cluster name: it has blanks or control characters"#,
                ],
            ),
            (
                r#""cluster":"c","authority":"user:pw@h""#,
                &["$.upstreams[0].authority: it carries credentials; give them as a header"],
            ),
            (
                r#""cluster":"c","authority":"h:0""#,
                &["$.upstreams[0].authority: its port is not a number from 1 to 65535"],
            ),
            (
                r#""cluster":"c","authority":"h:+8""#,
                &["$.upstreams[0].authority: its port is not a number from 1 to 65535"],
            ),
            (
                r#""cluster":"c","authority":"a|b""#,
                &[
                    "$.upstreams[0].authority: it must be a host such as proxy.golang.org, with a port where it is not the usual one",
                ],
            ),
            (
                r#""cluster":"c","url":"https://h","scheme":"https","authority":"h","path_prefix":"/x""#,
                &[
                    "$.upstreams[0].scheme: `url` says it already; keep one of the two",
                    "$.upstreams[0].authority: `url` says it already; keep one of the two",
                    "$.upstreams[0].path_prefix: `url` says it already; keep one of the two",
                ],
            ),
            (
                r#""cluster":"c","url":"ftp://h""#,
                &["$.upstreams[0].url: a URL begins with http:// or https://"],
            ),
            (
                r#""cluster":"c","url":"direct""#,
                &["$.upstreams[0].url: a URL begins with http:// or https://"],
            ),
            (
                r#""cluster":"c","url":"https://u:p@h/x""#,
                &["$.upstreams[0].url: its host: it carries credentials; give them as a header"],
            ),
            (
                r#""cluster":"c","url":"https://h/x?y=1""#,
                &["$.upstreams[0].url: its path: it has a query or a fragment"],
            ),
            (
                r#""cluster":"c","url":"https://h?y=1""#,
                &["$.upstreams[0].url: its path: it does not begin with a slash"],
            ),
            (r#""cluster":"c","url":"https://h/a%2Fb/%7e""#, &[]),
            (
                r#""cluster":"c","url":"https://h/a%2""#,
                &["$.upstreams[0].url: its path: it has a `%` that escapes nothing"],
            ),
            // a wrong `url` is not a missing `authority`
            (r#""cluster":"c","url":7"#, &["$.upstreams[0].url: expected text, found a number"]),
            (
                r#""cluster":"c","authority":"h","scheme":"ftp""#,
                &[r#"$.upstreams[0].scheme: expected `http` or `https`, found "ftp""#],
            ),
            (
                r#""cluster":"c","authority":"h","path_prefix":"/../x""#,
                &[
                    r#"$.upstreams[0].path_prefix: "/../x" is not a path prefix such as /x/y: it has an empty element, `.` or `..`"#,
                ],
            ),
        ],
    );
}

#[test]
fn timeouts() {
    let hint = r#"is not a duration such as "30s" or "1h 30m""#;
    let bound = "is not from 1ms to 4m: Envoy would end the waiting request, or take it for no limit";
    check(
        |timeout| format!(r#"{{"upstreams":[{{"cluster":"c","url":"http://h","timeout":{timeout}}}]}}"#),
        &[
            (r#""4m""#, &[]),
            (r#""1ms""#, &[]),
            (r#""1m 30s""#, &[]),
            (
                r#""5 parsecs""#,
                &[&format!(
                    "$.upstreams[0].timeout: \"5 parsecs\" {hint}: unknown time unit \"parsecs\", supported units: ns, us/µs, \
                     ms, sec, min, hours, days, weeks, months, years (and few variations)"
                )],
            ),
            (r#""""#, &[&format!("$.upstreams[0].timeout: \"\" {hint}: value was empty")]),
            (r#""0s""#, &[&format!("$.upstreams[0].timeout: \"0s\" {bound}")]),
            (r#""5m""#, &[&format!("$.upstreams[0].timeout: \"5m\" {bound}")]),
            // months
            (r#""2M""#, &[&format!("$.upstreams[0].timeout: \"2M\" {bound}")]),
            (
                "30",
                &[
                    r#"$.upstreams[0].timeout: expected a duration as text, such as "30s" or "1h 30m", found 30"#,
                ],
            ),
        ],
    );
}

#[test]
fn headers() {
    check(
        |headers| format!(r#"{{"upstreams":[{{"cluster":"c","url":"http://h","headers":{headers}}}]}}"#),
        &[
            (r#"{"Authorization":"Bearer x","x-envoy-retry-on":"5xx"}"#, &[]),
            (
                r#"{"Connection":"close","Host":"x","Content-Length":"1",":path":"/","a b":"x","x-modgate-cluster":"x","range":"x","If-Match":"x"}"#,
                &[
                    "$.upstreams[0].headers.Connection: it belongs to a connection; Envoy sets it",
                    "$.upstreams[0].headers.Host: it comes from `url` or `authority`",
                    r#"$.upstreams[0].headers["Content-Length"]: Modgate sets it for each request"#,
                    r#"$.upstreams[0].headers[":path"]: pseudo-headers come from `url` (or `authority` and `path_prefix`)"#,
                    r#"$.upstreams[0].headers["a b"]: not a header name"#,
                    r#"$.upstreams[0].headers["x-modgate-cluster"]: it carries the route (match.route_header)"#,
                    "$.upstreams[0].headers.range: Modgate sets it for each request",
                    r#"$.upstreams[0].headers["If-Match"]: Modgate sets it for each request"#,
                ],
            ),
            (
                r#"{"a":"1","A":"2"}"#,
                &["$.upstreams[0].headers.A: given twice; the case of a header's name says nothing"],
            ),
            // a value may be a credential: it is never shown
            (
                r#"{"authorization":"secret\n","b":" secret","c":7,"d":["secret"],"e":"sécret"}"#,
                &[
                    "$.upstreams[0].headers.authorization: a header's value is printable ASCII, with no blank at its ends",
                    "$.upstreams[0].headers.b: a header's value is printable ASCII, with no blank at its ends",
                    "$.upstreams[0].headers.c: a header's value is text",
                    "$.upstreams[0].headers.d: a header's value is text",
                    "$.upstreams[0].headers.e: a header's value is printable ASCII, with no blank at its ends",
                ],
            ),
            (r#""authorization: secret""#, &["$.upstreams[0].headers: expected an object, found text"]),
        ],
    );
}

#[test]
fn redirects() {
    for place in ["upstreams[0]", "sumdb[0]", "policy.bundle"] {
        let check = |cases: &[(&str, &[&str])]| {
            for (redirects, expected) in cases {
                let endpoint = format!(r#""cluster":"c","url":"http://h","redirects":{redirects}"#);
                let json = match place {
                    "upstreams[0]" => format!(r#"{{"upstreams":[{{{endpoint}}}]}}"#),
                    "sumdb[0]" => format!(
                        r#"{{"upstreams":[{UPSTREAM}],"sumdb":[{{"name":"sum.golang.org",{endpoint}}}]}}"#
                    ),
                    _ => format!(r#"{{"upstreams":[{UPSTREAM}],"policy":{{"bundle":{{{endpoint}}}}}}}"#),
                };
                let expected: Vec<_> =
                    expected.iter().map(|line| format!("$.{place}.redirects{line}")).collect();
                assert_eq!(lines(&json), expected, "for {redirects}");
            }
        };
        check(&[
            (r#"{}"#, &[]),
            (
                r#"{"storage.googleapis.com":"gcs","*.b.example:8443":"outbound|8443||b","[::1]:80":"c","127.0.0.1":"d"}"#,
                &[],
            ),
            (r#"["storage.googleapis.com"]"#, &[": expected an object, found a list"]),
            (
                r#"{"*":"c","a*.example":"c","https://a.example":"c","a.example/x":"c","a.example:0":"c","a b":"c","":"c"}"#,
                &[
                    r#"["*"]: "*" is not a host: each is listed by its name, or by its domain such as *.example.com"#,
                    r#"["a*.example"]: "a*.example" is not a host: only a whole first label can be a `*`"#,
                    r#"["https://a.example"]: "https://a.example" is not a host: give the name alone, without a scheme and a path"#,
                    r#"["a.example/x"]: "a.example/x" is not a host: give the name alone, without a scheme and a path"#,
                    r#"["a.example:0"]: "a.example:0" is not a host: its port is not a number from 1 to 65535"#,
                    r#"["a b"]: "a b" is not a host: such as goproxy.example.com, or *.example.com for every host below it"#,
                    r#"[""]: "" is not a host: such as goproxy.example.com, or *.example.com for every host below it"#,
                ],
            ),
            (
                r#"{"a.example":"","b.example":"a b","c.example":7,"A.example:80":"c","a.example:80":"d"}"#,
                &[
                    r#"["a.example"]: empty: it must name the Envoy cluster that reaches it"#,
                    r#"["b.example"]: "a b" is not a cluster name: it has blanks or control characters"#,
                    r#"["c.example"]: the name of a cluster is text"#,
                    r#"["a.example:80"]: given twice; the case of a host says nothing"#,
                ],
            ),
        ]);
    }
    let many: Vec<String> = (0..65).map(|n| format!(r#""h{n}.example":"c""#)).collect();
    assert_eq!(
        lines(&format!(
            r#"{{"upstreams":[{{"cluster":"c","url":"http://h","redirects":{{{}}}}}]}}"#,
            many.join(",")
        )),
        [r#"$.upstreams[0].redirects["h64.example"]: too many: at most 64 are allowed"#]
    );
    let told = lines(&format!(
        r#"{{"upstreams":[{UPSTREAM}],"storage":{{"cluster":"c","url":"http://h","redirects":{{"a.example":"c"}}}}}}"#
    ));
    assert!(told.len() == 1 && told[0].starts_with("$.storage.redirects: unknown field"), "{told:?}");
}

#[test]
fn upstreams() {
    check(
        |upstreams| format!(r#"{{"upstreams":[{upstreams}]}}"#),
        &[
            (
                r#"{"cluster":"a","url":"http://h/a"},{"cluster":"b","url":"http://h/b"}"#,
                &[r#"$.upstreams[1].name: "h" is the name of $.upstreams[0] already; give it another"#],
            ),
            (r#"{"cluster":"a","url":"http://h/a","name":"a"},{"cluster":"b","url":"http://h/b"}"#, &[]),
            (
                r#"{"cluster":"a","url":"http://h","name":"Public Proxy"}"#,
                &[
                    r#"$.upstreams[0].name: "Public Proxy" is not 1 to 32 of a-z, 0-9, _ and - (it labels metrics)"#,
                ],
            ),
            (
                r#"{"cluster":"a","url":"http://h","name":"storage"}"#,
                &[r#"$.upstreams[0].name: "storage" is what metrics call something else; give it another"#],
            ),
            (
                r#"{"cluster":"a","url":"http://h","name":"policy_bundle"}"#,
                &[
                    r#"$.upstreams[0].name: "policy_bundle" is what metrics call something else; give it another"#,
                ],
            ),
            (
                r#"{"cluster":"a","url":"http://h","name":"advisories_go"}"#,
                &[
                    r#"$.upstreams[0].name: "advisories_go" is what metrics call something else; give it another"#,
                ],
            ),
            // By its authority it would be called so as well.
            (
                r#"{"cluster":"a","url":"http://sumdb"}"#,
                &[r#"$.upstreams[0].name: "sumdb" is what metrics call something else; give it another"#],
            ),
            (
                r#"{"cluster":"a","url":"http://h","fallback":"|"}"#,
                &[r#"$.upstreams[0].fallback: expected `any_error` or `not_found`, found "|""#],
            ),
            (
                r#"{"cluster":"a","url":"http://h","modules":[]}"#,
                &["$.upstreams[0].modules: an empty list matches no module; leave it out for all of them"],
            ),
        ],
    );
    // why a glob is none is for gomod to say
    let told = lines(r#"{"upstreams":[{"cluster":"a","url":"http://h","modules":["a.b",""]}]}"#);
    assert!(
        told.len() == 1 && told[0].starts_with("$.upstreams[0].modules[1]: malformed pattern"),
        "{told:?}"
    );
    let many: Vec<String> =
        (0..65).map(|n| format!(r#"{{"cluster":"c","url":"http://h","name":"u{n}"}}"#)).collect();
    assert_eq!(
        lines(&format!(r#"{{"upstreams":[{}]}}"#, many.join(","))),
        ["$.upstreams[64]: too many: at most 64 are allowed"]
    );
}
