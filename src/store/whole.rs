//! Which versions are there whole, told from keys in their order.
//!
//! A version is there once all three of its files are, as in `store/listing.rs`. Their keys do not follow each other: those of
//! `v1.0.0-pre.j` are between `v1.0.0-pre.info` and `v1.0.0-pre.mod`. So those of which a file is yet to come are kept. Each of their names
//! begins with the one before, and a key says all of them by how long they are.

use super::layout::{Part, part_of, version_at};
use crate::{
    config::Layout,
    gomod::{self, ModulePath, Version},
};

/// The versions of which a file may be yet to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    layout: Layout,
    /// What the keys of each begin with, and which files there were, as bits.
    begun: Vec<(String, u8)>,
}

impl Whole {
    /// Nothing has come yet.
    pub fn new(layout: Layout) -> Self {
        Self { layout, begun: Vec::new() }
    }

    /// `key` comes; the version that is whole with it.
    pub fn take(&mut self, key: &str) -> Option<(ModulePath, Version)> {
        self.pass(key);
        let (stem, part) = part_of(self.layout, key)?;
        let bit = bit(part);
        let files = match self.begun.iter_mut().find(|(begun, _)| begun == stem) {
            Some((_, files)) => {
                *files |= bit;
                *files
            }
            None => {
                self.begun.push((stem.to_owned(), bit));
                bit
            }
        };
        if files != ALL {
            return None;
        }
        self.begun.retain(|(begun, _)| begun != stem);
        let (module, version) = version_at(self.layout, stem)?;
        gomod::check(&module, &version).is_ok().then_some((module, version))
    }

    /// Everything up to `key` has come: those whose last file would be before it are not whole.
    fn pass(&mut self, key: &str) {
        let last = match self.layout {
            Layout::Athens | Layout::Goproxy => ".zip",
            // The version's `.info`, whose name begins with a `v`, is the last.
            Layout::AthensFlat => "/w",
        };
        self.begun.retain(|(stem, _)| format!("{stem}{last}").as_str() >= key);
    }

    /// A text that says where to go on behind `key`, with what has begun there.
    pub fn token(&mut self, key: &str) -> String {
        self.pass(key);
        let begun = self.begun.iter().filter(|(stem, _)| key.starts_with(stem));
        let begun: Vec<String> = begun.map(|(stem, files)| format!("{}.{files}", stem.len())).collect();
        format!("{key}*{}", begun.join(","))
    }

    /// What such a text says: the key, and what has begun there.
    pub fn read(layout: Layout, token: &str) -> Option<(String, Self)> {
        let (key, begun) = token.rsplit_once('*')?;
        let read = |text: &str| {
            let (length, files) = text.split_once('.')?;
            let stem = key.get(..length.parse().ok()?)?;
            Some((stem.to_owned(), files.parse::<u8>().ok().filter(|files| *files < ALL)?))
        };
        let begun = begun.split(',').filter(|text| !text.is_empty()).map(read).collect::<Option<_>>()?;
        Some((key.to_owned(), Self { layout, begun }))
    }
}

fn bit(part: Part) -> u8 {
    match part {
        Part::GoMod => 1,
        Part::Info => 2,
        Part::Zip => 4,
    }
}

const ALL: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    /// The versions that are whole in `keys`, where it is begun anew from a token behind each key.
    fn whole(layout: Layout, keys: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        let mut whole = Whole::new(layout);
        for key in keys {
            if let Some((module, version)) = whole.take(key) {
                found.push(format!("{module}@{version}"));
            }
            let (after, again) = Whole::read(layout, &whole.token(key)).unwrap();
            assert_eq!((after.as_str(), &again), (*key, &whole));
            whole = again;
        }
        found
    }

    #[test]
    fn a_version_is_there_with_all_of_its_files_however_their_keys_lie() {
        let mut keys = vec![
            "a.com/m/@latest",
            "a.com/m/@v/list",
            "a.com/m/@v/v1.0.0-pre.info",
            "a.com/m/@v/v1.0.0-pre.j.info",
            "a.com/m/@v/v1.0.0-pre.j.k.info",
            "a.com/m/@v/v1.0.0-pre.j.k.mod",
            "a.com/m/@v/v1.0.0-pre.j.mod",
            "a.com/m/@v/v1.0.0-pre.j.zip",
            "a.com/m/@v/v1.0.0-pre.mod",
            "a.com/m/@v/v1.0.0-pre.zip",
            "a.com/m/@v/v1.1.0.info",
            "a.com/!m/@v/v1.0.0-!r!c.info",
            "a.com/!m/@v/v1.0.0-!r!c.mod",
            "a.com/!m/@v/v1.0.0-!r!c.zip",
            "a.com/!m/@v/v2.0.0.info",
            "a.com/!m/@v/v2.0.0.mod",
            "a.com/!m/@v/v2.0.0.zip",
            "aside/a.com/m/v1.2.0.json",
            "sumdb/sum.golang.org/lookup/a.com/m@v1.0.0",
            "sumdb/@v/v1.0.0.info",
            "sumdb/@v/v1.0.0.mod",
            "sumdb/@v/v1.0.0.zip",
        ];
        keys.sort_unstable();
        assert_eq!(
            whole(Layout::Goproxy, &keys),
            ["a.com/M@v1.0.0-RC", "a.com/m@v1.0.0-pre.j", "a.com/m@v1.0.0-pre"]
        );
        let mut keys = vec![
            "a.com/M/v1.0.0-RC/go.mod",
            "a.com/M/v1.0.0-RC/source.zip",
            "a.com/M/v1.0.0-RC/v1.0.0-RC.info",
            "a.com/M/v1.1.0/go.mod",
            "a.com/M/v1.1.0/v1.1.0.info",
            "a.com/M/v1.2.0/go.mod",
            "a.com/M/v2/v2.0.0/go.mod",
            "a.com/M/v2/v2.0.0/source.zip",
            "a.com/M/v2/v2.0.0/v2.0.0.info",
        ];
        keys.sort_unstable();
        assert_eq!(whole(Layout::AthensFlat, &keys), ["a.com/M@v1.0.0-RC", "a.com/M/v2@v2.0.0"]);
    }

    #[test]
    fn a_token_that_was_not_given_is_none() {
        for token in ["", "a", "a*x", "a*9.1", "a*1.7", "a*1", "a*1.1,,2", "a*-1.1"] {
            let read = Whole::read(Layout::Goproxy, token);
            assert_eq!(read, None, "{token}");
        }
        assert!(Whole::read(Layout::Goproxy, "a*b*").is_some());
    }
}
