//! The ids of records: which may be one, and how few bytes say it.

use serde::{Deserialize, Serialize};

/// Whether a text may be an id. It stands in refusals and in the log.
pub fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Those of the databases in use have at most 20 characters.
const MAX_ID: usize = 40;

/// An id in a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Id {
    /// `GO-2024-2687`.
    Go(u16, u32),
    /// `MAL-2025-2544`.
    Mal(u16, u32),
    /// `GHSA-4v7x-pqxf-cx7m`.
    Ghsa(Ghsa),
    /// Any other.
    Other(String),
}

impl Id {
    pub(super) fn of(text: &str) -> Self {
        let numbered = text.rsplit_once('-').and_then(|(rest, number)| {
            let (kind, year) = rest.split_once('-')?;
            let (year, number) = (year.parse().ok()?, number.parse().ok()?);
            match kind {
                "GO" => Some(Self::Go(year, number)),
                "MAL" => Some(Self::Mal(year, number)),
                _ => None,
            }
        });
        let known = numbered.or_else(|| Ghsa::of(text).map(Self::Ghsa));
        known.filter(|id| id.text() == text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Go(year, number) => format!("GO-{year}-{number:04}"),
            Self::Mal(year, number) => format!("MAL-{year}-{number}"),
            Self::Ghsa(ghsa) => ghsa.text(),
            Self::Other(text) => text.clone(),
        }
    }
}

/// An id of GitHub's database: twelve of twenty characters, which are a number below 2^52.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Ghsa([u8; 7]);

impl Ghsa {
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut number = 0_u64;
        let mut groups = text.strip_prefix("GHSA-")?.split('-');
        for _ in 0..3 {
            let group = groups.next().filter(|group| group.len() == 4)?;
            for byte in group.bytes() {
                let digit = ALPHABET.iter().position(|&one| one == byte)?;
                number = number.checked_mul(BASE)?.checked_add(u64::try_from(digit).ok()?)?;
            }
        }
        let [bytes @ .., _] = number.to_le_bytes();
        groups.next().is_none().then_some(Self(bytes))
    }

    pub(super) fn text(self) -> String {
        let [a, b, c, d, e, f, g] = self.0;
        let mut number = u64::from_le_bytes([a, b, c, d, e, f, g, 0]);
        let mut text = [b'-'; 14];
        for place in text.iter_mut().rev().enumerate().filter(|(at, _)| at % 5 != 4).map(|(_, place)| place) {
            let digit = usize::try_from(number % BASE).unwrap_or_default();
            *place = ALPHABET.get(digit).copied().unwrap_or_default();
            number /= BASE;
        }
        format!("GHSA-{}", String::from_utf8_lossy(&text))
    }
}

/// The characters of GitHub's ids. Source: the documentation of GitHub's advisory database.
const ALPHABET: &[u8; 20] = b"23456789cfghjmpqrvwx";

/// How many they are.
const BASE: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_itself_again_and_the_usual_ones_are_short() {
        for (text, bytes) in [
            ("GO-2024-2687", 5),
            ("GO-2020-0001", 4),
            ("GO-2026-12345", 5),
            ("MAL-2025-2544", 5),
            ("GHSA-4v7x-pqxf-cx7m", 8),
            ("GHSA-2222-2222-2222", 8),
            ("GHSA-xxxx-xxxx-xxxx", 8),
            // not as these are written
            ("GO-2024-687", 13),
            ("GO-02024-2687", 15),
            ("MAL-0000-ghsa-malware-1", 25),
            ("GHSA-4v7x-pqxf-cx7a", 21),
            ("GHSA-4v7x-pqxf-cx7m-2222", 26),
            ("GHSA-4v7xpqxfcx7m", 19),
            ("GO-2024", 9),
            ("CVE-2023-45288", 16),
        ] {
            let id = Id::of(text);
            assert_eq!(id.text(), text);
            assert_eq!(postcard::to_allocvec(&id).unwrap().len(), bytes, "{text}");
            assert!(is_id(text));
        }
    }

    #[test]
    fn what_does_not_belong_into_a_line_is_no_id() {
        for text in ["", "GO-2024-1\n", "GO 1", "é", "<a>", &"x".repeat(MAX_ID + 1)] {
            assert!(!is_id(text), "{text}");
        }
    }
}
