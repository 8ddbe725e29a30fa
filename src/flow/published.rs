//! When the versions of a module were published, as far as that was found out.
//!
//! It is the time in a version's `.info`, or where that has none, when this gateway first saw it. The `.info` documents
//! themselves come and go in the index, so what was read in them is kept there once more, for all versions of a module
//! together: a list of a thousand versions is then judged by one or two records, and "first seen" stays first.

use std::collections::BTreeMap;

use super::keep;
use crate::{
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

/// When the versions of a module were published, as far as the index has it, by their names: to read thousands of them as versions
/// would take as long as all the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recorded(BTreeMap<String, Timestamp>);

/// What was found out of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publication {
    /// It was published then.
    At(Timestamp),
    /// Nobody could say.
    Failed(Failure),
    /// There is no such version.
    Missing(Missing),
}

impl Publications {
    /// What was found out of a module.
    pub fn of(&self, module: &ModulePath) -> Option<&Published> {
        self.modules.get(module).map(|(_, published)| published)
    }

    /// Adds what was found out just now. What is forgotten for it is of the module of which nothing was learned for the longest
    /// time; of this one alone the oldest versions.
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

    /// Forgets what says nothing of the next time: who could not say, and what is missing.
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

    /// Keeps in the index what was found out, beside what is there. Of more versions than fit into `MAX_RECORDS` those that were
    /// published first are asked about again.
    pub fn keep(&self, module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) {
        let Recorded(mut all) = Recorded::of(module, index, cx);
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
        let room = index.max_body_bytes(&record(module, MAX_RECORDS)).saturating_sub(BYTES_BESIDE);
        let mut latest: Vec<_> = all.iter().map(|(version, time)| (time.0, version.as_str())).collect();
        latest.sort_unstable_by(|a, b| b.cmp(a));
        let mut records: Vec<Vec<(&str, u64)>> = Vec::new();
        let mut left = 0;
        for (time, version) in latest {
            let bytes = version.len().saturating_add(BYTES_BESIDE);
            if bytes > room {
                continue;
            }
            if bytes > left {
                if records.len() >= MAX_RECORDS {
                    break;
                }
                records.push(Vec::new());
                left = room;
            }
            if let Some(some) = records.last_mut() {
                some.push((version, time));
            }
            left = left.saturating_sub(bytes);
        }
        for (number, some) in records.iter().enumerate() {
            let more = records.len() > number + 1;
            if let Ok(body) = postcard::to_allocvec(&(more, some)) {
                let entry = Entry::Found(Found::fetched(body, cx.now));
                keep(index, &record(module, number), &entry, cx);
            }
        }
    }
}

impl Recorded {
    /// What the index has of all versions of `module`.
    pub(super) fn recall(module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) -> Self {
        // Used, and not only looked at: what a list in use is judged by is to stay.
        let _ = index.look_up(cx.kv, Region::Found, &record(module, 0), cx.now);
        Self::of(module, index, cx)
    }

    fn of(module: &ModulePath, index: &Index, cx: &Cx<'_>) -> Self {
        let mut all = Vec::new();
        read_records(module, index, cx, |version, time| {
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

/// When a version was published, as far as the index has it.
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
    let mut before = None;
    read_records(module, index, cx, |known, time| {
        let is_it = known == version.as_str();
        before = is_it.then_some(time);
        is_it
    });
    before.into_iter().chain(time).min()
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
        seen.keep(module, index, cx);
    }
}

/// Reads the records of a module, version by version, until `is_enough` says so.
fn read_records(
    module: &ModulePath,
    index: &Index,
    cx: &Cx<'_>,
    mut is_enough: impl FnMut(&str, Timestamp) -> bool,
) {
    for number in 0..MAX_RECORDS {
        let Some(Entry::Found(found)) = index.peek(cx.kv, Region::Found, &record(module, number)) else {
            break;
        };
        let Ok((more, some)) = postcard::from_bytes::<(bool, Vec<(&str, u64)>)>(&found.body) else { break };
        if some.into_iter().any(|(version, time)| is_enough(version, Timestamp(time))) || !more {
            break;
        }
    }
}

fn bytes_of(version: &Version) -> usize {
    version.as_str().len().saturating_add(BYTES_EACH)
}

/// What the index calls a record: no request's path is called so.
fn record(module: &ModulePath, number: usize) -> String {
    format!("{}/@published/{number}", module.escaped())
}

/// With the default size of a record, 7,000 versions: three times what any public module has. All are read, in a few milliseconds,
/// for each list that is judged.
const MAX_RECORDS: usize = 4;

/// Bytes of all that a worker remembers: about 80,000 versions.
const MAX_BYTES: usize = 8 << 20;

/// What a version takes there beside its name.
const BYTES_EACH: usize = 96;

/// What a version takes in a record beside its name: the lengths of the name and of the time, and a time of this century; and what
/// a record takes beside its versions.
const BYTES_BESIDE: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        goproxy::Fault,
        shared::{Memory, QueueId, Seat},
    };

