//! A `Location` against the address that answered with it (RFC 3986, section 5). As lenient as Go's net/url, as servers are
//! sloppy: what no address may have is escaped.

use std::fmt::Write;

use super::Base;
use crate::config::{self, Scheme};

/// The scheme, the canonical authority and the path with its query that `location` leads to; else why it leads nowhere, as the end of
/// a sentence. Nothing of it is shown: it may be signed.
pub(super) fn resolve(from: &Base<'_>, location: &str) -> Result<(Scheme, String, String), String> {
    if location.len() > MAX_LOCATION {
        return Err(format!("redirects to an address of more than {MAX_LOCATION} bytes"));
    }
    let escaped = escaped(location.trim_matches([' ', '\t']))?;
    // A fragment is for the program that shows the page.
    let reference = escaped.split('#').next().unwrap_or_default();
    let base = if from.scheme == Scheme::Http.as_str() { Scheme::Http } else { Scheme::Https };
    let (scheme, rest) = match scheme(reference) {
        None => (None, reference),
        Some((name, rest)) if name.eq_ignore_ascii_case("https") => (Some(Scheme::Https), rest),
        Some((name, rest)) if name.eq_ignore_ascii_case("http") => (Some(Scheme::Http), rest),
        Some(_) => return Err("redirects to an address that is neither http nor https".to_owned()),
    };
    let is_absolute = scheme.is_some();
    let scheme = scheme.unwrap_or(base);
    if let Some(rest) = rest.strip_prefix("//") {
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // Who the address would have us be is not who we are.
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host.strip_suffix(':').unwrap_or(host);
        let host = without_final_dot(host);
        let authority =
            config::authority(&host).map_err(|_| "redirects to an address without a host".to_owned())?;
        return Ok((scheme, canonical(&authority, scheme), normal(path)));
    }
    if is_absolute {
        return Err("redirects to an address without a host".to_owned());
    }
    let (base_path, _) = from.path.split_once('?').unwrap_or((from.path, ""));
    let path = match rest.chars().next() {
        None => from.path.to_owned(),
        Some('?') => format!("{base_path}{rest}"),
        Some('/') => rest.to_owned(),
        Some(_) => {
            let (folder, _) = base_path.rsplit_once('/').unwrap_or_default();
            format!("{folder}/{rest}")
        }
    };
    Ok((scheme, canonical(from.authority, scheme), normal(&path)))
}

/// An authority in lower case and without the port that goes without saying.
pub(super) fn canonical(authority: &str, scheme: Scheme) -> String {
    let usual = match scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    let authority = authority.to_ascii_lowercase();
    // An address of IPv6 has its colons within brackets.
    let host = authority.strip_suffix(usual).filter(|host| !host.contains(':') || host.ends_with(']'));
    host.map_or_else(|| authority.clone(), str::to_owned)
}

fn without_final_dot(authority: &str) -> String {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            format!("{}:{port}", host.strip_suffix('.').unwrap_or(host))
        }
        _ => authority.strip_suffix('.').unwrap_or(authority).to_owned(),
    }
}

/// The scheme and what follows its colon (RFC 3986, section 3.1).
fn scheme(reference: &str) -> Option<(&str, &str)> {
    let (name, rest) = reference.split_once(':')?;
    let mut bytes = name.bytes();
    let begins = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
    let goes_on = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (begins && goes_on).then_some((name, rest))
}

/// `text` with what no address may have in it escaped; what is no text at all is refused.
fn escaped(text: &str) -> Result<String, String> {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            0..=0x1f | 0x7f => return Err("redirects to an address with control characters in it".to_owned()),
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                let _ = write!(escaped, "%{byte:02X}");
            }
            byte => escaped.push(char::from(byte)),
        }
    }
    Ok(escaped)
}

