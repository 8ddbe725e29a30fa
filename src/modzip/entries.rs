//! What is remembered of the entries that went by, until the central directory has told of each again.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fault;
use super::h1::{H1, Summary};
use super::names::Names;
use super::record::Facts;

/// Entries of a zip. The largest modules (Azure's SDK, Kubernetes, the Go toolchain) have 10,000 to 40,000; this many cost 20 MB.
pub const MAX_ENTRIES: usize = 1 << 17;
/// Bytes of all names together, each below `module@version/`: 64 each with the most entries.
pub const MAX_NAMES: usize = 8 << 20;

/// All entries of a zip: first each is [added](Self::add) as its file goes by, then each is
/// [compared](Self::compare) with the central directory, in the same order.
pub(super) struct Entries {
    /// `module@version/`, which every name begins with and which is kept once.
    prefix: Box<str>,
    names: Names,
    name_bytes: usize,
    in_order: Vec<Entry>,
    /// How many the central directory has told of.
    listed: usize,
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
            in_order: Vec::new(),
            listed: 0,
            by_name: BTreeMap::new(),
            summary: Summary::default(),
        }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// Admits an entry before its content is known.
    ///
    /// # Errors
    /// Where it is one too many, or clashes with one before it.
    pub(super) fn admit(&mut self, name: &str) -> Result<Rc<str>, Fault> {
        if self.in_order.len() == MAX_ENTRIES {
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
        self.in_order.push(Entry { name, facts });
    }

    /// Compares an entry of the central directory with the one that has to stand there.
    ///
    /// Each time another file goes into the hash, in the order of names: there are as many of both, so no call has to sum
    /// up all at once.
    ///
    /// # Errors
    /// Where they differ.
    pub(super) fn compare(&mut self, name: &[u8], facts: &Facts) -> Result<(), Fault> {
        // No name can clash any more.
        self.names = Names::default();
        let entry = self.in_order.get(self.listed).ok_or(Fault::Differs("number of entries"))?;
        self.listed += 1;
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
        self.listed == self.in_order.len()
    }

    /// The hash of all entries, when all [are listed](Self::is_listed).
    pub(super) fn h1(self) -> H1 {
        self.summary.finish()
    }
}
