//! Zips that are copied into storage after they passed by: storage did not keep up or failed, or the client left before the end. No client
//! waits for them.
//!
//! The upstream is asked for the next piece when storage has taken those before. So a slow store slows the copy and nothing else. A copy
//! that fails is given up: the next client that streams the version begins anew.

use log::Level;

use super::{
    super::{
        event::Event,
        key::{Owner, Slice, ZipKey},
        services::{
            Services,
            budget::{Purpose, ZIP_REST},
        },
    },
    Storing,
    abandoned::Abandoned,
    upload::Feed,
};
use crate::{
    cx::{CallId, Cx},
    flow::{Copying, NextPiece, NotCopied, Sums, Verified, VerifyError},
    goproxy::Zip,
    http::{Reply, Timestamp},
    metrics::{Counter, Ended},
    plan::Source,
};

/// A copy under way. What it reads goes to the upload of the same zip.
#[derive(Debug)]
pub(super) struct Copier {
    zip: Zip,
    source: Source,
    copying: Copying,
    /// What the upstream is being asked.
    call: Option<CallId>,
}

/// A copy that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    zip: Zip,
    source: Source,
    at: Timestamp,
    /// Whether it is larger than every worker may hold, and gathered.
    is_large: bool,
}

impl Due {
    pub(super) fn is_of(&self, zip: &Zip) -> bool {
        self.zip == *zip
    }
}

impl Storing {
    /// Has `zip` copied from `source` at `at`, or when there is room after that.
    pub(in crate::worker) fn copy_later(
        &mut self,
        zip: &Zip,
        source: Source,
        at: Timestamp,
        is_large: bool,
        cx: &mut Cx<'_>,
    ) {
        if self.copies.iter().any(|due| due.zip == *zip) {
            return;
        }
        if self.copies.len() >= MAX_DUE {
            cx.count(Counter::StorageWrite { outcome: Ended::Skipped.into() });
            return;
        }
        self.copies.push_back(Due { zip: zip.clone(), source, at, is_large });
    }

    /// Begins what is due, as many as may be under way.
    pub(in crate::worker) fn begin_copies(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let now = cx.now;
        // One that is further away than any is set is from before the clock was set back.
        let is_due = |due: &Due| due.at <= now || due.at.since(now) > ZIP_REST;
        while self.copiers.len() < MAX_COPIES {
            let may_begin = |due: &Due| is_due(due) && self.may_copy(due.is_large, services);
            let Some(due) = self.copies.iter().position(may_begin).and_then(|at| self.copies.remove(at))
            else {
                return;
            };
            self.begin_copy(due, services, cx);
        }
    }

    fn begin_copy(&mut self, due: Due, services: &mut Services, cx: &mut Cx<'_>) {
        let Due { zip, source, is_large, .. } = due;
        if !self.begin_upload(&zip, source, Feed::Copy, None, services, cx) {
            return;
        }
        let key = ZipKey::of(&zip);
        if is_large {
            self.reserve(&key, cx);
        }
        let Some(upstream) = source.endpoint(&services.config) else {
            return self.end_upload(key, Err(Abandoned::NotGiven), services, cx);
        };
        let copying = Copying::new(&zip, upstream, None);
        let copier = Copier { zip: zip.clone(), source, copying, call: None };
        self.copiers.insert(key, Box::new(copier));
        services.emit(Event::CopyBegins(zip));
    }

    /// Goes on with a copy that has begun; its sums, where they are known already.
    pub(in crate::worker) fn copy(
        &mut self,
        zip: &Zip,
        sums: Option<Sums>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let key = ZipKey::of(zip);
        if let (Some(copier), Some(sums)) = (self.copiers.get_mut(&key), sums) {
            copier.copying.set_sums(sums);
        }
        self.go_on_copying(&key, services, cx);
    }

