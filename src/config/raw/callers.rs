//! The section `callers`.

use serde::Deserialize;

use super::words::Section;
use crate::config::XfccKey;

/// Which sources name the callers.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawCallers {
    /// Where names are read, each one of `header`, `property` and `xfcc`. A caller has all the names that these give, at
    /// most 256 of at most 1024 bytes. A caller with more of either, or whose names cannot be read, is refused (403) and
    /// never taken for an anonymous one. None by default: every caller is anonymous.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Vec::<String>::new())))]
    pub(in crate::config) principals: Option<Vec<Section<RawCallerSource>>>,
}

/// A source of names.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawCallerSource {
    /// A request header whose value is a name, such as basic_auth's `forward_username_header` or a header of jwt_authn's
    /// `claim_to_headers`. A request that has it twice is refused, and without a `separator` one that has a comma in it.
    pub(in crate::config) header: Option<String>,
    /// The path of an Envoy attribute, whose value is a text or a list of texts:
    /// `["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload", "sub"]`, or
    /// `["connection", "uri_san_peer_certificate"]`. Only attributes of `metadata`, `filter_state` and the peer of
    /// `connection`: the others say what the client wrote.
    pub(in crate::config) property: Option<Vec<Option<String>>>,
    /// What `x-forwarded-client-cert` says of the client's certificate (mTLS); of several elements the last one counts, the
    /// client of this Envoy.
    pub(in crate::config) xfcc: Option<XfccKey>,
    /// States of a `header` or of `xfcc` that clients cannot write it themselves, because the gateway removes theirs (an
    /// early_header_mutation; `forward_client_cert_details: SANITIZE_SET`). A source that is not trusted is not read:
    /// callers stay anonymous, and a warning says so at start. Not trusted by default, because every client can send a
    /// header.
    pub(in crate::config) trusted: Option<bool>,
    /// Put before each name, such as `user:` or `team:`, so that no user's name can be taken for a team. It may be left out
    /// where this is the only source; of several prefixes, none may begin with another.
    pub(in crate::config) prefix: Option<String>,
    /// The one character that stands between the names of a `header` or of a text that a `property` holds: `,` or a blank.
    /// Without it the whole is one name.
    pub(in crate::config) separator: Option<String>,
}
