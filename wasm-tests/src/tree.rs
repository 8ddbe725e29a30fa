//! A GOPROXY tree on disk, as `make setup` lays out from real modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tools;

/// A folder whose files are what a GOPROXY answers.
#[derive(Clone, Debug)]
pub struct Tree(PathBuf);

/// A version of a module in a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The module path, unescaped.
    pub module: String,
    /// The version, unescaped.
    pub version: String,
}

impl Entry {
    /// `module@version`.
    #[must_use]
    pub fn query(&self) -> String {
        format!("{}@{}", self.module, self.version)
    }
}

impl Tree {
    /// The small tree of the pinned tools.
    ///
    /// # Panics
    /// When it is missing.
    #[must_use]
    pub fn sample() -> Self {
        Self(tools::modules().join("sample"))
    }

    /// The tree of real modules.
    ///
    /// # Panics
    /// When it is missing.
    #[must_use]
    pub fn real() -> Self {
        Self(tools::modules().join("real"))
    }

    /// The tree of modules that are unlike the others: no tags, no `@latest`, thousands of versions.
    ///
    /// # Panics
    /// When it is missing.
    #[must_use]
    pub fn odd() -> Self {
        Self(tools::modules().join("odd"))
    }

    /// A tree elsewhere.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every version that has a zip, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.walk(&self.0, &mut entries);
        entries.sort();
        entries
    }

    /// The zip of an entry.
    #[must_use]
    pub fn zip(&self, entry: &Entry) -> PathBuf {
        self.0.join(escape(&entry.module)).join("@v").join(format!("{}.zip", escape(&entry.version)))
    }

    /// What go.sum would say of every version: the hash of its zip (empty where it has none) and of its go.mod, by
    /// `module@version`. Only of trees that mkproxy made.
    ///
    /// # Panics
    /// When the tree's `modules.json` cannot be read.
    #[must_use]
    pub fn sums(&self) -> BTreeMap<String, (String, String)> {
        let text = fs::read(self.0.join("modules.json")).expect("the tree's modules.json");
        let modules: Vec<Value> = serde_json::from_slice(&text).expect("modules.json is a list");
        let sums = modules.iter().map(|module| {
            let field = |name: &str| module[name].as_str().unwrap_or_default().to_owned();
            let query = format!("{}@{}", field("module"), field("version"));
            (query, (field("zip_h1"), field("mod_h1")))
        });
        sums.collect()
    }

    fn walk(&self, dir: &Path, entries: &mut Vec<Entry>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.walk(&path, entries);
            } else if let Some(entry) = self.entry(&path) {
                entries.push(entry);
            }
        }
    }

    fn entry(&self, file: &Path) -> Option<Entry> {
        let relative = file.strip_prefix(&self.0).ok()?.to_str()?;
        let (module, name) = relative.split_once("/@v/")?;
        Some(Entry { module: unescape(module), version: unescape(name.strip_suffix(".zip")?) })
    }
}

/// `!a` becomes `A`.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '!' => plain.extend(letters.next().map(|letter| letter.to_ascii_uppercase())),
            letter => plain.push(letter),
        }
    }
    plain
}

/// A capital letter becomes `!` and its small form.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(letter.to_ascii_lowercase());
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Module;

    #[test]
    fn what_was_written_is_found() {
        let dir = tempfile::tempdir().unwrap();
        for (path, version) in [("example.com/b", "v1.0.0"), ("example.com/Azure/a", "v1.0.0-RC1")] {
            Module::new(path, version).write_to(dir.path());
        }
        let found: Vec<String> = Tree::at(dir.path()).entries().iter().map(Entry::query).collect();
        assert_eq!(found, ["example.com/Azure/a@v1.0.0-RC1", "example.com/b@v1.0.0"]);
    }
}
