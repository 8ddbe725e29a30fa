//! One worker of all fetches a thing, and the others wait for it.
//!
//! A lease in shared data says which. It sends the others its result when it is done; should it never be done, its lease runs
//! out, and the first follower to see that takes over.

use super::{
    super::{event::Event, flight::Landed, key::SearchKey},
    Course, Flights, Ground,
};
use crate::{flow::News, plan::is_kept_here, shared::Leases};

impl Flights {
    /// Another worker sent this: the result of a search that this one waits for.
    pub(in crate::worker) fn on_news(&mut self, message: &[u8], ground: &mut Ground<'_, '_>) {
        let Ground { services, cx, present } = ground;
        let Some(news) =
            News::decode(message).filter(|news| news.fetch_scope == services.index.fetch_scope())
        else {
            return;
        };
        let key = SearchKey { path: news.key.to_owned(), may_fetch: true };
        // Else it took over meanwhile.
        if let Some(Course::Follow { .. }) = self.searches.get(&key)
            && let Some(Course::Follow { flight, .. }) = self.searches.remove(&key)
            // A go.mod of 16 MiB is read out for clients only if some are still there.
            && self.is_awaited(&flight, *present)
            && let Some(searched) = news.searched()
        {
            let searched = flight.or_known(searched, &services.config, cx.now);
            let may_fetch = flight.may_fetch && !is_kept_here(&flight.want, &services.config);
            if let Some(entry) = searched.entry(&flight.want, may_fetch, cx.now) {
                services.index.keep_apart(news.key, &entry);
            }
            let landed = Landed { flight: *flight, searched, coalesced: false, stored: None };
            services.emit(Event::Landed(landed.into()));
        }
    }

    /// Time has passed for `key`: waiters may have waited long enough, and a lease may run out.
    pub(in crate::worker) fn on_tick(&mut self, key: &SearchKey, ground: &mut Ground<'_, '_>) {
        self.stop_following(key, ground);
        self.answer_expired(key, ground);
        self.hold_on(key, ground);
    }

    /// Renews a lease of ours that runs out, and looks after one of another's that should have been renewed.
    fn hold_on(&mut self, key: &SearchKey, ground: &mut Ground<'_, '_>) {
        let now = ground.cx.now;
        match self.searches.get_mut(key) {
            Some(Course::Fetch(fetch)) if fetch.renew_at.is_some_and(|at| Leases::is_due(at, now)) => {
                let renewed = ground.services.leases.renew(ground.cx.kv, &key.path, now);
                fetch.renew_at = renewed.then(|| Leases::renewal(now));
            }
            Some(Course::Follow { look_at, .. }) if Leases::is_due(*look_at, now) => {
                if let Some(Course::Follow { flight, .. }) = self.searches.remove(key)
                    && self.is_awaited(&flight, ground.present)
                    && let Some(landed) = self.board(*flight, ground)
                {
                    ground.services.emit(Event::Landed(landed.into()));
                }
            }
            _ => {}
        }
    }
}
