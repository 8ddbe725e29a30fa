//! Hosts and authorities: what is matched, and what a request is addressed to.

use std::net::Ipv6Addr;

/// Longest host name DNS carries (RFC 1035, 2.3.4).
const MAX_HOST_BYTES: usize = 253;

/// Longest label of a host name (RFC 1035, 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// A host Modgate answers for. Held in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host: `goproxy.example.com`.
    Exact(String),
    /// Every host below a domain, at any depth: `*.example.com`, held as `.example.com`.
    Suffix(String),
}

impl HostPattern {
    /// Whether the `:authority` of a request, with or without a port, is meant. Case does not matter, nor does the final
    /// dot of an absolute name.
    pub fn matches(&self, authority: &str) -> bool {
        let (host, _) = split_port(authority);
        let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name.as_bytes()),
            Self::Suffix(suffix) => host
                .len()
                .checked_sub(suffix.len())
                .filter(|below| *below > 0)
                .and_then(|below| host.get(below..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes())),
        }
    }

    /// By how many bytes of its name a host is meant, and whether that is the whole of it.
    pub(super) fn precision(&self) -> (bool, usize) {
        match self {
            Self::Exact(name) => (true, name.len()),
            Self::Suffix(suffix) => (false, suffix.len()),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        if text == "*" {
            return Err("leave `hosts` out to answer for every host");
        }
        if name.contains('*') {
            return Err("only a whole first label can be a `*`");
        }
        if split_port(name).1.is_some() {
            return Err("hosts are compared without their port");
        }
        if !is_host(name) || (below && name.starts_with('[')) {
            return Err("such as goproxy.example.com, or *.example.com for every host below it");
        }
        let name = name.to_ascii_lowercase();
        Ok(if below { Self::Suffix(format!(".{name}")) } else { Self::Exact(name) })
    }
}

/// Checks what a request is addressed to, `host` or `host:port`, and writes it in lower case.
pub fn authority(text: &str) -> Result<String, &'static str> {
    if text.contains('@') {
        return Err("it carries credentials; give them as a header");
    }
    let (host, port) = split_port(text);
    if !is_host(host) {
        return Err("it must be a host such as proxy.golang.org, with a port where it is not the usual one");
    }
    port.map(self::port).transpose()?;
    Ok(text.to_ascii_lowercase())
}

/// Reads a port.
pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    let port = text.parse().ok().filter(|port| is_number && *port > 0);
    port.ok_or("its port is not a number from 1 to 65535")
}

/// Whether `text` is a host name, an IPv4 address or an IPv6 address in brackets.
pub(super) fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= MAX_HOST_BYTES && text.split('.').all(is_label)
}

/// Parts `host:port`; the colons of an IPv6 address in brackets are its own.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}
