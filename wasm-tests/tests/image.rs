//! The image of the filter: the same wherever it is made, whole by its specification, and the filter to the byte for who loads it.

#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use modgate_wasm_tests::image::{self, loader};
use serde_json::{Value, json};
use tempfile::TempDir;

/// As large as a filter is, and compressed neither to nothing nor not at all.
fn filter() -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    let mut state = 1_u32;
    bytes.extend((0..2_000_000_u32).map(|at| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if at % 3 == 0 { (state >> 24) as u8 } else { (at / 1000) as u8 }
    }));
    bytes
}

/// `make image` in a folder of its own.
struct Made {
    dir: TempDir,
    output: Output,
}

impl Made {
    /// By a user with these file permissions and time zone, from a file of that age.
    fn of(filter: &[u8], name: &str, umask: &str, zone: &str, age: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(name)).unwrap();
        let file = dir.path().join(name).join("modgate.wasm");
        fs::write(&file, filter).unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now() - age).unwrap();
        let script = format!("umask {umask}; exec \"$0\" {name}/modgate.wasm {name}/image");
        let program = env!("CARGO_BIN_EXE_image");
        let mut command = Command::new("sh");
        command.args(["-c", &script, program]).current_dir(dir.path()).env("TZ", zone);
        let output = command.output().unwrap();
        Self { dir, output }
    }

    fn layout(&self, name: &str) -> PathBuf {
        self.dir.path().join(name).join("image")
    }
}

fn made(filter: &[u8]) -> Made {
    let made = Made::of(filter, "a", "022", "UTC", Duration::ZERO);
    assert!(made.output.status.success(), "{:?}", made.output);
    made
}

/// Every file of the layout.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(
                files(&path)
                    .into_iter()
                    .map(|(name, bytes)| (Path::new(path.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            found.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    found
}

/// A layout, read as the specification has it: what a descriptor names has its size and its digest.
struct Layout(PathBuf);

impl Layout {
    fn index(&self) -> Value {
        serde_json::from_slice(&fs::read(self.0.join("index.json")).unwrap()).unwrap()
    }

    fn blob(&self, descriptor: &Value) -> Vec<u8> {
        let digest = descriptor["digest"].as_str().unwrap();
        let bytes =
            fs::read(self.0.join("blobs/sha256").join(digest.strip_prefix("sha256:").unwrap())).unwrap();
        assert_eq!(
            (json!(bytes.len()), image::digest(&bytes).as_str()),
            (descriptor["size"].clone(), digest)
        );
        bytes
    }

    fn document(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(&self.blob(descriptor)).unwrap()
    }
}

#[test]
fn two_builds_are_one_image() {
    let filter = filter();
    let one = Made::of(&filter, "a", "022", "UTC", Duration::ZERO);
    let two = Made::of(&filter, "another-folder", "077", "Asia/Tokyo", Duration::from_secs(100_000_000));
    let (first, second) = (files(&one.layout("a")), files(&two.layout("another-folder")));
    assert_eq!(first.len(), 5, "{:?}", first.keys());
    assert!(first == second, "{:?} and {:?}", first.keys(), second.keys());
    // What is said is what is written, and what is written is what is there.
    let digest = fs::read_to_string(one.dir.path().join("a/image.digest")).unwrap();
    assert!(String::from_utf8_lossy(&one.output.stdout).contains(digest.trim()), "{:?}", one.output);
    assert_eq!(Layout(one.layout("a")).index()["manifests"][0]["digest"], digest.trim());
    // And another filter's is another.
    let mut other = filter;
    *other.last_mut().unwrap() ^= 1;
    let other = files(&made(&other).layout("a"));
    let common: Vec<_> = first.keys().filter(|name| other.contains_key(*name)).collect();
    assert_eq!(common, [Path::new("index.json"), Path::new("oci-layout")]);
}

#[test]
fn it_is_an_image_by_the_letter_of_the_specification() {
    let filter = filter();
    let made = made(&filter);
    let layout = Layout(made.layout("a"));
    let version: Value = serde_json::from_slice(&fs::read(layout.0.join("oci-layout")).unwrap()).unwrap();
    assert_eq!(version, json!({"imageLayoutVersion": "1.0.0"}));
    let index = layout.index();
    assert_eq!((&index["schemaVersion"], index["manifests"].as_array().unwrap().len()), (&json!(2), 1));
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = layout.document(&index["manifests"][0]);
    assert_eq!((&manifest["schemaVersion"], &manifest["mediaType"]), (&json!(2), &json!(kind)));
    assert_eq!(index["manifests"][0]["mediaType"], kind);
    assert_eq!(manifest["annotations"]["module.wasm.image/variant"], "compat");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.image.config.v1+json");
    let config = layout.document(&manifest["config"]);
    assert_eq!((&config["os"], &config["architecture"]), (&json!("linux"), &json!("amd64")));
    // What a runtime unpacks for a volume is checked against this.
    let mut archive = Vec::new();
    GzDecoder::new(layout.blob(&manifest["layers"][0]).as_slice()).read_to_end(&mut archive).unwrap();
    assert_eq!(config["rootfs"], json!({"type": "layers", "diff_ids": [image::digest(&archive)]}));
    let mut archive = tar::Archive::new(archive.as_slice());
    let entries: Vec<_> = archive.entries().unwrap().map(Result::unwrap).collect();
    let [entry] = entries.as_slice() else { panic!("{} entries", entries.len()) };
    let header = entry.header();
    assert_eq!((entry.path().unwrap().as_ref(), header.mode().unwrap()), (Path::new("plugin.wasm"), 0o644));
    assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 0));
}

#[test]
fn who_loads_it_has_the_filter_to_the_byte() {
    let filter = filter();
    let made = made(&filter);
    let layout = Layout(made.layout("a"));
    let read = |digest: &str| {
        fs::read(layout.0.join("blobs/sha256").join(digest.strip_prefix("sha256:").unwrap())).unwrap()
    };
    let manifest = layout.blob(&layout.index()["manifests"][0]);
    assert!(loader::filter(&manifest, read).unwrap() == filter);
    // The loader is strict.
    let text = String::from_utf8(manifest).unwrap();
    let refusal = loader::filter(text.replace("tar+gzip", "tar+zstd").as_bytes(), read).unwrap_err();
    assert!(refusal.contains("the last layer is no"), "{refusal}");
}

#[test]
fn what_is_no_filter_makes_no_image() {
    for (bytes, said) in
        [(&b"\0asm"[..], "is no WebAssembly module"), (b"<html>", "is no WebAssembly module")]
    {
        let made = Made::of(bytes, "a", "022", "UTC", Duration::ZERO);
        assert_eq!(made.output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&made.output.stderr).contains(said), "{:?}", made.output);
        assert!(!made.layout("a").exists());
    }
}
