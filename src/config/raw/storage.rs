//! What the section `storage` has beside the fields of an endpoint.

use std::time::Duration;

use serde::Deserialize;

use super::words::{RawDuration, Section};
use crate::config::{Zips, setting::Setting};

/// How stored zips get to clients.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawDelivery {
    /// How a client that asks for a stored zip gets it. With the default, clients need to reach nothing but Envoy.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("default" = Zips::default())))]
    pub(in crate::config) zips: Option<Zips>,
    /// Modules whose zips are delivered in another way; the first that matches decides. None by default.
    pub(in crate::config) overrides: Option<Vec<Section<RawDeliveryOverride>>>,
    /// Where clients reach what the storage's `url` is inside: `https://modules.example.com/bucket`. Required where anything
    /// is redirected.
    pub(in crate::config) url: Option<String>,
    /// How long a signed address can be used: long enough for a slow client to begin its download, not for the address to
    /// be passed around. S3 allows 7 days at most.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(transform = Self::EXPIRES.schema()))]
    pub(in crate::config) expires: Option<RawDuration>,
    /// Addresses are presigned for S3. Envoy does not sign them: they are not requests of its own.
    #[serde(default)]
    pub(in crate::config) s3: Section<RawPresign>,
    /// Addresses are signed for nginx, whose `secure_link` checks them (`nginx/secure-link.conf`). Without this and `s3`
    /// they are plain: for a store that everyone may read.
    #[serde(default)]
    pub(in crate::config) secure_link: Section<RawSecureLink>,
}

impl RawDelivery {
    pub(in crate::config) const EXPIRES: Setting<Duration> = Setting {
        name: "expires",
        // A signed address has to be usable when the download begins, not when it ends, and the go command follows a redirect at
        // once. The rest is for clocks that differ.
        default: Duration::from_secs(5 * 60),
        // Both ways of signing count in seconds.
        least: Duration::from_secs(1),
        // 7 days: the most that a presigned URL may have (Signature Version 4, `X-Amz-Expires`).
        most: Duration::from_secs(7 * 24 * 60 * 60),
        beyond: Some("no client could use it in time, or S3 would refuse it"),
    };
}

/// Modules whose zips are delivered in another way.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawDeliveryOverride {
    /// The modules, as GOPRIVATE-style globs.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) modules: Option<Vec<Option<String>>>,
    /// How their zips are delivered.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) zips: Option<Zips>,
}

/// What presigned addresses are made with: a key that may read the bucket and nothing else.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawPresign {
    /// The region the store is in, e.g. `eu-west-1`; many stores that are not Amazon's want `us-east-1`, `auto` or `garage`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) region: Option<String>,
    /// The identifier of the key. It can be read in every address.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) access_key_id: Option<String>,
    /// The key. It is never logged.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) secret_access_key: Option<String>,
    /// The token that belongs to a temporary key. None by default; no address outlives it.
    pub(in crate::config) session_token: Option<String>,
}

/// What nginx verifies addresses by.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub(in crate::config) struct RawSecureLink {
    /// The secret at the end of nginx's `secure_link_md5`. It is never logged.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(required))]
    pub(in crate::config) secret: Option<String>,
}

/// The keys stay out of whatever prints this.
macro_rules! silent {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

silent!(RawPresign, RawSecureLink);
