//! One worker of all fetches a thing, and the others wait for it.
//!
//! A lease in shared data says which. It sends the others its result when it is done; should it never be done, its lease runs
//! out, and the first follower to see that takes over.

use super::{
    Job, Owner, Worker,
    errand::Errand,
    key::{SearchKey, SumsWaiter, Waiter, ZipKey},
};
use crate::{
    cx::{Command, Cx},
    flow::{News, Searched},
    http::Body,
    plan::is_kept_here,
    shared::Leases,
};

impl Worker {
    /// Another worker sent this: the result of a search that this one waits for.
    pub fn message(&mut self, message: &[u8], cx: &mut Cx<'_>) {
        let Some(news) = News::decode(message).filter(|news| news.reach == self.services.index.reach())
        else {
            return;
        };
        let key = Owner::Search(SearchKey { path: news.key.to_owned(), may_fetch: true });
        match self.jobs.remove(&key) {
            Some(Job::Follow { errand, .. }) => {
                // A go.mod of 16 MiB is taken out for those who are still there to have it.
                if self.is_awaited(&errand)
                    && let Some(searched) = news.searched()
                {
                    let searched = errand.or_known(searched, &self.services.config, cx.now);
                    let may_fetch = errand.may_fetch && !is_kept_here(&errand.want, &self.services.config);
                    if let Some(entry) = searched.entry(&errand.want, may_fetch, cx.now) {
                        self.services.index.keep_apart(news.key, &entry);
                    }
                    self.answer(&errand, &searched, cx);
                }
            }
            // It took over meanwhile.
            Some(job) => {
                self.jobs.insert(key, job);
            }
            None => {}
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        self.look_after_bundle(cx);
        self.renew_uploads(cx);
        self.begin_copies(cx);
        self.go_on_with_copies(cx);
        self.end_slow_routes(cx);
        self.end_patience_with_dates(cx);
        self.note_who_left();
        self.services.budget.renew(cx);
        self.end_pauses(cx);
        self.call_queued(cx);
        self.ask_dates_again(cx);
        let keys: Vec<_> = self.jobs.keys().cloned().collect();
        for key in keys {
            let Owner::Search(key) = key else { continue };
            self.stop_following(&key, cx);
            self.answer_impatient(&key, cx);
            self.hold_on(key, cx);
        }
    }

    /// Gives up the lease of what was found out, and tells those who waited for it.
    pub(super) fn release(&mut self, key: &SearchKey, searched: &Searched, cx: &mut Cx<'_>) {
        let followers = self.services.leases.release(cx.kv, &key.path);
        if followers.is_empty() {
            return;
        }
        let Some(message) = News::encode(self.services.index.reach(), &key.path, searched) else {
            return;
        };
        let message = Body::from(message);
        for queue in followers {
            cx.commands.push(Command::Notify { queue, message: message.clone() });
        }
    }

    /// Renews a lease of ours that runs out, and looks after one of another's that should have been renewed.
    fn hold_on(&mut self, key: SearchKey, cx: &mut Cx<'_>) {
        let job_key = Owner::Search(key);
        match self.jobs.get_mut(&job_key) {
            Some(Job::Fetch(fetch)) => {
                let Owner::Search(SearchKey { path, .. }) = &job_key else { return };
                if fetch.renew_at.is_some_and(|at| Leases::is_due(at, cx.now)) {
                    let renewed = self.services.leases.renew(cx.kv, path, cx.now);
                    fetch.renew_at = renewed.then(|| Leases::renewal(cx.now));
                }
            }
            Some(Job::Follow { look_at, .. }) if Leases::is_due(*look_at, cx.now) => {
                if let (Some(Job::Follow { errand, .. }), Owner::Search(key)) =
                    (self.jobs.remove(&job_key), job_key)
                    && self.is_awaited(&errand)
                    && let Some(done) = self.pursue(key, *errand, cx)
                {
                    self.answer(&done.errand, &done.searched, cx);
                }
            }
            _ => {}
        }
    }

    /// Whether somebody who waits for it is still there.
    pub(super) fn is_awaited(&self, errand: &Errand) -> bool {
        errand.waiting().any(|waiter| match waiter {
            Waiter::Stream(stream) | Waiter::Sums(SumsWaiter::Passing(stream)) => {
                self.streams.contains_key(stream)
            }
            Waiter::Date(dating, _) => self.jobs.contains_key(&Owner::Dating(dating.clone())),
            Waiter::Sums(SumsWaiter::Copy(zip)) => self.jobs.contains_key(&Owner::Copy(ZipKey::of(zip))),
            Waiter::Sums(SumsWaiter::Search(key)) => self.jobs.contains_key(&Owner::Search(key.clone())),
        })
    }
}
