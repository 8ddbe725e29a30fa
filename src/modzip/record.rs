//! The records of a zip, as APPNOTE.TXT of PKWARE lays them out, and of them what Go's archive/zip looks at; all numbers are
//! little-endian.

use super::Fault;
use super::extra;

/// What a record is, by its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Before each file.
    Local,
    /// Of the central directory, one for each file.
    Central,
    /// The end of a directory with numbers of 64 bits.
    End64,
    /// Where that is.
    Locator,
    /// The end.
    End,
}

impl Kind {
    /// Which record the four bytes begin.
    pub(super) fn of(signature: &[u8]) -> Option<Self> {
        match signature {
            b"PK\x03\x04" => Some(Self::Local),
            b"PK\x01\x02" => Some(Self::Central),
            b"PK\x06\x06" => Some(Self::End64),
            b"PK\x06\x07" => Some(Self::Locator),
            b"PK\x05\x06" => Some(Self::End),
            _ => None,
        }
    }

    /// How long the record is that begins with `held`: what is known of it so far.
    pub(super) fn length(self, held: &[u8]) -> usize {
        let (fixed, lengths): (_, &[usize]) = match self {
            Self::Local => (LOCAL, &[26, 28]),
            Self::Central => (CENTRAL, &[28, 30, 32]),
            Self::End64 => (56, &[]),
            Self::Locator => (20, &[]),
            Self::End => (END, &[20]),
        };
        let number = |at: &usize| held.get(*at..).and_then(|rest| Fields(rest).u16()).map_or(0, usize::from);
        if held.len() < fixed { fixed } else { fixed + lengths.iter().map(number).sum::<usize>() }
    }

    /// The name in a header that may be cut, to be shown.
    pub(super) fn name(self, held: &[u8]) -> Option<&[u8]> {
        let (fixed, at) = match self {
            Self::Local => (LOCAL, 26),
            Self::Central => (CENTRAL, 28),
            _ => return None,
        };
        let length = usize::from(Fields(held.get(at..)?).u16()?);
        held.get(fixed..fixed + length)
    }
}

const LOCAL: usize = 30;
const CENTRAL: usize = 46;
/// Bytes of the record that ends a zip, without its comment.
pub(super) const END: usize = 22;

/// A local header: what is needed to find the end of the content behind it.
#[derive(Debug)]
pub(super) struct Local<'a> {
    pub(super) method: u16,
    /// Whether sum and sizes stand behind the content.
    pub(super) has_descriptor: bool,
    /// Bytes in the zip, which may be zero where a descriptor follows.
    pub(super) packed: u64,
    pub(super) name: &'a [u8],
}

/// Flag bit 3: what is not known before the content is written behind it.
const DESCRIPTOR: u16 = 1 << 3;

/// Reads the whole of a local header.
pub(super) fn local(held: &[u8]) -> Result<Local<'_>, Fault> {
    let mut fields = Fields(held);
    fields.skip(6);
    let (flags, method) = (fields.number()?, fields.number()?);
    fields.skip(8);
    let (mut packed, size) = (fields.wide32()?, fields.wide32()?);
    let (name, extra) = (fields.number()?, fields.number()?);
    let (name, extra) = (fields.bytes(name.into())?, fields.bytes(extra.into())?);
    if packed == MAX32 {
        // The sizes stand there in the other order, and each where it is needed; often both all the same.
        let zip64 = extra::zip64(extra).unwrap_or_default();
        let narrow = if size == MAX32 || zip64.len() >= 16 { 8 } else { 0 };
        packed = Fields(zip64.get(narrow..).unwrap_or_default()).u64().unwrap_or(packed);
    }
    Ok(Local { method, has_descriptor: flags & DESCRIPTOR != 0, packed, name })
}

/// The two compression methods there are in module zips.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// A number of 32 bits that says to look at one of 64.
pub(super) const MAX32: u64 = u32::MAX as u64;

