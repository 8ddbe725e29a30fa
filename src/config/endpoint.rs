//! What an upstream, a checksum database and the storage have in common: how they are reached.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Redirects;

/// How a service behind an Envoy cluster is reached.
///
/// Its `Debug` leaves out the values of `headers`, which may be credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The Envoy cluster, e.g. `outbound|443||proxy.golang.org`.
    pub cluster: String,
    /// The `:authority` of requests to it, in lower case.
    pub authority: String,
    /// The `:scheme` of requests to it.
    pub scheme: Scheme,
    /// The path below which it serves: empty, or `/x/y` without a slash at the end.
    pub path_prefix: String,
    /// Headers of every request to it, names in lower case, in the order given, no name twice.
    pub headers: Vec<(String, String)>,
    /// How long one callout may take: whole milliseconds, at least one.
    pub timeout: Duration,
    /// Whether HTTP/2 is spoken to it, by which every answer shows its end.
    pub http2: bool,
    /// The proxy that its cluster goes through, as reasons name it.
    pub egress: Option<String>,
    /// To which other hosts its redirects are followed. Those of a storage are not followed.
    pub redirects: Redirects,
}

/// The scheme of requests. Whether TLS is spoken is the cluster's decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum Scheme {
    /// plain text
    Http,
    /// TLS
    #[default]
    Https,
}

impl Scheme {
    /// As `:scheme` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, authority, scheme, path_prefix, headers, timeout, http2, egress, redirects } =
            self;
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint")
            .field("cluster", cluster)
            .field("authority", authority)
            .field("scheme", scheme)
            .field("path_prefix", path_prefix)
            .field("headers", &names)
            .field("timeout", timeout)
            .field("http2", http2)
            .field("egress", egress)
            .field("redirects", redirects)
            .finish()
    }
}
