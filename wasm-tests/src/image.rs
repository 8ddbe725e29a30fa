//! An image of the filter, as registries keep them: an OCI layout that is the same to the byte wherever and whenever it is made of
//! the same filter.
//!
//! It has the form that the loaders of Istio and of Envoy Gateway call "compat": one layer, a compressed archive in which they
//! look for a file of the name [`FILE`]. As it is a whole image beside that, a pod can mount it as a volume.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub mod loader;

/// What the filter is called in the image: no loader takes a file of another name.
pub const FILE: &str = "plugin.wasm";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image.
#[derive(Debug)]
pub struct Image {
    layer: Blob,
    config: Blob,
    manifest: Blob,
}

#[derive(Debug)]
struct Blob {
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Image {
    /// One with `filter` in it.
    ///
    /// # Errors
    /// None in memory; the libraries write to anything.
    pub fn of(filter: &[u8]) -> io::Result<Self> {
        let archive = archive(filter)?;
        let layer = Blob { kind: LAYER, bytes: compressed(&archive)? };
        let config = Blob::of(
            CONFIG,
            &json!({
                // Nothing in it depends on a platform. Who pulls an image with one manifest does not choose by these, but they must be
                // there, and a container runtime takes no other `os`.
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [digest(&archive)]},
                "history": [{"created_by": "make image"}],
            }),
        );
        let manifest = Blob::of(
            MANIFEST,
            &json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(),
                "layers": [layer.descriptor()],
                "annotations": {
                    "module.wasm.image/variant": "compat",
                    "org.opencontainers.image.title": "modgate",
                    "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                },
            }),
        );
        Ok(Self { layer, config, manifest })
    }

    /// Its digest: by this a registry and a manifest name it.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.manifest.bytes)
    }

    /// Writes it as a layout, in place of what is in `dir`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        let blobs = dir.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        for blob in [&self.layer, &self.config, &self.manifest] {
            fs::write(blobs.join(digest(&blob.bytes).trim_start_matches("sha256:")), &blob.bytes)?;
        }
        let index =
            json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [self.manifest.descriptor()]});
        fs::write(dir.join("index.json"), index.to_string())?;
        fs::write(dir.join("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}).to_string())
    }
}

impl Blob {
    fn of(kind: &'static str, value: &Value) -> Self {
        Self { kind, bytes: value.to_string().into_bytes() }
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.kind, "digest": digest(&self.bytes), "size": self.bytes.len()})
    }
}

/// The filter alone, without what differs from one machine and day to the next.
fn archive(filter: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(filter.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, FILE, filter)?;
    archive.into_inner()
}

fn compressed(archive: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(archive)?;
    gzip.finish()
}

/// As images name what they consist of.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// `image FILTER DIR`: writes the layout into DIR, and its digest into a file of that name and `.digest`.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [filter, dir] = arguments.as_slice() else {
        eprintln!("usage: image FILTER DIR");
        return ExitCode::from(2);
    };
    match make(filter, dir) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("image: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make(filter: &Path, dir: &Path) -> Result<String, String> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    let bytes = fs::read(filter).map_err(fault(filter))?;
    // Half a file, or another one, would be refused by whoever pulls it, and only there.
    if !bytes.starts_with(MAGIC) {
        return Err(format!("{} is no WebAssembly module", filter.display()));
    }
    let image = Image::of(&bytes).map_err(fault(filter))?;
    image.write(dir).map_err(fault(dir))?;
    let file = dir.with_extension("digest");
    fs::write(&file, image.digest() + "\n").map_err(fault(&file))?;
    Ok(format!("image   {}\ndigest  {}\nfilter  {}", dir.display(), image.digest(), digest(&bytes)))
}

/// What every module begins with, the version of the format included.
const MAGIC: &[u8] = b"\0asm\x01\0\0\0";
