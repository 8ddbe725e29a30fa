//! Pseudo-versions: versions made of a commit and its time. Semantics of golang.org/x/mod module/pseudo.go.
//!
//! ```text
//! vX.0.0-yyyymmddhhmmss-rev                        no earlier version
//! vX.Y.(Z+1)-0.yyyymmddhhmmss-rev[+incompatible]   after vX.Y.Z
//! vX.Y.Z-pre.0.yyyymmddhhmmss-rev[+incompatible]   after vX.Y.Z-pre
//! ```

use super::gosemver::Semver;
use super::version::{InvalidVersion, Version, VersionFault};

/// The parts of a pseudo-version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pseudo<'a> {
    text: &'a str,
    // vX.Y.Z as written.
    core: &'a str,
    // What stands between its dash and the timestamp: empty, `0.` or `pre.0.`.
    before: &'a str,
    timestamp: &'a str,
    rev: &'a str,
    // With the `+`, or empty.
    build: &'a str,
}

impl<'a> Pseudo<'a> {
    /// Semantics of module.IsPseudoVersion and module.parsePseudoVersion.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let version = Semver::parse(text)?;
        let plain = text.split_once('+').map_or(text, |(plain, _)| plain);
        let build = text.strip_prefix(plain)?;
        let (core, prerelease) = plain.split_once('-')?;
        let (front, rev) = prerelease.rsplit_once('-')?;
        let (before, timestamp) = front.split_at_checked(front.len().checked_sub(TIMESTAMP_LEN)?)?;
        let known_form = match before {
            "" => version.minor == "0" && version.patch == "0",
            "0." => true,
            _ => before.ends_with(".0."),
        };
        let well_formed = known_form
            && timestamp.bytes().all(|b| b.is_ascii_digit())
            && !rev.is_empty()
            && rev.bytes().all(|b| b.is_ascii_alphanumeric());
        well_formed.then_some(Self { text, core, before, timestamp, rev, build })
    }

    /// The commit, usually the first 12 digits of its hash. Semantics of module.PseudoVersionRev.
    pub fn rev(&self) -> &'a str {
        self.rev
    }

    /// When the commit was made, in seconds since 1970 (UTC); `None` where the 14 digits are no time. The author of a
    /// commit chooses it. Semantics of module.PseudoVersionTime.
    pub fn time(&self) -> Option<i64> {
        let (year, rest) = self.timestamp.split_at_checked(4)?;
        let mut pairs =
            rest.as_bytes().chunks(2).map_while(|pair| str::from_utf8(pair).ok()?.parse::<i64>().ok());
        let year: i64 = year.parse().ok()?;
        let (month, day) = (pairs.next()?, pairs.next()?);
        let (hour, minute, second) = (pairs.next()?, pairs.next()?, pairs.next()?);
        let valid = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then(|| ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// The version the commit follows; `None` where it follows none (`vX.0.0-…`). Semantics of
    /// module.PseudoVersionBase.
    ///
    /// # Errors
    /// Where no version can be the base: PATCH is 0 in the second form, or the first form has `+incompatible`.
    pub fn base(&self) -> Result<Option<Version>, InvalidVersion> {
        let base = match self.before {
            "" if self.build.is_empty() => return Ok(None),
            "" => return Err(InvalidVersion::new(self.text, VersionFault::BaselessIncompatible)),
            "0." => {
                let (front, patch) = self.core.rsplit_once('.').unwrap_or_default();
                let patch = predecessor(patch)
                    .ok_or_else(|| InvalidVersion::new(self.text, VersionFault::NegativePatch))?;
                format!("{front}.{patch}")
            }
            before => format!("{}-{}", self.core, before.strip_suffix(".0.").unwrap_or(before)),
        };
        Version::parse(&(base + self.build)).map(Some)
    }
}

/// A decimal text less one; `None` for zero. Semantics of module.decDecimal.
fn predecessor(decimal: &str) -> Option<String> {
    let head = decimal.trim_end_matches('0');
    let nines = "9".repeat(decimal.len().checked_sub(head.len())?);
    let last = head.chars().last()?;
    let head = head.strip_suffix(last)?;
    let last = last.to_digit(10)?.checked_sub(1)?;
    // 10 and 100 lose a digit.
    if head.is_empty() && last == 0 && !nines.is_empty() {
        return Some(nines);
    }
    Some(format!("{head}{last}{nines}"))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, counting years from March so that the leap day
/// is the last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// yyyymmddhhmmss; see module.PseudoVersionTimestampFormat.
const TIMESTAMP_LEN: usize = 14;
