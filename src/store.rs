//! The storage cluster: what an object is called there, how it is asked for, and what the replies mean. Nothing is sent here.
//!
//! **Layouts** say what an object is called (`store/layout.rs`). **Dialects** say how it is read and written: WebDAV as nginx
//! speaks it, whose PUT makes missing parents, becomes visible at once and whole, and knows no "only if there is none"; and
//! S3 (`store/s3.rs`).

mod layout;
mod request;

pub use self::layout::{document_key, zip_key};
pub use self::request::{create, delete, get, head, path, replace};

use crate::{
    goproxy::{Document, Found, accept},
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
