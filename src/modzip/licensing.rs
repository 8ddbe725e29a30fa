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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gomod::{ModulePath, Version},
        modzip::{Check, WholeCheck},
        sim::zip,
    };

    /// What is told of a zip that is all there, and of one that passes by in pieces of this size.
    fn told(zip: &[u8], piece: usize) -> (Option<String>, Option<String>) {
        let (module, version) =
            (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
        let mut whole = WholeCheck::new(&module, &version);
        whole.read_licenses(true);
        let whole = whole.work(zip, usize::MAX).unwrap().unwrap();
        let mut check = Check::new(&module, &version);
        check.read_licenses(true);
        for piece in zip.chunks(piece) {
            check.push(piece, usize::MAX).unwrap();
        }
        let passing = check.finish().unwrap();
        assert_eq!(passing.h1, whole.h1);
        let text = |licenses: Option<Licenses>| licenses.map(|licenses| licenses.to_string());
        (text(whole.licenses), text(passing.licenses))
    }

    fn text(license: &str) -> Vec<u8> {
        format!("SPDX-License-Identifier: {license}\n").into_bytes()
    }

    fn made(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
        zip("example.com/m@v1.0.0/", files)
    }

    #[test]
    fn the_same_is_told_of_a_zip_that_is_all_there_and_of_one_that_passes_by() {
        let long = |length: usize| [text("MIT"), vec![b' '; length]].concat();
        for (files, expected) in [
            (vec![("a.go", text("MIT"))], "unknown"),
            (vec![("LICENSE", text("MIT")), ("a.go", text("GPL-3.0-only"))], "MIT"),
            (vec![("LICENSE.md", text("MIT")), ("COPYING", text("GPL-3.0-only"))], "GPL-3.0-only AND MIT"),
            // What is in a folder is that folder's.
            (vec![("a/LICENSE", text("GPL-3.0-only")), ("LICENSE", text("MIT"))], "MIT"),
            (vec![("LICENSE", text("MIT")), ("LICENSE.txt", b"All rights reserved.".to_vec())], "unknown"),
            // Deflated, and more than is looked at.
            (vec![("LICENSE", long(MAX_TEXT / 2))], "MIT"),
            (vec![("LICENSE", long(MAX_TEXT))], "unknown"),
            (vec![("LICENSE", Vec::new())], "unknown"),
        ] {
            let zip = made(&files);
            for piece in [1, 100, zip.len()] {
                let expected = Some(expected.to_owned());
                assert_eq!(told(&zip, piece), (expected.clone(), expected), "{files:?}");
            }
        }
    }

    #[test]
    fn of_more_files_than_are_looked_at_nothing_is_known() {
        let names: Vec<_> = (0..=MAX_FILES).map(|n| format!("LICENSE-{n}")).collect();
        let files =
            |count: usize| names[..count].iter().map(|name| (name.as_str(), text("MIT"))).collect::<Vec<_>>();
        for (count, expected) in [(MAX_FILES, "MIT"), (MAX_FILES + 1, "unknown")] {
            let expected = Some(expected.to_owned());
            assert_eq!(told(&made(&files(count)), 100), (expected.clone(), expected), "{count}");
        }
    }

    /// Go believes the directory. The name before a file is not certain, and may have its text passed over as it goes by.
    #[test]
    fn no_name_before_a_file_hides_a_licence_or_makes_one() {
        let named = |name: &str, before: &str| {
            let mut zip = made(&[(name, text("MIT"))]);
            let at = zip.windows(name.len()).position(|bytes| bytes == name.as_bytes()).unwrap();
            zip[at..at + before.len()].copy_from_slice(before.as_bytes());
            zip
        };
        let mit = Some("MIT".to_owned());
        assert_eq!(told(&named("LICENSE", "LICENSE"), 100), (mit.clone(), mit.clone()));
        assert_eq!(told(&named("LICENSE", "LICENCE"), 100), (mit.clone(), mit.clone()));
        assert_eq!(told(&named("LICENSE", "nothing"), 100), (mit, None));
        let unknown = Some("unknown".to_owned());
        assert_eq!(told(&named("nothing", "LICENSE"), 100), (unknown.clone(), unknown));
    }
}
