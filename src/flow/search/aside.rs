//! What storage keeps aside: the `.info` of versions whose zips it does not have.

use super::{End, Form, Source, SourceRequest};
use crate::{
    goproxy::{Document, File, Found},
    http::Reply,
    plan::Want,
    store::Stored,
};

/// The `.info` of a version that has none in storage may be kept aside there.
pub(super) fn may_be_aside(want: &Want, request: &SourceRequest, reply: &Reply) -> bool {
    request.source == Source::Storage
        && request.form == Form::Plain
        && matches!(want, Want::Document(Document::Module { file: File::Info(_), .. }))
        && matches!(reply, Reply::Answered { status: 404 | 410, .. })
}

/// What is kept aside is not in its place. If it cannot be read there, nothing is lost: it is fetched, and not asked for there again.
pub(super) fn from_aside(stored: Stored<End>) -> Stored<End> {
    match stored {
        Stored::Present(End::Document(found)) => {
            Stored::Present(End::Document(Found { stored: false, aside: true, ..found }))
        }
        Stored::Corrupt(_) => Stored::Absent,
        stored => stored,
    }
}
