//! Requests below a configured base address. A client's own credentials and addresses never go along.

mod along;
mod redirect;
mod shown;

pub use self::along::{goes, left_behind, selects};
pub use self::redirect::{Address, Trail, leads_to};
pub use self::shown::{destination, is_host};
use crate::{
    config::Endpoint,
    goproxy::encode,
    http::{Body, Callout},
};

/// A GET of `path` (escaped as the protocol escapes, without leading slash) below `endpoint`'s base address.
pub fn get(endpoint: &Endpoint, path: &str) -> Callout {
    request(endpoint, "GET", absolute(endpoint, path))
}

/// A HEAD of `path` below `endpoint`'s base address.
pub fn head(endpoint: &Endpoint, path: &str) -> Callout {
    request(endpoint, "HEAD", absolute(endpoint, path))
}

/// A request of `endpoint` with this `:path`, which includes the base address, and no body.
pub fn request(endpoint: &Endpoint, method: &'static str, path: String) -> Callout {
    let (name, identity) = ACCEPT_ENCODING;
    let mut headers =
        vec![("user-agent".to_owned(), USER_AGENT.to_owned()), (name.to_owned(), identity.to_owned())];
    headers.extend(endpoint.headers.iter().cloned());
    Callout {
        cluster: endpoint.cluster.clone(),
        method,
        scheme: endpoint.scheme.as_str(),
        authority: endpoint.authority.clone(),
        path,
        headers,
        body: Body::default(),
        timeout: endpoint.timeout,
    }
}

/// The `:path` of `path` below `endpoint`'s base address.
pub fn absolute(endpoint: &Endpoint, path: &str) -> String {
    below(&endpoint.path_prefix, path)
}

/// The `:path` of `path` below a prefix.
pub fn below(prefix: &str, path: &str) -> String {
    format!("{prefix}/{}", encode(path))
}

/// How this proxy names itself to the sources that it asks.
pub const USER_AGENT: &str = concat!("modgate/", env!("CARGO_PKG_VERSION"));

/// In which coding this proxy takes an answer: as it is. Without a word any is acceptable (RFC 9110, 12.5.3), and there are servers
/// that compress then.
pub const ACCEPT_ENCODING: (&str, &str) = ("accept-encoding", "identity");
