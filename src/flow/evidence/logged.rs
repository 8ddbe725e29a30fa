//! What the log of the checksum database has of a version, by the lookup that the index has.

use crate::{
    cx::Cx,
    flow::Known,
    gomod::{ModulePath, Version},
    goproxy::{Document, SumdbFile},
    plan::Want,
    shared::{Entry, Region},
    sumdb::{Record, Sums},
};

/// A version's record in the log. It was proven before the index had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Logged {
    pub(in crate::flow) sums: Sums,
    /// The number of the record.
    pub(in crate::flow) record: u64,
    /// How many records the tree had in which it was proven.
    pub(in crate::flow) tree_size: Option<u64>,
}

/// The record of a version; `None` where the index has none, or no database is asked about the module.
pub(in crate::flow) fn logged(
    module: &ModulePath,
    version: &Version,
    known: &Known<'_>,
    cx: &Cx<'_>,
) -> Option<Logged> {
    let (at, _) = known.config.verification(module)?;
    let sumdb = known.config.sumdb.get(at)?.name.clone();
    let file = SumdbFile::Lookup(module.clone(), version.clone());
    let key = Want::Document(Document::Sumdb { sumdb, file }).key();
    let Some(Entry::Found(found)) = known.index.peek(cx.kv, Region::Found, &key) else { return None };
    let record = Record::parse(&found.body).ok()?;
    let sums = record.sums(module, version).ok()?;
    Some(Logged { sums, record: record.id, tree_size: record.tree_size() })
}
