//! Modules made to measure: real zips of any size, served by a scripted upstream or laid out as a GOPROXY tree.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use zlib_rs::{Deflate, DeflateFlush, compress_bound};

use crate::tree::escape;
use crate::body::{self, Body, Piece};
use crate::faulty::Reply;

/// One version of a module.
#[derive(Clone, Debug)]
pub struct Module {
    path: String,
    version: String,
    /// As its `.info` has it; nothing where that has none.
    time: Option<String>,
    go_mod: String,
    files: Vec<(String, Body)>,
    deflated: bool,
}

/// A go.mod of `length` bytes, most of them a comment.
#[must_use]
pub fn large_go_mod(length: usize) -> Vec<u8> {
    let mut text = b"module large.example/m\n// ".to_vec();
    text.resize(length, b'x');
    text
}

/// The largest go.mod that the go command reads (`MaxGoMod` of golang.org/x/mod/zip).
pub const LARGEST_GO_MOD: usize = 16 << 20;

impl Module {
    /// A module with a `go.mod` and a package of one line.
    #[must_use]
    pub fn new(path: &str, version: &str) -> Self {
        let name = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path);
        let package: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            path: path.to_owned(),
            version: version.to_owned(),
            time: Some("2024-01-02T03:04:05Z".to_owned()),
            go_mod: format!("module {path}\n\ngo 1.21\n"),
            files: Vec::new(),
            deflated: false,
        }
        .file(&format!("{package}.go"), format!("package {package}\n"))
    }

    /// The version whose zip (or other file) is at `path` below a GOPROXY, with small letters alone.
    ///
    /// # Panics
    /// When it is no such path.
    #[must_use]
    #[track_caller]
    pub fn at(path: &str) -> Self {
        let (module, file) = path.trim_start_matches('/').split_once("/@v/").expect("/@v/ in the path");
        Self::new(module, file.rsplit_once('.').expect("an extension").0)
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Into<Body>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Has this as its `go.mod`.
    #[must_use]
    pub fn go_mod_of(self, text: &str) -> Self {
        Self { go_mod: text.to_owned(), ..self }
    }

    /// Has the files deflated in its zip, as the go command and real proxies have them. They are held in memory for that.
    #[must_use]
    pub fn deflated(self) -> Self {
        Self { deflated: true, ..self }
    }

    /// Has it published at this time, as RFC 3339 has it.
    #[must_use]
    pub fn published(self, time: &str) -> Self {
        Self { time: Some(time.to_owned()), ..self }
    }

    /// Has its `.info` say no time, as hand-made proxies do.
    #[must_use]
    pub fn undated(self) -> Self {
        Self { time: None, ..self }
    }

    /// Adds a file of so many bytes of pattern, to make the zip at least that large.
    #[must_use]
    pub fn padded(self, length: u64) -> Self {
        self.file("testdata/pattern.bin", Body::pattern(length))
    }

    /// `/<escaped path>/@v/<version>.<kind>`, as a GOPROXY has it.
    #[must_use]
    pub fn url(&self, kind: &str) -> String {
        format!("/{}/@v/{}.{kind}", escape(&self.path), escape(&self.version))
    }

    /// `/<escaped path>/@v/list`.
    #[must_use]
    pub fn list_url(&self) -> String {
        format!("/{}/@v/list", escape(&self.path))
    }

    /// `/<escaped path>/@latest`.
    #[must_use]
    pub fn latest_url(&self) -> String {
        format!("/{}/@latest", escape(&self.path))
    }

    /// `path@version`, as the go command takes it.
    #[must_use]
    pub fn query(&self) -> String {
        format!("{}@{}", self.path, self.version)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The `.info` document.
    #[must_use]
    pub fn info(&self) -> String {
        let time = self.time.as_ref().map(|time| format!(",\"Time\":\"{time}\"")).unwrap_or_default();
        format!("{{\"Version\":\"{}\"{time}}}", self.version)
    }

    /// The `go.mod` file.
    #[must_use]
    pub fn go_mod(&self) -> &str {
        &self.go_mod
    }

    /// The zip: entries stored, unless they are to be [`deflated`](Self::deflated), named `path@version/...` as Go demands.
    #[must_use]
    pub fn zip(&self) -> Body {
        let prefix = self.query();
        let go_mod = ("go.mod".to_owned(), Body::from(self.go_mod.as_str()));
        let (mut pieces, mut directory, mut offset) = (Vec::new(), Vec::new(), 0);
        for (name, content) in std::iter::once(&go_mod).chain(&self.files) {
            let name = format!("{prefix}/{name}");
            let packed = self.deflated.then(|| Body::from(deflate(&content.to_vec())));
            let fields = fields(&name, content, packed.as_ref());
            let packed = packed.as_ref().unwrap_or(content);
            let mut local = Vec::from(*b"PK\x03\x04");
            local.extend_from_slice(&fields);
            local.extend_from_slice(&[0, 0]);
            local.extend_from_slice(name.as_bytes());
            directory.extend_from_slice(b"PK\x01\x02\x14\x00");
            directory.extend_from_slice(&fields);
            directory.extend_from_slice(&[0; 12]);
            directory.extend_from_slice(&u32_of(offset).to_le_bytes());
            directory.extend_from_slice(name.as_bytes());
            offset += local.len() as u64 + packed.len();
            pieces.push(Piece::Bytes(local.into()));
            pieces.extend_from_slice(packed.pieces());
        }
        let count = u16::try_from(self.files.len() + 1).expect("few files").to_le_bytes();
        let size = directory.len() as u64;
        directory.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
        directory.extend_from_slice(&[count, count].concat());
        directory.extend_from_slice(&u32_of(size).to_le_bytes());
        directory.extend_from_slice(&u32_of(offset).to_le_bytes());
        directory.extend_from_slice(&[0, 0]);
        pieces.push(Piece::Bytes(Arc::from(directory)));
        Body::of(pieces)
    }

    /// What a GOPROXY answers for it, path by path.
    #[must_use]
    pub fn replies(&self) -> Vec<(String, Reply)> {
        let json = |text: String| Reply::ok(text).header("content-type", "application/json");
        vec![
            (self.list_url(), Reply::ok(format!("{}\n", self.version))),
            (self.latest_url(), json(self.info())),
            (self.url("info"), json(self.info())),
            (self.url("mod"), Reply::ok(self.go_mod.as_str())),
            (self.url("zip"), Reply::ok(self.zip()).header("content-type", "application/zip").ranges()),
        ]
    }

    /// Writes it into a GOPROXY tree, adding its version to the list there.
    ///
    /// # Panics
    /// When the files cannot be written.
    pub fn write_to(&self, tree: &Path) {
        let dir = tree.join(escape(&self.path)).join("@v");
        fs::create_dir_all(&dir).expect("the module's folder");
        let list = dir.join("list");
        let versions = fs::read_to_string(&list).unwrap_or_default() + &self.version + "\n";
        let version = escape(&self.version);
        for (name, content) in [
            ("list".to_owned(), versions.into_bytes()),
            (format!("{version}.info"), self.info().into_bytes()),
            (format!("{version}.mod"), self.go_mod.clone().into_bytes()),
            (format!("{version}.zip"), self.zip().to_vec()),
        ] {
            fs::write(dir.join(name), content).expect("a file of the tree");
        }
    }
}

/// What a local header and its directory entry have in common: from the version needed to the length of the name.
fn fields(name: &str, content: &Body, deflated: Option<&Body>) -> Vec<u8> {
    let method = if deflated.is_some() { 8 } else { 0 };
    let mut fields = vec![0x14, 0, 0, 0, method, 0, 0, 0, 0x21, 0x58];
    fields.extend_from_slice(&crc(content).to_le_bytes());
    fields.extend_from_slice(&u32_of(deflated.unwrap_or(content).len()).to_le_bytes());
    fields.extend_from_slice(&u32_of(content.len()).to_le_bytes());
    fields.extend_from_slice(&u16::try_from(name.len()).expect("a short name").to_le_bytes());
    fields
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; compress_bound(content.len())];
    let mut deflate = Deflate::new(6, false, 15);
    deflate.compress(content, &mut packed, DeflateFlush::Finish).expect("memory is there");
    packed.truncate(index(deflate.total_out()));
    packed
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("an index")
}

/// Whole periods of a pattern are combined, not read: a 300 MB zip costs no time.
fn crc(body: &Body) -> u32 {
    let of = |bytes: &[u8]| {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(bytes);
        hasher
    };
    let period = body::period();
    let mut total = crc32fast::Hasher::new();
    for piece in body.pieces() {
        match piece {
            Piece::Bytes(bytes) => total.update(bytes),
            Piece::Pattern(length) => {
                let whole = of(period);
                for _ in 0..length / period.len() as u64 {
                    total.combine(&whole);
                }
                let rest = index(length % period.len() as u64);
                total.combine(&of(&period[..rest]));
            }
        }
    }
    total.finalize()
}

fn u32_of(number: u64) -> u32 {
    u32::try_from(number).expect("no zip of 4 GiB here")
}
