//! The mirror of the database of advisories: what the gateway has read of all its sources, served as Go's own database is, so that govulncheck
//! can ask the gateway.
//!
//! | file | from |
//! |---|---|
//! | `index/db.json` | the tables in force |
//! | `index/modules.json`, `index/vulns.json` | the same, made in slices and kept by the worker ([`Mirror`]) |
//! | `ID/<id>.json` | shared data: the worker that polls a source keeps its records there (`shared/records.rs`) |
//!
//! Each lies there as `.json.gz` too, which is another file and not another coding of the first.

mod index;

use sha2::{Digest, Sha256};

pub use self::index::Mirror;
use super::{
    Known, Making, Next,
    caller::caller,
    respond::{answer, audience},
};
use crate::{
    advisory::{Advisories, MAX_RECORD_BYTES, osv::is_id},
    config::{AdvisorySource, Config},
    cx::{Cx, Verdict},
    goproxy::{Answer, Asker, Etag, Failure, FailureKind, Refusal, Validity},
    http::{
        Body, RequestHead,
        gzip::{gunzip, gzip},
    },
    metrics::{Cache, Kind},
    policy::InForce,
    shared::RecordStore,
};

/// A file of the mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    what: What,
    /// Whether it is the packed one.
    packed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// When it was changed last.
    Database,
    /// A list of what there is.
    List(List),
    /// The record with this id.
    Record(String),
}

/// A list of what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// By module.
    Modules,
    /// By id.
    Vulns,
}

/// A client waits for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirroring {
    list: List,
    packed: bool,
    asker: Asker,
}

impl Next {
    /// Decides what to do with a request for this file of the mirror. Who may have modules may have it.
    pub(super) fn mirror(path: &str, head: &RequestHead, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        if let Err(refusal) = caller(head, &known.config.callers) {
            return Self::refuse(Kind::Page, &refusal, cx);
        }
        let Some(File { what, packed }) = File::parse(path) else {
            return Self::refuse(Kind::Page, &Refusal::Unknown(NO_FILE.to_owned()), cx);
        };
        let tables = match tables(known) {
            Ok(tables) => tables,
            Err(why) => return Self::Answer(unavailable(&why)),
        };
        let asker = Asker { if_none_match: head.headers.first("if-none-match").map(str::to_owned) };
        match what {
            What::Database => {
                let modified = tables.iter().map(|(_, table)| table.modified()).max().unwrap_or_default();
                let json = format!("{{\"modified\":\"{}\"}}", modified.rfc3339());
                let body = if packed { gzip(json.as_bytes()) } else { json.into_bytes() };
                Self::Answer(file((&body.into(), packed), None, &asker, known))
            }
            What::List(list) => {
                let mirroring = Mirroring { list, packed, asker };
                match mirroring.made(known) {
                    Some(verdict) => Self::Answer(verdict),
                    None => Self::make(Making::Mirror(mirroring)),
                }
            }
            What::Record(id) => {
                let Some((source, _)) = tables.iter().find(|(_, table)| table.modified_of(&id).is_some())
                else {
                    let reason = format!("not found: no source of this gateway's advisories has {id}");
                    return Self::refuse(Kind::Page, &Refusal::Unknown(reason), cx);
                };
                let kept = store(source).get(cx.kv, &id);
                let body = if packed { kept } else { kept.and_then(|kept| gunzip(&kept, MAX_RECORD_BYTES)) };
                match body {
                    Some(body) => Self::Answer(file((&body.into(), packed), None, &asker, known)),
                    None => {
                        Self::Answer(unavailable(&format!("there was no room for {id} of {}", source.name)))
                    }
                }
            }
        }
    }
}

impl Mirroring {
    /// Makes the lists further; the answer, when they are made.
    pub(super) fn work(&self, known: &mut Known<'_>) -> Option<Verdict> {
        if let Some(verdict) = self.made(known) {
            return Some(verdict);
        }
        let in_force = known.in_force;
        let stamp = stamp(known.config, in_force);
        let tables = || match tables_of(known.config, in_force) {
            Ok(tables) => tables.into_iter().map(|(_, table)| table.clone()).collect(),
            Err(_) => Vec::new(),
        };
        known.mirror.work(stamp, tables);
        self.made(known)
    }

