//! Finding out when versions were published, for those who may have them only when they are old enough.
//!
//! It is a search for the `.info` of each: one for all who ask, like any other. A list may need hundreds of them at once, so
//! they are asked for a few at a time, and who waits for the list waits until all have said something or patience ends.

use std::collections::BTreeSet;

use super::{
    Job, Owner, Stream, Undecided, Worker,
    errand::Errand,
    key::{DatingKey, Waiter},
};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{End, Publication, Published, Searched, judge, published_by},
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, Fault, File, Info},
    http::Timestamp,
    plan::Want,
};

/// The versions of one module, being asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dating {
    key: DatingKey,
    /// The newest comes next: should time run out, it is old ones that are missing.
    ahead: BTreeSet<Version>,
    asked: BTreeSet<Version>,
    found: Published,
    /// How many failed since the last one that did not.
    failed: usize,
    /// Who waits for them all.
    waiting: Vec<StreamId>,
    since: Timestamp,
}

impl Worker {
    /// Has `stream` wait until it is known when these versions were published.
    pub(super) fn wait_for_dates(
        &mut self,
        stream: StreamId,
        mut then: Undecided,
        module: &ModulePath,
        versions: Vec<Version>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let may_fetch = then.parked().may_date();
        then.parked_mut().note_dated();
        self.streams.insert(stream, Stream::Undecided(Box::new(then)));
        let key = DatingKey { module: module.clone(), may_fetch };
        match self.jobs.get_mut(&Owner::Dating(key.clone())) {
            Some(Job::Dating(dating)) => dating.add(versions, stream),
            _ => {
                let mut dating = Dating {
                    key: key.clone(),
                    ahead: BTreeSet::new(),
                    asked: BTreeSet::new(),
                    found: Published::default(),
                    failed: 0,
                    waiting: Vec::new(),
                    since: cx.now,
                };
                dating.add(versions, stream);
                self.jobs.insert(Owner::Dating(key.clone()), Job::Dating(dating.into()));
            }
        }
        // Whatever is known at once resumes the stream by a command, as if it had waited.
        self.ask_dates(&key, cx);
        Verdict::Wait
    }

    /// Asks about as many versions as may be asked about at once. Where more is under way than may be, the others wait their turn.
    fn ask_dates(&mut self, key: &DatingKey, cx: &mut Cx<'_>) {
        while self.dates_asked() < MAX_ASKED && self.services.budget.has_room() {
            let Some(dating) = self.dating(key) else { return };
            let Some(version) = dating.ahead.pop_last() else { break };
            dating.asked.insert(version.clone());
            if let Some(publication) = self.date(key, &version, cx) {
                self.note_date(key, version, publication);
            }
        }
        self.end_dating(key, cx);
    }

    fn dating(&mut self, key: &DatingKey) -> Option<&mut Dating> {
        match self.jobs.get_mut(&Owner::Dating(key.clone())) {
            Some(Job::Dating(dating)) => Some(dating),
            _ => None,
        }
    }

    /// When a version was published, where that is known; else the answer is for [`Worker::hear_date`].
    fn date(&mut self, dating: &DatingKey, version: &Version, cx: &mut Cx<'_>) -> Option<Publication> {
        let DatingKey { module, may_fetch } = dating;
        let want = info_of(module, version);
        if let Some(searched) = judge::indexed(
            &want,
            false,
            &self.services.index,
            &self.services.sightings,
            &self.services.config,
            cx,
        )
        .and_then(Searched::indexed)
        {
            return Some(self.read_date(module, &searched, cx));
        }
        let waiter = Waiter::Date(dating.clone(), version.clone());
        let errand = Errand::of_waiter(want, *may_fetch, waiter.clone(), cx.now);
        let key = errand.key();
        if let Some(same) = self.jobs.get_mut(&Owner::Search(key.clone())).and_then(Job::errand) {
            same.join(waiter, cx.now);
            return None;
        }
        let done = self.pursue(key, errand, cx)?;
        Some(self.read_date(module, &done.searched, cx))
    }

    /// The `.info` of a version has come, or has not.
    pub(super) fn hear_date(
        &mut self,
        dating: &DatingKey,
        version: &Version,
        searched: &Searched,
        cx: &mut Cx<'_>,
    ) {
        let publication = self.read_date(&dating.module, searched, cx);
        self.note_date(dating, version.clone(), publication);
        // There is room for one more: of the module of which the fewest are asked about, for one with a long list keeps others
        // waiting for as long as it takes.
        let next = self.jobs.values().filter_map(|job| match job {
            Job::Dating(dating) if !dating.ahead.is_empty() => Some((dating.asked.len(), &dating.key)),
            _ => None,
        });
        if let Some(next) = next.min().map(|(_, next)| next.clone()) {
            self.ask_dates(&next, cx);
        }
        self.ask_dates(dating, cx);
    }

    fn read_date(&self, module: &ModulePath, searched: &Searched, cx: &Cx<'_>) -> Publication {
        let unreadable = || Failure {
            fault: Fault::Bad,
            reason: format!("{module}: when a version was published cannot be read"),
            retry_after: None,
        };
        match &searched.end {
            End::Document(found) => match Info::read(&found.body) {
                Some(info) => Publication::At(published_by(&info, module, found, &self.services.index, cx)),
                None => Publication::Failed(unreadable()),
            },
            End::Missing(missing) => Publication::Missing(missing.clone()),
            End::Failed(failure) => Publication::Failed(failure.clone()),
            End::Zip { .. } => Publication::Failed(unreadable()),
        }
    }

    fn note_date(&mut self, key: &DatingKey, version: Version, publication: Publication) {
        if let Some(dating) = self.dating(key) {
            dating.asked.remove(&version);
            match &publication {
                Publication::Failed(failure) => dating.note_failed(failure),
                Publication::At(_) | Publication::Missing(_) => dating.failed = 0,
            }
            dating.found.note(version, publication);
        }
    }

