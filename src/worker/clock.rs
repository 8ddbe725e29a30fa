//! How old the log of the checksum database is: one worker of all looks at it once an hour, and sees to it that storage remembers.
//!
//! A look asks for the newest head, which is proven like any other, and unites what is known here with what storage has, where other
//! gateways leave what they know and where this one left what it knew before a restart. Until storage was read nothing is dated: of a
//! log that is looked at for the first time nothing is known but what the `.info`s say.
//!
//! ```text
//!  tick ─▶ due, and no other worker has claimed it ─▶ GET latest ─▶ proven ─▶ GET the pairs of storage ─▶ unite, note ─▶ PUT, where they grew
//!                                                        │ failed                  │ failed, or none can be read
//!                                                        └─▶ the last head known ─▶└─▶ half a minute later once more
//! ```

use log::Level;

use super::{
    key::{Owner, Waiter},
    services::Services,
};
use crate::{
    config::{Storage, Sumdb},
    cx::Cx,
    flow::{LogClockStatus, Searched, Status},
    goproxy::{Document, SumdbFile},
    http::{Callout, Reply, Timestamp},
    metrics::{Counter, Ended, WriteOutcome},
    plan::{Source, Want},
    shared::{
        SharedKv,
        log_clock::{self, MAX_BYTES, PATIENCE, Pairs},
        tree_heads,
    },
    store::{self, Object},
};

/// The looks of one worker at the log by which versions are dated.
#[derive(Debug, Default)]
pub(super) struct Clock {
    look: Option<Look>,
    /// What was last said to be wrong.
    trouble: String,
}

/// A look under way.
#[derive(Clone, Debug)]
struct Look {
    since: Timestamp,
    step: Step,
    /// Whether the database gave its newest head, if it may be asked.
    has_head: bool,
}

/// What a look waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The newest head.
    Head,
    /// What storage has.
    Read,
    /// That storage has taken what is to be remembered.
    Write,
}

