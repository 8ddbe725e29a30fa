//! Gzip as files have it (RFC 1952), made a piece at a time: each piece is packed alone, so that nothing but bytes is kept between two.

use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush, Status, crc32::crc32};

/// A file that is being packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gzip {
    bytes: Vec<u8>,
    crc: u32,
    /// How long the content is, modulo 2^32.
    length: u32,
}

impl Default for Gzip {
    fn default() -> Self {
        Self { bytes: HEADER.to_vec(), crc: 0, length: 0 }
    }
}

impl Gzip {
    /// Packs a piece of the content.
    pub fn add(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        self.crc = crc32(self.crc, piece);
        self.length = self.length.wrapping_add(u32::try_from(piece.len()).unwrap_or_default());
        let mut deflate = Deflate::new(LEVEL, false, WINDOW_BITS);
        let mut packed = vec![0; piece.len().saturating_add(piece.len() / 256).saturating_add(128)];
        let status = deflate.compress(piece, &mut packed, DeflateFlush::SyncFlush);
        let made = usize::try_from(deflate.total_out()).unwrap_or(usize::MAX);
        let is_whole = usize::try_from(deflate.total_in()) == Ok(piece.len()) && made < packed.len();
        match packed.get(..made).filter(|_| status.is_ok() && is_whole) {
            Some(packed) => self.bytes.extend_from_slice(packed),
            None => self.store(piece),
        }
    }

    /// The file.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&LAST_BLOCK);
        self.bytes.extend_from_slice(&self.crc.to_le_bytes());
        self.bytes.extend_from_slice(&self.length.to_le_bytes());
        self.bytes
    }

    /// As it is, in blocks that are not compressed.
    fn store(&mut self, piece: &[u8]) {
        for block in piece.chunks(usize::from(u16::MAX)) {
            let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
            self.bytes.push(0);
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(&(!length).to_le_bytes());
            self.bytes.extend_from_slice(block);
        }
    }
}

/// All of `content`, packed.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gzip = Gzip::default();
    gzip.add(content);
    gzip.finish()
}

/// What a [`Gzip`] was made of; `None` of anything else, and where that is longer than `most`.
pub fn gunzip(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let (rest, length) = packed.strip_prefix(&HEADER)?.split_last_chunk()?;
    let (deflated, crc) = rest.split_last_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= most)?;
    // One more than there is, so that the end is seen.
    let mut content = vec![0; length.saturating_add(1)];
    let mut inflate = Inflate::new(false, WINDOW_BITS);
    let status = inflate.decompress(deflated, &mut content, InflateFlush::NoFlush).ok()?;
    let is_whole = status == Status::StreamEnd && usize::try_from(inflate.total_out()) == Ok(length);
    content.truncate(length);
    (is_whole && crc32(0, &content) == u32::from_le_bytes(*crc)).then_some(content)
}

/// Deflated, without a name or a time, by a system that is not told.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The last block of deflate, with nothing in it.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// What gzip takes where nothing else is said.
const LEVEL: i32 = 6;

/// A window of 32 KiB, which is all that deflate has.
const WINDOW_BITS: u8 = 15;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Decoder, Headers};

    #[test]
    fn what_is_packed_in_whatever_pieces_is_unpacked_by_any_reader() {
        let mut noise = vec![0_u8; 200_000];
        let mut state = 7_u32;
        for byte in &mut noise {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = state.to_be_bytes()[0];
        }
        let text = br#"{"id":"GO-2026-0001"}"#.repeat(5000);
        for content in [&b""[..], b"x", &text, &noise] {
            for piece in [1000, 65_536, usize::MAX] {
                let mut gzip = Gzip::default();
                content.chunks(piece).for_each(|piece| gzip.add(piece));
                let packed = gzip.finish();
                assert_eq!(gunzip(&packed, content.len()).as_deref(), Some(content));
                assert!(content.is_empty() || gunzip(&packed, content.len() - 1).is_none());
                let headers: Headers = [("content-encoding", "gzip")].into_iter().collect();
                let decoder = Decoder::of(&headers, &packed, content.len()).unwrap().unwrap();
                assert_eq!(decoder.whole().unwrap(), content);
            }
        }
        assert!(gzip(&text).len() < text.len() / 50);
        let mut stored = Gzip { crc: crc32(0, &noise), length: 200_000, ..Gzip::default() };
        stored.store(&noise);
        assert_eq!(gunzip(&stored.finish(), noise.len()), Some(noise));
    }

    #[test]
    fn what_was_changed_or_cut_is_nothing() {
        let packed = gzip(&b"what is packed ".repeat(20));
        for at in 0..packed.len() {
            let mut other = packed.clone();
            other[at] ^= 0x55;
            assert_eq!(gunzip(&other, 1000), None, "byte {at}");
            assert_eq!(gunzip(&packed[..at], 1000), None, "{at} bytes");
        }
    }
}
