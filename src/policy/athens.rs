//! Athens filter files, taken as they are and said in rules.
//!
//! A line is `SIGN [PATH [QUALIFIERS]]`, its words separated by one space. Blank lines and those that begin with `#` say nothing.
//!
//! | what | means |
//! |---|---|
//! | `+` `-` `D` | it may be had; it is refused; clients are sent to the upstream |
//! | the path | that module and those below it: whole elements, exact, in the case they are written in |
//! | no path | the default; the last such line counts, and without any everything may be had |
//! | several lines of one path | only the last of them counts |
//! | `v1` `v1.2` (`v1.*` `v1.2.*`) | versions that begin so, whole numbers |
//! | `~v1.2.3` `^v1.2.3` | of the same minor, or major, version, and at least that |
//! | `<v1.2.3` | **at most** that |
//! | several, with commas | what is in one of them; never a pre-release or `+incompatible` where one of `~ ^ <` is asked |
//!
//! The deepest line decides whose path and qualifiers fit, wherever it stands. Where the qualifiers of one do not fit, the line
//! above it in the tree decides, and in the end the default: `+ example.com/a v1` alone refuses nothing.
//!
//! Deepest first, such lines are ordinary rules of which the first that applies decides. That is what [`read`] makes of them.
//!
//! # Where this is not Athens
//! - Athens asks the filter about a request: it looks at no qualifier when a list or `@latest` is asked for, and takes a branch
//!   for a version. Here a version is decided wherever it would be seen, by whichever name it was asked for.
//! - Lines that Athens misreads ([`FilterWarning`]) are read as they were evidently meant, and otherwise as Athens reads them. Either way
//!   there is a [`Warning`].
//! - What Athens refuses or crashes on at its start is a [`Fault`]; so are qualifiers that are part of a pre-release, which no rule
//!   can express.

mod filter_warning;
mod line;
mod qualifier;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::filter_warning::Warnings;
pub use self::filter_warning::{FilterWarning, Warning};
use self::line::{Line, Sign};
use super::{Action, Rule, Versions};
use crate::gomod::{Pattern, Patterns};

/// A filter file as rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// In the order in which the first that applies decides.
    pub rules: Vec<Rule>,
    /// What a line of a sign alone says of everything else; `None` where there is none.
    pub default: Option<Action>,
    /// Lines to look at again, by the first of each kind.
    pub warnings: Vec<Warning>,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it, on one bounded line.
    pub message: String,
}

/// Where Athens' line buffer ends (Go's bufio.MaxScanTokenSize): at a longer one it stops reading, and does not say so.
const MAX_ATHENS_LINE: usize = 64 * 1024;

/// As many faults as a person reads before the first is mended. A text that is no filter file at all has one in every line.
const MAX_FAULTS: usize = 20;

/// Reads a filter file.
///
/// # Errors
/// With the lines that cannot be taken, the first 20 of them.
pub fn read(text: &str) -> Result<Filter, Vec<Fault>> {
    let mut file = File::default();
    let mut faults = Vec::new();
    for (n, written) in text.lines().enumerate() {
        if let Err(message) = file.add(n + 1, written) {
            faults.push(Fault { line: n + 1, message });
            if faults.len() == MAX_FAULTS {
                break;
            }
        }
    }
    if faults.is_empty() { file.into_filter() } else { Err(faults) }
}

/// The lines that count, by their path.
#[derive(Default)]
struct File<'t> {
    lines: BTreeMap<&'t str, (usize, Line<'t>)>,
    default: Option<(usize, Sign)>,
    odd: Warnings,
}

impl<'t> File<'t> {
    fn add(&mut self, n: usize, written: &'t str) -> Result<(), String> {
        if written.len() > MAX_ATHENS_LINE {
            self.odd.note(n, FilterWarning::Long);
        }
        let Some(line) = Line::parse(written)? else { return Ok(()) };
        for kind in &line.warnings {
            self.odd.note(n, *kind);
        }
        if line.path.is_empty() {
            if let Some((before, _)) = self.default.replace((n, line.sign)) {
                self.odd.note(before, FilterWarning::Replaced);
            }
        } else if let Some((before, _)) = self.lines.insert(line.path, (n, line)) {
            self.odd.note(before, FilterWarning::Replaced);
        }
        Ok(())
    }

    fn into_filter(mut self) -> Result<Filter, Vec<Fault>> {
        self.note_idle();
        let mut lines: Vec<_> = self.lines.into_values().collect();
        // What is at one depth and no pattern is for different modules; patterns may overlap, and the first of them decides.
        lines.sort_by_key(|(n, line)| (usize::MAX - line.depth(), line.has_glob(), *n));
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        for (n, line) in lines {
            let Ok(pattern) = Pattern::parse(line.path) else {
                self.odd.note(n, FilterWarning::NoModule);
                continue;
            };
            let versions = match &line.versions {
                None => None,
                // None of its qualifiers is for any version.
                Some(terms) if terms.is_empty() => continue,
                Some(terms) => match Versions::parse(terms.iter().map(String::as_str)) {
                    Ok(versions) => Some(versions),
                    Err((_, fault)) => {
                        faults.push(Fault { line: n, message: fault.to_string() });
                        continue;
                    }
                },
            };
            let place = format!("policy.athens_filter line {n}");
            let rule = Rule::new(&place, Patterns::from_iter([pattern]), line.sign.action());
            rules.push(Rule { versions, ..rule });
        }
        faults.truncate(MAX_FAULTS);
        if !faults.is_empty() {
            return Err(faults);
        }
        let default = self.default.map(|(_, sign)| sign.action());
        Ok(Filter { rules, default, warnings: self.odd.into_warnings() })
    }

    /// Notes lines that allow some versions where the others are allowed anyway, nothing above them saying otherwise.
    fn note_idle(&mut self) {
        let says_otherwise = |sign: Sign| sign != Sign::Include;
        let above_all = self.default.is_some_and(|(_, sign)| says_otherwise(sign))
            || self.lines.values().any(|(_, line)| line.has_glob() && says_otherwise(line.sign));
        if above_all {
            return;
        }
        for (n, line) in self.lines.values() {
            let is_below = |(end, _)| {
                let above = line.path.get(..end).and_then(|path| self.lines.get(path));
                above.is_some_and(|(_, above)| says_otherwise(above.sign))
            };
            let allows_some = line.sign == Sign::Include && line.versions.is_some();
            if allows_some && !line.path.match_indices('/').any(is_below) {
                self.odd.note(*n, FilterWarning::Idle);
            }
        }
    }
}
