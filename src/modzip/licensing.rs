//! The licences of a zip that passes by.
//!
//! What a file is called is certain only once the directory has come, at the end: a header before the file may say another name, and Go does
//! not look at it. So texts are held until then. A licence whose header had another name was not held: then it is not told what the
//! licences are, so that no zip that is written so passes for one without a licence.

use std::collections::BTreeMap;

use crate::license::{Licenses, MAX_FILES, MAX_TEXT, Reader, is_license_file};

/// The licences of a zip, in progress.
#[derive(Default)]
pub(super) struct Licensing {
    reader: Reader,
    /// The texts that went by, each by the place of its header.
    texts: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
    /// How many licences the directory tells of, and whether one of them was not held.
    named: usize,
    is_unread: bool,
}

impl Licensing {
    /// Whether the text of the file is to be held whose header has this name.
    pub(super) fn wants(&self, name: &[u8], prefix: &str) -> bool {
        let name = name.strip_prefix(prefix.as_bytes()).and_then(|name| str::from_utf8(name).ok());
        name.is_some_and(is_license_file) && self.texts.len() < MAX_FILES
    }

    /// Holds the text of the file whose header is `at` this place.
    pub(super) fn hold(&mut self, at: u64, mut text: Vec<u8>) {
        text.shrink_to_fit();
        self.bytes = self.bytes.saturating_add(text.len());
        self.texts.insert(at, text);
    }

    /// The directory tells of a file: its header is `at` this place, and this is its name.
    pub(super) fn name(&mut self, at: u64, name: &str) {
        if !is_license_file(name) {
            return;
        }
        self.named = self.named.saturating_add(1);
        match self.texts.remove(&at) {
            Some(text) => self.reader.file(name, &text),
            None => self.is_unread = true,
        }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn weight(&self) -> usize {
        self.bytes
    }

    /// What licences its files say; `None` where that cannot be told.
    pub(super) fn licenses(self) -> Option<Licenses> {
        match self.is_unread {
            // With so many nothing is known of a zip that is all there, either.
            true if self.named > MAX_FILES => Some(Licenses::UNKNOWN),
            true => None,
            false => Some(self.reader.licenses()),
        }
    }
}

/// The texts that are held of one zip are a small part of what may be known of all zips that pass by one worker.
const _: () = assert!(MAX_FILES * MAX_TEXT <= 4 << 20);
