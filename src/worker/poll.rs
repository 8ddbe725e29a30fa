//! The policy bundle: one worker of all asks for it, every worker puts it in force.
//!
//! What was read last stays in force whatever happens to its source, to a configuration or to a worker: it is in shared data,
//! and a worker begins with what it finds there. Any worker polls when a poll is due and nobody else has claimed it; the others
//! see in the round (`shared/bundle.rs`) that the revision is another one, and read it too.

mod reply;

use std::time::Duration;

use log::Level;

use self::reply::{New, Trouble, Wrong, judge};
use super::{key::Owner, services::Services};
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
pub(super) struct Poller {
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

impl Poller {
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

impl Poller {
    /// What another worker has read, or what was here before, where it is another one than is in force.
    pub(super) fn adopt_kept(&mut self, kv: &dyn SharedKv) -> Option<Bundle> {
        let round = self.shelf.round(kv);
        self.adopt(&round, kv)
    }

    /// The same, where the round is known.
    fn adopt(&mut self, round: &Round, kv: &dyn SharedKv) -> Option<Bundle> {
        if self.seen == round.revision {
            return None;
        }
        self.seen = round.revision;
        let kept = self.shelf.read(kv)?;
        let content = Etag::of(kept.text.as_bytes());
        if let Some(in_force) = self.in_force.as_mut().filter(|in_force| in_force.content == content) {
            (in_force.revision, in_force.tag) = (kept.revision, kept.tag);
            return None;
        }
        // What another build of this filter understands, and this one does not, is asked for once more, and refused with reasons.
        let bundle = Bundle::parse(&kept.text).ok()?;
        let version = bundle.version;
        self.in_force = Some(InForce { revision: kept.revision, tag: kept.tag, content, version });
        Some(bundle)
    }

    /// Time has passed: another bundle may be there, which is to be put in force, or a poll be due.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) -> Option<Bundle> {
        let round = self.shelf.round(cx.kv);
        let adopted = self.adopt(&round, cx.kv);
        let told = self.in_force.as_ref().map(|in_force| {
            // Whole seconds: it is told once in each.
            (in_force.version, cx.now.since(round.confirmed).as_secs())
        });
        if let Some((version, age)) = told.filter(|_| told != self.told) {
            cx.commands.push(Command::Gauge(Gauge::BundleVersion, version));
            cx.commands.push(Command::Gauge(Gauge::BundleAge, age));
            self.told = told;
        }
        let claimed = cx.now.after(patience(&self.source));
        if self.shelf.is_due(&round, cx.now) && self.shelf.claim(cx.kv, self.queue, claimed, cx.now) {
            self.trail = Trail::default();
            self.ask(&round, claimed, services, cx);
        }
        adopted
    }

    fn ask(&mut self, round: &Round, claimed: Timestamp, services: &mut Services, cx: &mut Cx<'_>) {
        let (callout, conditional) = self.callout(round);
        let call = services.call_unbounded(Owner::Poll, callout, cx);
        self.poll = Some(Poll { call, claimed, conditional });
    }

    /// The reply to a poll: the bundle that is to be put in force, where it is another one.
    pub(super) fn on_reply(
        &mut self,
        call: CallId,
        reply: Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Bundle> {
        let poll = self.poll.take_if(|poll| poll.call == call)?;
        // Who was given up has nothing to say any more.
        let until = cx.now.after(patience(&self.source));
        if !self.shelf.prolong(cx.kv, self.queue, poll.claimed, until) {
            return None;
        }
        let before = self.shelf.round(cx.kv);
        let followed = self.follow(&reply, &before);
        if let Some(Ok(())) = followed {
            self.ask(&before, until, services, cx);
            return None;
        }
        let mut after = Round { confirmed: cx.now, trouble: 0, ..before };
        let current = self.current(&before).cloned();
        let who = self.who();
        let judged = match followed {
            Some(Err(trouble)) => Err(trouble),
            _ => judge(reply, &who, poll.conditional, current.as_ref(), &mut self.wrong),
        };
        let mut adopted = None;
        match judged {
            Ok(None) => {
                cx.count(Metric::BundlePoll { outcome: "unchanged" });
                if before.trouble != 0 {
                    let stays = stays(&services.in_force);
                    cx.log(Level::Info, format!("policy bundle: it can be read again; {stays}"));
                }
            }
            Ok(Some(new)) => {
                let revision = self.shelf.keep(cx.kv, &new.tag, &new.text)?;
                after.revision = revision;
                adopted = self.take_over(new, revision, cx);
            }
            Err(trouble) => {
                (after.confirmed, after.trouble) = (before.confirmed, trouble.number());
                cx.count(Metric::BundlePoll { outcome: trouble.outcome() });
                // Once, and not at every poll.
                if after.trouble != before.trouble {
                    let stays = stays(&services.in_force);
                    for line in trouble.lines() {
                        cx.log(Level::Error, format!("policy bundle: {line}; {stays}"));
                    }
                }
            }
        }
        after.next = cx.now.after(self.rest(services.index.spread("policy bundle", cx.now)));
        self.shelf.end(cx.kv, after);
        adopted
    }

    /// What this worker has read, where it is another bundle than the one in force.
    fn take_over(&mut self, new: New, revision: u64, cx: &mut Cx<'_>) -> Option<Bundle> {
        let New { bundle, tag, content, .. } = new;
        let version = bundle.version;
        let before = self.in_force.replace(InForce { revision, tag, content, version });
        self.seen = revision;
        if before.as_ref().is_some_and(|before| before.content == content) {
            cx.count(Metric::BundlePoll { outcome: "unchanged" });
            return None;
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
        Some(bundle)
    }
}

fn stays(in_force: &crate::policy::InForce) -> String {
    match in_force.version(Bundle::NAME) {
        Some(version) => format!("version {version} stays in force"),
        None => "none was read before".to_owned(),
    }
}

/// Between two polls while no bundle was read yet: what starts beside this Envoy is there in a moment.
const RETRY: Duration = Duration::from_secs(1);
