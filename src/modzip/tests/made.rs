//! Zips made here: too large for a table, or with one thing wrong in them.

use zlib_rs::{Deflate, DeflateFlush, Status, crc32::crc32};

use super::PREFIX;

/// A zip in the making, with stored and deflated files whose sizes stand before them.
#[derive(Default)]
pub(super) struct Zip {
    pub(super) bytes: Vec<u8>,
    directory: Vec<u8>,
    entries: u64,
}

impl Zip {
    /// Adds a file as it is.
    pub(super) fn stored(self, name: &str, content: &[u8]) -> Self {
        self.file(name, 0, content, crc32(0, content), content.len())
    }

    /// Adds a file with these headers, right or not.
    pub(super) fn file(mut self, name: &str, method: u8, packed: &[u8], crc: u32, size: usize) -> Self {
        let name = format!("{PREFIX}{name}");
        let offset = u32::try_from(self.bytes.len()).unwrap();
        let size = u32::try_from(size).unwrap();
        let name_length = u16::try_from(name.len()).unwrap();
        let mut header = vec![20, 0, 0, 0, method, 0, 0, 0, 33, 0];
        for number in [crc, u32::try_from(packed.len()).unwrap(), size] {
            header.extend(number.to_le_bytes());
        }
        header.extend(name_length.to_le_bytes());
        header.extend([0, 0]);
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&header);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&header);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.entries += 1;
        self
    }

    /// Names the bytes of the last file, which was stored, once more.
    pub(super) fn again(mut self, name: &str, content: &[u8]) -> Self {
        let before = self.bytes.len();
        self = self.stored(name, content);
        self.bytes.truncate(before);
        let name = PREFIX.len() + name.len();
        let at = self.directory.len() - name - 4;
        self.directory[at..at + 4].copy_from_slice(&[0; 4]);
        self
    }

    /// The zip with its directory and its end, with 64 bits where there are too many entries for less.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let offset = self.bytes.len() as u64;
        let size = self.directory.len() as u64;
        self.bytes.extend(&self.directory);
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        if entries == u16::MAX {
            let end = self.bytes.len() as u64;
            self.bytes.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
            for number in [self.entries, self.entries, size, offset] {
                self.bytes.extend(number.to_le_bytes());
            }
            self.bytes.extend(b"PK\x06\x07\0\0\0\0");
            self.bytes.extend(end.to_le_bytes());
            self.bytes.extend([1, 0, 0, 0]);
        }
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(entries.to_le_bytes());
        self.bytes.extend(entries.to_le_bytes());
        self.bytes.extend(u32::try_from(size).unwrap().to_le_bytes());
        self.bytes.extend(u32::try_from(offset).unwrap().to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

/// So many zeros deflated, about a thousandth of that, and their CRC-32.
pub(super) fn zeros(size: usize) -> (Vec<u8>, u32) {
    let (content, mut packed) = (vec![0; size], vec![0; size / 1000 + 1000]);
    let mut deflate = Deflate::new(9, false, 15);
    assert_eq!(deflate.compress(&content, &mut packed, DeflateFlush::Finish), Ok(Status::StreamEnd));
    packed.truncate(usize::try_from(deflate.total_out()).unwrap());
    (packed, crc32(0, &content))
}
