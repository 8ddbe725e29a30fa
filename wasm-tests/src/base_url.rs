//! The few URLs a gateway is pointed at: scheme, host, port and a path to put in front.

use std::fmt;
use std::net::IpAddr;

/// An `http` or `https` base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether it is `https`.
    pub tls: bool,
    /// A name, or an address without brackets.
    pub host: String,
    /// Given or the scheme's own.
    pub port: u16,
    /// Empty, or with a leading and no trailing slash.
    pub path: String,
}

impl BaseUrl {
    /// Reads one.
    ///
    /// # Errors
    /// Says what is wrong with it, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => return Err(format!("{text:?} is not a URL that begins with http:// or https://")),
        };
        if rest.contains(['?', '#', '@', ' ']) {
            return Err(format!(
                "{text:?} must be a scheme, a host, perhaps a port and a path, and nothing else"
            ));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) =
            split_port(authority).ok_or_else(|| format!("{text:?} has no usable host or port"))?;
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host: host.to_owned(), port, path: path.trim_end_matches('/').to_owned() })
    }

    /// The address in it, if the host is not a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, own) = if self.tls { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://")?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port != own {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => Some(digits.parse().ok().filter(|port| *port != 0)?),
        None if port.is_empty() => None,
        None => return None,
    };
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones_read_and_print() {
        for (text, port, path) in [
            ("https://proxy.golang.org", 443, ""),
            ("http://127.0.0.1:8081", 8081, ""),
            ("https://repo.example.com/api/go/all", 443, "/api/go/all"),
            ("http://[::1]:3000/x", 3000, "/x"),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            assert_eq!((url.port, url.path.as_str()), (port, path));
            assert_eq!(url.to_string(), text);
        }
        assert_eq!(BaseUrl::parse("http://a/b/").unwrap().to_string(), "http://a/b", "no trailing slash");
    }

    #[test]
    fn bad_ones_say_so() {
        for text in [
            "",
            "proxy.golang.org",
            "ftp://a",
            "https://",
            "http://a:0",
            "http://a:x",
            "http://u@a",
            "http://a?b",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }
}
