//! Bodies of any size that take no memory: made of pieces, some of them a repeating pattern that the receiver can check.

use std::io;
use std::sync::{Arc, LazyLock};

/// What a server sends.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pieces: Vec<Piece>,
}

/// A part of a [`Body`].
#[derive(Clone, Debug)]
pub enum Piece {
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// So many bytes of the pattern, from its beginning.
    Pattern(u64),
}

impl Body {
    /// `length` bytes of the pattern.
    #[must_use]
    pub fn pattern(length: u64) -> Self {
        Self { pieces: vec![Piece::Pattern(length)] }
    }

    /// A body of several pieces.
    #[must_use]
    pub fn of(pieces: Vec<Piece>) -> Self {
        Self { pieces }
    }

    /// What it is made of.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands the bytes from `from` up to `to` to `sink`, in chunks.
    ///
    /// # Errors
    /// The sink's.
    pub fn send(&self, from: u64, to: u64, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut start = 0;
        for piece in &self.pieces {
            let end = start + piece.len();
            let (low, high) = (from.max(start), to.min(end));
            if low < high {
                piece.send(low - start, high - start, sink)?;
            }
            start = end;
        }
        Ok(())
    }

    /// Whether `chunk`, received at `offset`, is what stands there.
    #[must_use]
    pub fn has(&self, offset: u64, mut chunk: &[u8]) -> bool {
        let compared = self.send(offset, offset.saturating_add(chunk.len() as u64), &mut |own| {
            let (first, rest) = chunk.split_at_checked(own.len()).ok_or(io::ErrorKind::InvalidData)?;
            chunk = rest;
            if first == own { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
        });
        compared.is_ok() && chunk.is_empty()
    }

    /// All of it in memory: for small ones.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let collected = self.send(0, self.len(), &mut |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        });
        collected.expect("a vector takes every byte");
        bytes
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Pattern(length) => *length,
        }
    }

    fn send(&self, from: u64, to: u64, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => sink(&bytes[index(from)..index(to)]),
            Self::Pattern(_) => {
                let mut at = from;
                while at < to {
                    let chunk = pattern_at(at);
                    let take = (chunk.len() as u64).min(to - at);
                    sink(&chunk[..index(take)])?;
                    at += take;
                }
                Ok(())
            }
        }
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self { pieces: vec![Piece::Bytes(bytes.into())] }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self { pieces: vec![Piece::Bytes(bytes.into())] }
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// One period of the pattern.
#[must_use]
pub fn period() -> &'static [u8] {
    &PERIOD
}

/// The pattern's bytes from `offset` to the end of that period.
fn pattern_at(offset: u64) -> &'static [u8] {
    &PERIOD[index(offset % PERIOD.len() as u64)..]
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("an index")
}

/// A prime length: bytes lost or doubled in any usual buffer size cannot fall into step again.
const PERIOD_LENGTH: usize = 65_521;

static PERIOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..PERIOD_LENGTH).map(|_| next()).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_of_a_body_is_the_same_cut_of_its_bytes() {
        let body = Body::of(vec![
            Piece::Bytes((*b"head").into()),
            Piece::Pattern(200_000),
            Piece::Bytes((*b"tail").into()),
        ]);
        let whole = body.to_vec();
        assert_eq!(whole.len() as u64, body.len());
        for (from, to) in [(0, 3), (2, 10), (4, 65_530), (100_000, 200_006), (200_007, 200_008)] {
            let mut cut = Vec::new();
            body.send(from, to, &mut |chunk| {
                cut.extend_from_slice(chunk);
                Ok(())
            })
            .unwrap();
            assert_eq!(cut, whole[index(from)..index(to)], "{from}..{to}");
            assert!(body.has(from, &cut));
            assert!(!body.has(from + 1, &cut), "a byte lost is seen");
        }
        assert!(!body.has(200_000, &[&whole[200_000..], b"x"].concat()), "a byte too many is seen");
    }
}
