//! Which module versions were served lately, and to whom: what is to be known when an advisory about one of them comes.
//!
//! A ledger is a value that can be merged with another of the same versions in any order, and twice, without saying anything else: workers of
//! one Envoy merge theirs in shared data, and Envoys theirs in storage, without a lock. So it counts no requests. Of each version it has
//! the first and the last day on which it was served, the callers who got it last, each with the last day, and a mark for the rest of them.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::http::Timestamp;

/// A day, by its number since 1970 (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u32);

/// A part of what was served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    versions: BTreeMap<String, Served>,
}

/// What is known of a version that was served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// When it was served first, since it was last forgotten.
    pub first: Day,
    /// When it was served last.
    pub last: Day,
    /// Those who got it last, and when each did; an anonymous caller has an empty name. No more than `MAX_CALLERS`.
    pub callers: BTreeMap<String, Day>,
    /// The callers who are not named: a bit for each sixty-fourth of all names.
    others: u64,
    /// The ids that operators were told of, by their digests.
    told: BTreeSet<u32>,
}

/// What is kept of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The last day on which something may have been served.
    pub today: Day,
    /// For how many days it is kept.
    pub days: u32,
    /// Whether callers are named.
    pub names: bool,
}

impl Day {
    /// The day of a time.
    pub fn of(time: Timestamp) -> Self {
        Self(u32::try_from(time.0 / DAY_MILLIS).unwrap_or(u32::MAX))
    }

    /// As `2026-12-01`.
    pub fn date(self) -> String {
        let mut text = Timestamp(u64::from(self.0).saturating_mul(DAY_MILLIS)).rfc3339();
        text.truncate(text.find('T').unwrap_or(text.len()));
        text
    }
}

impl Keeping {
    fn keeps(&self, day: Day) -> bool {
        // Another Envoy may be in the next day already.
        day.0 <= self.today.0.saturating_add(1) && day.0.saturating_add(self.days) > self.today.0
    }
}

impl Served {
    /// About how many callers got it who are not named: no more than there were, and at most 64.
    pub fn more(&self) -> u32 {
        self.others.count_ones()
    }

    /// Whether operators were told that `id` is about it.
    pub fn is_told(&self, id: &str) -> bool {
        self.told.contains(&digest(id)) || self.told.len() >= MAX_TOLD
    }

    /// Operators are told that `id` is about it; whether they were not before.
    pub fn tell(&mut self, id: &str) -> bool {
        !self.is_told(id) && self.told.insert(digest(id))
    }

    /// On this day, for the first time.
    fn on(day: Day) -> Self {
        Self { first: day, last: day, ..Self::default() }
    }

    fn note(&mut self, caller: &str, day: Day) {
        self.first = self.first.min(day);
        self.last = self.last.max(day);
        if self.callers.len() >= 4 * MAX_CALLERS && !self.callers.contains_key(caller) {
            self.others |= bit(caller);
            return;
        }
        let known = self.callers.entry(caller.to_owned()).or_default();
        *known = day.max(*known);
    }

    fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.others |= other.others;
        self.told.extend(other.told);
        while self.told.len() > MAX_TOLD {
            self.told.pop_last();
        }
        for (caller, day) in other.callers {
            self.note(&caller, day);
        }
    }

    /// Leaves out what is not kept; whether anything is left.
    fn prune(&mut self, keeping: Keeping) -> bool {
        if !keeping.keeps(self.last) {
            return false;
        }
        let others = &mut self.others;
        self.callers.retain(|caller, day| {
            let named = keeping.names || caller.is_empty();
            if !named && keeping.keeps(*day) {
                *others |= bit(caller);
            }
            named && keeping.keeps(*day)
        });
        while self.callers.len() > MAX_CALLERS {
            let oldest = self.callers.iter().min_by_key(|(caller, day)| (**day, std::cmp::Reverse(*caller)));
            let Some(oldest) = oldest.map(|(caller, _)| caller.clone()) else { break };
            self.callers.remove(&oldest);
            self.others |= bit(&oldest);
        }
        true
    }

    /// The bytes of its line, and more rather than less.
    fn size(&self, version: &str) -> usize {
        let callers = self.callers.keys().map(|caller| caller.len().saturating_add(12));
        callers
            .fold(version.len().saturating_add(40), usize::saturating_add)
            .saturating_add(self.told.len().saturating_mul(9))
    }
}

impl Ledger {
    /// `version` (`example.com/m@v1.2.0`) was given to `caller`.
    pub fn note(&mut self, version: &str, caller: &str, day: Day) {
        if let Some(served) = self.versions.get_mut(version) {
            served.note(short(caller), day);
        } else if version.len() <= MAX_VERSION_BYTES {
            let mut served = Served::on(day);
            served.note(short(caller), day);
            self.versions.insert(version.to_owned(), served);
        }
    }

    /// Adds what another ledger has.
    pub fn merge(&mut self, other: Self) {
        for (version, served) in other.versions {
            self.versions.entry(version).or_insert_with(|| Served::on(served.first)).merge(served);
        }
    }

    /// Leaves out what is not kept.
    pub fn prune(&mut self, keeping: Keeping) {
        self.versions.retain(|_, served| served.prune(keeping));
    }

