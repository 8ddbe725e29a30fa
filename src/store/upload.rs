//! Takes one zip into storage while it comes, and lets no reader see it before it is known to be good.
//!
//! Over S3 the bytes leave in parts as they come. No reader sees them until the upload is completed, which happens after [`Upload::commit`]
//! alone. A small zip, and every zip over WebDAV, is kept until then and written by one request. Where that request cannot say that it must
//! not replace anything, a look goes before it.
//!
//! It sends nothing and waits for nothing: [`Upload::next_call`] says what may be sent now, and [`Upload::reply`] hears what came of
//! it. A failure costs the copy; the parts that are in the store by then are given up by aborting the upload.

mod buffer;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use self::buffer::Buffer;
use super::{
    multipart::{self, PartTag, UploadId},
    reply::{Scope, Stored, WriteFailure, Written, judge_presence, judge_write},
    request::{create, head},
};
use crate::{
    config::{
        Dialect, Storage,
        limits::{MAX_TIMEOUT, SPARE_PARTS},
    },
    http::{Callout, Reply},
    metrics::Ended,
};

/// One zip on its way into storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    storage: Storage,
    key: String,
    content_type: &'static str,
    bytes: Buffer,
    /// Whether there may be an object of that name, which a write would replace.
    unseen: bool,
    remote: Remote,
    phase: Phase,
    /// What is under way.
    calls: BTreeMap<u32, Ask>,
    /// Callouts so far: the ordinal of the next.
    calls_made: u32,
    /// How often the request was sent that stands for the whole: begin or look, then complete or put, then abort.
    tries: u32,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadOutcome {
    /// It was given up before it was committed. Nothing of it can be read.
    Aborted,
    /// There was an object of that name, which stays unchanged. Its bytes are to be compared.
    Exists,
    /// Nothing is known to be stored. Where it had been committed and the last reply was lost, the object may be there, whole.
    Failed(WriteFailure),
    /// It is stored.
    Stored,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// More may come.
    Open,
    /// All is here and good.
    Committed,
    /// What the store has of it is given up; then this is how it ended.
    Closing(UploadOutcome),
    Over(UploadOutcome),
}

/// What the store knows of a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Remote {
    Nothing,
    Beginning,
    Begun(UploadId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Abort,
    Begin,
    Complete,
    Look,
    Part(usize),
    Put,
}

impl Upload {
    /// An upload of what will be `key`. `total` is its length where that is known; what cannot be sent in parts may be up to
    /// `whole` bytes long. It stands in the memory of `room`, as far as that goes.
    pub fn begin(
        storage: &Storage,
        key: String,
        content_type: &'static str,
        total: Option<u64>,
        whole: u32,
        room: Vec<u8>,
    ) -> Self {
        let part = match storage.dialect {
            Dialect::S3 => size(storage.part_bytes),
            Dialect::Webdav => size(whole),
        };
        let most = Self::most_held(storage, whole);
        let total = total.map(|total| usize::try_from(total).unwrap_or(usize::MAX));
        Self {
            storage: storage.clone(),
            key,
            content_type,
            bytes: Buffer::new(part, most, total, room),
            unseen: storage.dialect == Dialect::Webdav,
            remote: Remote::Nothing,
            phase: Phase::Open,
            calls: BTreeMap::new(),
            calls_made: 0,
            tries: 0,
        }
    }

    /// The most bytes that an upload holds, begun with this.
    pub fn most_held(storage: &Storage, whole: u32) -> usize {
        match storage.dialect {
            Dialect::S3 => {
                let parts = size(storage.parts_in_flight.saturating_add(SPARE_PARTS));
                size(storage.part_bytes).saturating_mul(parts)
            }
            Dialect::Webdav => size(whole),
        }
    }

    /// Lets it hold up to `most` bytes for one request, of which `total` will come, where that is known, in the memory of `room`. What is
    /// in parts already is not changed.
    pub fn widen(&mut self, most: u32, total: Option<u64>, room: Vec<u8>) {
        if self.phase == Phase::Open {
            let total = total.map(|total| usize::try_from(total).unwrap_or(usize::MAX));
            self.bytes.widen(size(most), total, room);
        }
    }

    /// The memory that it stood in, once it is over.
    pub fn take_room(&mut self) -> Vec<u8> {
        match self.phase {
            Phase::Over(_) => self.bytes.take_room(),
            Phase::Open | Phase::Committed | Phase::Closing(_) => Vec::new(),
        }
    }

    /// Whether so many bytes more can be held.
    pub fn takes(&self, bytes: usize) -> bool {
        self.bytes.takes(bytes)
    }

