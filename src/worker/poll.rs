//! Polled documents: one worker of all asks for each, every worker puts it in force.
//!
//! What was read last stays in force when its source fails, the configuration changes or a worker dies: it is in shared data, and a worker
//! begins with what it finds there. Any worker polls when a poll is due and no other has claimed it; the others see in the state
//! (`shared/polled.rs`) that the revision is another one, and read it too.
//!
//! ```text
//!                          documents.rs: which there are
//!                                      │
//!   shared/polled.rs ◀── poller.rs ────┴───▶ polled.rs: what a document does
//!   state, snapshot      asks, keeps,        ├── bundle.rs
//!                        installs            ├── advisories.rs
//!                          │                 └── feed.rs
//!                          │     │
//!                    reply.rs   reading.rs: decodes, compares, has the document read, a slice at a time
//! ```
//!
//! A document is read in slices, whole and into a place of its own, and is installed only if it was read to its end without an error. To
//! add one takes an implementation of [`polled::Polled`] and a line in `documents.rs`; what it decides goes into [`InForce`].

mod advisories;
mod bundle;
mod documents;
mod feed;
mod polled;
mod poller;
mod reading;
mod reply;

#[cfg(test)]
pub(super) use self::polled::{Content, Installed, PollSource, Polled, Progress};
use self::poller::Poller;
use super::{key::PollKey, services::Services};
use crate::{
    config::Config,
    cx::{CallId, Cx},
    flow::DocumentStatus,
    http::Reply,
    policy::InForce,
    shared::{QueueId, SharedKv},
};

/// All that this worker polls.
#[derive(Debug)]
pub(super) struct Polls {
    pollers: Vec<Poller>,
}

impl Polls {
    /// What is polled under this configuration, with nothing read yet.
    pub(super) fn new(config: &Config, queue: QueueId) -> Self {
        let pollers = documents::of(config).into_iter().map(|document| Poller::new(document, queue));
        Self { pollers: pollers.collect() }
    }

    /// Puts in force what other workers have kept, at once: until then a worker would give what is refused.
    pub(super) fn start(&mut self, in_force: &mut InForce, kv: &dyn SharedKv) {
        for poller in &mut self.pollers {
            poller.start(in_force, kv);
        }
    }

    /// Whether nothing is polled.
    pub(super) fn is_empty(&self) -> bool {
        self.pollers.is_empty()
    }

    /// What is polled, and how that goes.
    pub(super) fn status(&self, in_force: &InForce, cx: &Cx<'_>, status: &mut Vec<DocumentStatus>) {
        status.extend(self.pollers.iter().map(|poller| poller.status(in_force, cx)));
    }

    /// Time has passed: another revision may be there, which is to be read, or a poll be due.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        for poller in &mut self.pollers {
            poller.on_tick(services, cx);
        }
    }

    /// The reply to a poll.
    pub(super) fn on_reply(
        &mut self,
        key: &PollKey,
        call: CallId,
        reply: Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if let Some(poller) = self.of(key) {
            poller.on_reply(call, reply, services, cx);
        }
    }

    /// Reads on for a slice; whether something else is in force now.
    pub(super) fn work(&mut self, key: &PollKey, services: &mut Services, cx: &mut Cx<'_>) -> bool {
        self.of(key).is_some_and(|poller| poller.work(services, cx))
    }

    fn of(&mut self, key: &PollKey) -> Option<&mut Poller> {
        self.pollers.iter_mut().find(|poller| poller.key() == *key)
    }

    /// Has a document of a test polled too.
    #[cfg(test)]
    pub(super) fn add(
        &mut self,
        document: Box<dyn Polled>,
        queue: QueueId,
        in_force: &mut InForce,
        kv: &dyn SharedKv,
    ) {
        let mut poller = Poller::new(document, queue);
        poller.start(in_force, kv);
        self.pollers.push(poller);
    }
}