    /// A list has no pseudo-versions, but storage does, and their names are six times as long as others.
    #[test]
    fn what_was_found_out_is_recalled_however_long_the_names_are() {
        let config = r#"{"upstreams": [{"cluster": "a", "url": "http://a.test"}], "index": {"max_entry_bytes": 2048}}"#;
        let module = ModulePath::parse("example.com/m").unwrap();
        for name in [
            "v1.0.%",
            "v0.0.0-20230101000000-abcdef%",
            "v1.0.0-%.with.a.name.that.nobody.gives.to.any.version",
        ] {
            let version = |n: usize| Version::parse(&name.replace('%', &n.to_string())).unwrap();
            let mut index = Index::new(&Config::parse(config).unwrap(), Seat { queue: QueueId(1), seed: 7 });
            let mut memory = Memory::default();
            let mut cx = Cx::new(Timestamp(1_700_000_000_000), &mut memory);
            let mut found = Published::default();
            for n in 100_000..100_300 {
                found.note(version(n), Publication::At(Timestamp(1_700_000_000_000 + n as u64)));
            }
            found.keep(&module, &mut index, &mut cx);
            let recalled = Recorded::recall(&module, &mut index, &mut cx);
            let room = MAX_RECORDS * (1800 / (name.len() + 20));
            for n in (100_000..100_300).rev().take(room.min(300)) {
                let time = Timestamp(1_700_000_000_000 + n as u64);
                assert_eq!(recalled.get(version(n).as_str()), Some(time), "{n} of {name}");
                assert_eq!(published(&module, &version(n), &index, &cx), Some(time), "{n} of {name}");
            }
            assert!(recalled.0.len() <= 300);
        }
    }

    #[test]
    fn what_a_worker_remembers_is_bounded_in_bytes_whatever_the_modules_are_like() {
        let mut known = Publications::default();
        for number in 0..40 {
            let module = ModulePath::parse(&format!("example.com/m{number}")).unwrap();
            for part in 0..10 {
                let mut some = Published::default();
                for n in 0..if number % 3 == 0 { 100 } else { 10 } {
                    let version = long(part, n);
                    let publication = if n % 7 == 0 { failed() } else { Publication::At(Timestamp(n)) };
                    some.note(version, publication);
                }
                known.learn(&module, some);
                known.forget_failures(&module);
                let held: usize = known.modules.values().map(|(_, published)| published.bytes).sum();
                assert!(known.bytes == held && held <= MAX_BYTES, "{held}");
                assert_eq!(known.modules.len(), known.order.len());
            }
            let published = known.of(&module).unwrap();
            assert!(published.versions.values().all(|publication| matches!(publication, Publication::At(_))));
            assert!(published.get(&long(9, 1)).is_some());
        }
        assert!(known.modules.len() < 40, "nothing was forgotten");
    }

    #[test]
    fn of_a_module_too_long_to_be_remembered_the_newest_versions_are() {
        let module = ModulePath::parse("example.com/m").unwrap();
        let mut known = Publications::default();
        for minor in 0..5000 {
            let mut some = Published::default();
            some.note(long(minor, 0), Publication::At(Timestamp(1)));
            known.learn(&module, some);
        }
        let is_known = |minor| known.of(&module).unwrap().get(&long(minor, 0)).is_some();
        assert!(is_known(4999) && is_known(2000) && !is_known(0));
    }

    /// A version that takes two KiB to remember.
    fn long(minor: u64, patch: u64) -> Version {
        Version::parse(&format!("v1.{minor}.{patch}-{}", "x".repeat(2048))).unwrap()
    }

    fn failed() -> Publication {
        Publication::Failed(Failure { fault: Fault::Slow, reason: String::new(), retry_after: None })
    }
}