    /// Lets those go on who wait, where nothing is left to be asked.
    fn end_dating(&mut self, key: &DatingKey, cx: &mut Cx<'_>) {
        if !self.dating(key).is_some_and(|dating| dating.is_done()) {
            return;
        }
        let Some(Job::Dating(dating)) = self.jobs.remove(&Owner::Dating(key.clone())) else { return };
        let Dating { found, waiting, .. } = *dating;
        let module = &key.module;
        found.keep(module, &mut self.services.index, cx);
        self.services.publications.learn(module, found);
        self.let_decided_go_on(waiting, cx);
        self.services.publications.forget_failures(module);
    }

    /// Goes on with those that waited their turn.
    pub(super) fn ask_dates_again(&mut self, cx: &mut Cx<'_>) {
        let waits = |job: &Job| match job {
            Job::Dating(dating) if !dating.ahead.is_empty() => Some(dating.key.clone()),
            _ => None,
        };
        for key in self.jobs.values().filter_map(waits).collect::<Vec<_>>() {
            self.ask_dates(&key, cx);
        }
    }

    /// A client left that waited. What nobody waits for any more is not asked; what was asked is heard.
    pub(super) fn stop_dating_for_nobody(&mut self, cx: &mut Cx<'_>) {
        let streams = &self.streams;
        let mut ended = Vec::new();
        for job in self.jobs.values_mut() {
            if let Job::Dating(dating) = job {
                dating.waiting.retain(|stream| streams.contains_key(stream));
                if dating.waiting.is_empty() {
                    dating.ahead.clear();
                    ended.push(dating.key.clone());
                }
            }
        }
        for key in ended {
            self.end_dating(&key, cx);
        }
    }

    /// Gives up on what has not been said for as long as anybody waits for anything.
    pub(super) fn end_patience_with_dates(&mut self, cx: &mut Cx<'_>) {
        let patience = self.services.config.fetch.wait;
        let is_late = |dating: &Dating| cx.now.since(dating.since) >= patience;
        let late: Vec<_> = self
            .jobs
            .values()
            .filter_map(|job| match job {
                Job::Dating(dating) if is_late(dating) => Some(dating.key.clone()),
                _ => None,
            })
            .collect();
        for key in late {
            if let Some(dating) = self.dating(&key) {
                dating.give_up();
            }
            self.end_dating(&key, cx);
        }
        self.let_late_ones_go(cx);
    }

    /// Lets those go who had waited for something else before, and have waited for as long in all. The others wait on.
    fn let_late_ones_go(&mut self, cx: &mut Cx<'_>) {
        let (config, streams) = (&self.services.config, &self.streams);
        let is_late =
            |stream: &StreamId| streams.get(stream).is_some_and(|stream| stream.has_waited(config, cx.now));
        let mut late = Vec::new();
        for job in self.jobs.values_mut() {
            if let Job::Dating(dating) = job {
                let module = dating.key.module.clone();
                let gone = dating.waiting.extract_if(.., |stream| is_late(stream));
                late.extend(gone.map(|stream| (stream, module.clone())));
            }
        }
        if late.is_empty() {
            return;
        }
        for (stream, module) in late {
            let Some(Stream::Undecided(undecided)) = self.streams.remove(&stream) else { continue };
            let reason = format!("{module}: when its versions were published could not be found out in time");
            let failure = Failure { fault: Fault::Slow, reason, retry_after: None };
            let verdict = undecided.parked().fail(&failure, cx);
            self.go_on_with(stream, verdict, cx);
        }
        self.stop_dating_for_nobody(cx);
    }

    fn dates_asked(&self) -> usize {
        let asked = |job: &Job| if let Job::Dating(dating) = job { dating.asked.len() } else { 0 };
        self.jobs.values().map(asked).sum()
    }
}

impl Dating {
    fn add(&mut self, versions: Vec<Version>, stream: StreamId) {
        for version in versions {
            if self.found.get(&version).is_none() && !self.asked.contains(&version) {
                self.ahead.insert(version);
            }
        }
        self.waiting.push(stream);
    }

    fn is_done(&self) -> bool {
        self.ahead.is_empty() && self.asked.is_empty()
    }

    /// After many failures and nothing else, the others are taken to fail too: the list lacks them, what was found is kept, and the
    /// next request goes on from there.
    fn note_failed(&mut self, failure: &Failure) {
        self.failed = self.failed.saturating_add(1);
        if self.failed >= MAX_FAILED {
            for version in std::mem::take(&mut self.ahead) {
                self.found.note(version, Publication::Failed(failure.clone()));
            }
        }
    }

    fn give_up(&mut self) {
        let open = std::mem::take(&mut self.ahead).into_iter().chain(std::mem::take(&mut self.asked));
        for version in open {
            let reason = format!(
                "{}@{version}: when it was published could not be found out in time",
                self.key.module
            );
            let failure = Failure { fault: Fault::Slow, reason, retry_after: None };
            self.found.note(version, Publication::Failed(failure));
        }
    }
}

fn info_of(module: &ModulePath, version: &Version) -> Want {
    Want::Document(Document::Module { module: module.clone(), file: File::Info(version.clone()) })
}

/// Versions that one worker asks about at once, of all modules: enough to be done with a long list in the time of a few
/// answers, and few beside what else an upstream is asked.
const MAX_ASKED: usize = 64;

/// Failures in a row after which a source is not asked for the other versions of a module: each is asked for a few times, and a list
/// has a thousand. More than there are broken versions beside each other in any module, or those behind them would never be asked for.
const MAX_FAILED: usize = MAX_ASKED;
