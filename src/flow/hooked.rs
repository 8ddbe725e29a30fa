//! A delivery of a webhook: whether it is believed, and what is to be looked at again because of it.
//!
//! Whoever can sign is answered 202 at once, whatever the delivery says: a host switches a webhook off that is answered otherwise. Whoever
//! cannot is answered 401 and told nothing else.

use std::time::Duration;

use log::Level;

use super::{Known, Next, respond::accepted};
use crate::{
    config::{Config, Hook, Secret},
    cx::Cx,
    goproxy::Refusal,
    hook::{self, Deed, Delivered, Event, RefName, Unproven},
    http::RequestHead,
    metrics::{Counter, HookOutcome, Kind},
    shared::{has_come, is_to_tell, roots_of},
};

/// A delivery whose body is yet to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its hook's place in the configuration.
    hook: usize,
    delivered: Delivered,
}

/// What is to be looked at again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Paths at which, and below which, modules may have changed. Each once.
    pub roots: Vec<String>,
    /// The refs that have changed.
    pub refs: Vec<RefName>,
}

impl Delivery {
    /// The delivery to the hook called `name` that begins with `head`.
    pub(super) fn begin(name: &str, head: &RequestHead, config: &Config) -> Result<Self, Refusal> {
        let mut hooks = config.sync.hooks.iter().enumerate();
        let Some((place, hook)) = hooks.find(|(_, hook)| hook.name == name) else {
            // Which names there are, a client is not told.
            return Err(Refusal::Unknown("not found: no webhook has this name (sync.hooks)".to_owned()));
        };
        let headers = hook::kept(hook.kind, &hook.header, &head.headers);
        let query = head.path.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
        Ok(Self { hook: place, delivered: Delivered { headers, query } })
    }

    /// What becomes of it now that its body is there.
    pub(super) fn end(&self, body: &[u8], known: &Known<'_>, cx: &mut Cx<'_>) -> Next {
        let Some(hook) = known.config.sync.hooks.get(self.hook) else {
            return Next::Answer(accepted());
        };
        let (outcome, next) = match self.believe(hook, body, cx) {
            Ok(event) => {
                (HookOutcome::Accepted, Next::LookAgain(accepted(), renewal(hook, event, known, cx)))
            }
            Err(outcome @ (HookOutcome::Unsigned | HookOutcome::Late)) => {
                (outcome, Next::refuse(Kind::Page, &Refusal::Unsigned(UNSIGNED.to_owned()), cx))
            }
            Err(outcome) => (outcome, Next::Answer(accepted())),
        };
        tell(hook, outcome, cx);
        cx.count(Counter::Hook { target: hook.name.clone(), outcome });
        next
    }

    /// What it says, where that is to be heeded.
    fn believe(&self, hook: &Hook, body: &[u8], cx: &mut Cx<'_>) -> Result<Event, HookOutcome> {
        let secrets: Vec<&str> = hook.secrets.iter().map(Secret::reveal).collect();
        let proven = hook::prove(hook.kind, &hook.header, &secrets, &self.delivered, body, cx.now);
        proven.map_err(|why| match why {
            Unproven::Late => HookOutcome::Late,
            Unproven::Unsigned => HookOutcome::Unsigned,
        })?;
        let headers = &self.delivered.headers;
        let event = hook::read(hook.kind, headers, body).map_err(|_| HookOutcome::Unreadable)?;
        if !event.is_wanted() {
            return Err(HookOutcome::Unwanted);
        }
        match hook::delivery(hook.kind, headers, body) {
            Some(id) if has_come(cx.kv, &hook.name, &id, cx.now) => Err(HookOutcome::Repeated),
            _ => Ok(event),
        }
    }
}

/// What is to be looked at again because of `event`.
fn renewal(hook: &Hook, event: Event, known: &Known<'_>, cx: &mut Cx<'_>) -> Renewal {
    let mut roots = event.modules;
    for repository in &event.repositories {
        roots.extend(hook.modules_of(repository));
        roots.extend(roots_of(cx.kv, known.index, &hook::plain(repository)));
        // Without a host it is no path of a module.
        roots.extend(Some(repository.clone()).filter(|_| !hook.kind.is_without_host()));
    }
    roots.sort_unstable();
    roots.dedup();
    roots.truncate(MAX_ROOTS);
    for change in event.refs.iter().filter(|change| change.deed == Deed::Moved) {
        let RefName::Tag(tag) = &change.name else { continue };
        cx.count(Counter::TagMoved);
        let repository = event.repositories.first().map(String::as_str).unwrap_or_default();
        let line = format!(
            "hook {}: the tag {tag:?} of {repository} was moved to another commit; what was fetched of it before stays as it is, \
             and the checksum database refuses anything else under that version",
            hook.name
        );
        cx.log(Level::Warn, line);
    }
    Renewal { roots, refs: event.refs.into_iter().map(|change| change.name).collect() }
}

/// Tells the log what an operator has to look into, once in a while: what is sent wrongly is mostly sent so each time.
fn tell(hook: &Hook, outcome: HookOutcome, cx: &mut Cx<'_>) {
    let what = match outcome {
        HookOutcome::Accepted | HookOutcome::Repeated | HookOutcome::Unwanted => return,
        HookOutcome::Late => {
            "a delivery was refused: it was signed more than five minutes ago, or the clocks differ"
        }
        HookOutcome::Unreadable => {
            "a delivery is signed, and its body is not JSON: configure it to be sent as application/json"
        }
        HookOutcome::Unsigned => {
            "a delivery was refused: none of the configured secrets is what it was signed with"
        }
    };
    // Each matter of each hook by itself: a client that sends to two hooks in turn is to be no reason for a line each time.
    let about = format!("hooks/{}/{}", hook.name, outcome.as_str());
    if is_to_tell(cx.kv, &about, 0, AGAIN, cx.now) {
        cx.log(Level::Warn, format!("hook {}: {what}", hook.name));
    }
}

/// All that is said of a delivery that is not believed.
const UNSIGNED: &str = "unauthorized: the delivery is not signed with a secret of this webhook";

/// Paths that one delivery has looked at: the repository by its names, and what is configured and known of each.
const MAX_ROOTS: usize = 64;

/// How long the log is not told the same of the same hook again.
const AGAIN: Duration = Duration::from_secs(60);
