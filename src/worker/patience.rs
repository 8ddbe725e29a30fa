//! What becomes of those who have waited long enough.

use std::time::Duration;

use super::{
    Job, Owner, Worker,
    key::{SearchKey, Waiter},
};
use crate::{
    config::{Config, Mode},
    cx::Cx,
    flow::{Searched, judge},
    goproxy::{Document, Failure, Fault, Found, SumdbFile},
    plan::Want,
    shared::{Lease, Region},
    upstream,
};

impl Worker {
    /// Answers those who have waited long enough: by what the index had, by a stream from the upstream, or by 504.
    pub(super) fn answer_impatient(&mut self, key: &SearchKey, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs.get_mut(&Owner::Search(key.clone())) else { return };
        let trouble = match job {
            Job::Fetch(fetch) => fetch.search.trouble().cloned(),
            _ => None,
        };
        let around = match job {
            Job::Fetch(fetch) => fetch.search.around(),
            Job::Follow { errand, .. } => {
                Searched::around(&errand.want, &self.services.config, errand.may_fetch)
            }
            Job::Copy(_)
            | Job::Dating(_)
            | Job::Part(_)
            | Job::Probe { .. }
            | Job::Sifting(_)
            | Job::Upload(_)
            | Job::Write(_) => None,
        };
        let wait = self.services.config.fetch.wait;
        // Whoever has a zip that moved redirects, and would once more: then it is waited for where that leads.
        let leads_on = |around: &Searched| {
            around.is_located()
                || !self
                    .services
                    .index
                    .peek(cx.kv, Region::Found, &key.path)
                    .is_some_and(|entry| entry.is_moved())
        };
        let around = around.filter(leads_on);
        let Some(errand) = job.errand() else { return };
        let stands_in =
            |known: &&Found| judge::may_stand_in(&errand.want, known, &self.services.config, cx.now);
        let known = errand.known.as_ref().filter(stands_in).cloned();
        let patience = match known {
            _ if around.is_some() => self.services.config.fetch.zip_wait,
            Some(_) => wait.min(WAIT_FOR_NEWER),
            None => wait,
        };
        let mut impatient = errand.impatient(patience, cx.now);
        if errand.may_be_late(wait, cx.now) {
            let (streams, config) = (&self.streams, &self.services.config);
            impatient.extend(errand.take_out(|waiter| {
                let Waiter::Stream(stream) = waiter else { return false };
                streams.get(stream).is_some_and(|stream| stream.has_waited(config, cx.now))
            }));
        }
        if is_dispensable(&errand.want, &self.services.config) {
            // While those are still there who wait for what needs it.
            impatient.extend(errand.impatient_asks(wait / 2, cx.now));
        }
        if impatient.is_empty() {
            return;
        }
        let want = errand.want.clone();
        let searched = around.unwrap_or_else(|| self.waited_in_vain(key, &want, trouble, cx));
        let searched = match &known {
            Some(_) => searched.or_known(&want, known.as_ref()),
            None => searched,
        };
        if let Some(known) = known {
            self.keep_asked_in_vain(key, known, cx);
        }
        for waiter in impatient {
            self.let_go(&waiter, &want, &searched, cx);
        }
    }

    /// What those are told who have waited for as long as anybody does.
    fn waited_in_vain(
        &self,
        key: &SearchKey,
        want: &Want,
        trouble: Option<Failure>,
        cx: &Cx<'_>,
    ) -> Searched {
        match (self.queued_for(&Owner::Search(key.clone())), trouble) {
            (Some(source), Some(trouble)) => {
                let pause = self.services.budget.paused_for(source, cx).or(trouble.retry_after);
                Searched::failed(Failure { fault: Fault::Overloaded, retry_after: pause, ..trouble })
            }
            (Some(source), None) => {
                let pause = self.services.budget.paused_for(source, cx);
                let why = match pause {
                    Some(_) => "wants to be left alone (429)",
                    None => "is being asked too much at once",
                };
                let reason = format!("{}: {} {why}", want.describe(), source.describe(&self.services.config));
                Searched::failed(Failure { fault: Fault::Overloaded, reason, retry_after: pause })
            }
            (None, Some(trouble)) => Searched::failed(trouble),
            (None, None) => Searched::too_slow(want),
        }
    }

    /// Follows nobody any longer where a zip has been waited for long enough and more than one upstream may have it: which of
    /// them has, only asking says. Nothing is fetched whole, so that costs little, and those who wait have as much patience
    /// with this as they had with the other.
    pub(super) fn stop_following(&mut self, key: &SearchKey, cx: &mut Cx<'_>) {
        let job_key = Owner::Search(key.clone());
        let Some(Job::Follow { errand, .. }) = self.jobs.get(&job_key) else { return };
        if !errand.is_impatient(self.services.config.fetch.zip_wait, cx.now)
            || !has_choice(&errand.want, &self.services.config)
            || !self.services.budget.has_room()
        {
            return;
        }
        if let Some(Job::Follow { mut errand, .. }) = self.jobs.remove(&job_key)
            && self.is_awaited(&errand)
        {
            errand.begin_again(cx.now);
            if let Some(done) = self.search(key.clone(), *errand, Lease::Alone, false, cx) {
                self.answer(&done.errand, &done.searched, cx);
            }
        }
    }
}

/// How long a client waits for what is newer than what is known, before it is given that. What takes longer is found out all the
/// same, for the next.
const WAIT_FOR_NEWER: Duration = Duration::from_secs(20);

/// Whether it is a lookup without which its module is given all the same.
fn is_dispensable(want: &Want, config: &Config) -> bool {
    let Want::Document(Document::Sumdb { file: SumdbFile::Lookup(module, _), .. }) = want else {
        return false;
    };
    matches!(config.verification(module), Some((_, Mode::WhenAvailable)))
}

/// Whether several upstreams may have the zip that is wanted.
fn has_choice(want: &Want, config: &Config) -> bool {
    matches!(want, Want::Zip(zip) if upstream::chain(config, &zip.module).nth(1).is_some())
}
