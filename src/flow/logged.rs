//! When a version was published, by the log of the checksum database.
//!
//! A commit has the time that its author gave it, and so has an `.info`. The log cannot be dated back: a record that it did not have
//! when this gateway knew it to have so many records came later ([`Pairs`]). So of both times the later one
//! counts. Of what the log had when it was first looked at, nothing better is known than the `.info`; what came since it was last looked at is as
//! good as new.

use super::published::{Publication, published, recorded};
use crate::{
    config::{Clock, Config},
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Info, SumdbFile},
    http::Timestamp,
    plan::Want,
    policy::{Decision, View},
    shared::{
        Entry, Index, Region,
        log_clock::{self, Cover, Pairs},
    },
    sumdb::Record,
};

/// What a version's `.info` says of its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The time in it.
    pub time: Option<Timestamp>,
    /// When this gateway first saw it.
    pub seen: Timestamp,
}

/// When a version was published, by the clock that its module has, as far as shared data has that.
pub(super) fn dated(
    module: &ModulePath,
    version: &Version,
    config: &Config,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Publication> {
    match config.clock(module) {
        Clock::Info => published(module, version, index, cx).map(Publication::At),
        Clock::Log => logged(module, version, config, index, cx),
    }
}

/// As [`dated`], and where that is not known in the log yet, by what its `.info` says, where that alone is too young.
pub(super) fn known_date(
    (module, version): (&ModulePath, &Version),
    view: &View<'_>,
    config: &Config,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Timestamp> {
    let by_info = || {
        let said = published(module, version, index, cx)?;
        matches!(view.decide(version, Some(said), cx.now), Decision::TooYoung(..)).then_some(said)
    };
    dated(module, version, config, index, cx).and_then(|dated| dated.time()).or_else(by_info)
}

/// The same of a module that stands in the log.
fn logged(
    module: &ModulePath,
    version: &Version,
    config: &Config,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Publication> {
    if let Some(time) = recorded(module, Clock::Log, version, index, cx) {
        return Some(Publication::At(time));
    }
    let found = |document| match index.peek(cx.kv, Region::Found, &Want::Document(document).key()) {
        Some(Entry::Found(found)) => Some(found),
        _ => None,
    };
    let file = File::Info(version.clone());
    let info = found(Document::Module { module: module.clone(), file })?;
    let said = Said::of(&Info::read(&info.body)?, module, &info, index, cx);
    let lookup = lookup(module, version, config)?;
    let Want::Document(document) = lookup else { return None };
    let record = record_of(module, version, &found(document)?)?;
    Some(place(record, said, &log(config, index, cx)?, cx.now))
}

/// The lookup that says where in the log a version stands; `None` where no log is asked about it.
pub fn lookup(module: &ModulePath, version: &Version, config: &Config) -> Option<Want> {
    let sumdb = config.log_clock()?.name.clone();
    let file = SumdbFile::Lookup(module.clone(), version.clone());
    Some(Want::Document(Document::Sumdb { sumdb, file }))
}

/// The number of a version's record, by a lookup that was proven; `None` where it is of another version.
pub fn record_of(module: &ModulePath, version: &Version, lookup: &Found) -> Option<u64> {
    let record = Record::parse(&lookup.body).ok()?;
    record.sums(module, version).ok().map(|_| record.id)
}

/// How old the log is; `None` while that is not known: what storage remembers of it was not read yet, and without that all of the log would
/// be taken to be of any age.
pub fn log(config: &Config, index: &Index, cx: &Cx<'_>) -> Option<Pairs> {
    let key = &config.log_clock()?.key;
    let is_recalled = log_clock::is_recalled(cx.kv, key, index.sources());
    is_recalled.then(|| log_clock::pairs(cx.kv, key)).filter(|pairs| !pairs.is_empty())
}

/// When the version was published whose record has this number in the log.
pub fn place(record: u64, said: Said, log: &Pairs, now: Timestamp) -> Publication {
    match log.cover(record) {
        Cover::First(first) => Publication::At(said.time.unwrap_or_else(|| said.seen.min(first))),
        Cover::By(time) => Publication::At(said.time.map_or(time, |said| said.max(time))),
        Cover::NotYet => Publication::ForNow(said.time.map_or(now, |said| said.max(now))),
    }
}

impl Said {
    /// By `info`, which was `found`.
    pub fn of(info: &Info, module: &ModulePath, found: &Found, index: &Index, cx: &Cx<'_>) -> Self {
        let noted = recorded(module, Clock::Info, &info.version, index, cx);
        let seen = noted.map_or(found.since, |noted| noted.min(found.since));
        Self { time: info.time, seen }
    }
}
