use super::*;
use crate::config::Config;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const ALONG: [(&str, &str); 12] = [
    (":path", "/a"),
    (":anything", ""),
    ("if-match", "\"a\""),
    ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("if-none-match", "W/\"a\", \"b\""),
    ("if-range", "\"a\""),
    ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("range", "bytes=0-9"),
    ("traceparent", TRACE),
    ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
    ("x-forwarded-proto", "https"),
    ("x-request-id", "2f3cbd95-9b02-4ed0-b2a4-8c1b8b3b8f0e"),
];

/// Where a header says who asks, nobody behind is told.
#[test]
fn no_header_that_goes_along_can_say_who_asks() {
    let read = |header: &str| {
        let source = format!(r#"{{"header":"{header}","trusted":true}}"#);
        Config::parse(&format!(
            r#"{{"upstreams":[{{"cluster":"c","url":"http://h"}}],"callers":{{"principals":[{source}]}}}}"#
        ))
    };
    for (along, value) in ALONG {
        assert!(goes(along, value) && read(along).is_err(), "{along}");
    }
    for name in
        ["x-modgate-user", "x-auth-request-user", "x-forwarded-user", "x-forwarded-email", "remote-user"]
    {
        assert!(!goes(name, "somebody") && read(name).is_ok(), "{name}");
    }
    for name in ["authorization", "cookie", "x-forwarded-client-cert", "x-forwarded-for", "accept-encoding"] {
        assert!(!goes(name, "x"), "{name}");
    }
}

#[test]
fn what_a_server_could_refuse_does_not_go_along() {
    let long = "x".repeat(9000);
    for (name, value) in [
        ("traceparent", long.as_str()),
        ("traceparent", ""),
        ("traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
        ("traceparent", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("traceparent", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"),
        ("tracestate", &long),
        ("tracestate", &"x".repeat(513)),
        ("tracestate", "a=\u{e9}"),
        ("tracestate", "a=\tb"),
        ("x-request-id", &long),
        ("x-request-id", ""),
        ("x-request-id", "a b"),
        ("if-none-match", &format!("\"{long}\"")),
        ("if-none-match", &format!("\"{}\"", "x".repeat(255))),
        ("if-none-match", "no tag"),
        ("if-none-match", "\"a\", *"),
        ("if-none-match", "\"a\",,\"b\""),
        ("if-none-match", ""),
        ("if-match", "\""),
        ("if-match", "\"a\"b\""),
        ("if-range", "yesterday"),
        ("if-range", "*"),
        ("if-modified-since", "yesterday"),
        ("if-modified-since", "Sun, 06-Nov-94 08:49:37 GMT"),
        ("if-unmodified-since", "0"),
        ("range", "bytes=0-1,4-5"),
        ("range", "bytes=-"),
        ("range", "bytes="),
        ("range", "bytes=9-1"),
        ("range", "bytes=a-b"),
        ("range", "bytes=0-99999999999999999999"),
        ("range", "lines=0-1"),
        ("range", &format!("bytes={}", "0-1,".repeat(2000))),
    ] {
        assert!(!goes(name, value), "{name}: {value}");
    }
    for (name, value) in [
        ("if-none-match", "*".to_owned()),
        ("if-none-match", format!("\"{}\"", "x".repeat(254))),
        ("if-range", "Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
        ("range", "bytes=5-".to_owned()),
        ("range", "bytes=-5".to_owned()),
        ("range", "bytes=7-7".to_owned()),
        ("tracestate", "x".repeat(512)),
        // a later version of the same form
        ("traceparent", TRACE.replacen("00", "01", 1)),
    ] {
        assert!(goes(name, &value), "{name}: {value}");
    }
}

#[test]
fn several_together_are_no_more_than_one() {
    let left = |headers: &[(&'static str, &'static str)]| left_behind(headers.iter().copied());
    assert_eq!(left(&ALONG), [""; 0]);
    assert_eq!(left(&[("tracestate", "a=b"), ("traceparent", TRACE)]), [""; 0]);
    // Without a valid parent a state is nobody's.
    assert_eq!(left(&[("tracestate", "a=b")]), ["tracestate"]);
    assert_eq!(left(&[("traceparent", "x"), ("tracestate", "a=b")]), ["traceparent", "tracestate"]);
    let twice = [("traceparent", TRACE), ("traceparent", TRACE), ("tracestate", "a=b")];
    assert_eq!(left(&twice), ["traceparent", "tracestate"]);
    // Each of them would go by itself.
    for name in ["if-none-match", "if-match"] {
        assert_eq!(
            left(&[(name, "\"a\""), ("cookie", "a"), (name, "\"b\""), ("cookie", "b")]),
            ["cookie", name]
        );
    }
}
