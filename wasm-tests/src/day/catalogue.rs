//! What there is: every file of every version, made from its name alone, so that each answer can be compared byte for byte.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::draw::Bits;
use super::parameters::{REQUIREMENTS, ZIP_BYTES};
use super::plan::Plan;
use crate::body::Body;
use crate::module::Module;

/// All modules and versions of a day, and what its checksum database says of them.
#[derive(Debug)]
pub(super) struct Catalogue {
    modules: usize,
    versions: usize,
    zips: Vec<OnceLock<Body>>,
    /// The two lines of each version, in the order of the database's log, and where in it each version stands.
    records: Vec<String>,
    places: Vec<usize>,
}

impl Catalogue {
    pub(super) fn of(plan: &Plan) -> Self {
        let all = plan.modules * plan.versions;
        let mut catalogue = Self {
            modules: plan.modules,
            versions: plan.versions,
            zips: (0..all).map(|_| OnceLock::new()).collect(),
            records: Vec::new(),
            places: vec![0; all],
        };
        let pads = ZIP_BYTES.map(|length| hex(&Sha256::digest(Body::pattern(length).to_vec())));
        let mut order: Vec<usize> = (0..all).collect();
        order.sort_by_cached_key(|at| catalogue.query(at / plan.versions, at % plan.versions));
        for (place, at) in order.into_iter().enumerate() {
            catalogue.places[at] = place;
            let record = catalogue.record(at / plan.versions, at % plan.versions, &pads);
            catalogue.records.push(record);
        }
        catalogue
    }

    pub(super) fn modules(&self) -> usize {
        self.modules
    }

    pub(super) fn versions(&self) -> usize {
        self.versions
    }

    /// One number for each version.
    pub(super) fn at(&self, module: usize, version: usize) -> usize {
        module * self.versions + version
    }

    /// As a GOPROXY path has it, with a capital to be escaped.
    pub(super) fn path(module: usize) -> String {
        format!("example.com/Team{}/m{module}", module % 40)
    }

    /// The same, escaped.
    pub(super) fn escaped(module: usize) -> String {
        format!("example.com/!team{}/m{module}", module % 40)
    }

    /// The module of an escaped path that [`Catalogue::escaped`] has made.
    pub(super) fn module(&self, path: &str) -> Option<usize> {
        let number = path.rsplit_once("/m")?.1.parse().ok()?;
        (number < self.modules && path.replace("%21", "!") == Self::escaped(number)).then_some(number)
    }

    pub(super) fn version(version: usize) -> String {
        format!("v1.{version}.0")
    }

    /// The version that [`Catalogue::version`] has made.
    pub(super) fn numbered(&self, version: &str) -> Option<usize> {
        let number = version.strip_prefix("v1.")?.strip_suffix(".0")?.parse().ok()?;
        (number < self.versions).then_some(number)
    }

    fn query(&self, module: usize, version: usize) -> String {
        format!("{}@{}", Self::path(module), Self::version(version))
    }

    pub(super) fn info(version: usize) -> String {
        format!(
            "{{\"Version\":\"{}\",\"Time\":\"2024-{:02}-02T03:04:05Z\"}}",
            Self::version(version),
            version % 12 + 1
        )
    }

    pub(super) fn go_mod(module: usize, version: usize) -> String {
        let mut text = format!("module {}\n\ngo 1.21\n\nrequire (\n", Self::path(module));
        for number in 0..bits(module, version).below(REQUIREMENTS) {
            text += &format!("\texample.com/some/dependency{number} v1.{version}.0\n");
        }
        text + ")\n"
    }

    pub(super) fn list(&self) -> String {
        (0..self.versions).map(|version| Self::version(version) + "\n").collect()
    }

    pub(super) fn latest(&self) -> String {
        Self::info(self.versions - 1)
    }

    /// Made once: a checksum of all its bytes stands in it.
    pub(super) fn zip(&self, module: usize, version: usize) -> &Body {
        self.zips[self.at(module, version)].get_or_init(|| {
            Module::new(&Self::path(module), &Self::version(version))
                .go_mod_of(&Self::go_mod(module, version))
                .padded(ZIP_BYTES[padding(module, version)])
                .zip()
        })
    }

    /// The lines of go.sum.
    fn record(&self, module: usize, version: usize, pads: &[String; 16]) -> String {
        let (path, query) = (Self::path(module), self.query(module, version));
        let name = format!("m{module}");
        let go_mod = hex(&Sha256::digest(Self::go_mod(module, version)));
        let package = hex(&Sha256::digest(format!("package {name}\n")));
        let pad = &pads[padding(module, version)];
        let files = format!(
            "{go_mod}  {query}/go.mod\n{package}  {query}/{name}.go\n{pad}  {query}/testdata/pattern.bin\n"
        );
        let version = Self::version(version);
        format!(
            "{path} {version} {}\n{path} {version}/go.mod {}\n",
            h1(&files),
            h1(&format!("{go_mod}  go.mod\n"))
        )
    }

    /// What the answer to a lookup begins with: the record's number and its lines.
    pub(super) fn lookup(&self, module: usize, version: usize) -> String {
        let place = self.places[self.at(module, version)];
        format!("{place}\n{}\n", self.records[place])
    }

    /// How many whole tiles of record hashes there are.
    pub(super) fn tiles(&self) -> usize {
        self.records.len() / TILE
    }

    /// One of them.
    pub(super) fn tile(&self, number: usize) -> Vec<u8> {
        let records = &self.records[number * TILE..(number + 1) * TILE];
        records.iter().flat_map(|record| Sha256::digest([b"\0", record.as_bytes()].concat())).collect()
    }

    /// What the database is started from: a `modules.json` in `dir`.
    pub(super) fn write_records(&self, dir: &Path) -> Result<(), String> {
        let record = |text: &String| {
            let words: Vec<&str> = text.split_whitespace().collect();
            json!({"module": words[0], "version": words[1], "zip_h1": words[2], "mod_h1": words[5]})
        };
        let all: Vec<_> = self.records.iter().map(record).collect();
        fs::write(dir.join("modules.json"), json!(all).to_string()).map_err(|error| error.to_string())
    }

    /// The target of a request for a file of a version, or of a module (`@v/list`, `@latest`).
    pub(super) fn target(module: usize, file: &str) -> String {
        format!("/{}/{file}", Self::escaped(module))
    }
}

fn bits(module: usize, version: usize) -> Bits {
    Bits((module as u64) << 20 | version as u64)
}

fn padding(module: usize, version: usize) -> usize {
    let mut bits = bits(module, version);
    bits.next();
    usize::try_from(bits.below(ZIP_BYTES.len() as u64)).expect("one of few")
}

fn h1(text: &str) -> String {
    format!("h1:{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes of a tile, as the go command asks for them.
const TILE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::escape;

    #[test]
    fn a_path_leads_to_its_module_and_no_other() {
        let catalogue = Catalogue::of(&Plan { modules: 60, versions: 3, ..Plan::short() });
        assert_eq!(escape(&Catalogue::path(41)), Catalogue::escaped(41));
        assert_eq!(catalogue.module("example.com/%21team1/m41"), Some(41));
        for other in ["example.com/!team2/m41", "example.com/!team20/m60", "nobody.example/m1"] {
            assert_eq!(catalogue.module(other), None, "{other}");
        }
        assert_eq!(catalogue.numbered("v1.2.0"), Some(2));
        assert_eq!((catalogue.numbered("v1.3.0"), catalogue.numbered("v9.1.0")), (None, None));
    }
}
