//! Hashes of records and of trees, as RFC 6962, section 2.1, defines them.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// Of one record.
pub(crate) fn leaf(record: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(record);
    hash.finalize().into()
}

/// Of two trees side by side.
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// Of the complete tree over as many hashes as a power of two; `None` for any other number of them.
pub(super) fn complete(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        let (pairs, odd) = row.as_chunks::<2>();
        if !odd.is_empty() {
            return None;
        }
        row = pairs.iter().map(|[left, right]| node(left, right)).collect();
    }
    row.first().copied()
}

/// Of all these hashes followed by a tree of hash `right`, where there is one: largest complete tree first.
pub(super) fn onto(hashes: &[Hash], right: Option<Hash>) -> Option<Hash> {
    let mut right = right;
    let mut rest = hashes;
    // From the right: the lowest bit of their number is the smallest tree.
    while !rest.is_empty() {
        let smallest = 1 << rest.len().trailing_zeros();
        let (before, last) = rest.split_at_checked(rest.len() - smallest)?;
        let left = complete(last)?;
        right = Some(right.map_or(left, |right| node(&left, &right)));
        rest = before;
    }
    right
}
