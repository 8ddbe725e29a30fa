//! Who says who asks.

use serde::Deserialize;

/// Where the names of a caller come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    /// The sources that are believed, in the order they are written. A caller has the names that all of them give.
    pub principals: Vec<CallerSource>,
}

/// One source of names.
///
/// No name of one source can be taken for one of another: where there are several, each has a prefix, and no prefix is the
/// beginning of another (two sources may have the same one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerSource {
    /// Where it is read.
    pub origin: Origin,
    /// What is put before each name; may be empty where there is no other source.
    pub prefix: String,
    /// What stands between names; `None` where all of it is one name. Never of [`Origin::Xfcc`].
    pub separator: Option<char>,
}

/// Where a name is read. Of what a client can send, only what the gateway vouches for gets here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A request header, in lower case.
    Header(String),
    /// The path of an Envoy attribute, two elements or more.
    Property(Vec<String>),
    /// What `x-forwarded-client-cert` says of the client's certificate.
    Xfcc(XfccKey),
}

/// A key of `x-forwarded-client-cert` that says who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum XfccKey {
    /// each DNS name of the certificate
    #[serde(rename = "DNS")]
    Dns,
    /// the SHA-256 of the certificate, which Envoy always tells
    Hash,
    /// its subject, such as `CN=ci,O=Example`
    Subject,
    /// each URI of the certificate, such as `spiffe://example.com/ci`
    #[serde(rename = "URI")]
    Uri,
}

impl Callers {
    /// The attributes that are to be read of every request, in order.
    pub fn properties(&self) -> impl Iterator<Item = &[String]> {
        self.principals.iter().filter_map(|source| match &source.origin {
            Origin::Property(path) => Some(path.as_slice()),
            Origin::Header(_) | Origin::Xfcc(_) => None,
        })
    }
}

impl XfccKey {
    /// The key, as Envoy writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Hash => "Hash",
            Self::Subject => "Subject",
            Self::Uri => "URI",
        }
    }
}
