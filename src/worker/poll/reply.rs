//! What the reply to a poll means.

use super::InForce;
use crate::{
    config::{Bundle, limits::MAX_BUNDLE_BYTES},
    goproxy::Etag,
    http::{Decoder, Reply},
};

/// Another bundle than the one in force, or the same under another tag.
#[derive(Debug)]
pub(super) struct New {
    pub(super) bundle: Bundle,
    pub(super) tag: String,
    pub(super) text: String,
    pub(super) content: Etag,
}

/// Why a poll brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It could not be had.
    Failed(String),
    /// It is wrong, for these reasons.
    Invalid(Vec<String>),
}

/// A bundle that is wrong, and why: as long as it is there, it is not read once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    content: Etag,
    reasons: Vec<String>,
}

/// What a reply of `who` means: nothing new, another bundle, or trouble. `wrong` is the last one that was wrong.
pub(super) fn judge(
    reply: Reply,
    who: &str,
    conditional: bool,
    current: Option<&InForce>,
    wrong: &mut Option<Wrong>,
) -> Result<Option<New>, Trouble> {
    let (headers, body) = match reply {
        Reply::Answered { status: 200, headers, body } => (headers, body),
        Reply::Answered { status: 304, .. } if conditional => return Ok(None),
        Reply::Answered { status: 304, .. } => {
            return Err(Trouble::Failed(format!("{who} answers 304 though no tag was sent")));
        }
        Reply::Answered { status, .. } => {
            return Err(Trouble::Failed(format!("{who} answers {status}")));
        }
        Reply::Failed(failure) => {
            return Err(Trouble::Failed(format!("it cannot be had: {}", failure.describe())));
        }
    };
    // At once: a bundle is read rarely, and twice as long as it is decoded.
    let body = match Decoder::of(&headers, &body, MAX_BUNDLE_BYTES) {
        Ok(None) => body,
        Ok(Some(decoder)) => decoder
            .whole()
            .map_err(|why| Trouble::Failed(format!("what its source sends cannot be read: {why}")))?,
        Err(why) => return Err(Trouble::Failed(format!("what its source sends cannot be read: {why}"))),
    };
    if body.len() > MAX_BUNDLE_BYTES {
        let reason = format!("{} bytes: at most {MAX_BUNDLE_BYTES} are allowed", body.len());
        return Err(Trouble::Invalid(vec![reason]));
    }
    let tag = headers.first("etag").filter(|tag| tag.len() <= MAX_TAG_BYTES).unwrap_or_default().to_owned();
    let content = Etag::of(&body);
    if current.is_some_and(|current| current.content == content && current.tag == tag) {
        return Ok(None);
    }
    if let Some(wrong) = wrong.as_ref().filter(|wrong| wrong.content == content) {
        return Err(Trouble::Invalid(wrong.reasons.clone()));
    }
    match read(body) {
        Ok((bundle, text)) => Ok(Some(New { bundle, tag, text, content })),
        Err(reasons) => {
            *wrong = Some(Wrong { content, reasons: reasons.clone() });
            Err(Trouble::Invalid(reasons))
        }
    }
}

/// The bundle and its text, or what is wrong with it.
fn read(body: Vec<u8>) -> Result<(Bundle, String), Vec<String>> {
    let text = String::from_utf8(body).map_err(|error| vec![format!("not JSON: {error}")])?;
    match Bundle::parse(&text) {
        Ok(bundle) => Ok((bundle, text)),
        Err(problems) => Err(problems.to_string().lines().map(str::to_owned).collect()),
    }
}

impl Trouble {
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Invalid(_) => "invalid",
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Failed(why) => vec![why.clone()],
            Self::Invalid(reasons) => reasons.iter().map(|reason| format!("refused: {reason}")).collect(),
        }
    }

    /// Another one for each, never 0.
    pub(super) fn number(&self) -> u64 {
        let Etag(digest) = Etag::of(self.lines().join("\n").as_bytes());
        digest.first_chunk().map_or(1, |first| u64::from_le_bytes(*first).max(1))
    }
}

/// Tags are some dozens of bytes; a longer one is left alone, and the bundle compared instead.
const MAX_TAG_BYTES: usize = 1024;