    /// Leaves out the versions that were served the longest time ago, where there are too many; how many.
    pub fn cut(&mut self) -> u64 {
        let sizes = self.versions.iter().map(|(version, served)| served.size(version));
        let mut size = sizes.fold(0, usize::saturating_add);
        if size <= MAX_LEDGER_BYTES {
            return 0;
        }
        let mut oldest: Vec<_> =
            self.versions.iter().map(|(version, served)| (served.last, version.clone())).collect();
        oldest.sort_unstable();
        let mut count = 0_u64;
        for (_, version) in oldest {
            if size <= MAX_LEDGER_BYTES / 16 * 15 {
                break;
            }
            if let Some(served) = self.versions.remove(&version) {
                size = size.saturating_sub(served.size(&version));
                count = count.saturating_add(1);
            }
        }
        count
    }

    /// All versions, as they are called, and what is known of each.
    pub fn versions(&self) -> impl Iterator<Item = (&str, &Served)> {
        self.versions.iter().map(|(version, served)| (version.as_str(), served))
    }

    /// What is known of `version`.
    pub fn version_mut(&mut self, version: &str) -> Option<&mut Served> {
        self.versions.get_mut(version)
    }

    /// How many versions it has.
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// A line that says what it is, and one for each version, its fields separated by tabs, which no name contains:
    ///
    /// ```text
    /// modgate served 2
    /// example.com/m@v1.2.0   20711   20789   8000000000000001   5e8f2a01,77aa0913   20788=user:ann   20789=
    /// version                first   last    others (hex)       told (hex)          day=caller ..
    /// ```
    ///
    /// In the first layout a line had no `first`.
    pub fn encode(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (version, served) in &self.versions {
            let told: Vec<_> = served.told.iter().map(|told| format!("{told:x}")).collect();
            let callers: String =
                served.callers.iter().map(|(caller, day)| format!("\t{}={caller}", day.0)).collect();
            let Served { first: Day(first), last: Day(last), others, .. } = served;
            text.push_str(&format!("{version}\t{first}\t{last}\t{others:x}\t{}{callers}\n", told.join(",")));
        }
        text
    }

    /// Reads what [`Ledger::encode`] wrote; `None` for what is none. A line that it could not have written is passed over: what storage has may
    /// have been written by anyone.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_READ_BYTES)?;
        let (header, rest) = text.split_once('\n')?;
        let is_first_layout = header == FIRST_HEADER;
        let is_ours = is_first_layout || header == HEADER;
        let read = |text: &str| line(text, is_first_layout);
        is_ours.then(|| Self { versions: rest.lines().filter_map(read).collect() })
    }
}

fn line(line: &str, is_first_layout: bool) -> Option<(String, Served)> {
    let mut fields = line.split('\t');
    let (version, first) = (fields.next()?, fields.next()?);
    let last = if is_first_layout { first } else { fields.next()? };
    let (others, told) = (fields.next()?, fields.next()?);
    let (first, last) = (Day(first.parse().ok()?), Day(last.parse().ok()?));
    let is_plain = |text: &str| text.chars().all(|char| char.is_ascii_graphic());
    if version.len() > MAX_VERSION_BYTES || !is_plain(version) || !version.contains('@') {
        return None;
    }
    let told = told.split(',').filter(|told| !told.is_empty()).map(|told| u32::from_str_radix(told, 16).ok());
    let callers = fields.map(|field| {
        let (day, caller) = field.split_once('=')?;
        let is_name = caller.len() <= MAX_NAME_BYTES && !caller.contains(char::is_control);
        is_name.then_some((caller.to_owned(), Day(day.parse().ok()?)))
    });
    let served = Served {
        first: first.min(last),
        last,
        callers: callers.collect::<Option<_>>()?,
        others: u64::from_str_radix(others, 16).ok()?,
        told: told.collect::<Option<_>>()?,
    };
    (served.callers.len() <= MAX_CALLERS && served.told.len() <= MAX_TOLD)
        .then(|| (version.to_owned(), served))
}

/// The bit that stands for a caller who is not named.
fn bit(caller: &str) -> u64 {
    1_u64.checked_shl(digest(caller) % 64).unwrap_or_default()
}

/// The same for all builds of this filter, as it is kept in storage.
fn digest(text: &str) -> u32 {
    Sha256::digest(text).first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
}

/// As much of a name as is kept.
fn short(caller: &str) -> &str {
    caller.get(..caller.floor_char_boundary(MAX_NAME_BYTES)).unwrap_or_default()
}

/// The number of the ledger, of [`LEDGERS`], that `version` stands in: the same for all Envoys.
pub fn ledger_of(version: &str) -> u8 {
    u8::try_from(digest(version) >> 8 & 63).unwrap_or_default()
}

const HEADER: &str = "modgate served 2";

/// What a build wrote that did not know the first day.
const FIRST_HEADER: &str = "modgate served 1";

const DAY_MILLIS: u64 = 86_400_000;

/// Ledgers that all versions are divided among, so that a worker that adds one rewrites a small part of them all.
pub const LEDGERS: u8 = 64;

/// Bytes of one ledger: some 500 usual versions with a handful of callers each. All ledgers have 30,000 of them in 4 MiB.
const MAX_LEDGER_BYTES: usize = 64 << 10;

/// Bytes that are read as one: those of a ledger, and what a later build might add.
const MAX_READ_BYTES: usize = 2 * MAX_LEDGER_BYTES;

/// Callers of one version who are named: who has to be told of a malicious version begins with those, and asks the access log for the rest.
const MAX_CALLERS: usize = 16;

/// Bytes of a caller's name that are kept.
const MAX_NAME_BYTES: usize = 256;

/// Bytes of a module path and a version: paths in use have up to 150.
const MAX_VERSION_BYTES: usize = 512;

/// Ids about one version that operators are told of each; what comes after them is in the page alone.
const MAX_TOLD: usize = 64;

#[cfg(test)]
mod tests;