/// A path, with its query, without `.` and `..` (RFC 3986, section 5.2.4).
fn normal(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut elements: Vec<&str> = Vec::new();
    let mut rest = path.split('/').skip(1).peekable();
    while let Some(element) = rest.next() {
        let is_last = rest.peek().is_none();
        match element {
            "." | ".." => {
                if element == ".." {
                    elements.pop();
                }
                if is_last {
                    elements.push("");
                }
            }
            element => elements.push(element),
        }
    }
    format!("/{}{query}", elements.join("/"))
}

/// Bytes of an address. Presigned ones have up to some 2,000, and servers take no more than 8 KiB in a request's first line.
const MAX_LOCATION: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(scheme: &'static str, authority: &str, path: &str, location: &str) -> String {
        match resolve(&Base { scheme, authority, path }, location) {
            Ok((scheme, authority, path)) => format!("{}://{authority}{path}", scheme.as_str()),
            Err(why) => why,
        }
    }

    /// RFC 3986, sections 5.4.1 and 5.4.2, but for the schemes that are not followed, and fragments, which are dropped.
    #[test]
    fn references_are_resolved_as_the_standard_has_it() {
        for (reference, target) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/../x", "http://a/b/c/g"),
        ] {
            assert_eq!(resolved("http", "a", "/b/c/d;p?q", reference), target, "{reference}");
        }
    }

    #[test]
    fn what_servers_send_is_read_as_go_reads_it() {
        for (location, target) in [
            (
                "https://B.example/x?Signature=a%2Bb&Expires=1",
                "https://b.example/x?Signature=a%2Bb&Expires=1",
            ),
            ("HTTPS://b.example", "https://b.example/"),
            ("https://b.example?x=1", "https://b.example/?x=1"),
            ("//b.example/x", "https://b.example/x"),
            ("https://b.example:443/x", "https://b.example/x"),
            ("https://b.example:/x", "https://b.example/x"),
            ("https://b.example./x", "https://b.example/x"),
            ("https://b.example.:8443/x", "https://b.example:8443/x"),
            ("http://b.example:443/x", "http://b.example:443/x"),
            ("http://b.example:80/x", "http://b.example/x"),
            ("https://[::1]:443/x", "https://[::1]/x"),
            ("https://[::1]/x", "https://[::1]/x"),
            ("https://user:pw@b.example/x", "https://b.example/x"),
            ("https://b.example/x#part", "https://b.example/x"),
            ("https://b.example/x y/\u{e9}|z", "https://b.example/x%20y/%C3%A9%7Cz"),
            ("  /x\t", "https://a.example/x"),
            ("/x:y@z/%zz", "https://a.example/x:y@z/%zz"),
            ("v1.0.0.zip?at=https://b.example/", "https://a.example/m/@v/v1.0.0.zip?at=https://b.example/"),
            ("//b.example//x//y", "https://b.example//x//y"),
        ] {
            assert_eq!(
                resolved("https", "a.example", "/m/@v/v1.0.0.zip?s=1", location),
                target,
                "{location}"
            );
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused_and_not_shown() {
        for (location, why) in [
            ("ftp://b.example/SECRET", "neither http nor https"),
            ("mailto:SECRET", "neither http nor https"),
            ("https:SECRET", "without a host"),
            ("https:/SECRET", "without a host"),
            ("https:///SECRET", "without a host"),
            ("https://user:SECRET@/x", "without a host"),
            ("https://b.example\\SECRET/x", "without a host"),
            ("https://SEC RET/x", "without a host"),
            ("https://b.example:0/SECRET", "without a host"),
            ("https://b.example:SECRET/", "without a host"),
            ("https://b.example:99999/SECRET", "without a host"),
            ("https://b\u{fc}.example/SECRET", "without a host"),
            ("/SECRET\u{1}", "control characters"),
            (&format!("/SECRET{}", "x".repeat(8192)), "more than 8192 bytes"),
        ] {
            let told = resolved("https", "a.example", "/", location);
            assert!(told.contains(why) && !told.contains("SEC"), "{location}: {told}");
        }
    }
}
