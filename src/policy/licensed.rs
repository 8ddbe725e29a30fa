//! The licences that a rule asks for.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::license::{IDS, Licenses};

/// The licences of which a version must have one for a rule to be for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licensed {
    /// Identifiers by SPDX.
    pub of: Vec<LicenseGlob>,
    /// Whether one counts that is none of these.
    pub not: bool,
    /// Whether the rule is for versions of which no licence is known.
    pub unknown: bool,
}

/// Identifiers of licences by SPDX: one, or all that begin so. Capitals do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseGlob {
    /// As SPDX writes it, where that is known.
    id: String,
    is_beginning: bool,
}

/// What is known of the licences of a module's versions, by their names.
pub type KnownLicenses = BTreeMap<String, Licenses>;

/// Why a text names no licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLicense {
    /// It has a character that none has.
    #[error("an identifier has letters, digits, - and . alone, and a * at most as its last character")]
    Character,
    /// It is empty, or too long.
    #[error("an identifier has 1 to {} characters", LicenseGlob::MAX)]
    Length,
}

impl Licensed {
    /// Whether a version with these licences has one of them.
    pub fn fits(&self, licenses: &Licenses) -> bool {
        let is_listed = |id: &str| self.of.iter().any(|glob| glob.matches(id));
        match licenses.is_known() {
            true => licenses.ids().any(|id| is_listed(id) != self.not),
            false => self.unknown,
        }
    }
}

impl LicenseGlob {
    /// The most characters of one. The longest of SPDX has 36.
    const MAX: usize = 64;

    /// Reads one.
    ///
    /// # Errors
    /// Where no licence can be called so.
    pub fn parse(text: &str) -> Result<Self, InvalidLicense> {
        let (id, is_beginning) = match text.strip_suffix('*') {
            Some(id) => (id, true),
            None => (text, false),
        };
        if id.is_empty() || id.len() > Self::MAX {
            return Err(InvalidLicense::Length);
        }
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if !id.bytes().all(is_plain) {
            return Err(InvalidLicense::Character);
        }
        let known = IDS.iter().find(|known| !is_beginning && known.eq_ignore_ascii_case(id));
        Ok(Self { id: (*known.unwrap_or(&id)).to_owned(), is_beginning })
    }

    /// Whether any licence that can be told is one of them.
    pub fn can_be_told(&self) -> bool {
        IDS.iter().any(|id| self.matches(id))
    }

    /// Whether the licence of this identifier is one of them.
    pub fn matches(&self, id: &str) -> bool {
        match self.is_beginning {
            true => id.get(..self.id.len()).is_some_and(|start| start.eq_ignore_ascii_case(&self.id)),
            false => id.eq_ignore_ascii_case(&self.id),
        }
    }
}

impl Display for LicenseGlob {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.id, if self.is_beginning { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_fits_by_its_identifier_or_its_beginning_and_unknown_ones_as_the_rule_says() {
        for (of, not, unknown, licenses, expected) in [
            (&["GPL-*"][..], false, false, "GPL-3.0-only", true),
            (&["gpl-3.0-ONLY"], false, false, "GPL-3.0-only", true),
            // What ends in it is another licence.
            (&["GPL-*"], false, false, "AGPL-3.0-only", false),
            (&["GPL-3.0"], false, false, "GPL-3.0-only", false),
            (&["GPL-*"], false, false, "GPL-3.0-only AND MIT", true),
            (&["GPL-*"], false, false, "unknown", false),
            (&["GPL-*"], false, true, "unknown", true),
            (&["MIT", "BSD-*"], true, true, "MIT", false),
            (&["MIT", "BSD-*"], true, true, "BSD-3-Clause AND MIT", false),
            // One of the two is not among those that are allowed.
            (&["MIT"], true, true, "GPL-3.0-only AND MIT", true),
            (&["MIT"], true, true, "unknown", true),
            (&["MIT"], true, false, "unknown", false),
        ] {
            let globs = of.iter().map(|text| LicenseGlob::parse(text).unwrap()).collect();
            let licensed = Licensed { of: globs, not, unknown };
            let fits = licensed.fits(&Licenses::parse(licenses).unwrap());
            assert_eq!(fits, expected, "{of:?} {not} {unknown}: {licenses}");
        }
    }

    #[test]
    fn what_no_licence_can_be_called_is_refused() {
        for (text, expected) in [
            ("", Err(InvalidLicense::Length)),
            ("*", Err(InvalidLicense::Length)),
            ("GPL-*-only", Err(InvalidLicense::Character)),
            ("MIT OR Apache-2.0", Err(InvalidLicense::Character)),
            ("GPL-3.0+", Err(InvalidLicense::Character)),
            ("bsd-3-clause", Ok("BSD-3-Clause")),
            ("MS-PL", Ok("MS-PL")),
            ("AGPL-*", Ok("AGPL-*")),
        ] {
            let read = LicenseGlob::parse(text).map(|glob| glob.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
        assert_eq!(LicenseGlob::parse(&"x".repeat(65)), Err(InvalidLicense::Length));
    }
}
