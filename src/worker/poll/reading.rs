//! A document that is being read, a slice at a time: decoded, compared with what is known already, and read by the document itself.

use sha2::{Digest, Sha256};

use super::{
    polled::{Content, Polled, Progress},
    reply::PollFailure,
};
use crate::{
    goproxy::Etag,
    http::{Body, Callout, Decoder, Headers},
};

/// A document that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    headers: Headers,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// What came is encoded.
    Decode(Decoder),
    /// Is it what is known already?
    Compare(Digesting),
    /// It is, or it is not: its content, and its digest.
    Compared(Body, Etag),
    /// The document reads.
    Read(Body, Etag),
    /// The document was read, and its content is not what came.
    Digest(Vec<u8>, Digesting),
}

/// What one slice has led to.
#[derive(Debug)]
pub(super) enum Turn {
    /// There is more to be done.
    More,
    /// Its content has this digest: [`Reading::go_on`] where it is not known already.
    Compared(Etag),
    /// This is to be asked next.
    Ask(Box<Callout>),
    /// It was read to its end, and is right.
    Read(Vec<u8>, Body, Etag),
    /// It was read to its end, and brings nothing.
    Same(Vec<u8>),
    /// It is not to be used; the digest is of what came, where it came whole.
    Failed(Option<Etag>, PollFailure),
}

/// Bytes whose digest is made.
#[derive(Debug)]
struct Digesting {
    body: Body,
    at: usize,
    digest: Sha256,
}

impl Reading {
    /// Reads a reply's body, which may decode to at most so many bytes.
    ///
    /// # Errors
    /// Where its coding is not known here.
    pub(super) fn of_reply(headers: Headers, body: Vec<u8>, most: usize) -> Result<Self, PollFailure> {
        let step = match Decoder::of(&headers, &body, most) {
            Ok(None) => Step::Compare(Digesting::new(bounded(body, most)?)),
            Ok(Some(decoder)) => Step::Decode(decoder),
            Err(why) => return Err(unreadable(&why)),
        };
        Ok(Self { headers, step })
    }

    /// Of what another worker has kept.
    pub(super) fn of_snapshot(bytes: Vec<u8>) -> Self {
        Self { headers: Headers::default(), step: Step::Compare(Digesting::new(bytes.into())) }
    }

    /// The headers it came with.
    pub(super) fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Works for one slice; `most` is how many bytes it may have.
    pub(super) fn work(&mut self, document: &mut dyn Polled, most: usize) -> Turn {
        match &mut self.step {
            Step::Decode(decoder) => match decoder.work(SLICE) {
                Ok(false) => Turn::More,
                Ok(true) => {
                    // In its place stands nothing, for a moment.
                    let nothing = Step::Compare(Digesting::new(Body::default()));
                    let Step::Decode(decoder) = std::mem::replace(&mut self.step, nothing) else {
                        return Turn::More;
                    };
                    match bounded(decoder.finish(), most) {
                        Ok(body) => {
                            self.headers = self.headers.decoded(body.len());
                            self.step = Step::Compare(Digesting::new(body));
                            Turn::More
                        }
                        Err(trouble) => Turn::Failed(None, trouble),
                    }
                }
                Err(why) => Turn::Failed(None, unreadable(&why)),
            },
            Step::Compare(digesting) => match digesting.work() {
                None => Turn::More,
                Some(etag) => {
                    self.step = Step::Compared(digesting.body.clone(), etag);
                    Turn::Compared(etag)
                }
            },
            Step::Compared(_, etag) => Turn::Compared(*etag),
            Step::Read(body, etag) => match document.work() {
                Progress::More => Turn::More,
                Progress::Ask(callout) => Turn::Ask(callout),
                Progress::Wrong(reasons) => Turn::Failed(Some(*etag), PollFailure::Invalid(reasons)),
                Progress::Read { cursor, content: Content::Same } => Turn::Same(cursor),
                Progress::Read { cursor, content: Content::AsItCame } => {
                    Turn::Read(cursor, body.clone(), *etag)
                }
                Progress::Read { cursor, content: Content::Bytes(bytes) } => {
                    self.step = Step::Digest(cursor, Digesting::new(bytes.into()));
                    Turn::More
                }
            },
            Step::Digest(cursor, digesting) => match digesting.work() {
                None => Turn::More,
                Some(etag) => Turn::Read(std::mem::take(cursor), digesting.body.clone(), etag),
            },
        }
    }

    /// Has the document read it: a reply, or what was kept.
    pub(super) fn go_on(&mut self, document: &mut dyn Polled, is_kept: bool) {
        if let Step::Compared(body, etag) = &self.step {
            let (body, etag) = (body.clone(), *etag);
            if is_kept {
                document.recall(body.clone());
            } else {
                document.take(&self.headers, body.clone(), &etag);
            }
            self.step = Step::Read(body, etag);
        }
    }
}

impl Digesting {
    fn new(body: Body) -> Self {
        Self { body, at: 0, digest: Sha256::new() }
    }

    /// Digests on; the digest once that was all.
    fn work(&mut self) -> Option<Etag> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let slice = rest.get(..SLICE).unwrap_or(rest);
        self.digest.update(slice);
        self.at = self.at.saturating_add(slice.len());
        (self.at >= self.body.len()).then(|| Etag::read(std::mem::take(&mut self.digest)))
    }
}

fn bounded(body: Vec<u8>, most: usize) -> Result<Body, PollFailure> {
    if body.len() > most {
        let reason = format!("{} bytes: at most {most} are allowed", body.len());
        return Err(PollFailure::Invalid(vec![reason]));
    }
    Ok(body.into())
}

fn unreadable(why: &impl std::fmt::Display) -> PollFailure {
    PollFailure::Failed(format!("what its source sends cannot be read: {why}"))
}

/// Bytes that are decoded or digested at once: about 4 ms, as of zips (`flow.rs`).
const SLICE: usize = 512 << 10;
