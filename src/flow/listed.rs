//! What is shown of a list: its lines in the order of Go's versions, and the tag of that.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::{
    gomod::Version,
    goproxy::{Etag, Line},
    http::Body,
};

/// The lines, as bytes that clients share.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// While it is written.
    lines: Vec<u8>,
    /// Of the lines up to there.
    digest: Sha256,
    digested: usize,
    /// Afterwards.
    sealed: Option<(Body, Etag)>,
}

impl Listed {
    /// Adds the line of a version that is newer than all that are there.
    pub(super) fn push(&mut self, line: &Line) {
        line.write(&mut self.lines);
    }

    /// Hashes what is written so far: for 4 MiB it takes too long to do all of it at the end.
    pub(super) fn digest(&mut self) {
        self.digest.update(self.lines.get(self.digested..).unwrap_or_default());
        self.digested = self.lines.len();
    }

    /// It is whole.
    pub(super) fn seal(&mut self) {
        self.digest();
        let tag = Etag::read(std::mem::take(&mut self.digest));
        self.digested = 0;
        self.sealed = Some((std::mem::take(&mut self.lines).into(), tag));
    }

    /// Its bytes.
    pub(super) fn len(&self) -> usize {
        self.lines.len().saturating_add(self.sealed.as_ref().map_or(0, |(body, _)| body.len()))
    }

    /// The whole, and its tag.
    pub(super) fn shared(&self) -> (Body, Etag) {
        self.sealed.clone().unwrap_or_else(|| (self.lines.clone().into(), Etag::of(&self.lines)))
    }

    /// Adds lines where they belong.
    pub(super) fn insert(&mut self, added: BTreeSet<Line>) {
        if added.is_empty() {
            return;
        }
        let (body, _) = self.shared();
        let mut lines = Vec::with_capacity(body.len().saturating_add(added.len().saturating_mul(16)));
        let mut rest = &body[..];
        // Most come before all that is there, or after it: what comes next there is read once.
        let mut next = first(rest);
        for line in added {
            let version = line.version();
            if next.as_ref().is_some_and(|next| next < version) {
                let (before, after) = rest.split_at_checked(place(rest, version)).unwrap_or((rest, &[]));
                lines.extend_from_slice(before);
                rest = after;
                next = first(rest);
            }
            if next.as_ref() != Some(version) {
                line.write(&mut lines);
            }
        }
        lines.extend_from_slice(rest);
        self.lines = lines;
        self.seal();
    }
}

/// Where in `lines` the first line begins that is not older than `version`.
fn place(lines: &[u8], version: &Version) -> usize {
    let (mut low, mut high) = (0, lines.len());
    while low < high {
        let middle = low.saturating_add(high.saturating_sub(low) / 2);
        let before = lines.get(low..middle).unwrap_or_default();
        let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let line = lines.get(begin..).unwrap_or_default();
        let length = line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1);
        if first(line).is_some_and(|line| line < *version) {
            low = begin.saturating_add(length);
        } else {
            high = begin;
        }
    }
    low
}

fn first(lines: &[u8]) -> Option<Version> {
    let line = lines.split(|byte| *byte == b'\n').next()?;
    let version = line.split(|byte| *byte == b' ').next()?;
    Version::parse(std::str::from_utf8(version).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_inserted_it_stands_in_gos_order_and_once() {
        let line = |n: usize| {
            let time = if n.is_multiple_of(3) { " 2024-01-02T03:04:05Z" } else { "" };
            Line::parse(&format!("v1.{n}.0{time}")).unwrap()
        };
        let mut seed = 7_usize;
        for _ in 0..500 {
            let mut expected = BTreeSet::new();
            let mut listed = Listed::default();
            for n in (0..120).step_by(seed % 17 + 1) {
                listed.push(&line(n));
                expected.insert(line(n));
            }
            if seed.is_multiple_of(2) {
                listed.seal();
            }
            for _ in 0..3 {
                let mut some = BTreeSet::new();
                for _ in 0..seed % 5 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 31);
                    some.insert(line((seed >> 8) % 140));
                }
                expected.extend(some.clone());
                listed.insert(some);
                let mut text = Vec::new();
                expected.iter().for_each(|line| line.write(&mut text));
                let (body, tag) = listed.shared();
                assert_eq!(std::str::from_utf8(&body), std::str::from_utf8(&text));
                assert_eq!((tag, listed.len()), (Etag::of(&body), body.len()));
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 31);
            }
        }
    }
}
