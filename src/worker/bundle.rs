//! The policy bundle: one worker of all asks for it, every worker puts it in force.
//!
//! What was read last stays in force whatever happens to its source, to a configuration or to a worker: it is in shared data,
//! and a worker begins with what it finds there. Any worker polls when a poll is due and nobody else has claimed it; the others
//! see in the round (`shared/bundle.rs`) that the revision is another one, and read it too.

mod reply;

use std::time::Duration;

use log::Level;

use self::reply::{New, Trouble, Wrong, judge};
use super::{Worker, key::Owner};
use crate::{
    config::{Bundle, BundleSource},
    cx::{CallId, Command, Cx},
    endpoint::{self, Address, Trail, leads_to},
    goproxy::Etag,
    http::{Callout, Reply, Timestamp},
    metrics::{Gauge, Metric},
    shared::{
        QueueId, SharedKv,
        bundle::{Round, Shelf, patience},
    },
};

/// What this worker knows of the bundle.
#[derive(Debug)]
pub(super) struct Watch {
    source: BundleSource,
    shelf: Shelf,
    queue: QueueId,
    poll: Option<Poll>,
    /// The redirects of the poll, as far as they were followed.
    trail: Trail,
    in_force: Option<InForce>,
    /// The revision that was looked at last, whether it could be put in force or not.
    seen: u64,
    /// The last bundle that this worker was given and that is wrong.
    wrong: Option<Wrong>,
    /// The version and its age, as the host was told last.
    told: Option<(u64, u64)>,
}

/// A poll of this worker's that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Poll {
    call: CallId,
    /// Until when this worker has claimed the round.
    claimed: Timestamp,
    /// Whether the bundle is sent only if it is another one.
    conditional: bool,
}

/// The bundle that this worker has put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InForce {
    revision: u64,
    tag: String,
    content: Etag,
    version: u64,
}

impl Watch {
    pub(super) fn new(source: BundleSource, queue: QueueId) -> Self {
        let shelf = Shelf::new(&source);
        Self {
            source,
            shelf,
            queue,
            poll: None,
            trail: Trail::default(),
            in_force: None,
            seen: 0,
            wrong: None,
            told: None,
        }
    }

    pub(super) fn is_polling(&self) -> bool {
        self.poll.is_some()
    }

    pub(super) fn polls_with(&self, call: CallId) -> bool {
        self.poll.is_some_and(|poll| poll.call == call)
    }

    /// What is in force here, if it is what is in force everywhere.
    fn current(&self, round: &Round) -> Option<&InForce> {
        self.in_force.as_ref().filter(|in_force| in_force.revision == round.revision)
    }

    /// A request for the bundle; of the one in force nothing but its tag is to come back.
    fn callout(&self, round: &Round) -> (Callout, bool) {
        let endpoint = &self.source.endpoint;
        let path = if endpoint.path_prefix.is_empty() { "/" } else { &endpoint.path_prefix };
        let mut callout = endpoint::request(endpoint, "GET", path.to_owned());
        let tag = self.current(round).map(|current| &current.tag).filter(|tag| !tag.is_empty());
        let conditional = tag.is_some();
        callout.headers.extend(tag.map(|tag| ("if-none-match".to_owned(), tag.clone())));
        (self.trail.lead(callout, endpoint), conditional)
    }

    /// Where a reply leads on to, where it is a redirect that is followed; else the trouble with it.
    fn follow(&mut self, reply: &Reply, round: &Round) -> Option<Result<(), Trouble>> {
        let location = leads_to(reply)?;
        let (sent, _) = self.callout(round);
        let followed = self.trail.follow(&sent, location, &self.source.endpoint, "policy.bundle");
        Some(match followed {
            Ok(trail) => {
                self.trail = trail;
                Ok(())
            }
            Err(why) => Err(Trouble::Failed(format!("{} {why}", self.who()))),
        })
    }

    /// Who is asked just now.
    fn who(&self) -> String {
        match self.trail.at().and_then(Address::elsewhere) {
            Some(host) => format!("{host}, to which its source redirects,"),
            None => "its source".to_owned(),
        }
    }

    /// How long nobody polls after a poll: a little less than the interval, so that many Envoys do not ask at once; and not
    /// long while there is nothing, for clients wait for it.
    fn rest(&self, spread: u8) -> Duration {
        match self.in_force {
            Some(_) => self.source.interval.saturating_sub(self.source.interval * u32::from(spread) / 2560),
            None => self.source.interval.min(RETRY),
        }
    }
}

impl Worker {
    /// Whether [`Worker::tick`] is to be called twice a second even if nothing is under way.
    pub fn watches(&self) -> bool {
        self.watch.is_some()
    }

    /// Puts in force what another worker has read, or the one that was here before.
    pub(super) fn adopt_kept(&mut self, kv: &dyn SharedKv) {
        if let Some(watch) = &self.watch {
            self.adopt(&watch.shelf.round(kv), kv);
        }
    }

    /// The same, where the round is known.
    fn adopt(&mut self, round: &Round, kv: &dyn SharedKv) {
        let Some(watch) = self.watch.as_mut().filter(|watch| watch.seen != round.revision) else { return };
        watch.seen = round.revision;
        let Some(kept) = watch.shelf.read(kv) else { return };
        let content = Etag::of(kept.text.as_bytes());
        if let Some(in_force) = watch.in_force.as_mut().filter(|in_force| in_force.content == content) {
            (in_force.revision, in_force.tag) = (kept.revision, kept.tag);
            return;
        }
        // What another build of this filter understands, and this one does not, is asked for once more, and refused with reasons.
        let Ok(bundle) = Bundle::parse(&kept.text) else { return };
        let version = bundle.version;
        watch.in_force = Some(InForce { revision: kept.revision, tag: kept.tag, content, version });
        self.put_in_force(&bundle);
    }

