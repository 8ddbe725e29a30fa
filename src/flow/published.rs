//! When the versions of a module were published, as far as that was found out.
//!
//! It is the time in a version's `.info`, or where that has none, when this gateway first saw it. The `.info` documents
//! themselves come and go in the index, so what was read in them is kept there once more, for all versions of a module
//! together: a list of a thousand versions is then judged by one or two records, and "first seen" stays first.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    config::Config,
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, File, Found, Info, Missing},
    http::Timestamp,
    plan::Want,
    policy::{Action, Rule},
    shared::{Entry, Index, Region},
};

/// What one worker found out lately, module by module: what does not fit into the index is not asked for again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publications {
    /// The latest last.
    modules: VecDeque<(ModulePath, Published)>,
}

/// What was found out of the versions of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published(BTreeMap<Version, Publication>);

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
        self.modules.iter().find(|(known, _)| known == module).map(|(_, published)| published)
    }

    /// Adds what was found out just now.
    pub fn learn(&mut self, module: &ModulePath, published: Published) {
        let at = self.modules.iter().position(|(known, _)| known == module);
        let mut all = at.and_then(|at| self.modules.remove(at)).map(|(_, all)| all).unwrap_or_default();
        all.0.extend(published.0);
        if self.modules.len() >= MAX_MODULES {
            self.modules.pop_front();
        }
        self.modules.push_back((module.clone(), all));
    }

    /// Forgets what says nothing of the next time: who could not say, and what is missing.
    pub fn forget_failures(&mut self, module: &ModulePath) {
        for (known, published) in &mut self.modules {
            if known == module {
                published.0.retain(|_, publication| matches!(publication, Publication::At(_)));
            }
        }
    }
}

impl Published {
    /// Notes what was found out of a version.
    pub fn note(&mut self, version: Version, publication: Publication) {
        self.0.insert(version, publication);
    }

    /// What was found out of a version.
    pub fn get(&self, version: &Version) -> Option<&Publication> {
        self.0.get(version)
    }

    /// What the index has of all versions of `module`.
    pub fn recall(module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) -> Self {
        // Used, and not only looked at: what a list in use is judged by is to stay.
        let _ = index.look_up(cx.kv, Region::Found, &record(module, 0), cx.now);
        let recorded = recorded(module, index, cx).into_iter();
        Self(recorded.map(|(version, time)| (version, Publication::At(time))).collect())
    }

    /// Keeps in the index what was found out, beside what is there. The largest records the index takes hold some thousand
    /// versions each; of more versions than fit into `MAX_RECORDS` the last ones are asked for each time.
    pub fn keep(&self, module: &ModulePath, index: &mut Index, cx: &mut Cx<'_>) {
        let mut all: BTreeMap<_, _> = recorded(module, index, cx).into_iter().collect();
        let known = all.len();
        for (version, publication) in &self.0 {
            if let Publication::At(time) = publication {
                all.entry(version.clone()).or_insert(*time);
            }
        }
        if all.len() == known {
            return;
        }
        let room = index.max_body_bytes(&record(module, MAX_RECORDS)).saturating_sub(BYTES_BESIDE);
        let mut records: Vec<Vec<(&str, u64)>> = Vec::new();
        let mut left = 0;
        for (version, time) in &all {
            let bytes = version.as_str().len() + BYTES_BESIDE;
            let one = (version.as_str(), time.0);
            match records.last_mut().filter(|_| bytes <= left) {
                Some(some) => some.push(one),
                None => {
                    records.push(vec![one]);
                    left = room;
                }
            }
            left = left.saturating_sub(bytes);
        }
        for (number, some) in records.iter().take(MAX_RECORDS).enumerate() {
            let more = records.len() > number + 1;
            if let Ok(body) = postcard::to_allocvec(&(more, some)) {
                let entry = Entry::Found(Found::fetched(body, cx.now));
                index.keep(cx.kv, &record(module, number), &entry, cx.now);
            }
        }
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
    let before = recorded(module, index, cx).into_iter().find(|(known, _)| known == version);
    before.map(|(_, time)| time).into_iter().chain(time).min()
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
pub fn keep_first_seen(want: &Want, found: &Found, config: &Config, index: &mut Index, cx: &mut Cx<'_>) {
    let Want::Document(Document::Module { module, file: File::Info(_) | File::Latest | File::Query(_) }) =
        want
    else {
        return;
    };
    let has_to_be_old = |rule: &Rule| matches!(rule.action, Action::Cooldown(_));
    if let Some(info) = Info::read(&found.body)
        && info.time.is_none()
        && config.policy.policy.naming(module).any(has_to_be_old)
    {
        let mut seen = Published::default();
        let since = published_by(&info, module, found, index, cx);
        seen.note(info.version, Publication::At(since));
        seen.keep(module, index, cx);
    }
}

fn recorded(module: &ModulePath, index: &Index, cx: &Cx<'_>) -> Vec<(Version, Timestamp)> {
    let mut all = Vec::new();
    for number in 0..MAX_RECORDS {
        let Some(Entry::Found(found)) = index.peek(cx.kv, Region::Found, &record(module, number)) else {
            break;
        };
        let Ok((more, some)) = postcard::from_bytes::<(bool, Vec<(&str, u64)>)>(&found.body) else { break };
        let read = |(version, time): (&str, u64)| Some((Version::parse(version).ok()?, Timestamp(time)));
        all.extend(some.into_iter().filter_map(read));
        if !more {
            break;
        }
    }
    all
}

/// What the index calls a record: no request's path is called so.
fn record(module: &ModulePath, number: usize) -> String {
    format!("{}/@published/{number}", module.escaped())
}

/// With the default size of a record, 24,000 versions: ten times what any public module has.
const MAX_RECORDS: usize = 16;

/// Modules that a worker remembers. Lists in use are judged once a second each.
const MAX_MODULES: usize = 64;

/// What a version takes in a record beside its name: the lengths of the name and of the time, and a time of this century; and what
/// a record takes beside its versions.
const BYTES_BESIDE: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{Memory, QueueId, Seat};

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
            let recalled = Published::recall(&module, &mut index, &mut cx);
            assert_eq!(recalled, found, "{name}");
        }
    }
}
