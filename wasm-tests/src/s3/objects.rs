//! What the object store holds: bytes in files of a temporary folder, names in memory.
//!
//! An object is a list of files, so that completing an upload moves no bytes. Entity tags are unlike any digest: stores
//! differ there, and nobody may rely on one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use s3s::dto::StreamingBlob;
use tempfile::TempDir;

use super::lock;

mod api;

/// The bucket's contents; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Objects(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    turn: AtomicU64,
    /// How many keys a listing has at most.
    page: AtomicUsize,
    dir: TempDir,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
}

#[derive(Clone, Debug)]
struct Object {
    pieces: Vec<Arc<Piece>>,
    tag: String,
    content_type: Option<String>,
    modified: SystemTime,
}

#[derive(Debug)]
struct Upload {
    key: String,
    content_type: Option<String>,
    parts: BTreeMap<i32, Arc<Piece>>,
}

/// Some bytes, in a file that goes when nobody needs them any more.
#[derive(Debug)]
struct Piece {
    file: PathBuf,
    length: u64,
    tag: String,
}

impl Drop for Piece {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

impl Object {
    fn length(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }
}

impl Objects {
    pub(super) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("modgate-s3-").tempdir().expect("a temporary folder");
        let page = AtomicUsize::new(PAGE);
        Self(Arc::new(Inner { state: Mutex::default(), turn: AtomicU64::new(0), page, dir }))
    }

    fn page(&self) -> usize {
        self.0.page.load(Ordering::Relaxed)
    }

    pub(super) fn list_in_pages_of(&self, keys: usize) {
        self.0.page.store(keys, Ordering::Relaxed);
    }

    pub(super) fn keys(&self) -> Vec<String> {
        lock(&self.0.state).objects.keys().cloned().collect()
    }

    pub(super) fn open_uploads(&self) -> Vec<String> {
        lock(&self.0.state).uploads.values().map(|upload| upload.key.clone()).collect()
    }

    pub(super) fn read(&self, key: &str) -> Option<Vec<u8>> {
        let object = lock(&self.0.state).objects.get(key)?.clone();
        let read = object.pieces.iter().map(|piece| fs::read(&piece.file));
        Some(read.collect::<Result<Vec<_>, _>>().ok()?.concat())
    }

    pub(super) fn write(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let mut piece = self.piece()?;
        piece.write(bytes)?;
        let object = object(vec![piece.done()], None);
        lock(&self.0.state).objects.insert(key.to_owned(), object);
        Ok(())
    }

    pub(super) fn remove(&self, key: &str) {
        lock(&self.0.state).objects.remove(key);
    }

    fn turn(&self) -> u64 {
        self.0.turn.fetch_add(1, Ordering::Relaxed)
    }

    fn piece(&self) -> io::Result<Writing> {
        let turn = self.turn();
        let file = self.0.dir.path().join(turn.to_string());
        let writer = File::create(&file)?;
        Ok(Writing { writer, piece: Piece { file, length: 0, tag: format!("{turn:032x}") } })
    }
}

/// A piece being written.
struct Writing {
    writer: File,
    piece: Piece,
}

impl Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.piece.length += bytes.len() as u64;
        self.writer.write_all(bytes)
    }

    fn done(self) -> Arc<Piece> {
        Arc::new(self.piece)
    }
}

fn object(pieces: Vec<Arc<Piece>>, content_type: Option<String>) -> Object {
    let tag = match pieces.as_slice() {
        [one] => one.tag.clone(),
        several => format!("{}-{}", several.first().map_or("", |piece| &piece.tag), several.len()),
    };
    Object { pieces, tag, content_type, modified: SystemTime::now() }
}

/// The bytes from `from` up to `to`, read as they are sent.
fn blob(object: &Object, from: u64, to: u64) -> StreamingBlob {
    let mut cuts = Vec::new();
    let mut start = 0;
    for piece in &object.pieces {
        let (low, high) = (from.max(start), to.min(start + piece.length));
        if low < high {
            cuts.push((Arc::clone(piece), low - start, high - start));
        }
        start += piece.length;
    }
    let chunks = cuts.into_iter().flat_map(|(piece, from, to)| {
        let starts = (from..to).step_by(CHUNK);
        starts.map(move |at| chunk(&piece, at, to.min(at + CHUNK as u64)).map(hyper::body::Bytes::from))
    });
    StreamingBlob::wrap(futures_util::stream::iter(chunks))
}

fn chunk(piece: &Piece, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(&piece.file)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to - from).read_to_end(&mut bytes)?;
    Ok(bytes)
}

const CHUNK: usize = 256 << 10;

/// What S3 gives at once.
const PAGE: usize = 1000;