    /// The most bytes that it will hold.
    pub fn will_hold(&self) -> usize {
        self.bytes.most_held()
    }

    /// Takes the next bytes. What is more than may be held is dropped, and the upload can then only be aborted.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.phase == Phase::Open {
            self.bytes.push(bytes);
        }
    }

    /// Whether more came than may be held: storage does not keep up, or takes nothing this large.
    pub fn is_overrun(&self) -> bool {
        self.bytes.is_overrun()
    }

    /// Whether the store has caught up: it may be given as much as a part, and no more than two are held then.
    pub fn has_room(&self) -> bool {
        self.bytes.has_room()
    }

    /// Whether more may come: it is neither committed nor given up.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Bytes held: those that are in no part yet, and those of parts that the store has not taken.
    pub fn held(&self) -> usize {
        self.bytes.held()
    }

    /// All has come and is good: it is to be seen. After an overrun it fails.
    pub fn commit(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        if self.bytes.is_overrun() {
            self.close(UploadOutcome::Failed(WriteFailure {
                outcome: Ended::Overrun.into(),
                why: "it does not keep up, or takes nothing this large".to_owned(),
                passing: false,
                scope: Scope::Object,
            }));
            return;
        }
        self.bytes.finish();
        self.phase = Phase::Committed;
    }

    /// It is not to be seen, ever. After a commit it is too late.
    pub fn abort(&mut self) {
        if self.phase == Phase::Open {
            self.close(UploadOutcome::Aborted);
        }
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<&UploadOutcome> {
        match &self.phase {
            Phase::Over(outcome) => Some(outcome),
            Phase::Open | Phase::Committed | Phase::Closing(_) => None,
        }
    }

    /// Whether the store may be left with parts that only a lifecycle rule of its bucket takes away.
    pub fn has_leftovers(&self) -> bool {
        matches!(self.phase, Phase::Over(_)) && self.remote != Remote::Nothing
    }

    /// A callout that may be sent now, with the number to report its reply under. To be asked again after every other call here
    /// until it has none.
    pub fn next_call(&mut self) -> Option<(u32, Callout)> {
        let ask = self.due()?;
        let callout = self.callout(ask)?;
        match ask {
            Ask::Begin => self.remote = Remote::Beginning,
            Ask::Part(at) => self.bytes.sent(at),
            Ask::Abort | Ask::Complete | Ask::Look | Ask::Put => {}
        }
        if !matches!(ask, Ask::Part(_)) {
            self.tries = self.tries.saturating_add(1);
        }
        let ordinal = self.calls_made;
        self.calls_made = ordinal.wrapping_add(1);
        self.calls.insert(ordinal, ask);
        Some((ordinal, callout))
    }

    /// The reply to the callout that was numbered `ordinal`.
    pub fn reply(&mut self, ordinal: u32, reply: &Reply) {
        match self.calls.remove(&ordinal) {
            None => return,
            Some(Ask::Begin) => self.begun(multipart::judge_begin(reply)),
            Some(Ask::Part(at)) => self.taken(at, multipart::judge_part(reply)),
            Some(Ask::Look) => self.looked(&judge_presence(reply), reply),
            Some(Ask::Put) => self.written(judge_write(reply)),
            Some(Ask::Complete) => {
                let is_gone = matches!(reply, Reply::Answered { status: 404, .. });
                // The first one had been heard after all.
                let was_done = is_gone && self.tries > 1;
                self.written(if was_done { Written::Exists } else { multipart::judge_complete(reply) });
                if is_gone {
                    self.remote = Remote::Nothing;
                }
            }
            Some(Ask::Abort) => match multipart::judge_abort(reply) {
                Ok(()) => self.remote = Remote::Nothing,
                Err(trouble) if trouble.passing && self.tries < MAX_TRIES => {}
                Err(_) => self.end(),
            },
        }
        if matches!(self.phase, Phase::Closing(_)) && self.calls.is_empty() && self.remote == Remote::Nothing
        {
            self.end();
        }
    }

    fn due(&self) -> Option<Ask> {
        match (&self.phase, &self.remote) {
            (Phase::Over(_), _) => None,
            // A part that arrives after the abort would stay.
            (Phase::Closing(_), Remote::Begun(_)) => self.calls.is_empty().then_some(Ask::Abort),
            (Phase::Closing(_), _) => None,
            (Phase::Committed, _) if !self.bytes.is_in_parts() => {
                let ask = if self.unseen { Ask::Look } else { Ask::Put };
                self.calls.is_empty().then_some(ask)
            }
            (_, Remote::Nothing) => self.bytes.is_in_parts().then_some(Ask::Begin),
            (_, Remote::Beginning) => None,
            (phase, Remote::Begun(_)) => {
                if let Some(at) = self.bytes.waiting() {
                    return (self.calls.len() < size(self.storage.parts_in_flight)).then_some(Ask::Part(at));
                }
                (*phase == Phase::Committed && self.calls.is_empty()).then_some(Ask::Complete)
            }
        }
    }

    fn callout(&self, ask: Ask) -> Option<Callout> {
        let (storage, key) = (&self.storage, self.key.as_str());
        match (ask, &self.remote) {
            (Ask::Begin, _) => Some(multipart::begin(storage, key, self.content_type)),
            (Ask::Look, _) => Some(head(storage, key)),
            (Ask::Put, _) => {
                let callout = create(storage, key, self.content_type, self.bytes.whole());
                let timeout = time_for(callout.body.len(), callout.timeout);
                Some(Callout { timeout, ..callout })
            }
            (Ask::Part(at), Remote::Begun(id)) => {
                let number = u32::try_from(at).ok()?.checked_add(1)?;
                Some(multipart::part(storage, key, id, number, self.bytes.part(at)?))
            }
            (Ask::Complete, Remote::Begun(id)) => {
                Some(multipart::complete(storage, key, id, self.bytes.tags()))
            }
            (Ask::Abort, Remote::Begun(id)) => Some(multipart::abort(storage, key, id)),
            (Ask::Abort | Ask::Complete | Ask::Part(_), Remote::Nothing | Remote::Beginning) => None,
        }
    }

    fn begun(&mut self, begun: Result<UploadId, WriteFailure>) {
        match begun {
            Ok(id) => {
                self.remote = Remote::Begun(id);
                self.tries = 0;
            }
            Err(trouble) => {
                self.remote = Remote::Nothing;
                self.fail_unless_again(trouble, self.tries);
            }
        }
    }

    fn looked(&mut self, there: &Stored<()>, reply: &Reply) {
        match there {
            Stored::Absent => {
                self.unseen = false;
                self.tries = 0;
            }
            Stored::Present(()) | Stored::Corrupt(_) => self.close(UploadOutcome::Exists),
            Stored::Unavailable(_) => self.fail_unless_again(WriteFailure::of(reply), self.tries),
        }
    }

    fn taken(&mut self, at: usize, taken: Result<PartTag, WriteFailure>) {
        match taken {
            Ok(tag) => self.bytes.taken(at, tag),
            Err(trouble) => {
                if let Some(tries) = self.bytes.not_taken(at) {
                    self.fail_unless_again(trouble, tries);
                }
            }
        }
    }

    fn written(&mut self, written: Written) {
        match written {
            Written::Stored => {
                self.remote = Remote::Nothing;
                self.close(UploadOutcome::Stored);
            }
            Written::Exists => self.close(UploadOutcome::Exists),
            Written::Failed(trouble) => self.fail_unless_again(trouble, self.tries),
        }
    }

    fn fail_unless_again(&mut self, trouble: WriteFailure, tries: u32) {
        let is_wanted = matches!(self.phase, Phase::Open | Phase::Committed);
        if is_wanted && (!trouble.passing || tries >= MAX_TRIES) {
            self.close(UploadOutcome::Failed(trouble));
        }
    }

    /// Nothing more is sent of it, and what the store has of it is given up.
    fn close(&mut self, outcome: UploadOutcome) {
        self.bytes.clear();
        self.tries = 0;
        self.phase = Phase::Closing(outcome);
        if self.calls.is_empty() && self.remote == Remote::Nothing {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Phase::Closing(outcome) = &self.phase {
            self.phase = Phase::Over(outcome.clone());
        }
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How long storage has for a request with so many bytes, where it has `usual` for one with few.
fn time_for(bytes: usize, usual: Duration) -> Duration {
    let times = u32::try_from(bytes.div_ceil(BYTES_IN_TIME)).unwrap_or(u32::MAX).max(1);
    usual.saturating_mul(times).min(MAX_TIMEOUT.max(usual))
}

/// Bytes that storage takes within its `timeout`: one usual part of an upload. With the default of 5 s that is a disk or a line of 13 Mbit/s.
const BYTES_IN_TIME: usize = 8 << 20;

/// How often a request is sent that fails in passing. There is no clock here to wait by, and a store that fails three times in
/// a row fails.
const MAX_TRIES: u32 = 3;
