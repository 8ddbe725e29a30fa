//! The storage cluster: what an object is called there, and what the replies mean. Nothing is sent here.
//!
//! **Dialect**: WebDAV as nginx speaks it: GET, HEAD and PUT. A PUT makes missing parents and becomes visible at once and
//! whole. There is no create-only PUT.
//!
//! **Layout** `goproxy`: an object is called as its escaped path in the protocol, so any static file server over the same
//! data is a GOPROXY, and `GOMODCACHE/cache/download` can be copied in.

use crate::{
    goproxy::{Document, File, Found, accept},
    http::{Reply, Timestamp},
};

/// What storage says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored<T> {
    /// It has none.
    Absent,
    /// It has something else under that name; what.
    Corrupt(String),
    /// It has this.
    Present(T),
    /// It could not say; why.
    Unavailable(String),
}

impl<T> Stored<T> {
    /// What is there, made into something else.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Stored<U> {
        match self {
            Self::Absent => Stored::Absent,
            Self::Corrupt(why) => Stored::Corrupt(why),
            Self::Present(what) => Stored::Present(make(what)),
            Self::Unavailable(why) => Stored::Unavailable(why),
        }
    }
}

/// What a store calls `document`; nothing where it keeps none: the answer to a query is not a file of a module, and
/// checksum databases are kept by the index alone.
pub fn object(document: &Document) -> Option<String> {
    match document {
        Document::Module { file: File::Query(_), .. } | Document::Sumdb { .. } => None,
        Document::Module { .. } => Some(document.path()),
    }
}

/// Reads the reply to a GET of `document`.
pub fn judge(document: &Document, reply: Reply, now: Timestamp) -> Stored<Found> {
    match reply {
        Reply::Answered { status: 200, body, .. } => match accept(document, body) {
            Ok(body) => Stored::Present(Found::stored(body, now)),
            Err(bad) => Stored::Corrupt(format!("bad object: {bad}")),
        },
        reply => without(&reply),
    }
}

/// Reads the reply to a HEAD.
pub fn judge_presence(reply: &Reply) -> Stored<()> {
    match reply {
        Reply::Answered { status: 200, .. } => Stored::Present(()),
        reply => without(reply),
    }
}

/// Reads a reply that hands nothing over.
fn without<T>(reply: &Reply) -> Stored<T> {
    match reply {
        Reply::Answered { status: 404 | 410, .. } => Stored::Absent,
        Reply::Answered { status, .. } => Stored::Unavailable(format!("it answered {status}")),
        Reply::Failed(failure) => Stored::Unavailable(failure.describe().to_owned()),
    }
}

/// Reads the reply to a PUT.
///
/// # Errors
/// Why nothing was stored, as a metric label.
pub fn judge_write(reply: &Reply) -> Result<(), &'static str> {
    match reply {
        Reply::Answered { status: 200 | 201 | 204, .. } => Ok(()),
        Reply::Answered { status: 507, .. } => Err("full"),
        Reply::Answered { .. } => Err("refused"),
        Reply::Failed(failure) => Err(failure.as_str()),
    }
}
