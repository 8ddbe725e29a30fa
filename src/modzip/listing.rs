//! What the central directory tells: which files there are, and where. It is what Go believes.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fault;
use super::MAX_ZIP;
use super::names::{self, Names};
use super::record::{Central, DEFLATED, STORED};

/// Entries of a zip. A whole Go toolchain, which is a module too, has about 12,000.
pub const MAX_ENTRIES: usize = 1 << 17;
/// Bytes of all names together, each below `module@version/`: 64 each with the most entries.
pub const MAX_NAMES: usize = 8 << 20;

/// Bytes of memory that one takes beside its name, in wasm32.
const ENTRY: usize = 144;

/// The files of a zip: first each is [added](Self::add) as the directory tells of it, then each is [taken](Self::pop) in the order of
/// names, in which they are hashed.
pub(super) struct Listing {
    /// `module@version/`, which every name begins with and which is kept once.
    prefix: Box<str>,
    names: Names,
    name_bytes: usize,
    count: usize,
    content_bytes: u64,
    files: BTreeMap<Rc<str>, Listed>,
}

/// A file, or a folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub(super) central: Central,
    /// How often it is told of: folders may be more than once, and go into the hash as often.
    pub(super) times: usize,
}

impl Listing {
    pub(super) fn new(prefix: String) -> Self {
        Self {
            prefix: prefix.into(),
            names: Names::default(),
            name_bytes: 0,
            count: 0,
            content_bytes: 0,
            files: BTreeMap::new(),
        }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// About how many bytes of memory they take, at most.
    pub(super) fn weight(&self) -> usize {
        self.count.saturating_mul(ENTRY).saturating_add(self.name_bytes)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Bytes of all files, as the directory states them.
    pub(super) fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Adds what the directory tells next. Semantics of checkZip of golang.org/x/mod/zip.
    ///
    /// # Errors
    /// Where there must not be such a file, or not beside the others.
    pub(super) fn add(&mut self, name: &[u8], central: Central) -> Result<(), Fault> {
        let name = names::check(name, &self.prefix)?;
        if self.count == MAX_ENTRIES {
            return Err(Fault::TooMany);
        }
        self.count += 1;
        self.name_bytes += name.len();
        if self.name_bytes > MAX_NAMES {
            return Err(Fault::Names);
        }
        if names::is_folder(name) {
            if central.size != 0 {
                return Err(Fault::FolderWithContent);
            }
            if let Some(listed) = self.files.get_mut(name) {
                // dirhash opens the last one of a name.
                *listed = Listed { central, times: listed.times + 1 };
                return Ok(());
            }
        } else {
            if central.size > names::limit(name) {
                return Err(Fault::TooLarge(names::limit(name)));
            }
            self.content_bytes += central.size;
            if self.content_bytes > MAX_ZIP {
                return Err(Fault::TooLarge(MAX_ZIP));
            }
            if central.method != STORED && central.method != DEFLATED {
                return Err(Fault::Method(central.method));
            }
        }
        let name: Rc<str> = name.into();
        self.names.add(name.clone())?;
        self.files.insert(name, Listed { central, times: 1 });
        Ok(())
    }

    /// The next one, in the order of names.
    pub(super) fn pop(&mut self) -> Option<(Rc<str>, Listed)> {
        // No name can clash any more, but to forget a hundred thousand at once would take its time.
        self.names.forget_one();
        self.files.pop_first()
    }
}