/// An entry of the central directory: what Go believes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Central {
    pub(super) method: u16,
    /// Whether a descriptor follows the content, with the same CRC-32.
    pub(super) has_descriptor: bool,
    /// Zero where it is not stated, unless a descriptor follows.
    pub(super) crc: u32,
    /// Bytes in the zip.
    pub(super) packed: u64,
    /// Bytes of content.
    pub(super) size: u64,
    /// Where the local header is, counted from where the zip itself begins.
    pub(super) offset: u64,
}

/// Reads the whole of a directory's header: name and what is said of it. Semantics of archive/zip readDirectoryHeader.
///
/// # Errors
/// Where Go takes it for none: a size of 64 bits is announced and is not there.
pub(super) fn central(held: &[u8]) -> Result<(&[u8], Central), Fault> {
    let mut fields = Fields(held);
    fields.skip(8);
    let (flags, method) = (fields.number()?, fields.number()?);
    fields.skip(4);
    let crc = fields.u32().ok_or(Fault::Record)?;
    let (narrow_packed, narrow_size) = (fields.wide32()?, fields.wide32()?);
    let (name, extra) = (fields.number()?, fields.number()?);
    fields.skip(10);
    let mut offset = fields.wide32()?;
    let (name, extra) = (fields.bytes(name.into())?, fields.bytes(extra.into())?);
    let (mut packed, mut size) = (narrow_packed, narrow_size);
    for zip64 in extra::zip64s(extra) {
        let mut fields = Fields(zip64);
        if narrow_size == MAX32 {
            size = fields.u64().ok_or(Fault::Zip64)?;
        }
        if narrow_packed == MAX32 {
            packed = fields.u64().ok_or(Fault::Zip64)?;
        }
        if offset == MAX32 {
            offset = fields.u64().ok_or(Fault::Zip64)?;
        }
    }
    let has_descriptor = flags & DESCRIPTOR != 0;
    Ok((name, Central { method, has_descriptor, crc, packed, size, offset }))
}

/// What may stand before a descriptor, or not.
pub(super) const SIGNED: &[u8] = b"PK\x07\x08";

/// The CRC-32 in the descriptor that follows a content, if one does. Like Go, this takes the signature for one even where it could be
/// something else, and leaves the sizes alone, whose width is unknown.
pub(super) fn descriptor_crc(behind: &[u8]) -> Option<u32> {
    Fields(behind.strip_prefix(SIGNED).unwrap_or(behind)).u32()
}

/// How many bytes the descriptor has that `behind` begins with, with these sizes in it; zero where it has others.
pub(super) fn descriptor_length(behind: &[u8], packed: u64, size: u64) -> usize {
    let sizes = behind.strip_prefix(SIGNED).unwrap_or(behind).get(4..).unwrap_or_default();
    let signature = if behind.starts_with(SIGNED) { 4 } else { 0 };
    let mut narrow = Fields(sizes);
    if (narrow.u32().map(u64::from), narrow.u32().map(u64::from)) == (Some(packed), Some(size)) {
        return signature + 12;
    }
    let mut wide = Fields(sizes);
    if (wide.u64(), wide.u64()) == (Some(packed), Some(size)) { signature + 20 } else { 0 }
}

/// Bytes of the longest descriptor.
pub(super) const DESCRIPTOR_LENGTH: usize = 24;

/// Whether a local header begins here, and where the content behind it begins. Semantics of archive/zip findBodyOffset.
pub(super) fn body_offset(header: &[u8]) -> Option<usize> {
    let header = header.get(..LOCAL).filter(|header| header.starts_with(b"PK\x03\x04"))?;
    Some(Kind::Local.length(header))
}

/// Takes numbers off the front.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn wide32(&mut self) -> Result<u64, Fault> {
        self.u32().map(u64::from).ok_or(Fault::Record)
    }

    fn number(&mut self) -> Result<u16, Fault> {
        self.u16().ok_or(Fault::Record)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (first, rest) = self.0.split_at_checked(count).ok_or(Fault::Record)?;
        self.0 = rest;
        Ok(first)
    }
}
