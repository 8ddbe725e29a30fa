//! What the author of a module says of all its versions: which of them are retracted, and whether the module is deprecated.
//!
//! It stands in the go.mod of the newest version. To read that for each answer would take the list, the go.mod and a parser, so what was
//! read is kept in the index once more, module by module. A list that names another newest version has the go.mod of that read; what was
//! read before counts until then.

use std::time::Duration;

use super::{Known, content, keep};
use crate::{
    config::MissMode,
    cx::Cx,
    gomod::{ModFile, ModulePath, Retraction, Retractions, Version},
    goproxy::{Document, File, Found, Info},
    http::Timestamp,
    plan::Want,
    policy::{Caller, View},
    shared::{Entry, Index, Region},
};

/// What the go.mod of one version says of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// That version.
    pub(super) by: Version,
    /// Which versions are not to be used.
    pub(super) retractions: Retractions,
    /// What is to be used in place of the module, or why it is not to be used any more.
    pub(super) deprecated: Option<String>,
}

/// What the index has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// The newest version, by the list that was looked at last.
    newest: Option<Version>,
    /// What was read last: perhaps in the go.mod of an older version.
    pub(super) statement: Option<Statement>,
    /// Whether no source could say more when it was asked.
    failed: bool,
    /// When the list was looked at, or when a source failed.
    since: Timestamp,
}

/// A record as the index has it: the newest version, whether a source failed, and what was read: by which version, the deprecation, and each
/// retraction with its bounds and its rationale.
type Record<'a> = (Option<&'a str>, bool, Option<(&'a str, Option<&'a str>, Vec<Interval<'a>>)>);
type Interval<'a> = (Option<&'a str>, &'a str, &'a str);

impl Statement {
    /// What this go.mod says. Where Go cannot read it, it says nothing of other versions to Go either.
    pub(super) fn read(by: &Version, go_mod: &[u8]) -> Self {
        let ModFile { deprecated, retractions } = ModFile::read(go_mod).unwrap_or_default();
        Self { by: by.clone(), retractions, deprecated }
    }

    /// Nothing at all.
    pub(super) fn silent(by: &Version) -> Self {
        Self { by: by.clone(), retractions: Retractions::default(), deprecated: None }
    }
}

impl Heard {
    /// What the index has of `module`. Counts as a use.
    pub(super) fn recall(module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) -> Option<Self> {
        Self::decode(index.look_up(cx.kv, Region::Found, &record(module), cx.now)?)
    }

    /// The same, without counting.
    pub(super) fn peek(module: &ModulePath, index: &Index, cx: &Cx<'_>) -> Option<Self> {
        Self::decode(index.peek(cx.kv, Region::Found, &record(module))?)
    }

    /// Whether it is what a source would say now, as far as need be.
    pub(super) fn is_current(&self, now: Timestamp) -> bool {
        let is_newest = self.statement.as_ref().is_some_and(|said| self.newest.as_ref() == Some(&said.by));
        is_newest && !self.failed && now.is_within(CURRENT, self.since)
    }

    /// Whether a source failed so short a time ago that no client waits for it again.
    pub(super) fn is_in_vain(&self, now: Timestamp) -> bool {
        self.failed && now.is_within(PAUSE, self.since)
    }

    fn decode(entry: Entry) -> Option<Self> {
        let Entry::Found(found) = entry else { return None };
        let (newest, failed, said) = postcard::from_bytes::<Record<'_>>(&found.body).ok()?;
        let version = |text: &str| Version::parse(text).ok();
        let statement = said.and_then(|(by, deprecated, retracted)| {
            let retraction = |(low, high, rationale): Interval<'_>| {
                let low = low.map(|low| version(low).ok_or(())).transpose().ok()?;
                Some(Retraction { low, high: version(high)?, rationale: rationale.to_owned() })
            };
            let retractions = retracted.into_iter().filter_map(retraction).collect();
            Some(Statement { by: version(by)?, retractions, deprecated: deprecated.map(str::to_owned) })
        });
        Some(Self { newest: newest.and_then(version), statement, failed, since: found.since })
    }

    fn keep(&self, module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) {
        let mut room = MAX_RATIONALES;
        let said = self.statement.as_ref().map(|said| {
            let intervals = said.retractions.all().iter().map(|one| {
                let fits = one.rationale.len() <= room;
                let rationale = if fits { one.rationale.as_str() } else { "" };
                room = room.saturating_sub(rationale.len());
                (one.low.as_ref().map(Version::as_str), one.high.as_str(), rationale)
            });
            (said.by.as_str(), said.deprecated.as_deref(), intervals.collect::<Vec<_>>())
        });
        let record_of: Record<'_> = (self.newest.as_ref().map(Version::as_str), self.failed, said);
        if let Ok(body) = postcard::to_allocvec(&record_of) {
            keep(index, &record(module), &Entry::Found(Found::fetched(body, self.since)), cx);
        }
    }
}

