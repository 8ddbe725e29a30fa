//! What is odd about lines, and who hears of it.

use std::collections::BTreeMap;

/// What a line has that Athens misreads, or that its author may have meant otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum FilterWarning {
    /// A whole version.
    #[error(
        "a version in full: Athens takes v1.2.3 for v1.2.30 and v1.2.3-rc.1 as well; here it is that version alone"
    )]
    Full,
    /// A pattern.
    #[error(
        "one of * ? [ \\ in the path: in Athens such a line has no effect; here it is a pattern, as those of policy.rules are"
    )]
    Glob,
    /// An allow line of some versions where the others are allowed too.
    #[error(
        "some versions are allowed where no line of - or D stands above: that restricts nothing, as in Athens, unless \
         policy.default refuses the others"
    )]
    Idle,
    /// A line beyond Athens' buffer.
    #[error("longer than 64 KiB: Athens reads neither that nor what follows; here all is read")]
    Long,
    /// A path that no module has.
    #[error("no module has such a path: the line has no effect, as in Athens")]
    NoModule,
    /// A qualifier without `v`.
    #[error("a qualifier without its v: Athens takes it for other versions, or none; here the v is added")]
    NoV,
    /// A qualifier for no version.
    #[error(
        "a qualifier that no version fits: it has no effect, as in Athens; after ~ ^ < stands a version in full"
    )]
    NoVersion,
    /// A line of which nothing is heeded.
    #[error("a later line is for the same path: only that one counts, as in Athens")]
    Replaced,
    /// A path without elements.
    #[error("a path of slashes alone: the line is the default, whatever versions it names, as in Athens")]
    Root,
    /// Words that are not one space apart.
    #[error(
        "its words are not one space apart: Athens takes such a line for another one, or none; here for what it shows"
    )]
    Spacing,
}

/// A kind of line to look at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The first such line, counted from 1.
    pub line: usize,
    /// How many more there are.
    pub others: usize,
    /// What is odd.
    pub kind: FilterWarning,
}

/// What was found, by its kind: a list of thousands of approved versions is one warning.
#[derive(Debug, Default)]
pub(super) struct Warnings(BTreeMap<FilterWarning, Vec<usize>>);

impl Warnings {
    pub(super) fn note(&mut self, line: usize, kind: FilterWarning) {
        let lines = self.0.entry(kind).or_default();
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }

    /// In the order of their first lines.
    pub(super) fn into_warnings(self) -> Vec<Warning> {
        let warning = |(kind, mut lines): (FilterWarning, Vec<usize>)| {
            lines.sort_unstable();
            let line = *lines.first()?;
            Some(Warning { line, others: lines.len() - 1, kind })
        };
        let mut warnings: Vec<_> = self.0.into_iter().filter_map(warning).collect();
        warnings.sort_by_key(|warning| (warning.line, warning.kind));
        warnings
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.others {
            0 => write!(f, "line {}: {}", self.line, self.kind),
            others => write!(f, "line {} and {others} more: {}", self.line, self.kind),
        }
    }
}
