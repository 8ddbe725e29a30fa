//! What is remembered of the entries that went by, until the central directory has told of each again.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::Fault;
use super::h1::{H1, Summary};
use super::names::Names;
use super::record::Facts;

/// Entries of a zip. A whole Go toolchain, which is a module too, has about 12,000; this many with names of 58 bytes
/// took 24 MB in wasm32.
pub const MAX_ENTRIES: usize = 1 << 17;
/// Bytes of all names together, each below `module@version/`: 64 each with the most entries.
pub const MAX_NAMES: usize = 8 << 20;

/// Bytes of memory that one takes beside its name, in wasm32.
const ENTRY: usize = 128;

/// All entries of a zip: first each is [added](Self::add) as its file goes by, then each is
/// [compared](Self::compare) with the central directory, in the same order.
pub(super) struct Entries {
    /// `module@version/`, which every name begins with and which is kept once.
    prefix: Box<str>,
    names: Names,
    name_bytes: usize,
    /// Those that the central directory has yet to tell of.
    in_order: VecDeque<Entry>,
    count: usize,
    by_name: BTreeMap<Rc<str>, [u8; 32]>,
    summary: Summary,
}

/// What an entry's local header and its content say of it.
struct Entry {
    name: Rc<str>,
    facts: Facts,
}

impl Entries {
    pub(super) fn new(prefix: String) -> Self {
        Self {
            prefix: prefix.into(),
            names: Names::default(),
            name_bytes: 0,
            in_order: VecDeque::new(),
            count: 0,
            by_name: BTreeMap::new(),
            summary: Summary::default(),
        }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// About how many bytes of memory they take, at most.
    pub(super) fn weight(&self) -> usize {
        self.count.saturating_mul(ENTRY).saturating_add(self.name_bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Admits an entry before its content is known.
    ///
    /// # Errors
    /// Where it is one too many, or clashes with one before it.
    pub(super) fn admit(&mut self, name: &str) -> Result<Rc<str>, Fault> {
        if self.count == MAX_ENTRIES {
            return Err(Fault::TooMany);
        }
        self.name_bytes += name.len();
        if self.name_bytes > MAX_NAMES {
            return Err(Fault::Names);
        }
        let name: Rc<str> = name.into();
        if self.by_name.contains_key(&name) {
            return Err(Fault::Twice);
        }
        self.names.add(name.clone())?;
        Ok(name)
    }

    /// Adds an admitted entry with what is in it.
    pub(super) fn add(&mut self, name: Rc<str>, facts: Facts, content: [u8; 32]) {
        self.by_name.insert(name.clone(), content);
        self.in_order.push_back(Entry { name, facts });
        self.count += 1;
    }

    /// Compares an entry of the central directory with the one that has to stand there.
    ///
    /// Each time another file goes into the hash, in the order of names: there are as many of both, so no call has
    /// to sum up all at once.
    ///
    /// # Errors
    /// Where they differ.
    pub(super) fn compare(&mut self, name: &[u8], facts: &Facts) -> Result<(), Fault> {
        // No name can clash any more, but to forget a hundred thousand at once would take its time.
        self.names.forget_one();
        let entry = self.in_order.pop_front().ok_or(Fault::Differs("number of entries"))?;
        if name.strip_prefix(self.prefix.as_bytes()) != Some(entry.name.as_bytes()) {
            return Err(Fault::Differs("name"));
        }
        if let Some(what) = facts.difference(&entry.facts) {
            return Err(Fault::Differs(what));
        }
        if let Some((name, content)) = self.by_name.pop_first() {
            self.summary.add(&content, &self.prefix, &name);
        }
        Ok(())
    }

    /// Whether the central directory has told of all.
    pub(super) fn is_listed(&self) -> bool {
        self.in_order.is_empty()
    }

    /// The hash of all entries, when all [are listed](Self::is_listed).
    pub(super) fn h1(self) -> H1 {
        self.summary.finish()
    }
}
