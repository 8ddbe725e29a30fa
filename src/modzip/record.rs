//! The records of a zip, as APPNOTE.TXT of PKWARE lays them out; all numbers are little-endian.

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
const END: usize = 22;

/// What the headers of an entry say of it, at both places the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) flags: u16,
    pub(super) method: u16,
    /// Time and date, as MS-DOS had them.
    pub(super) modified: u32,
    pub(super) crc: u32,
    /// Bytes in the zip.
    pub(super) packed: u32,
    /// Bytes of content.
    pub(super) size: u32,
    /// Where the local header is.
    pub(super) offset: u32,
}

impl Facts {
    /// What differs first.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            (self.flags == other.flags, "set of flags"),
            (self.method == other.method, "compression method"),
            (self.modified == other.modified, "time"),
            (self.crc == other.crc, "CRC-32"),
            (self.packed == other.packed, "compressed size"),
            (self.size == other.size, "size"),
            (self.offset == other.offset, "place"),
        ]
        .into_iter()
        .find_map(|(is_same, what)| (!is_same).then_some(what))
    }
}

/// A local header.
#[derive(Debug)]
pub(super) struct Local<'a> {
    /// What is in `crc`, `packed` and `size` may be zero where a descriptor follows.
    pub(super) facts: Facts,
    pub(super) name: &'a [u8],
    /// Whether the descriptor has sizes of 64 bits.
    pub(super) is_wide: bool,
}

/// Flag bit 3: what is not known before the content is written behind it.
pub(super) const DESCRIPTOR: u16 = 1 << 3;

/// The speed of the compression (1, 2), the descriptor, and that names are UTF-8 (11). None of them changes what is
/// unpacked; encryption, patches and masked headers would.
const FLAGS: u16 = 0b110 | DESCRIPTOR | 1 << 11;

/// Reads the whole of a local header that begins at `offset`.
pub(super) fn local(held: &[u8], offset: u64) -> Result<Local<'_>, Fault> {
    let mut fields = Fields(held);
    fields.skip(6);
    let (flags, method, modified, crc) = common(&mut fields)?;
    let (mut packed, mut size) = (fields.wide32()?, fields.wide32()?);
    let (name, extra) = (fields.length()?, fields.length()?);
    let (name, extra) = (fields.bytes(name)?, fields.bytes(extra)?);
    let zip64 = extra::zip64(extra)?;
    extra::widen(zip64, [&mut size, &mut packed])?;
    if flags & !FLAGS != 0 {
        return Err(Fault::Flags(flags));
    }
    if method != STORED && method != DEFLATED {
        return Err(Fault::Method(method));
    }
    let facts = Facts {
        flags,
        method,
        modified,
        crc,
        packed: small(packed)?,
        size: small(size)?,
        offset: small(offset)?,
    };
    Ok(Local { facts, name, is_wide: zip64.is_some() })
}

/// The two compression methods there are in module zips.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// Reads the whole of a directory's header: name and facts.
pub(super) fn central(held: &[u8]) -> Result<(&[u8], Facts), Fault> {
    let mut fields = Fields(held);
    fields.skip(8);
    let (flags, method, modified, crc) = common(&mut fields)?;
    let (mut packed, mut size) = (fields.wide32()?, fields.wide32()?);
    let (name, extra) = (fields.length()?, fields.length()?);
    fields.skip(2);
    let disk = fields.u16().ok_or(Fault::Record)?;
    fields.skip(6);
    let mut offset = fields.wide32()?;
    let (name, extra) = (fields.bytes(name)?, fields.bytes(extra)?);
    extra::widen(extra::zip64(extra)?, [&mut size, &mut packed, &mut offset])?;
    if disk != 0 {
        return Err(Fault::Parts);
    }
    Ok((
        name,
        Facts {
            flags,
            method,
            modified,
            crc,
            packed: small(packed)?,
            size: small(size)?,
            offset: small(offset)?,
        },
    ))
}

fn common(fields: &mut Fields<'_>) -> Result<(u16, u16, u32, u32), Fault> {
    let read = (fields.u16(), fields.u16(), fields.u32(), fields.u32());
    let (Some(flags), Some(method), Some(modified), Some(crc)) = read else { return Err(Fault::Record) };
    Ok((flags, method, modified, crc))
}

/// No size or place in a zip that the go command takes needs more than 32 bits.
fn small(number: u64) -> Result<u32, Fault> {
    u32::try_from(number).map_err(|_| Fault::TooLarge(super::MAX_ZIP))
}

