//! What of an address may be shown: to clients, in logs, on pages. A `Location` is presigned, or has a name and password before its host,
//! or a token as an element of its path.

/// Where a `Location` leads, as far as it can be shown: to which host. The rest may be a credential.
pub fn destination(location: Option<&str>) -> String {
    let Some(location) = location.map(str::trim).filter(|location| !location.is_empty()) else {
        return "nowhere".to_owned();
    };
    let (scheme, rest) = match location.split_once("//") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => return "another path".to_owned(),
    };
    let host = rest.split(['/', '\\', '?', '#']).next().and_then(|authority| authority.rsplit('@').next());
    match host.filter(|host| is_host(host)) {
        Some(host) => format!("{scheme}//{host}"),
        None => "another address".to_owned(),
    }
}

/// The scheme and its colon, or neither.
fn is_scheme(text: &str) -> bool {
    text.is_empty() || matches!(text.to_ascii_lowercase().as_str(), "http:" | "https:")
}

/// Whether it has the form of a host, with or without a port: what has another may be anything.
pub fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let is_address = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.bytes().all(is_address),
        None => host.bytes().all(is_name),
    };
    !host.is_empty() && is_host && text.len() <= MAX_HOST && port.bytes().all(|b| b.is_ascii_digit())
}

/// The longest name in DNS, and a port.
const MAX_HOST: usize = 259;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_location_its_host_is_shown_alone() {
        for (location, want) in [
            ("https://else.example/x", "https://else.example"),
            ("HTTPS://Else.example:8443", "https://Else.example:8443"),
            ("https://user:SECRET@else.example/x", "https://else.example"),
            ("https://user:p@SECRET@else.example/x", "https://else.example"),
            ("https://user:SECRET@else.example?x@y", "https://else.example"),
            ("https://else.example/t/SECRET/x?sig=SECRET#SECRET", "https://else.example"),
            ("https://else.example?SECRET", "https://else.example"),
            ("https://else.example#SECRET", "https://else.example"),
            ("https://else.example\\SECRET", "https://else.example"),
            ("//user:SECRET@cdn.example/SECRET", "//cdn.example"),
            ("http://[::1]:80/SECRET", "http://[::1]:80"),
            ("/login?SECRET", "another path"),
            ("SECRET", "another path"),
            ("/SECRET//else.example/", "another path"),
            ("mailto:SECRET", "another path"),
            ("ftp://SECRET@h/", "another path"),
            ("https:/SECRET", "another path"),
            ("https:///SECRET", "another address"),
            ("https://user:SECRET@", "another address"),
            ("https://user:SEC/RET@else.example/", "another address"),
            ("https://se cret/", "another address"),
            ("https://\u{2028}h/", "another address"),
            (&format!("https://{}/", "x".repeat(400)), "another address"),
            ("", "nowhere"),
            (" ", "nowhere"),
        ] {
            let shown = destination(Some(location));
            assert_eq!(shown, want, "{location}");
            assert!(!["SEC", "RET"].iter().any(|part| shown.contains(part)), "{location}: {shown}");
        }
        assert_eq!(destination(None), "nowhere");
    }
}