/// A list says that this version is the newest; whether its go.mod is to be read.
pub(super) fn note_newest(module: &ModulePath, newest: &Version, index: &mut Index, cx: &mut Cx<'_>) -> bool {
    let before = Heard::peek(module, index, cx);
    let is_same = before.as_ref().is_some_and(|before| before.newest.as_ref() == Some(newest));
    let statement = before.as_ref().and_then(|before| before.statement.clone());
    let is_read = statement.as_ref().is_some_and(|said| said.by == *newest);
    let is_young = before.is_some_and(|before| !before.failed && cx.now.is_within(CURRENT / 2, before.since));
    // Lists come more often than this changes.
    if !(is_same && is_young) {
        let newest = Some(newest.clone());
        Heard { newest, statement, failed: false, since: cx.now }.keep(module, index, cx);
    }
    !is_read
}

/// The go.mod of a version was read, if it is the one that is looked for.
pub(super) fn note_statement(module: &ModulePath, said: &Statement, index: &mut Index, cx: &mut Cx<'_>) {
    let newest = match Heard::peek(module, index, cx) {
        Some(Heard { newest: Some(newest), .. }) => newest,
        _ => said.by.clone(),
    };
    if newest == said.by {
        let statement = Some(said.clone());
        Heard { newest: Some(newest), statement, failed: false, since: cx.now }.keep(module, index, cx);
    }
}

/// No source could say.
pub(super) fn note_failed(module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) {
    let (newest, statement) = match Heard::peek(module, index, cx) {
        Some(before) => (before.newest, before.statement),
        None => (None, None),
    };
    Heard { newest, statement, failed: true, since: cx.now }.keep(module, index, cx);
}

/// What is to be asked for next, so that the index has what the author of `module` says; the index has this of it. `None` where nothing is.
pub fn to_be_heard(
    module: &ModulePath,
    known: &mut Known<'_>,
    cx: &mut Cx<'_>,
) -> Option<(Want, Option<Found>)> {
    let list = list_of(module, known);
    let found = found(&list, known.index, cx);
    match found {
        Some(found) if cx.now.is_within(CURRENT, found.since) => {
            heard_list(module, &found, known, cx).map(|want| (want, None))
        }
        found => Some((list, found)),
    }
}

