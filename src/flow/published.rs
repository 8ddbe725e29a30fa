//! When the versions of a module were published, as far as that was found out.
//!
//! It is the time in a version's `.info`, or where that has none, when this gateway first saw it; by the clock that is a log, `logged.rs` says
//! which time it is. The `.info` documents
//! themselves come and go in the index, so what was read in them is kept there once more, for all versions of a module
//! together: a list of a thousand versions is then judged by one or two records, and "first seen" stays first.

use std::collections::BTreeMap;

use super::by_version;
use crate::{
    config::Clock,
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, File, Found, Info, Missing},
    http::Timestamp,
    plan::Want,
    policy::{Action, Policy, Rule},
    shared::{Entry, Index, Region},
};

/// What one worker found out lately, module by module: what does not fit into the index is not asked for again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publications {
    modules: BTreeMap<ModulePath, (u64, Published)>,
    /// The modules in the order in which they were last learned of.
    order: BTreeMap<u64, ModulePath>,
    learned: u64,
    bytes: usize,
}

/// What was found out of the versions of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    versions: BTreeMap<Version, Publication>,
    bytes: usize,
}

impl Publication {
    /// When it was published, as far as is known.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::At(time) | Self::ForNow(time) => Some(*time),
            Self::Failed(_) | Self::Missing(_) => None,
        }
    }
}

/// When the versions of a module were published, as far as the index has it, by their names: to read thousands of them as versions
/// would take as long as all the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recorded(BTreeMap<String, Timestamp>);

/// What was found out of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publication {
    /// It was published then.
    At(Timestamp),
    /// For now it is taken to be published then: that is too young for every rule, or no more is known yet. Found out anew the next time.
    ForNow(Timestamp),
    /// No source could say.
    Failed(Failure),
    /// There is no such version.
    Missing(Missing),
}

impl Publications {
    /// What was found out of a module.
    pub fn of(&self, module: &ModulePath) -> Option<&Published> {
        self.modules.get(module).map(|(_, published)| published)
    }

    /// Adds what was found out just now. To make room, it forgets the module of which nothing was learned for the longest time, and of this
    /// one alone the oldest versions.
    pub fn learn(&mut self, module: &ModulePath, published: Published) {
        let (number, mut all) = self.modules.remove(module).unwrap_or_default();
        self.order.remove(&number);
        self.bytes = self.bytes.saturating_sub(all.bytes);
        for (version, publication) in published.versions {
            all.note(version, publication);
        }
        while all.bytes > MAX_BYTES && all.forget_first() {}
        while self.bytes.saturating_add(all.bytes) > MAX_BYTES
            && let Some((_, oldest)) = self.order.pop_first()
        {
            if let Some((_, gone)) = self.modules.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(gone.bytes);
            }
        }
        self.learned = self.learned.saturating_add(1);
        self.bytes = self.bytes.saturating_add(all.bytes);
        self.order.insert(self.learned, module.clone());
        self.modules.insert(module.clone(), (self.learned, all));
    }

    /// Forgets what says nothing of the next time: who could not say, what is missing, and what holds for now.
    pub fn forget_failures(&mut self, module: &ModulePath) {
        if let Some((_, published)) = self.modules.get_mut(module) {
            let before = published.bytes;
            published.versions.retain(|_, publication| matches!(publication, Publication::At(_)));
            published.bytes = published.versions.keys().map(bytes_of).sum();
            self.bytes = self.bytes.saturating_sub(before.saturating_sub(published.bytes));
        }
    }
}

impl Published {
    /// Notes what was found out of a version.
    pub fn note(&mut self, version: Version, publication: Publication) {
        let bytes = bytes_of(&version);
        if self.versions.insert(version, publication).is_none() {
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }

    /// What was found out of a version.
    pub fn get(&self, version: &Version) -> Option<&Publication> {
        self.versions.get(version)
    }

    fn forget_first(&mut self) -> bool {
        let gone = self.versions.pop_first();
        self.bytes = self.bytes.saturating_sub(gone.as_ref().map_or(0, |(version, _)| bytes_of(version)));
        gone.is_some()
    }

    /// Keeps in the index what was found out by this clock, beside what is there. Where more versions are known than fit into `by_version::MAX_RECORDS`, those that
    /// were published first are asked about again.
    pub fn keep(&self, module: &ModulePath, clock: Clock, index: &mut Index, cx: &mut Cx<'_>) {
        let record = |number| record(module, clock, number);
        let Recorded(mut all) = Recorded::of(module, clock, index, cx);
        let known = all.len();
        for (version, publication) in &self.versions {
            if let Publication::At(time) = publication
                && !all.contains_key(version.as_str())
            {
                all.insert(version.as_str().to_owned(), *time);
            }
        }
        if all.len() == known {
            return;
        }
        let mut latest: Vec<_> = all.iter().map(|(version, time)| (time.0, version.as_str())).collect();
        latest.sort_unstable_by(|a, b| b.cmp(a));
        let latest = latest.into_iter();
        let latest =
            latest.map(|(time, version)| (version, time, version.len().saturating_add(BYTES_BESIDE)));
        by_version::write(latest, record, index, cx);
    }
}

impl Recorded {
    /// What the index has of all versions of `module`, by this clock.
    pub(super) fn recall(module: &ModulePath, clock: Clock, index: &mut Index, cx: &mut Cx<'_>) -> Self {
        // Used, and not only looked at: what a list in use is judged by is to stay.
        let _ = index.look_up(cx.kv, Region::Found, &record(module, clock, 0), cx.now);
        Self::of(module, clock, index, cx)
    }

