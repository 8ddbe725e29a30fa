//! Which licences a module's files say that it has. A placeholder of the detector's interface.

use std::fmt::{self, Display, Formatter};

/// What licences a module's files say: SPDX identifiers, sorted, each once; none where no text is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licenses(Vec<&'static str>);

/// Bytes of one file that are looked at.
pub const MAX_TEXT: usize = 64 << 10;

const IDS: [&str; 6] = ["AGPL-3.0-only", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-only", "GPL-3.0-only", "MIT"];

impl Licenses {
    /// None is known.
    pub const UNKNOWN: Self = Self(Vec::new());

    /// Whether any is known.
    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// The identifiers.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Reads what [`Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "unknown" {
            return Some(Self::UNKNOWN);
        }
        let known = |id: &str| IDS.into_iter().find(|known| *known == id);
        text.split(" AND ").map(known).collect::<Option<Vec<_>>>().map(Self)
    }
}

impl Display for Licenses {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_known() { f.write_str(&self.0.join(" AND ")) } else { f.write_str("unknown") }
    }
}

/// Whether the module's own licence may stand in a file of this name.
pub fn is_license_file(path: &str) -> bool {
    let upper = path.to_ascii_uppercase();
    !path.contains('/') && (upper.starts_with("LICENSE") || upper.starts_with("COPYING"))
}

/// Collects the files of one zip.
#[derive(Clone, Debug, Default)]
pub struct Reader(Vec<&'static str>);

impl Reader {
    /// Of a zip of which no file was read.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file.
    pub fn file(&mut self, path: &str, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        if is_license_file(path) {
            self.0.extend(IDS.into_iter().filter(|id| text.contains(&format!("SPDX-License-Identifier: {id}"))));
            self.0.sort_unstable();
            self.0.dedup();
        }
    }

    /// What they come to.
    pub fn licenses(&self) -> Licenses {
        Licenses(self.0.clone())
    }
}