    /// The answer, if the lists of what is in force are made, or none can be.
    fn made(&self, known: &Known<'_>) -> Option<Verdict> {
        if let Err(why) = tables(known) {
            return Some(unavailable(&why));
        }
        let stamp = stamp(known.config, known.in_force);
        let packed = match known.mirror.get(stamp, self.list)? {
            Ok(packed) => packed,
            Err(why) => return Some(unavailable(&why)),
        };
        let list: &[u8] = match self.list {
            List::Modules => b"modules",
            List::Vulns => b"vulns",
        };
        let form: &[u8] = if self.packed { b" packed" } else { b"" };
        let etag = Etag::of(&[&stamp.0[..], list, form].concat());
        if self.packed {
            return Some(file((&packed, true), Some(etag), &self.asker, known));
        }
        let body = gunzip(&packed, index::MAX_BYTES).unwrap_or_default();
        Some(file((&body.into(), false), Some(etag), &self.asker, known))
    }
}

impl File {
    /// The file at this path below the mirror's.
    fn parse(path: &str) -> Option<Self> {
        let (path, packed) = match path.strip_suffix(".gz") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let what = match path.strip_suffix(".json")?.split_once('/')? {
            ("index", "db") => What::Database,
            ("index", "modules") => What::List(List::Modules),
            ("index", "vulns") => What::List(List::Vulns),
            ("ID", id) if is_id(id) => What::Record(id.to_owned()),
            _ => return None,
        };
        Some(Self { what, packed })
    }
}

/// What is in force of each source, in the order of the configuration, in which the first that has an id tells of it. A list without one of
/// the sources would say that nothing is known of what that one knows.
fn tables<'k>(known: &Known<'k>) -> Result<Vec<(&'k AdvisorySource, &'k Advisories)>, String> {
    tables_of(known.config, known.in_force)
}

fn tables_of<'k>(
    config: &'k Config,
    in_force: &'k InForce,
) -> Result<Vec<(&'k AdvisorySource, &'k Advisories)>, String> {
    let table = |source: &'k AdvisorySource| {
        let read = in_force.content(&source.document()).and_then(|_| in_force.advisories(&source.name));
        let why = || format!("the advisories of {} have not been read yet", source.name);
        read.map(|table| (source, table)).ok_or_else(why)
    };
    config.advisories.sources.iter().map(table).collect()
}

/// Another one for each content of the sources.
fn stamp(config: &Config, in_force: &InForce) -> Etag {
    let mut digest = Sha256::new();
    for source in &config.advisories.sources {
        digest.update(source.name.as_bytes());
        digest.update([0]);
        digest.update(in_force.content(&source.document()).unwrap_or_default());
    }
    Etag::read(digest)
}

fn store(source: &AdvisorySource) -> RecordStore {
    RecordStore::new(&source.document().to_string(), &source.endpoint)
}

fn file((body, packed): (&Body, bool), etag: Option<Etag>, asker: &Asker, known: &Known<'_>) -> Verdict {
    let content_type = if packed { "application/gzip" } else { "application/json" };
    let etag = etag.unwrap_or_else(|| Etag::of(body));
    let validity = Validity {
        fresh_for: Some(known.config.freshness.list),
        audience: audience(None, known.config, known.in_force.policy()),
    };
    answer(&Answer::Mirrored { body, content_type, etag, validity }, asker, Kind::Page, Cache::None)
}

fn unavailable(why: &str) -> Verdict {
    let reason = format!("unavailable: {why}.\nThe log of this gateway says more.");
    let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
    answer(&Answer::Failed(&failure), &Asker::default(), Kind::Page, Cache::None)
}

/// What is said of any other path.
const NO_FILE: &str = "not found: the mirror of advisories has index/db.json, index/modules.json, index/vulns.json and ID/<id>.json, each also with .gz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_the_database_are_there() {
        let file = |what, packed| Some(File { what, packed });
        assert_eq!(File::parse("index/db.json"), file(What::Database, false));
        assert_eq!(File::parse("index/modules.json.gz"), file(What::List(List::Modules), true));
        assert_eq!(File::parse("index/vulns.json"), file(What::List(List::Vulns), false));
        assert_eq!(File::parse("ID/GO-2026-0001.json.gz"), file(What::Record("GO-2026-0001".into()), true));
        for other in [
            "",
            "index",
            "index/",
            "index/db",
            "index/db.json.gz.gz",
            "index/other.json",
            "ID/.json",
            "ID/a/b.json",
            "ID/GO 1.json",
            "id/GO-2026-0001.json",
            "vulndb.zip",
            "index.json",
            "/index/db.json",
        ] {
            assert_eq!(File::parse(other), None, "{other}");
        }
    }
}