    fn of(module: &ModulePath, clock: Clock, index: &Index, cx: &Cx<'_>) -> Self {
        let mut all = Vec::new();
        read_records((module, clock), index, cx, |version, time| {
            all.push((version.to_owned(), time));
            false
        });
        Self(all.into_iter().collect())
    }

    /// When the version with this name was published.
    pub(super) fn get(&self, version: &str) -> Option<Timestamp> {
        self.0.get(version).copied()
    }
}

/// When a version was published by its `.info`, or by when it was first seen, as far as the index has it.
pub(super) fn published(
    module: &ModulePath,
    version: &Version,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Timestamp> {
    let document = Document::Module { module: module.clone(), file: File::Info(version.clone()) };
    let time = match index.peek(cx.kv, Region::Found, &Want::Document(document).key()) {
        Some(Entry::Found(found)) => match Info::read(&found.body)?.time {
            Some(time) => return Some(time),
            None => Some(found.since),
        },
        _ => None,
    };
    recorded(module, Clock::Info, version, index, cx).into_iter().chain(time).min()
}

/// Whether the index has the version's `.info`, and no time is in it.
pub(super) fn is_timeless(module: &ModulePath, version: &Version, index: &Index, cx: &Cx<'_>) -> bool {
    let document = Document::Module { module: module.clone(), file: File::Info(version.clone()) };
    let entry = index.peek(cx.kv, Region::Found, &Want::Document(document).key());
    matches!(entry, Some(Entry::Found(found)) if Info::read(&found.body).is_some_and(|info| info.time.is_none()))
}

/// What the index has noted of a version by this clock.
pub(super) fn recorded(
    module: &ModulePath,
    clock: Clock,
    version: &Version,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Timestamp> {
    let mut noted = None;
    read_records((module, clock), index, cx, |known, time| {
        let is_it = known == version.as_str();
        noted = is_it.then_some(time);
        is_it
    });
    noted
}

/// When the version was published that an `.info`, an `@latest` or the answer to a query is about.
pub fn published_by(
    info: &Info,
    module: &ModulePath,
    found: &Found,
    index: &Index,
    cx: &Cx<'_>,
) -> Timestamp {
    let seen =
        || published(module, &info.version, index, cx).map_or(found.since, |seen| seen.min(found.since));
    info.time.unwrap_or_else(seen)
}

/// Keeps in the index when the version was seen that a document is about, where that counts as long as nothing says when it
/// was published. The document itself does not stay in the index, and would be new each time it comes back.
pub fn keep_first_seen(want: &Want, found: &Found, policy: &Policy, index: &mut Index, cx: &mut Cx<'_>) {
    let Want::Document(Document::Module { module, file: File::Info(_) | File::Latest | File::Query(_) }) =
        want
    else {
        return;
    };
    let has_to_be_old = |rule: &Rule| matches!(rule.action, Action::Cooldown(_));
    if let Some(info) = Info::read(&found.body)
        && info.time.is_none()
        && policy.naming(module).any(has_to_be_old)
    {
        let mut seen = Published::default();
        let since = published_by(&info, module, found, index, cx);
        seen.note(info.version, Publication::At(since));
        seen.keep(module, Clock::Info, index, cx);
    }
}

/// Reads the records that a module has by a clock, version by version, until `is_enough` is true.
fn read_records(
    (module, clock): (&ModulePath, Clock),
    index: &Index,
    cx: &Cx<'_>,
    mut is_enough: impl FnMut(&str, Timestamp) -> bool,
) {
    by_version::read(
        |number| record(module, clock, number),
        index,
        cx,
        |body| {
            let Ok((more, some)) = postcard::from_bytes::<(bool, Vec<(&str, u64)>)>(body) else {
                return false;
            };
            let is_done = some.into_iter().any(|(version, time)| is_enough(version, Timestamp(time)));
            !is_done && more
        },
    );
}

fn bytes_of(version: &Version) -> usize {
    version.as_str().len().saturating_add(BYTES_EACH)
}

/// What the index calls a record: no request's path is called so. What one clock says is nothing to the other.
fn record(module: &ModulePath, clock: Clock, number: usize) -> String {
    let kind = match clock {
        Clock::Info => "published",
        Clock::Log => "logged",
    };
    format!("{}/@{kind}/{number}", module.escaped())
}

/// Bytes of all that a worker remembers: about 80,000 versions.
const MAX_BYTES: usize = 8 << 20;

/// What a version takes there beside its name.
const BYTES_EACH: usize = 96;

/// What a version takes in a record beside its name: the lengths of the name and of the time, and a time of this century.
const BYTES_BESIDE: usize = 9;

#[cfg(test)]
mod tests;
