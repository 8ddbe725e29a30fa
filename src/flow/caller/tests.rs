//! Who a request is taken to be from.

use super::*;
use crate::{config::Config, host::envoy::attribute::property, http::Headers};

fn callers(sources: &str) -> Callers {
    let json = format!(
        r#"{{"upstreams":[{{"cluster":"c","url":"http://h"}}],"callers":{{"principals":[{sources}]}}}}"#
    );
    Config::parse(&json).unwrap_or_else(|problems| panic!("{problems}")).callers
}

fn head(headers: &[(&str, &str)], properties: &[Option<&[u8]>]) -> RequestHead {
    RequestHead {
        method: "GET".to_owned(),
        authority: "h".to_owned(),
        path: "/example.com/m/@v/list".to_owned(),
        headers: headers.iter().copied().collect::<Headers>(),
        properties: properties.iter().map(|bytes| bytes.map_or(Property::Absent, property)).collect(),
        ends: true,
    }
}

/// The names in one line, or why there are none to be told.
fn told(head: &RequestHead, callers: &Callers) -> String {
    match caller(head, callers) {
        Ok(caller) => caller.principals().join(" | "),
        Err(Refusal::Forbidden { rule, reason }) => {
            assert_eq!((rule, reason.lines().count()), (OwnReason::Caller.into(), 3));
            assert!(reason.len() <= 648, "{reason}");
            let (_, why) = reason.lines().nth(1).unwrap().split_once(" cannot be used: ").unwrap();
            format!("refused: {why}")
        }
        Err(other) => panic!("{other:?}"),
    }
}

const USER: &str = r#"{"header":"X-User","trusted":true,"prefix":"user:"}"#;

#[test]
fn a_header_is_one_name_or_what_its_separator_makes_of_it() {
    let joined = "refused: it holds a comma, and one name was expected.";
    let no_text = "refused: it holds what is no text.";
    for (separator, value, want) in [
        (None, "alice", "user:alice"),
        (None, " alice ", "user:alice"),
        (None, "Alice Liddell", "user:Alice Liddell"),
        (None, "", ""),
        (None, " ", ""),
        (None, "alice,root", joined),
        (None, "al\tice", no_text),
        (None, "al\u{fffd}ce", no_text),
        (Some(","), "b, a,,b", "user:a | user:b"),
        (Some(" "), "a b", "user:a | user:b"),
        // what was joined to it is no name of its own
        (Some(";"), "CN=a,O=b", "user:CN=a,O=b"),
        (Some(","), ",", ""),
    ] {
        let mut callers = callers(USER);
        callers.principals[0].separator = separator.and_then(|text: &str| text.chars().next());
        assert_eq!(told(&head(&[("x-user", value)], &[]), &callers), want, "{separator:?} {value:?}");
    }
}

#[test]
fn a_header_that_comes_twice_is_refused() {
    let head = head(&[("x-user", "alice"), ("X-User", "root")], &[]);
    for source in [USER, r#"{"header":"x-user","trusted":true,"separator":","}"#] {
        assert_eq!(told(&head, &callers(source)), "refused: it came more than once.");
    }
}

#[test]
fn without_a_name_a_caller_is_anonymous() {
    let head = head(&[("authorization", "Basic YTpi"), ("x-user", "alice")], &[None]);
    // no source; a header that is not trusted; a property that is not there
    for sources in ["", r#"{"header":"x-user"}"#, r#"{"property":["filter_state","who"]}"#] {
        assert_eq!(caller(&head, &callers(sources)), Ok(Caller::default()), "{sources}");
    }
}

#[test]
fn what_is_not_trusted_is_not_read_and_a_warning_says_so() {
    let json = r#"{"upstreams":[{"cluster":"c","url":"http://h"}],"callers":{"principals":[
        {"header":"x-user","prefix":"a:"},{"xfcc":"URI","prefix":"b:","trusted":false},
        {"header":"x-team","prefix":"c:","trusted":true}]}}"#;
    let config = Config::parse(json).unwrap();
    assert_eq!(config.warnings.len(), 2);
    for (n, warning) in config.warnings.iter().enumerate() {
        assert!(warning.starts_with(&format!("$.callers.principals[{n}]: not read")), "{warning}");
    }
    let sent = [("x-user", "eve"), ("x-forwarded-client-cert", "URI=eve"), ("x-team", "payments")];
    assert_eq!(told(&head(&sent, &[]), &config.callers), "c:payments");
}

