//! Reading what another worker, or another version of this filter, wrote.

/// Takes the first `N` bytes off `bytes`; `None` where there are fewer.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
