//! What storage keeps of the licences of a version: a JSON object, so that what else is read of a zip one day finds its place.

use serde::{Deserialize, Serialize};

use crate::license::Licenses;

/// A record of the licences of a version.
#[derive(Debug, Deserialize, Serialize)]
pub struct LicenseRecord {
    /// As [`Licenses`] are written.
    license: String,
}

impl LicenseRecord {
    /// What this record says; `None` where it is none.
    pub fn read(body: &[u8]) -> Option<Licenses> {
        let Self { license } = serde_json::from_slice(body).ok()?;
        Licenses::parse(&license)
    }

    /// The record of these.
    pub fn write(licenses: &Licenses) -> Vec<u8> {
        // Text is written in any case.
        serde_json::to_vec(&Self { license: licenses.to_string() }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is_one() {
        for licenses in [Licenses::UNKNOWN, Licenses::parse("Apache-2.0 AND MIT").unwrap()] {
            assert_eq!(LicenseRecord::read(&LicenseRecord::write(&licenses)), Some(licenses));
        }
        assert_eq!(LicenseRecord::write(&Licenses::UNKNOWN), br#"{"license":"unknown"}"#);
        for other in ["", "{}", r#"{"license":"mine"}"#, r#"{"license":""}"#, r#"{"license":null}"#, "MIT"] {
            assert_eq!(LicenseRecord::read(other.as_bytes()), None, "{other}");
        }
    }
}
