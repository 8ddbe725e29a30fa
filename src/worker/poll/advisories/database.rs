//! The files of Go's vulnerability database: what its index lists, and which records of it have changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::{
    advisory::{
        Advisories, Gathering, MAX_RECORDS, Record, TooMany,
        osv::{self, InvalidRecord},
    },
    gomod::Quoted,
    http::Timestamp,
};

/// `index/modules.json` while it is read.
#[derive(Debug)]
pub(super) struct Index {
    /// Modules whose text was not read yet.
    rest: std::vec::IntoIter<Box<RawValue>>,
    paths: BTreeSet<String>,
    /// When each record was changed last.
    records: BTreeMap<String, Timestamp>,
}

/// Why a database cannot be read: a bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidDatabase {
    #[error("index/modules.json has {0} bytes, and at most {MAX_INDEX_BYTES} are read")]
    IndexLength(usize),
    #[error("index/modules.json: {0}")]
    Index(String),
    #[error("index/modules.json names the module {} twice", Quoted(.0))]
    ModuleTwice(String),
    #[error("index/modules.json has two times for {}", Quoted(.0))]
    TwoTimes(String),
    #[error("index/modules.json lists more than {MAX_RECORDS} records")]
    Records,
    #[error("{}: {why}", Quoted(.id))]
    Record { id: String, why: InvalidRecord },
    #[error("where {} is expected, there is {}", Quoted(.asked), Quoted(.found))]
    Other { asked: String, found: String },
    #[error("{} was changed last at {found}, and its index says {listed}", Quoted(.id))]
    Old { id: String, found: String, listed: String },
}

#[derive(serde::Deserialize)]
struct Module {
    path: String,
    vulns: Vec<Listed>,
}

#[derive(serde::Deserialize)]
struct Listed {
    id: String,
    modified: String,
}

impl Index {
    /// Of this text, of which only the places of the modules are looked at.
    pub(super) fn new(json: &[u8]) -> Result<Self, InvalidDatabase> {
        if json.len() > MAX_INDEX_BYTES {
            return Err(InvalidDatabase::IndexLength(json.len()));
        }
        let modules: Vec<Box<RawValue>> = serde_json::from_slice(json).map_err(|error| invalid(&error))?;
        Ok(Self { rest: modules.into_iter(), paths: BTreeSet::new(), records: BTreeMap::new() })
    }

    /// Reads on; whether that was all of it.
    pub(super) fn work(&mut self) -> Result<bool, InvalidDatabase> {
        let mut bytes = 0_usize;
        while bytes < SLICE {
            let Some(json) = self.rest.next() else { return Ok(true) };
            bytes = bytes.saturating_add(json.get().len()).saturating_add(MODULE);
            let Module { path, vulns } = serde_json::from_str(json.get()).map_err(|error| invalid(&error))?;
            if !self.paths.insert(path.clone()) {
                return Err(InvalidDatabase::ModuleTwice(path));
            }
            for Listed { id, modified } in vulns {
                self.list(id, &modified)?;
            }
        }
        Ok(false)
    }

    /// A record is listed with each module that it is about, and with one more than once where it says so.
    fn list(&mut self, id: String, modified: &str) -> Result<(), InvalidDatabase> {
        let no_time = || InvalidDatabase::Index(format!("{} is no time", Quoted(modified)));
        let modified = osv::read_time(modified).ok_or_else(no_time)?;
        match self.records.get(&id) {
            Some(known) if *known != modified => return Err(InvalidDatabase::TwoTimes(id)),
            Some(_) => return Ok(()),
            None => {}
        }
        if !osv::is_id(&id) {
            return Err(InvalidDatabase::Index(InvalidRecord::Id(id).to_string()));
        }
        if self.records.len() >= MAX_RECORDS {
            return Err(InvalidDatabase::Records);
        }
        self.records.insert(id, modified);
        Ok(())
    }
}

/// Records that were fetched one by one.
#[derive(Debug, Default)]
pub(super) struct Fetched(BTreeMap<String, Record>);