/// What stands behind the content of a file with [`DESCRIPTOR`], with or without a signature: CRC-32 and both sizes.
pub(super) fn descriptor_length(held: &[u8], is_wide: bool) -> usize {
    let signature = if held.len() < 4 { return 4 } else { usize::from(held.starts_with(SIGNED)) * 4 };
    signature + if is_wide { 20 } else { 12 }
}

const SIGNED: &[u8] = b"PK\x07\x08";

/// Whether the descriptor says the same as the content.
pub(super) fn descriptor(held: &[u8], is_wide: bool, facts: &Facts) -> Result<(), Fault> {
    // Go, too, takes the signature for one whatever it could be besides.
    let mut fields = Fields(held.strip_prefix(SIGNED).unwrap_or(held));
    let crc = fields.u32();
    let mut number = || if is_wide { fields.u64() } else { fields.u32().map(u64::from) };
    let (packed, size) = (number(), number());
    if crc != Some(facts.crc) {
        return Err(Fault::Crc);
    }
    if packed != Some(facts.packed.into()) {
        return Err(Fault::Size("compressed size"));
    }
    if size != Some(facts.size.into()) {
        return Err(Fault::Size("size"));
    }
    Ok(())
}

/// Where the directory is and how much is in it, as it was found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Directory {
    pub(super) entries: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Holds the end with 64 bits to what was found.
pub(super) fn end64(held: &[u8], found: &Directory) -> Result<(), Fault> {
    let mut fields = Fields(held);
    fields.skip(4);
    // Its own length, less what is read before it: no more than this version of the record has.
    if fields.u64() != Some(44) {
        return Err(Fault::Zip64);
    }
    fields.skip(4);
    if (fields.u32(), fields.u32()) != (Some(0), Some(0)) {
        return Err(Fault::Parts);
    }
    let mut is = |number, what| if fields.u64() == Some(number) { Ok(()) } else { Err(Fault::End(what)) };
    is(found.entries, "number of entries")?;
    is(found.entries, "number of entries")?;
    is(found.size, "size of the directory")?;
    is(found.offset, "place of the directory")
}

/// Holds the locator to where the end with 64 bits was.
pub(super) fn locator(held: &[u8], found: u64) -> Result<(), Fault> {
    let mut fields = Fields(held);
    fields.skip(4);
    let (disk, at, disks) = (fields.u32(), fields.u64(), fields.u32());
    if (disk, disks) != (Some(0), Some(1)) {
        return Err(Fault::Parts);
    }
    if at == Some(found) { Ok(()) } else { Err(Fault::End("place of the zip64 end")) }
}

/// Holds the end, with its comment, to what was found. `is_wide` where an end with 64 bits came before it.
pub(super) fn end(held: &[u8], found: &Directory, is_wide: bool) -> Result<(), Fault> {
    let mut fields = Fields(held);
    fields.skip(4);
    if (fields.u16(), fields.u16()) != (Some(0), Some(0)) {
        return Err(Fault::Parts);
    }
    // A number with all bits set says to look at the end with 64 bits. Where none has them set, Go does not look;
    // where one has and there is no such end, Go would take for it what looks like one.
    let mut says_wide = false;
    let mut is = |stated: Option<u64>, all: u64, number: u64, what| {
        let is_all = stated == Some(all);
        says_wide |= is_all;
        if is_all || stated == Some(number) { Ok(()) } else { Err(Fault::End(what)) }
    };
    for _ in 0..2 {
        is(fields.u16().map(u64::from), 0xffff, found.entries, "number of entries")?;
    }
    is(fields.u32().map(u64::from), 0xffff_ffff, found.size, "size of the directory")?;
    is(fields.u32().map(u64::from), 0xffff_ffff, found.offset, "place of the directory")?;
    if says_wide != is_wide {
        return Err(Fault::Zip64);
    }
    // Go looks for the last signature of an end after which there is room for one.
    let last = held.len().checked_sub(END - 4).and_then(|room| held.get(..room)).unwrap_or_default();
    match last.windows(4).rposition(|four| Kind::of(four) == Some(Kind::End)) {
        Some(0) => Ok(()),
        _ => Err(Fault::Comment),
    }
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

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn wide32(&mut self) -> Result<u64, Fault> {
        self.u32().map(u64::from).ok_or(Fault::Record)
    }

    fn length(&mut self) -> Result<usize, Fault> {
        self.u16().map(usize::from).ok_or(Fault::Record)
    }

    fn skip(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (first, rest) = self.0.split_at_checked(count).ok_or(Fault::Record)?;
        self.0 = rest;
        Ok(first)
    }
}
