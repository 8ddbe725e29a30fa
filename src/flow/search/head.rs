//! What is learnt of a zip by asking whether it is there: the head that a HEAD is answered with.

use serde::{Deserialize, Serialize};

use super::{source_request::Form, whole::whole_length};
use crate::http::{Headers, Reply};

/// The head of a zip, as far as it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZipHead {
    /// How many bytes it has.
    pub length: Option<u64>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// When it was last modified.
    pub last_modified: Option<String>,
}

impl ZipHead {
    /// What the reply to a request of this form says of the zip; `None` where it does not say that there is one, or is of another file.
    pub(super) fn of(form: &Form, reply: &Reply) -> Option<Self> {
        let Reply::Answered { status: status @ (200 | 206), headers, body } = reply else { return None };
        let length = match (form, status) {
            (Form::Aside | Form::ByInfo | Form::Listing(_) | Form::Store { .. }, _) => return None,
            (Form::Plain, _) => said(headers),
            (Form::First | Form::Whole, 206) => whole_length(headers),
            (Form::First | Form::Whole, _) => u64::try_from(body.len()).ok(),
        };
        let short = |name| headers.first(name).filter(|value| value.len() <= MAX_VALUE).map(str::to_owned);
        // No zip is empty: a server that sends a length of 0 does not know the length.
        let length = length.filter(|length| *length > 0);
        Some(Self { length, etag: short("etag"), last_modified: short("last-modified") })
    }
}

impl ZipHead {
    /// What holds of a copy of it too.
    pub(super) fn of_a_copy(self) -> Self {
        Self { length: self.length, ..Self::default() }
    }
}

fn said(headers: &Headers) -> Option<u64> {
    headers.first("content-length")?.trim().parse().ok()
}

/// Tags of stores have some 40 bytes, dates 29.
const MAX_VALUE: usize = 256;
