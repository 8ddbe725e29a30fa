//! To which other hosts redirects are followed.

use serde_json::{Map, Value};

use super::{
    HostPattern,
    host::{self, split_port},
    problems::{Collector, Path, quoted},
};

/// The hosts to which a service's redirects are followed beside its own, and by which cluster each is reached.
///
/// A cluster is not derived from a host: Envoy's dynamic forward proxy does not serve callouts, and an upstream must not choose the hosts
/// that this gateway speaks to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirects(Vec<Listed>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    host: HostPattern,
    /// The one port that is meant; every one where none is said.
    port: Option<String>,
    cluster: String,
}

impl Redirects {
    /// Whether there is no such host.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cluster that reaches `authority`, a host in lower case with its port where that is not the usual one; `None` where it is
    /// not listed. What names one host, or its port, goes before what names many.
    pub fn cluster(&self, authority: &str) -> Option<&str> {
        self.find(authority, |_| true)
    }

    /// As [`Redirects::cluster`], where the host itself is listed and not a domain that it is in.
    pub fn cluster_of_its_own(&self, authority: &str) -> Option<&str> {
        self.find(authority, |listed| matches!(listed.host, HostPattern::Exact(_)))
    }

    fn find(&self, authority: &str, counts: impl Fn(&Listed) -> bool) -> Option<&str> {
        let (_, port) = split_port(authority);
        let is_meant = |listed: &&Listed| {
            listed.port.as_deref().is_none_or(|listed| port == Some(listed))
                && listed.host.matches(authority)
                && counts(listed)
        };
        let closest = |listed: &&Listed| (listed.host.precision(), listed.port.is_some());
        self.0.iter().filter(is_meant).max_by_key(closest).map(|listed| listed.cluster.as_str())
    }

    /// All texts that say where redirects are followed to.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|listed| {
            let (kind, host) = match &listed.host {
                HostPattern::Exact(host) => ("host", host),
                HostPattern::Suffix(host) => ("below", host),
            };
            [kind, host, listed.port.as_deref().unwrap_or_default(), &listed.cluster]
        })
    }

    /// Reads the section; what is no cluster is for `cluster` to note.
    pub(super) fn read(
        raw: Option<&Map<String, Value>>,
        at: &Path,
        found: &mut Collector,
        cluster: impl Fn(Option<&str>, &Path, &mut Collector) -> String,
    ) -> Self {
        let mut read = Self::default();
        for (n, (pattern, to)) in raw.into_iter().flatten().enumerate() {
            let at = at.key(pattern.clone());
            if n == super::limits::MAX_REDIRECTS {
                found.note(&at, format!("too many: at most {n} are allowed"));
            }
            let to = match to {
                Value::String(to) => cluster(Some(to), &at, found),
                _ => {
                    found.note(&at, "the name of a cluster is text");
                    continue;
                }
            };
            match Listed::parse(pattern, to) {
                Ok(listed) if read.0.iter().any(|known| known.is_of_the_same(&listed)) => {
                    found.note(&at, "given twice; the case of a host says nothing");
                }
                Ok(listed) => read.0.push(listed),
                Err(why) => found.note(&at, format!("{} is not a host: {why}", quoted(pattern))),
            }
        }
        read
    }
}

impl Listed {
    fn parse(pattern: &str, cluster: String) -> Result<Self, &'static str> {
        if pattern == "*" {
            return Err("each is listed by its name, or by its domain such as *.example.com");
        }
        if pattern.contains('/') {
            return Err("give the name alone, without a scheme and a path");
        }
        let (name, port) = split_port(pattern);
        let port = match port {
            Some(port) => Some(host::port(port)?.to_string()),
            None => None,
        };
        let host = HostPattern::parse(name)?;
        Ok(Self { host, port, cluster })
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        self.host == other.host && self.port == other.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirects(listed: &[(&str, &str)]) -> Redirects {
        Redirects(listed.iter().map(|(host, to)| Listed::parse(host, (*to).to_owned()).unwrap()).collect())
    }

    #[test]
    fn what_is_meant_most_exactly_decides() {
        let redirects = redirects(&[
            ("*.example.com", "domain"),
            ("*.eu.example.com", "narrower"),
            ("cdn.example.com", "host"),
            ("CDN.example.com:8443", "port"),
            ("*.example.com:8443", "domain_port"),
            ("[::1]:80", "six"),
        ]);
        for (authority, cluster) in [
            ("cdn.example.com", Some("host")),
            ("cdn.example.com:80", Some("host")),
            ("cdn.example.com:8443", Some("port")),
            ("a.example.com", Some("domain")),
            ("a.example.com:8443", Some("domain_port")),
            ("a.b.example.com", Some("domain")),
            ("a.eu.example.com", Some("narrower")),
            ("example.com", None),
            ("badexample.com", None),
            ("cdn.example.com.evil.example", None),
            ("[::1]:80", Some("six")),
            ("[::1]:81", None),
            ("[::1]", None),
        ] {
            assert_eq!(redirects.cluster(authority), cluster, "{authority}");
        }
        assert_eq!(redirects.cluster_of_its_own("cdn.example.com"), Some("host"));
        assert_eq!(redirects.cluster_of_its_own("a.example.com"), None);
        assert_eq!(Redirects::default().cluster("cdn.example.com"), None);
    }
}