#[test]
fn the_names_of_all_sources_are_the_callers() {
    let sources = format!(
        r#"{{"property":["metadata","filter_metadata","jwt","groups"],"prefix":"team:"}},{USER},
           {{"property":["filter_state","who"],"prefix":"user:","separator":" "}}"#
    );
    let callers = callers(&sources);
    assert_eq!(
        callers.properties().map(|path| path.join("/")).collect::<Vec<_>>(),
        ["metadata/filter_metadata/jwt/groups", "filter_state/who"]
    );
    let teams = list(&["payments", "ops"]);
    let head = head(&[("x-user", "alice")], &[Some(&teams), Some(b"alice al")]);
    assert_eq!(told(&head, &callers), "team:ops | team:payments | user:al | user:alice");
}

/// As Envoy lays out a list: count, lengths, then each text and an empty value.
fn list(texts: &[&str]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut bytes = number(texts.len()).to_vec();
    bytes.extend(texts.iter().flat_map(|text| [number(text.len()), number(0)].concat()));
    bytes.extend(texts.iter().flat_map(|text| [text.as_bytes(), b"\0\0"].concat()));
    bytes
}

#[test]
fn a_property_is_a_text_or_a_list_of_texts() {
    let no_text = "refused: it holds what is no text.";
    let map = [&list(&["a"])[..9], b"\0\0\0a\0v\0"].concat();
    for (bytes, want) in [
        (b"alice".to_vec(), "alice"),
        // a text is one name, whatever is in it
        (b"alice,root".to_vec(), "alice,root"),
        (Vec::new(), ""),
        (list(&["a", "b c"]), "a | b c"),
        (list(&["a", ""]), "a"),
        (list(&[]), ""),
        (list(&["a\nb"]), no_text),
        (list(&["a"])[..13].to_vec(), no_text),
        ([list(&["a"]), b"x".to_vec()].concat(), no_text),
        (u32::MAX.to_le_bytes().to_vec(), no_text),
        // a map, a double, an integer, a truth value
        (map, no_text),
        (7.5_f64.to_le_bytes().to_vec(), no_text),
        (7_i64.to_le_bytes().to_vec(), no_text),
        (vec![1], no_text),
        (b"\xff\xfe".to_vec(), no_text),
    ] {
        let callers = callers(r#"{"property":["metadata","filter_metadata","jwt","sub"]}"#);
        assert_eq!(told(&head(&[], &[Some(&bytes)]), &callers), want, "{bytes:?}");
    }
}

/// A rule that denies a team would be passed by whoever has his groups spoilt.
#[test]
fn who_has_a_property_that_cannot_be_read_is_not_anonymous() {
    let refused = "refused: Envoy cannot hand it over; perhaps it is null, or has a null in it.";
    let groups = r#"{"property":["metadata","filter_metadata","jwt","groups"],"prefix":"team:"}"#;
    let who = r#"{"property":["filter_state","who"],"prefix":"user:"}"#;
    let callers = callers(&format!("{who},{USER},{groups}"));
    let raw = property(b"alice");
    for (properties, want) in [
        (vec![Property::Absent, Property::Absent], ""),
        (vec![raw.clone(), Property::Absent], "user:alice"),
        (vec![raw.clone(), Property::Unreadable], refused),
        (vec![Property::Unreadable, raw.clone()], refused),
        // one that nobody has read
        (vec![raw], refused),
        (Vec::new(), refused),
    ] {
        let shown = format!("{properties:?}");
        let head = RequestHead { properties, ..head(&[], &[]) };
        assert_eq!(told(&head, &callers), want, "{shown}");
    }
}

#[test]
fn of_a_certificate_one_key_is_the_name() {
    let malformed = "refused: it is malformed.";
    for (key, value, want) in [
        ("URI", "By=spiffe://us;Hash=00;URI=spiffe://a/b", "spiffe://a/b"),
        ("URI", "Hash=00;uri=spiffe://a;URI=spiffe://b", "spiffe://a | spiffe://b"),
        ("DNS", "DNS=a.example.com;DNS=b.example.com;URI=x", "a.example.com | b.example.com"),
        ("Hash", "Hash=00ff;Subject=\"\"", "00ff"),
        ("Subject", r#"Hash=0;Subject="CN=a,O=\"b; c\"";URI=x"#, r#"CN=a,O="b; c""#),
        // a distinguished name's own backslashes
        ("Subject", r#"Subject="CN=a\,b\\";URI=x"#, r"CN=a\,b\\"),
        ("URI", r#"Subject="CN=a\\";URI=x"#, "x"),
        // the last is who talks to this Envoy
        ("URI", "URI=first,URI=last", "last"),
        ("URI", "URI=first, Hash=00", ""),
        ("URI", "Hash=00;URI=", ""),
        ("URI", r#"Subject="URI=eve;";URI=last"#, "last"),
        ("URI", "", ""),
        // a client that left a quote open before what this Envoy appended
        ("URI", r#"URI=eve;Subject=",Hash=00;Subject="CN=a";URI=last"#, malformed),
        ("URI", r#"URI=eve;X=",Hash=00;URI=last"#, malformed),
        ("URI", "URI", malformed),
        ("URI", "=x", malformed),
        ("URI", "URI=a;", malformed),
        ("URI", "URI=a,", malformed),
        ("URI", "URI=a;;Hash=0", malformed),
        ("URI", "URI=a=b", malformed),
        ("URI", "URI=a\"b\"", malformed),
        ("URI", "URI=\"a\\", malformed),
        ("URI", "No-Key=a;URI=b", malformed),
    ] {
        let callers = callers(&format!(r#"{{"xfcc":"{key}","trusted":true}}"#));
        assert_eq!(told(&head(&[("x-forwarded-client-cert", value)], &[]), &callers), want, "{key} {value}");
    }
}

#[test]
fn who_has_too_many_names_or_too_long_ones_is_refused() {
    let callers = callers(r#"{"header":"x","trusted":true,"separator":","}"#);
    let names = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let long = |n: usize| "x".repeat(n);
    let read = |value: String| caller(&head(&[("x", value.as_str())], &[]), &callers);
    assert_eq!(read(names(limits::MAX_CALLER_NAMES)).unwrap().principals().len(), 256);
    assert_eq!(read(long(limits::MAX_CALLER_NAME_BYTES)).unwrap().principals().len(), 1);
    let told = |value: String| told(&head(&[("x", value.as_str())], &[]), &callers);
    assert_eq!(told(names(limits::MAX_CALLER_NAMES + 1)), "refused: there are more than 256 names.");
    assert_eq!(
        told(long(limits::MAX_CALLER_NAME_BYTES + 1)),
        "refused: it holds a name of more than 1024 bytes."
    );
}

/// The longest path of an attribute leaves the refusal short.
#[test]
fn a_refusal_stays_short() {
    let path = format!(r#"["filter_state","{}"]"#, "x".repeat(4000));
    let callers = callers(&format!(r#"{{"property":{path}}}"#));
    assert_eq!(told(&head(&[], &[Some(b"\0")]), &callers), "refused: it holds what is no text.");
}

#[test]
fn where_there_is_room_for_one_name_it_is_of_the_first_source() {
    let sources =
        format!(r#"{USER}, {{"header":"X-Team","trusted":true,"prefix":"a-team:","separator":","}}"#);
    let callers = callers(&sources);
    for (headers, want) in [
        (&[("x-team", "web,ops"), ("x-user", "ann")][..], "user:ann"),
        (&[("x-team", "web,ops")], "a-team:ops"),
        (&[], ""),
    ] {
        let caller = caller(&head(headers, &[]), &callers).unwrap();
        assert_eq!(first_name(&caller, &callers), want, "{headers:?}");
    }
    // Of a configuration that is there no more.
    let caller = Caller::new(["role:x".to_owned()]);
    assert_eq!(first_name(&caller, &callers), "role:x");
}
