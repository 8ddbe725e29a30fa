//! The sections that are reached through an Envoy cluster: an upstream, a checksum database, the storage.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::words::RawDuration;
#[cfg(not(target_arch = "wasm32"))]
use crate::config::{compile::duration::text, limits};

/// The fields by which an upstream, a checksum database and the storage are reached: the same for all three.
#[derive(Debug)]
pub(in crate::config) struct RawEndpoint<'a> {
    pub(in crate::config) cluster: Option<&'a str>,
    pub(in crate::config) url: Option<&'a str>,
    pub(in crate::config) authority: Option<&'a str>,
    pub(in crate::config) scheme: Option<RawScheme>,
    pub(in crate::config) path_prefix: Option<&'a str>,
    pub(in crate::config) headers: Option<&'a Map<String, Value>>,
    pub(in crate::config) timeout: Option<&'a RawDuration>,
}

/// Adds the fields of an endpoint to a section. (`#[serde(flatten)]` would hide where an error is.)
macro_rules! endpoint_section {
    ($(#[$meta:meta])* $name:ident, default timeout $timeout:expr, { $($own:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
        pub(in crate::config) struct $name {
            $($own)*
            /// The Envoy cluster that reaches it, e.g. `proxy_golang_org`, or `outbound|443||proxy.golang.org` under
            /// Istio. TLS, load balancing and circuit breaking are that cluster's.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
            pub(in crate::config) cluster: Option<String>,
            /// `scheme`, `authority` and `path_prefix` in one: `https://proxy.golang.org/some/prefix`. Give either this
            /// or those.
            pub(in crate::config) url: Option<String>,
            /// The host, and port where it is not the usual one, that requests are addressed to. Required where there is
            /// no `url`: the name of a cluster does not tell it.
            pub(in crate::config) authority: Option<String>,
            /// What the request says it came by; whether TLS is spoken is the cluster's decision. Everything beyond the
            /// mesh speaks https, and a plain HTTP/1 server never sees the difference, hence the default.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = RawScheme::Https.as_str())))]
            pub(in crate::config) scheme: Option<RawScheme>,
            /// The path below which it serves, e.g. `/api/v4/projects/7/packages/go`. The root by default.
            #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "")))]
            pub(in crate::config) path_prefix: Option<String>,
            /// Headers sent with every request to it, e.g. an `authorization`. None by default: credentials are better
            /// injected by Envoy (`credential_injector`, `aws_request_signing`), whose secrets rotate. A client's own
            /// `authorization` and `cookie` are never passed on.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(with = "Option<std::collections::BTreeMap<String, String>>"),
                schemars(extend("default" = Map::new()))
            )]
            pub(in crate::config) headers: Option<Map<String, Value>>,
            /// How long one request made by Modgate itself may take. The storage is near and an upstream can stand in
            /// for it, so it gets less time than a proxy that may have to fetch the module from its origin first.
            #[cfg_attr(
                not(target_arch = "wasm32"),
                schemars(extend(
                    "default" = text($timeout),
                    "x-shortest" = text(limits::MIN_TIMEOUT),
                    "x-longest" = text(limits::MAX_TIMEOUT)
                ))
            )]
            pub(in crate::config) timeout: Option<RawDuration>,
        }

        impl $name {
            pub(in crate::config) fn endpoint(&self) -> RawEndpoint<'_> {
                RawEndpoint {
                    cluster: self.cluster.as_deref(),
                    url: self.url.as_deref(),
                    authority: self.authority.as_deref(),
                    scheme: self.scheme,
                    path_prefix: self.path_prefix.as_deref(),
                    headers: self.headers.as_ref(),
                    timeout: self.timeout.as_ref(),
                }
            }
        }
    };
}

endpoint_section! {
    /// A Go module proxy to fetch from.
    RawUpstream, default timeout limits::DEFAULT_UPSTREAM_TIMEOUT, {
        /// What metrics and logs call it: 1 to 32 of `a-z`, `0-9`, `_` and `-`, no two alike. By default its
        /// authority, with `_` for every other character: `proxy.golang.org` is `proxy_golang_org`, wherever it stands in
        /// the list.
        pub(in crate::config) name: Option<String>,
        /// The modules it is asked for, as GOPRIVATE-style globs (`*.corp.example.com`, `github.com/acme`). By default
        /// every module that is not private; a private one is only asked for where a list names it.
        pub(in crate::config) modules: Option<Vec<Option<String>>>,
        /// When the next upstream is asked for what this one did not deliver. The default is Go's own (a comma in
        /// GOPROXY) and the safer one: an outage does not send a module's name to the next proxy.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "not_found")))]
        pub(in crate::config) fallback: Option<RawFallback>,
    }
}

endpoint_section! {
    /// A checksum database.
    RawSumdb, default timeout limits::DEFAULT_UPSTREAM_TIMEOUT, {
        /// Its name as in GOSUMDB, e.g. `sum.golang.org`: a host, with a path where it has one.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
        pub(in crate::config) name: Option<String>,
        /// Its verifier key as GOSUMDB takes it: `<name>+<8 hex digits>+<base64>`, with the same name. The key of
        /// `sum.golang.org` is built in; for every other database it is required.
        pub(in crate::config) key: Option<String>,
    }
}

endpoint_section! {
    /// Where modules are kept.
    RawStorage, default timeout limits::DEFAULT_STORAGE_TIMEOUT, {
        /// How objects are written: WebDAV stands for plain GET, HEAD and PUT.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "webdav")))]
        pub(in crate::config) dialect: Option<RawDialect>,
        /// What objects are called. The default is served as it is by any static web server.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = "goproxy")))]
        pub(in crate::config) layout: Option<RawLayout>,
        /// Whether small documents that were fetched are stored. By default they are, as that is what a storage is for;
        /// `false` is for one that others fill.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = true)))]
        pub(in crate::config) write: Option<bool>,
    }
}

/// When the next upstream of the chain is asked.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawFallback {
    /// after any failure (`|` in GOPROXY)
    AnyError,
    /// after 404 and 410 only (`,` in GOPROXY)
    NotFound,
}

/// The scheme of requests.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawScheme {
    /// plain text
    Http,
    /// TLS
    Https,
}

/// How the storage is spoken to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawDialect {
    /// GET, HEAD and PUT of whole objects
    Webdav,
}

/// What objects in the storage are called.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(in crate::config) enum RawLayout {
    /// the paths of the GOPROXY protocol
    Goproxy,
}

#[cfg(not(target_arch = "wasm32"))]
impl RawScheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}
