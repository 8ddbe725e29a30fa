use std::time::Duration;

use super::*;
use crate::{config::Config, endpoint, http::Headers};

const SECRET: &str = "s3cr3t";

/// An upstream at `url`, with credentials and with redirects to some hosts.
fn upstream(url: &str) -> Endpoint {
    let config = format!(
        r#"{{"upstreams": [{{"cluster": "home", "url": "{url}", "headers": {{"authorization": "{SECRET}", "user-agent": "{SECRET}"}},
            "redirects": {{"b.example": "b", "*.cdn.example": "cdn", "c.example:8443": "c", "a.example": "a_tls"}}}}]}}"#
    );
    Config::parse(&config).unwrap().upstreams.remove(0).endpoint
}

/// Follows one redirect after the other and shows where the last one leads, or why it is not followed.
fn follow(url: &str, locations: &[&str]) -> Result<(Callout, Trail), String> {
    let endpoint = upstream(url);
    let mut trail = Trail::default();
    let mut first = endpoint::get(&endpoint, "m/@v/v1.0.0.zip");
    first.headers.push(("range".to_owned(), "bytes=0-0".to_owned()));
    let mut sent = first.clone();
    for location in locations {
        trail = trail.follow(&sent, location, &endpoint, "upstream up")?;
        sent = trail.lead(first.clone(), &endpoint);
    }
    Ok((sent, trail))
}

fn shown(callout: &Callout) -> String {
    let Callout { cluster, scheme, authority, path, headers, .. } = callout;
    let names: Vec<_> = headers
        .iter()
        .map(|(name, value)| if value == SECRET { format!("{name}!") } else { name.clone() })
        .collect();
    format!("{cluster} {scheme}://{authority}{path} {}", names.join(","))
}

#[test]
fn on_its_own_host_all_goes_along_and_on_others_nothing_that_was_configured() {
    let all = "user-agent,accept-encoding,authorization!,user-agent!,range";
    let few = "user-agent,accept-encoding,range";
    for (url, locations, want) in [
        ("https://a.example/p", &[][..], format!("home https://a.example/p/m/@v/v1.0.0.zip {all}")),
        ("https://a.example/p", &["v2.zip?x=1"], format!("home https://a.example/p/m/@v/v2.zip?x=1 {all}")),
        ("https://a.example/p", &["/else", "more"], format!("home https://a.example/more {all}")),
        ("https://a.example", &["//A.example:443/x"], format!("home https://a.example/x {all}")),
        ("https://b.example/p", &["/x"], format!("home https://b.example/x {all}")),
        // a domain is no word on the own host
        ("https://own.cdn.example", &["/x"], format!("home https://own.cdn.example/x {all}")),
        (
            "https://a.example",
            &["https://b.example/x?Signature=1"],
            format!("b https://b.example/x?Signature=1 {few}"),
        ),
        ("https://a.example", &["https://b.example/x", "/y"], format!("b https://b.example/y {few}")),
        ("https://a.example", &["http://b.example:8080/x"], format!("b http://b.example:8080/x {few}")),
        (
            "https://a.example",
            &["//x.cdn.example/x", "//c.example:8443/y"],
            format!("c https://c.example:8443/y {few}"),
        ),
        // back at home it is a stranger's request
        (
            "https://a.example",
            &["https://b.example/x", "https://a.example/y"],
            format!("home https://a.example/y {few}"),
        ),
        (
            "https://a.example",
            &["https://b.example/x", "https://a.example/y", "z"],
            format!("home https://a.example/z {few}"),
        ),
        // to TLS, by a cluster of its own where that is listed
        ("http://a.example", &["https://a.example/x"], format!("a_tls https://a.example/x {all}")),
        ("http://a.example:80", &["https://a.example/x"], format!("a_tls https://a.example/x {all}")),
        (
            "http://own.cdn.example",
            &["https://own.cdn.example/x"],
            format!("home https://own.cdn.example/x {all}"),
        ),
        // and from it
        (
            "https://own.cdn.example",
            &["http://own.cdn.example/x"],
            format!("home http://own.cdn.example/x {all}"),
        ),
        ("https://a.example", &["http://a.example/x"], format!("a_tls http://a.example/x {few}")),
    ] {
        let (callout, trail) = follow(url, locations).unwrap();
        assert_eq!(shown(&callout), want, "{url} {locations:?}");
        assert!(!format!("{trail:?}").contains("Signature"), "{trail:?}");
    }
}

#[test]
fn what_is_not_followed_says_why_and_what_to_do() {
    let ten: Vec<_> = (0..10).map(|n| format!("/{n}")).collect();
    let ten: Vec<_> = ten.iter().map(String::as_str).collect();
    assert!(follow("https://a.example", &ten).is_ok());
    let eleven = [&ten[..], &["/10"]].concat();
    let unlisted = |host: &str| {
        format!(
            "redirects to {host}, which is not listed; add \"{host}\": \"<cluster>\" to `redirects` of upstream up"
        )
    };
    for (url, locations, want) in [
        ("https://a.example", &["https://d.example/t?s=SECRET"][..], unlisted("d.example")),
        ("https://a.example", &["https://u:SECRET@D.example:444/"], unlisted("d.example:444")),
        ("https://z.example", &["https://z.example:8443/x"], unlisted("z.example:8443")),
        ("https://a.example", &["https://c.example/x"], unlisted("c.example")),
        ("https://a.example", &["https://cdn.example/x"], unlisted("cdn.example")),
        ("https://a.example", &["https://b.example/x", "https://d.example/x"], unlisted("d.example")),
        ("https://a.example", &["ftp://b.example/SECRET"], "redirects to an address that is neither http nor https".to_owned()),
        ("https://a.example", &eleven, "redirects more than 10 times".to_owned()),
        ("https://a.example", &["/x"; 11], "redirects in a loop".to_owned()),
        (
            "http://own.cdn.example",
            &["https://own.cdn.example/x"; 11],
            "redirects in a loop, from http to https; where another cluster reaches that, add \"own.cdn.example\": \"<cluster>\" \
             to `redirects` of upstream up"
                .to_owned(),
        ),
    ] {
        let why = follow(url, locations).unwrap_err();
        assert_eq!(why, want, "{url} {locations:?}");
    }
}

#[test]
fn five_statuses_with_a_location_are_redirects() {
    for status in 300..=399 {
        let headers: Headers = [("location", "/x")].into_iter().collect();
        let reply = Reply::Answered { status, headers, body: b"PK".to_vec() };
        let is_one = matches!(status, 301 | 302 | 303 | 307 | 308);
        assert_eq!(leads_to(&reply), is_one.then_some("/x"), "{status}");
    }
    for headers in [Headers::default(), [("location", " ")].into_iter().collect()] {
        assert_eq!(leads_to(&Reply::Answered { status: 302, headers, body: Vec::new() }), None);
    }
}

#[test]
fn the_time_for_an_answer_is_each_addresss_own() {
    let (callout, _) = follow("https://a.example", &["https://b.example/x"]).unwrap();
    assert_eq!(callout.timeout, Duration::from_secs(120));
}
