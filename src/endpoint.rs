//! Requests below a configured base address. A client's own credentials and addresses never go along.

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
    let mut headers = vec![("user-agent".to_owned(), USER_AGENT.to_owned())];
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
    format!("{}/{}", endpoint.path_prefix, encode(path))
}

/// Whether a client's header may go along when its request is routed to an endpoint: what says which bytes it wants, and
/// what traces it. Everything else stays here, above all `authorization`, `cookie` and `x-forwarded-for`.
///
/// Without `x-forwarded-proto` Envoy finds no route at all; the route removes it afterwards.
pub fn forwards(header: &str) -> bool {
    header.starts_with(':')
        || matches!(header, "traceparent" | "tracestate" | "x-forwarded-proto" | "x-request-id")
        || selects(header)
}

/// Whether a client's header says which bytes it wants, or whether it wants any.
pub fn selects(header: &str) -> bool {
    matches!(
        header,
        "if-match" | "if-modified-since" | "if-none-match" | "if-range" | "if-unmodified-since" | "range"
    )
}

/// How this proxy names itself to whom it asks.
pub const USER_AGENT: &str = concat!("modgate/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// Where a header says who asks, nobody behind is told.
    #[test]
    fn no_header_that_goes_along_can_say_who_asks() {
        let read = |header: &str| {
            let source = format!(r#"{{"header":"{header}","trusted":true}}"#);
            Config::parse(&format!(
                r#"{{"upstreams":[{{"cluster":"c","url":"http://h"}}],"callers":{{"principals":[{source}]}}}}"#
            ))
        };
        for along in [
            ":path",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "range",
            "traceparent",
            "tracestate",
            "x-forwarded-proto",
            "x-request-id",
        ] {
            assert!(forwards(along) && read(along).is_err(), "{along}");
        }
        for name in
            ["x-modgate-user", "x-auth-request-user", "x-forwarded-user", "x-forwarded-email", "remote-user"]
        {
            assert!(!forwards(name) && read(name).is_ok(), "{name}");
        }
        assert!(!forwards("x-forwarded-client-cert"));
    }
}