impl Fetched {
    pub(super) fn keep(&mut self, record: Record) {
        // As many as there may be, whatever a source lists next.
        if self.0.len() < MAX_RECORDS {
            self.0.insert(record.id.clone(), record);
        }
    }

    fn has(&self, id: &str, modified: Timestamp) -> bool {
        self.0.get(id).is_some_and(|record| record.modified >= modified)
    }
}

/// What has changed of a database.
#[derive(Debug)]
pub(super) struct Changes {
    /// When each record was changed last, by the index.
    records: BTreeMap<String, Timestamp>,
    /// Those that are yet to be fetched, the next one last.
    left: Vec<String>,
    modified: Timestamp,
}

impl Changes {
    /// What `index` has and what was `installed` has not, nor was fetched since.
    pub(super) fn new(index: Index, installed: &Advisories, fetched: &Fetched, modified: Timestamp) -> Self {
        let records = index.records;
        let is_known = |id: &str, modified: Timestamp| {
            // A table has whole seconds.
            let known = installed.modified_of(id);
            known.is_some_and(|known| known.0 / 1000 == modified.0 / 1000) || fetched.has(id, modified)
        };
        let changed = records.iter().filter(|(id, modified)| !is_known(id, **modified));
        let left = changed.map(|(id, _)| id.clone()).rev().collect();
        Self { records, left, modified }
    }

    /// How many are yet to be fetched.
    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    /// Where the next one is.
    pub(super) fn next_path(&self) -> Option<String> {
        self.left.last().map(|id| format!("ID/{id}.json"))
    }

    /// Takes the next one, which was asked for.
    pub(super) fn take(
        &mut self,
        json: &[u8],
        is_malicious: bool,
        now: Timestamp,
    ) -> Result<Record, InvalidDatabase> {
        let id = self.left.pop().unwrap_or_default();
        let record = osv::read(json, is_malicious, now);
        let record = record.map_err(|why| InvalidDatabase::Record { id: id.clone(), why })?;
        if record.id != id {
            return Err(InvalidDatabase::Other { asked: id, found: record.id });
        }
        // A copy that lags: to take it would be to have it until it changes once more.
        match self.records.get(&id) {
            Some(listed) if record.modified < *listed => {
                let (found, listed) = (record.modified.rfc3339(), listed.rfc3339());
                Err(InvalidDatabase::Old { id, found, listed })
            }
            _ => Ok(record),
        }
    }

    /// Adds a few hundred records to the new table, those behind a place of the one before; where it goes on. What is not listed any more
    /// is left out.
    pub(super) fn merge(
        &self,
        installed: &Advisories,
        fetched: &Fetched,
        place: usize,
        gathering: &mut Gathering,
    ) -> Result<Option<usize>, TooMany> {
        let mut place = place;
        for _ in 0..SLICE_RECORDS {
            let Some(record) = installed.record(place) else {
                return self.merge_fetched(fetched, gathering).map(|()| None);
            };
            place = place.saturating_add(1);
            let is_listed = self.records.contains_key(&record.id);
            if is_listed && !fetched.0.contains_key(&record.id) {
                gathering.add(&record)?;
            }
        }
        Ok(Some(place))
    }

    fn merge_fetched(&self, fetched: &Fetched, gathering: &mut Gathering) -> Result<(), TooMany> {
        let listed = fetched.0.values().filter(|record| self.records.contains_key(&record.id));
        listed.into_iter().try_for_each(|record| gathering.add(record))?;
        gathering.note_modified(self.modified);
        Ok(())
    }
}

fn invalid(error: &serde_json::Error) -> InvalidDatabase {
    InvalidDatabase::Index(error.to_string())
}

/// Ten times the list that Go's database has. Only the places of its modules are found at once: a millisecond for each 500 KB.
const MAX_INDEX_BYTES: usize = 5 << 20;

/// Bytes of the index that are read at once, and what a module costs beside its bytes.
const SLICE: usize = 64 << 10;
const MODULE: usize = 128;

/// Records that are merged at once.
const SLICE_RECORDS: usize = 500;