    /// Time has passed: another bundle may be there, or a poll be due.
    pub(super) fn look_after_bundle(&mut self, cx: &mut Cx<'_>) {
        let Some(round) = self.watch.as_ref().map(|watch| watch.shelf.round(cx.kv)) else { return };
        self.adopt(&round, cx.kv);
        let Some(watch) = &mut self.watch else { return };
        let told = watch.in_force.as_ref().map(|in_force| {
            // Whole seconds: it is told once in each.
            (in_force.version, cx.now.since(round.confirmed).as_secs())
        });
        if let Some((version, age)) = told.filter(|_| told != watch.told) {
            cx.commands.push(Command::Gauge(Gauge::BundleVersion, version));
            cx.commands.push(Command::Gauge(Gauge::BundleAge, age));
            watch.told = told;
        }
        let claimed = cx.now.after(patience(&watch.source));
        if watch.shelf.is_due(&round, cx.now) && watch.shelf.claim(cx.kv, watch.queue, claimed, cx.now) {
            watch.trail = Trail::default();
            let (callout, conditional) = watch.callout(&round);
            let call = self.services.call_unbounded(Owner::Poll, callout, cx);
            watch.poll = Some(Poll { call, claimed, conditional });
        }
    }

    /// The reply to a poll.
    pub(super) fn hear_bundle(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        let Some(watch) = &mut self.watch else { return };
        let Some(poll) = watch.poll.take() else { return };
        // Who was given up has nothing to say any more.
        let until = cx.now.after(patience(&watch.source));
        if !watch.shelf.prolong(cx.kv, watch.queue, poll.claimed, until) {
            return;
        }
        let before = watch.shelf.round(cx.kv);
        let followed = watch.follow(&reply, &before);
        if let Some(Ok(())) = followed {
            let (callout, conditional) = watch.callout(&before);
            let call = self.services.call_unbounded(Owner::Poll, callout, cx);
            watch.poll = Some(Poll { call, claimed: until, conditional });
            return;
        }
        let mut after = Round { confirmed: cx.now, trouble: 0, ..before };
        let current = watch.current(&before).cloned();
        let who = watch.who();
        let judged = match followed {
            Some(Err(trouble)) => Err(trouble),
            _ => judge(reply, &who, poll.conditional, current.as_ref(), &mut watch.wrong),
        };
        match judged {
            Ok(None) => {
                cx.count(Metric::BundlePoll { outcome: "unchanged" });
                if before.trouble != 0 {
                    cx.log(Level::Info, format!("policy bundle: it can be read again; {}", self.stays()));
                }
            }
            Ok(Some(new)) => {
                let Some(revision) = watch.shelf.keep(cx.kv, &new.tag, &new.text) else { return };
                after.revision = revision;
                self.take_over(new, revision, cx);
            }
            Err(trouble) => {
                (after.confirmed, after.trouble) = (before.confirmed, trouble.number());
                cx.count(Metric::BundlePoll { outcome: trouble.outcome() });
                // Once, and not at every poll.
                if after.trouble != before.trouble {
                    for line in trouble.lines() {
                        cx.log(Level::Error, format!("policy bundle: {line}; {}", self.stays()));
                    }
                }
            }
        }
        let Some(watch) = &self.watch else { return };
        after.next = cx.now.after(watch.rest(self.services.index.spread("policy bundle", cx.now)));
        watch.shelf.end(cx.kv, after);
    }

    /// Puts in force what this worker has read.
    fn take_over(&mut self, new: New, revision: u64, cx: &mut Cx<'_>) {
        let Some(watch) = &mut self.watch else { return };
        let New { bundle, tag, content, .. } = new;
        let version = bundle.version;
        let before = watch.in_force.replace(InForce { revision, tag, content, version });
        watch.seen = revision;
        if before.as_ref().is_some_and(|before| before.content == content) {
            cx.count(Metric::BundlePoll { outcome: "unchanged" });
            return;
        }
        cx.count(Metric::BundlePoll { outcome: "changed" });
        let (level, instead) = match before.map(|before| before.version) {
            None => (Level::Info, String::new()),
            Some(before) if before < version => (Level::Info, format!(" in place of version {before}")),
            Some(before) if before > version => {
                (Level::Warn, format!(" in place of version {before}, which is newer"))
            }
            Some(_) => (Level::Warn, " in place of another one of the same version".to_owned()),
        };
        let rules = bundle.rules.len();
        cx.log(level, format!("policy bundle: version {version}, of {rules} rules, is in force{instead}"));
        for warning in &bundle.warnings {
            cx.log(Level::Warn, format!("policy bundle: {warning}"));
        }
        self.put_in_force(&bundle);
    }

    fn put_in_force(&mut self, bundle: &Bundle) {
        self.services.config.policy.adopt(bundle);
        self.ready.clear();
        self.sift_anew();
    }

    fn stays(&self) -> String {
        match self.services.config.policy.bundle_version() {
            Some(version) => format!("version {version} stays in force"),
            None => "none was read before".to_owned(),
        }
    }
}

/// Between two polls while no bundle was read yet: what starts beside this Envoy is there in a moment.
const RETRY: Duration = Duration::from_secs(1);
