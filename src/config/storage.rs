//! The storage: how it is spoken to, what objects are called there, and how clients get at them.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::gomod::{ModulePath, Patterns};

use super::{Endpoint, Scheme};

/// Where modules are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// How it is reached. With S3, `path_prefix` or `authority` says the bucket.
    pub endpoint: Endpoint,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// How what it has is listed, where S3 does not say.
    pub listing: Listing,
    /// What objects are called.
    pub layout: Layout,
    /// What every object's name begins with: empty, or `x/y/` with a slash at the end, as it is before any escape.
    pub key_prefix: String,
    /// Whether what was fetched and verified is stored.
    pub write: bool,
    /// When what is stored is checked once more.
    pub reverify: Reverify,
    /// The size of the parts of an upload, in bytes: 5 MiB at least.
    pub part_bytes: u32,
    /// Parts of one upload under way at once, at least one.
    pub parts_in_flight: u32,
    /// The largest zip, in bytes, that is gathered in memory for a store that takes no parts.
    pub gather_bytes: u32,
    /// How stored zips get to clients.
    pub delivery: Delivery,
}

/// How the storage is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Dialect {
    /// as S3: large objects in parts, and nothing is overwritten
    S3,
    /// plain GET, HEAD and PUT of whole objects, as WebDAV has them
    #[default]
    Webdav,
}

/// How a WebDAV store lists a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Listing {
    /// to a GET, as JSON; nginx with `autoindex on` and `autoindex_format json`, as `nginx/storage.conf` has it
    // An array of objects that have a `name`.
    #[default]
    Autoindex,
    /// to a PROPFIND, as WebDAV has it; nginx itself knows none
    // RFC 4918.
    Propfind,
}

/// What objects in the storage are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Layout {
    /// as Athens has it in S3, GCS and Azure
    // `M/@v/V.info`, nothing escaped.
    Athens,
    /// as Athens has it on disk and in MinIO
    // `M/V/V.info`, `M/V/go.mod`, `M/V/source.zip`, nothing escaped.
    AthensFlat,
    /// the paths of the GOPROXY protocol
    // Escaped as there.
    #[default]
    Goproxy,
}

/// When what is stored is checked once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Reverify {
    /// every time it is read
    Always,
    /// when it is first read after a start
    #[default]
    FirstRead,
    /// not at all
    Never,
}

/// How stored zips get to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How, where no override says otherwise.
    pub zips: Zips,
    /// For some modules in another way; the first that matches decides.
    pub overrides: Vec<(Patterns, Zips)>,
    /// Where clients are sent. There where anything redirects.
    pub address: Option<Address>,
}

/// How zips are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Zips {
    /// clients are sent to the storage's own address, so that the bytes do not pass Envoy
    Redirect,
    /// through Envoy
    #[default]
    Stream,
}

/// The storage as clients reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Of its URL.
    pub scheme: Scheme,
    /// The host, in lower case, with its port where it is not the scheme's usual one.
    pub authority: String,
    /// The path of what the storage's endpoint is: empty, or `/x/y` without a slash at the end.
    pub path_prefix: String,
    /// How long a signed URL can be used, in whole seconds.
    pub expires: Duration,
    /// How it is signed.
    pub access: Access,
}

/// How the URLs that clients are sent to are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Not at all.
    Open,
    /// Presigned for S3.
    S3(S3Key),
    /// For nginx's `secure_link`, with this secret.
    SecureLink(Secret),
}

/// What a URL is presigned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Key {
    /// The region of the store.
    pub region: String,
    /// What the key is called.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
    /// Of a temporary key.
    pub session_token: Option<Secret>,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Delivery {
    /// Whether a client that asks for a zip of `module` is sent to storage.
    pub fn redirects(&self, module: &ModulePath) -> bool {
        let named = self.overrides.iter().find(|(modules, _)| modules.matches(module));
        named.map_or(self.zips, |(_, zips)| *zips) == Zips::Redirect && self.address.is_some()
    }
}

impl Secret {
    /// The text, to sign with.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
