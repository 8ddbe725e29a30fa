//! The end of a poll: what the log, the metrics and the other workers are told of it.

use std::time::Duration;

use log::Level;

use super::{
    super::{polled::Installed, reply::PollFailure},
    Current, Phase, Poller,
};
use crate::{
    cx::Cx,
    goproxy::Etag,
    http::Body,
    metrics::{Counter, Gauge, PollOutcome},
    policy::InForce,
    shared::polled::{MAX_CURSOR_BYTES, MAX_WHY_BYTES, PollState},
    worker::{event::Event, services::Services},
};

/// What a poll has brought.
pub(super) enum News {
    /// What is in force is still right, read up to there.
    Same(Vec<u8>),
    /// Another content, or one that shared data has not got; read up to there.
    Read(Vec<u8>, Body, Etag),
}

impl Poller {
    /// Ends a poll that brought something; whether something else is in force now.
    pub(super) fn finish(&mut self, news: News, services: &mut Services, cx: &mut Cx<'_>) -> bool {
        self.phase = Phase::Resting;
        let before = self.store.state(cx.kv);
        // Another worker may have taken over meanwhile.
        if before.poller != self.queue {
            return false;
        }
        let mut after = PollState { confirmed: cx.now, trouble: 0, why: String::new(), ..before.clone() };
        let mut is_new = false;
        let cursor = match news {
            News::Same(cursor) => {
                self.note_same(&before, cx);
                // It is of the revision here, and not of another one.
                if self.is_current(&before) { cursor } else { Vec::new() }
            }
            News::Read(cursor, body, content) => {
                let Some(revision) = self.store.keep(cx.kv, &body) else { return false };
                (after.revision, self.seen) = (revision, revision);
                match self.current.as_mut().filter(|current| current.content == content) {
                    Some(current) => {
                        current.revision = revision;
                        self.note_same(&before, cx);
                    }
                    None => {
                        self.install(revision, content, services, cx);
                        is_new = true;
                    }
                }
                cursor
            }
        };
        services.emit(Event::Polled(self.document.source().name.clone(), cursor.clone()));
        after.cursor = if cursor.len() > MAX_CURSOR_BYTES { Vec::new() } else { cursor };
        self.rest(after, services, cx);
        is_new
    }

    /// Ends a poll that brought nothing but trouble.
    pub(super) fn fail(&mut self, trouble: &PollFailure, services: &Services, cx: &mut Cx<'_>) {
        self.phase = Phase::Resting;
        let before = self.store.state(cx.kv);
        let mut why = trouble.lines().into_iter().next().unwrap_or_default();
        why.truncate(why.floor_char_boundary(MAX_WHY_BYTES));
        let after = PollState { trouble: trouble.number(), why, ..before.clone() };
        self.count(trouble.outcome(), cx);
        // Once, and not at every poll.
        if after.trouble != before.trouble {
            for line in trouble.lines() {
                let line = format!("{}: {line}; {}", self.title(), self.stays());
                cx.log(Level::Error, line);
            }
        }
        self.rest(after, services, cx);
    }

    /// No worker polls for a while after a poll: a little less than the interval, so that many Envoys do not ask at once; and not long
    /// while there is nothing, for clients wait for it.
    fn rest(&self, mut after: PollState, services: &Services, cx: &mut Cx<'_>) {
        let jitter = services.index.jitter(self.title(), cx.now);
        let interval = self.document.source().interval;
        let rest = match self.current {
            Some(_) => interval.saturating_sub(interval * u32::from(jitter) / 2560),
            None => interval.min(RETRY),
        };
        after.next = cx.now.after(rest);
        self.store.end(cx.kv, &after);
    }

    fn note_same(&self, before: &PollState, cx: &mut Cx<'_>) {
        self.count(PollOutcome::Unchanged, cx);
        if before.trouble != 0 {
            cx.log(Level::Info, format!("{}: it can be read again; {}", self.title(), self.stays()));
        }
    }

    /// What was read to its end is in force.
    fn install(&mut self, revision: u64, content: Etag, services: &mut Services, cx: &mut Cx<'_>) {
        let Installed { version, extent, warnings } = self.document.install(&mut services.in_force);
        services.in_force.note_content(&self.document.source().name, content.0);
        let before = self.current.replace(Current { revision, content, version });
        self.count(PollOutcome::Changed, cx);
        let (level, instead) = match before.map(|before| before.version) {
            None => (Level::Info, String::new()),
            Some(before) if before < version => (Level::Info, format!(" in place of version {before}")),
            Some(before) if before > version => {
                (Level::Warn, format!(" in place of version {before}, which is newer"))
            }
            Some(_) => (Level::Warn, " in place of another one of the same version".to_owned()),
        };
        let title = self.title();
        cx.log(level, format!("{title}: version {version}, {extent}, is in force{instead}"));
        for warning in &warnings {
            cx.log(Level::Warn, format!("{title}: {warning}"));
        }
    }

    /// Tells the host how old what is in force is, once a second, and what is decided here whether it is too old.
    pub(super) fn tell(&mut self, state: &PollState, in_force: &mut InForce, cx: &mut Cx<'_>) {
        let document = &self.document.source().name;
        if let Some(most) = self.document.source().stale_after {
            let is_stale = self.current.is_none() || cx.now.since(state.confirmed) > most;
            in_force.note_stale(document, is_stale);
            let waited = cx.now.since(*self.begun.get_or_insert(cx.now));
            let is_awaited = self.current.is_none() && state.trouble == 0 && waited < AWAITED;
            in_force.note_awaited(document, is_awaited);
            if self.told_stale.replace(is_stale) != Some(is_stale) {
                cx.set(Gauge::PolledStale { document: document.clone() }, is_stale.into());
            }
        }
        let age = cx.now.since(state.confirmed).as_secs();
        let told = self.current.as_ref().map(|current| (current.version, age));
        if let Some((version, age)) = told.filter(|_| told != self.told) {
            cx.set(Gauge::PolledVersion { document: document.clone() }, version);
            cx.set(Gauge::PolledAge { document: document.clone() }, age);
            self.told = told;
        }
    }

    fn count(&self, outcome: PollOutcome, cx: &mut Cx<'_>) {
        cx.count(Counter::Poll { document: self.document.source().name.clone(), outcome });
    }

    fn stays(&self) -> String {
        match &self.current {
            Some(current) => format!("version {} stays in force", current.version),
            None => "none was read before".to_owned(),
        }
    }
}

/// Between two polls while nothing was read yet: what starts beside this Envoy is there in a moment.
const RETRY: Duration = Duration::from_secs(1);

/// How long a gateway is not ready because advisories may come in a moment: a source that takes longer is down.
const AWAITED: Duration = Duration::from_secs(10);
