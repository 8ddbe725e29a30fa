//! Where a stored file ends whose length is said behind it alone, as Go's own zip.Writer writes it with the method Store.
//!
//! The end is where a descriptor stands that has the length and the CRC-32 of all that came before it: by chance that is never so. A zip
//! that was made so on purpose has the file end too soon, and the central directory will not agree.

use super::record::{DESCRIPTOR_LENGTH, Kind, SIGNED, descriptor_crc, descriptor_length};

/// How many bytes are looked at together: the longest descriptor, and the signature of what follows. No zip ends that soon after
/// a file.
pub(super) const LENGTH: usize = DESCRIPTOR_LENGTH + 4;

/// Where the descriptor begins in `window`, before which there were `before` bytes of content; `crc` is that of all content up to
/// there.
pub(super) fn find(window: &[u8], before: u64, crc: impl Fn(usize) -> u32) -> Option<usize> {
    window.windows(LENGTH).enumerate().find_map(|(at, bytes)| {
        let size = before + at as u64;
        let low = u32::try_from(size).ok()?.to_le_bytes();
        // Most places are none by the first size alone, with a signature before the sum or without.
        if bytes.get(4..8) != Some(&low) && bytes.get(8..12) != Some(&low) {
            return None;
        }
        let length = descriptor_length(bytes, size, size);
        let follows = bytes.get(length..length + 4).and_then(Kind::of);
        let is_one = length > 0 && (bytes.starts_with(SIGNED) || follows.is_some());
        (is_one && descriptor_crc(bytes) == Some(crc(at))).then_some(at)
    })
}
