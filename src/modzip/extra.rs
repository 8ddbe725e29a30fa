//! The extra fields of a header, of which only the sizes with 64 bits matter.

use super::Fault;
use super::record::Fields;

/// The zip64 field among the extra ones. As in Go, what does not divide into fields ends them.
///
/// # Errors
/// Where there are two, of which a reader takes the one or the other.
pub(super) fn zip64(mut extra: &[u8]) -> Result<Option<&[u8]>, Fault> {
    let mut found = None;
    while let Some((number, bytes)) = first(&mut extra) {
        if number == ZIP64 && found.replace(bytes).is_some() {
            return Err(Fault::Zip64);
        }
    }
    Ok(found)
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

/// Replaces the numbers that have all their 32 bits set with those of the field, which has one for each, in this
/// order.
///
/// # Errors
/// Where it has too few.
pub(super) fn widen<const N: usize>(zip64: Option<&[u8]>, numbers: [&mut u64; N]) -> Result<(), Fault> {
    let mut fields = Fields(zip64.unwrap_or_default());
    for number in numbers.into_iter().filter(|number| **number == u64::from(u32::MAX)) {
        *number = fields.u64().ok_or(Fault::Zip64)?;
    }
    Ok(())
}