impl Clock {
    /// Whether no look is under way.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.look.is_none()
    }

    /// Whether a look waits for the newest head.
    pub(super) fn awaits_head(&self) -> bool {
        self.look.as_ref().is_some_and(|look| look.step == Step::Head)
    }

    /// What is remembered of the log, for the page that says how the gateway is doing.
    pub(super) fn status(services: &Services, kv: &dyn SharedKv, status: &mut Status) {
        let Some(sumdb) = services.config.log_clock() else { return };
        let pairs = log_clock::pairs(kv, &sumdb.key);
        if let Some(database) = status.checksum_databases.iter_mut().find(|one| one.name == sumdb.name) {
            database.clock = Some(LogClockStatus {
                recalled: log_clock::is_recalled(kv, &sumdb.key, services.index.sources()),
                pairs: pairs.len(),
                since: pairs.since().map(Timestamp::rfc3339),
                until: pairs.until().map(Timestamp::rfc3339),
            });
        }
    }

    /// What is to be found out for [`Waiter::Clock`], where a look is due and no other worker has claimed it.
    pub(super) fn on_tick(&mut self, services: &Services, cx: &mut Cx<'_>) -> Option<(Want, Waiter)> {
        let sumdb = services.config.log_clock()?;
        if self.look.as_ref().is_some_and(|look| cx.now.is_within(PATIENCE, look.since)) {
            return None;
        }
        self.look = None;
        if !log_clock::claim(cx.kv, &sumdb.key, services.index.sources(), cx.now) {
            return None;
        }
        self.look = Some(Look { since: cx.now, step: Step::Head, has_head: false });
        let latest = Document::Sumdb { sumdb: sumdb.name.clone(), file: SumdbFile::Latest };
        Some((Want::Document(latest), Waiter::Clock))
    }

    /// The newest head was asked for, which `want` is; one that came was proven. Storage's is not the newest.
    pub(super) fn on_head(
        &mut self,
        want: &Want,
        searched: &Searched,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(look) = self.look.as_mut().filter(|look| look.step == Step::Head) else { return };
        let is_newest = !searched.is_failed() && !searched.unproven && !searched.is_stale(want);
        look.has_head = services.config.offline || is_newest;
        look.step = Step::Read;
        match object(services) {
            Some((storage, key)) => {
                let callout = store::get(storage, &key);
                ask(callout, services, cx);
            }
            None => self.unite(None, services, cx),
        }
    }

    /// Storage has answered.
    pub(super) fn on_reply(&mut self, reply: &Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let Some((look, sumdb)) = self.look.as_ref().zip(services.config.log_clock()) else { return };
        match look.step {
            Step::Head => {}
            Step::Read => match store::judge_small(reply, MAX_BYTES) {
                Object::Absent => self.unite(None, services, cx),
                Object::Present(text) => match Pairs::read(text, &sumdb.key) {
                    Ok(pairs) => self.unite(Some(&pairs), services, cx),
                    Err(error) => self.fail(&error.to_string(), services, cx),
                },
                Object::Unavailable(why) => self.fail(&why, services, cx),
            },
            Step::Write => {
                let outcome = match store::judge_write(reply) {
                    store::Written::Stored => WriteOutcome::STORED,
                    store::Written::Exists => Ended::Conflict.into(),
                    store::Written::Failed(failure) => failure.outcome,
                };
                cx.count(Counter::StorageWrite { outcome });
                // What could not be written is written in an hour: it is kept here until then.
                let has_head = look.has_head;
                self.end(has_head, services, cx);
            }
        }
    }

    /// Unites what is known here and what storage has.
    fn unite(&mut self, stored: Option<&Pairs>, services: &mut Services, cx: &mut Cx<'_>) {
        let Some((has_head, sumdb)) =
            self.look.as_ref().map(|look| look.has_head).zip(services.config.log_clock())
        else {
            return;
        };
        let (Sumdb { key, name, .. }, now, sources) = (sumdb, cx.now, services.index.sources());
        let Some(head) = tree_heads::head(cx.kv, key) else {
            return self.end(false, services, cx);
        };
        let nothing = Pairs::default();
        let others = stored.unwrap_or(&nothing);
        // Either that clock was wrong or this one is, and what is noted by a clock that is set back makes everything old.
        if others.are_ahead_of(now) {
            return self.fail(
                "it is from the future: set the clocks of all gateways right, or delete it",
                services,
                cx,
            );
        }
        let size = head.size();
        let pairs = log_clock::change(cx.kv, key, |pairs| {
            let pairs = pairs.merged(others, size, now);
            pairs.noted(size, now).unwrap_or(pairs)
        });
        if pairs.are_ahead_of(now) {
            let why = format!(
                "the clock was set back: nothing is noted of the log of {name} until {}; what came to it since is too young",
                pairs.until().unwrap_or_default().rfc3339()
            );
            self.say(why, cx);
        } else {
            self.trouble.clear();
        }
        log_clock::note_recalled(cx.kv, key, sources);
        // Of a head that is older than what storage has seen nothing is written: it would have storage forget.
        let is_worth_it = pairs != *others && !pairs.is_empty() && !others.are_beyond(size);
        if is_worth_it
            && services.config.writable_storage().is_some()
            && let Some((storage, object)) = object(services)
        {
            let callout = store::replace(storage, &object, CONTENT_TYPE, pairs.text(key).into());
            if let Some(look) = &mut self.look {
                look.step = Step::Write;
            }
            return ask(callout, services, cx);
        }
        self.end(has_head, services, cx);
    }

    /// What storage has could not be read.
    fn fail(&mut self, why: &str, services: &Services, cx: &mut Cx<'_>) {
        let object = object(services).map(|(_, object)| object).unwrap_or_default();
        self.say(format!("storage: {object}, by which versions are dated: {why}"), cx);
        self.end(false, services, cx);
    }

    /// Says it once.
    fn say(&mut self, trouble: String, cx: &mut Cx<'_>) {
        if trouble != self.trouble {
            cx.log(Level::Error, trouble.clone());
            self.trouble = trouble;
        }
    }

    /// The look is over; whether it came to something.
    fn end(&mut self, is_done: bool, services: &Services, cx: &mut Cx<'_>) {
        self.look = None;
        if is_done && let Some(sumdb) = services.config.log_clock() {
            log_clock::end(cx.kv, &sumdb.key, services.index.sources(), cx.now);
        }
    }
}

/// What storage calls it, if it can have such a name.
fn object(services: &Services) -> Option<(&Storage, String)> {
    let (storage, sumdb) = services.config.storage.as_ref().zip(services.config.log_clock())?;
    let object = store::clock_key(storage, &sumdb.name);
    store::can_name(storage, &object).then_some((storage, object))
}

fn ask(callout: Callout, services: &mut Services, cx: &mut Cx<'_>) {
    let permit = services.budget.take(Source::Storage, cx);
    services.call(Owner::Clock, permit, callout, cx);
}

const CONTENT_TYPE: &str = "text/plain; charset=utf-8";