    /// Goes on with the copies whose upstream was not asked, as too much else was under way.
    pub(in crate::worker) fn go_on_with_copies(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let waiting = self.copiers.iter().filter(|(_, copier)| copier.call.is_none());
        for key in waiting.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.go_on_copying(&key, services, cx);
        }
    }

    /// The upstream has answered a copy.
    pub(in crate::worker) fn on_copy_reply(
        &mut self,
        key: &ZipKey,
        call: CallId,
        reply: Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(copier) = self.copiers.get_mut(key) else { return };
        // Else it is what an earlier copy of the same had asked.
        if copier.call == Some(call) {
            copier.call = None;
            if let Some(upstream) = copier.source.endpoint(&services.config) {
                copier.copying.on_reply(reply, upstream, &copier.source.describe(&services.config));
            }
        }
        self.go_on_copying(key, services, cx);
    }

    /// One slice of the work on a copy.
    pub(in crate::worker) fn work(&mut self, zip: &Zip, services: &mut Services, cx: &mut Cx<'_>) {
        let key = ZipKey::of(zip);
        let Some(mut copier) = self.copiers.remove(&key) else { return };
        if let Some(uploading) = self.uploads.get_mut(&key) {
            uploading.total = copier.copying.length();
        }
        self.push_upload(key.clone(), copier.copying.work(), services, cx);
        self.copiers.insert(key.clone(), copier);
        self.go_on_copying(&key, services, cx);
    }

    /// Does what comes next for a copy, unless the upstream is being asked.
    pub(super) fn go_on_copying(&mut self, key: &ZipKey, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(mut copier) = self.copiers.remove(key) else { return };
        let (is_open, has_room) = match self.uploads.get(key) {
            Some(uploading) if uploading.feed == Feed::Copy => {
                (uploading.upload.is_open(), uploading.upload.has_room())
            }
            _ => (false, false),
        };
        if !is_open {
            return self.end_upload(key.clone(), Err(Abandoned::Left), services, cx);
        }
        let Some(upstream) = copier.source.endpoint(&services.config) else { return };
        if copier.call.is_none() {
            match copier.copying.next(upstream) {
                // No client waits for it: it is tried once more at the next tick.
                NextPiece::Ask(callout) if has_room => {
                    if let Ok(permit) = services.budget.permit(copier.source, Purpose::Begin(None, 0), cx) {
                        let owner = Owner::Copy(key.clone());
                        copier.call = Some(services.call(owner, permit, callout, cx));
                    }
                }
                NextPiece::Work => {
                    services.slices.add(Slice::Copy(copier.zip.clone()));
                }
                NextPiece::Ask(_) | NextPiece::Wait => {}
                NextPiece::Over(verdict) => return self.end_copy(&copier, verdict, services, cx),
            }
        }
        self.copiers.insert(key.clone(), copier);
    }

    fn end_copy(
        &mut self,
        copier: &Copier,
        verdict: Result<Verified, NotCopied>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let verified = match &verdict {
            Ok(proof) => Some(proof.outcome()),
            Err(NotCopied::Flawed(error)) => Some(error.outcome()),
            Err(NotCopied::NoRanges | NotCopied::NotGiven(_) | NotCopied::Redirected(_)) => None,
        };
        if let Some(outcome) = verified {
            cx.count(Counter::Verification { outcome });
        }
        if let Err(why) = &verdict {
            self.copied_in_vain.note(&ZipKey::of(&copier.zip).0, cx.now);
            let level = if matches!(why, NotCopied::Flawed(error) if error.is_the_sources()) {
                Level::Error
            } else {
                Level::Info
            };
            let who = copier.source.describe(&services.config);
            cx.log(level, format!("{} from {who}, for storage: {why}", copier.zip));
        }
        let verdict = verdict.map_err(|why| match why {
            // It does not come late here.
            NotCopied::Flawed(VerifyError::Late) => Abandoned::Flawed,
            NotCopied::Flawed(error) => Abandoned::by(&error),
            NotCopied::NoRanges => Abandoned::NoRanges,
            NotCopied::NotGiven(_) | NotCopied::Redirected(_) => Abandoned::NotGiven,
        });
        self.end_upload(ZipKey::of(&copier.zip), verdict, services, cx);
    }
}

/// Copies under way at once in one worker: they are late already, and no client waits for them.
const MAX_COPIES: usize = 2;

/// Copies that may be due in one worker. Beyond these, the next request for the version begins one.
const MAX_DUE: usize = 8;