/// This was found out of a module. What is to be asked for because of that.
pub fn heard(want: &Want, found: &Found, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Option<Want> {
    let Want::Document(Document::Module { module, file }) = want else { return None };
    match file {
        File::List | File::Stored => heard_list(module, found, known, cx),
        File::Mod(version) => {
            let before = Heard::peek(module, known.index, cx)?;
            if before.newest.as_ref() == Some(version) && !before.is_current(cx.now) {
                note_statement(module, &Statement::read(version, &found.body), known.index, cx);
            }
            None
        }
        File::Info(_) | File::Latest | File::Query(_) => None,
    }
}

/// The go.mod that is to be read by this list.
fn heard_list(module: &ModulePath, list: &Found, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Option<Want> {
    let view = of_all(module, known, cx);
    let is_denied = |version: &Version| view.as_ref().is_some_and(|view| denies(view, version, cx.now));
    let newest = match newest(&list.body, is_denied) {
        Some(newest) => newest,
        // The go command takes what `@latest` names where no version is tagged.
        None => {
            let latest = Document::Module { module: module.clone(), file: File::Latest };
            Info::read(&found(&Want::Document(latest), known.index, cx)?.body)?.version
        }
    };
    if !note_newest(module, &newest, known.index, cx) {
        return None;
    }
    let want = go_mod(module, &newest);
    let Some(found) = found(&want, known.index, cx) else { return Some(want) };
    note_statement(module, &Statement::read(&newest, &found.body), known.index, cx);
    None
}

/// What is known of what the author of `module` says without asking a source: what stands in the documents that the index has, or what was
/// read before.
pub(super) fn known_statement(
    module: &ModulePath,
    view: &View<'_>,
    known: &Known<'_>,
    cx: &Cx<'_>,
) -> Option<Statement> {
    let heard = Heard::peek(module, known.index, cx).and_then(|heard| heard.statement);
    let by = found(&list_of(module, known), known.index, cx)
        .and_then(|list| newest(&list.body, |version| denies(view, version, cx.now)))
        .filter(|newest| heard.as_ref().is_none_or(|heard| heard.by != *newest));
    let read = by.and_then(|by| {
        let go_mod = found(&go_mod(module, &by), known.index, cx)?;
        Some(Statement::read(&by, &go_mod.body))
    });
    read.or(heard).filter(|said| is_heeded(said, view, cx.now))
}

/// Whether a version that says something of others is not denied itself: it may be malicious.
pub(super) fn is_heeded(said: &Statement, view: &View<'_>, now: Timestamp) -> bool {
    !denies(view, &said.by, now)
}

/// Whether no client may have this version, however old it is.
pub(super) fn denies(view: &View<'_>, version: &Version, now: Timestamp) -> bool {
    view.decide(version, None, now).is_denied()
}

/// The list that says which version is the newest: that of the upstreams, or of what is stored where none may be asked.
pub(super) fn list_of(module: &ModulePath, known: &Known<'_>) -> Want {
    let is_stored = known.config.on_miss(module) == MissMode::None;
    let file = if is_stored { File::Stored } else { File::List };
    Want::Document(Document::Module { module: module.clone(), file })
}

/// The go.mod of a version.
pub(super) fn go_mod(module: &ModulePath, version: &Version) -> Want {
    Want::Document(Document::Module { module: module.clone(), file: File::Mod(version.clone()) })
}

/// The version of a list in whose go.mod the go command looks for retractions: the newest release, or else the newest pre-release; one with
/// a go.mod rather than an `+incompatible` one. What is denied is passed over. A list is in the order of Go's versions, so its end decides.
pub(super) fn newest(list: &[u8], is_denied: impl Fn(&Version) -> bool) -> Option<Version> {
    let mut best: Option<((bool, bool), Version)> = None;
    let mut judged: usize = 0;
    for line in list.rsplit(|byte| *byte == b'\n') {
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let rank = (!word.contains(&b'-'), !word.ends_with(b"+incompatible"));
        if word.is_empty() || best.as_ref().is_some_and(|(best, _)| *best >= rank) {
            continue;
        }
        judged = judged.saturating_add(1);
        let version = std::str::from_utf8(word).ok().and_then(|word| Version::parse(word).ok());
        if let Some(version) = version.filter(|version| !version.is_pseudo() && !is_denied(version)) {
            best = Some((rank, version));
        }
        let is_found = best.as_ref().is_some_and(|(rank, _)| *rank == (true, true));
        if is_found || judged >= MAX_JUDGED {
            break;
        }
    }
    best.map(|(_, version)| version)
}

/// What holds for callers without a name; `None` where such callers may have no version.
fn of_all<'k>(module: &ModulePath, known: &Known<'k>, cx: &Cx<'_>) -> Option<View<'k>> {
    let view = content::view(module, &Caller::default(), known, cx);
    Some(view).filter(|view| !view.whole().is_some_and(|decision| decision.is_denied()))
}

fn found(want: &Want, index: &Index, cx: &Cx<'_>) -> Option<Found> {
    match index.peek(cx.kv, Region::Found, &want.key()) {
        Some(Entry::Found(found)) => Some(found),
        _ => None,
    }
}

/// What the index calls it: no request's path is called so.
fn record(module: &ModulePath) -> String {
    format!("{}/@statement", module.escaped())
}

/// How long it counts without a look at the list. A client that asks for the list has it looked at sooner; one that only names versions
/// costs the upstream two requests an hour and module.
const CURRENT: Duration = Duration::from_secs(3600);

/// How long no client waits once more for what no source could say.
const PAUSE: Duration = Duration::from_secs(60);

/// Versions of a list that are read to find the newest: where so many are denied, or are pseudo-versions, what is behind them says nothing.
/// Half a millisecond.
const MAX_JUDGED: usize = 256;

/// Bytes of the rationales of one module that a record has; those behind are left out, and what they retract is not. Most have below a
/// hundred.
const MAX_RATIONALES: usize = 8 << 10;

#[cfg(test)]
mod tests;
