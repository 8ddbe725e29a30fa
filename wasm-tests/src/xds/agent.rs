//! What stands between a control plane and Envoy and fetches filters: it takes a filter's configuration off the wire, and hands on one
//! that names a file, as istio-agent does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::mesh::{downloaded, refused};

/// The agent of one Envoy.
#[derive(Debug)]
pub struct Agent {
    dir: PathBuf,
    /// What can be fetched, by where from.
    modules: BTreeMap<String, Vec<u8>>,
}

impl Agent {
    /// One that keeps files in `dir` and can fetch nothing yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), modules: BTreeMap::new() }
    }

    /// Has what `url` names be this from now on.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn publish(&mut self, url: &str, wasm: &Path) {
        let module = fs::read(wasm).unwrap_or_else(|error| panic!("{}: {error}", wasm.display()));
        self.modules.insert(url.to_owned(), module);
    }

    /// Has nothing be found at `url` from now on.
    pub fn withdraw(&mut self, url: &str) {
        self.modules.remove(url);
    }

    /// What Envoy is given instead of this `TypedExtensionConfig`.
    ///
    /// # Panics
    /// When what was fetched cannot be written.
    #[must_use]
    pub fn hand_on(&self, extension: &Value) -> Value {
        let url = extension.pointer("/typed_config/config/vm_config/code/remote/http_uri/uri");
        // A file that is there already passes as it is, and so does its environment.
        let Some(url) = url.and_then(Value::as_str) else { return extension.clone() };
        match self.modules.get(url) {
            Some(module) => downloaded(extension, &self.keep(url, module)),
            None => refused(extension),
        }
    }

    /// Where it keeps what it has fetched from there.
    #[must_use]
    pub fn file(&self, url: &str) -> Option<PathBuf> {
        Some(self.place(url, self.modules.get(url)?))
    }

    fn keep(&self, url: &str, module: &[u8]) -> PathBuf {
        let file = self.place(url, module);
        // As long as it is there it is what its name says.
        if !file.exists() {
            fs::create_dir_all(file.parent().expect("in a folder")).expect("a folder for modules");
            fs::write(&file, module).expect("a file for a module");
        }
        file
    }

    fn place(&self, url: &str, module: &[u8]) -> PathBuf {
        self.dir.join(hex_sha256(url.as_bytes())).join(format!("{}.wasm", hex_sha256(module)))
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
