//! The extra fields of a header, of which only the sizes with 64 bits matter.

use super::record::Fields;

/// The zip64 fields among the extra ones. As in Go, what does not divide into fields ends them.
pub(super) fn zip64s(mut extra: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || first(&mut extra))
        .filter(|(number, _)| *number == ZIP64)
        .map(|(_, bytes)| bytes)
}

/// The first of them.
pub(super) fn zip64(extra: &[u8]) -> Option<&[u8]> {
    zip64s(extra).next()
}

const ZIP64: u16 = 1;

/// Takes off the first field: its number and its bytes.
fn first<'a>(extra: &mut &'a [u8]) -> Option<(u16, &'a [u8])> {
    let (head, rest) = extra.split_at_checked(4)?;
    let mut head = Fields(head);
    let (number, length) = (head.u16()?, head.u16()?);
    let (bytes, rest) = rest.split_at_checked(length.into())?;
    *extra = rest;
    Some((number, bytes))
}
