//! What becomes of those who have waited long enough.

use super::{Job, JobKey, SearchKey, Worker, fetch::or_known};
use crate::{
    config::{Config, Mode},
    cx::Cx,
    flow::Searched,
    goproxy::{Document, SumdbFile},
    plan::Want,
    shared::{Lease, Region},
    upstream,
};

impl Worker {
    /// Answers those who have waited long enough: by what the index had, by a stream from the upstream, or by 504.
    pub(super) fn answer_impatient(&mut self, key: &SearchKey, cx: &mut Cx<'_>) {
        let Some(job) = self.jobs.get_mut(&JobKey::Search(key.clone())) else { return };
        let around = match job {
            Job::Fetch(fetch) => fetch.search.around(),
            Job::Follow { errand, .. } => Searched::around(&errand.want, &self.config, errand.may_fetch),
            Job::Copy(_)
            | Job::Dating(_)
            | Job::Part(_)
            | Job::Probe { .. }
            | Job::Sifting(_)
            | Job::Upload(_)
            | Job::Write(_) => None,
        };
        // Whoever has a zip that moved redirects, and would once more: then it is waited for where that leads.
        let leads_on = |around: &Searched| {
            around.is_located()
                || !self.index.peek(cx.kv, Region::Found, &key.path).is_some_and(|entry| entry.is_moved())
        };
        let around = around.filter(leads_on);
        let patience = if around.is_some() { self.config.fetch.zip_wait } else { self.config.fetch.wait };
        let Some(errand) = job.errand() else { return };
        let mut impatient = errand.impatient(patience, cx.now);
        if is_dispensable(&errand.want, &self.config) {
            // While those are still there who wait for what needs it.
            impatient.extend(errand.impatient_asks(self.config.fetch.wait / 2, cx.now));
        }
        if impatient.is_empty() {
            return;
        }
        let searched = around.unwrap_or_else(|| Searched::too_slow(&errand.want));
        let searched = or_known(errand, searched, &self.config, cx.now);
        let want = errand.want.clone();
        for waiter in impatient {
            self.let_go(&waiter, &want, &searched, cx);
        }
    }

    /// Follows nobody any longer where a zip has been waited for long enough and more than one upstream may have it: which of
    /// them has, only asking says. Nothing is fetched whole, so that costs little, and those who wait have as much patience
    /// with this as they had with the other.
    pub(super) fn stop_following(&mut self, key: &SearchKey, cx: &mut Cx<'_>) {
        let job_key = JobKey::Search(key.clone());
        let Some(Job::Follow { errand, .. }) = self.jobs.get(&job_key) else { return };
        if !errand.is_impatient(self.config.fetch.zip_wait, cx.now)
            || !has_choice(&errand.want, &self.config)
            || !self.budget.has_room()
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
