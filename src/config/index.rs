//! How large the index is: pages of shared data, and what they come to.

use super::limits;

/// The size of the index in shared data, as pages for records of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// For answers that exist.
    pub found: Pages,
    /// For documents of which one of those pages holds but few.
    pub large: Pages,
    /// For "not found", at most [`limits::NEGATIVE_ENTRY_BYTES`] each.
    pub missing: Pages,
}

/// Pages of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// How many there are.
    pub count: u32,
    /// How many bytes each may have.
    pub bytes: u32,
}

impl Index {
    /// The index that takes at most so many bytes of Envoy's memory, full to the brim, what keys cost included and leases not: its shares
    /// are [`limits::MISSING_SHARE`] and [`limits::LARGE_SHARE`].
    pub fn of(bytes: u32) -> Self {
        let of = |share: u32, bytes: u32| Pages {
            count: share.checked_div(bytes.saturating_add(limits::KEY_OVERHEAD_BYTES)).unwrap_or_default(),
            bytes,
        };
        let at_least_one = |pages: Pages| Pages { count: pages.count.max(1), ..pages };
        let missing = at_least_one(of(bytes / limits::MISSING_SHARE, limits::PAGE_BYTES));
        let rest = u64::from(bytes).saturating_sub(missing.memory_bound_bytes());
        let rest = u32::try_from(rest).unwrap_or(u32::MAX);
        let large = of(rest / limits::LARGE_SHARE, limits::LARGE_PAGE_BYTES);
        let rest = u64::from(rest).saturating_sub(large.memory_bound_bytes());
        let found = at_least_one(of(u32::try_from(rest).unwrap_or(u32::MAX), limits::PAGE_BYTES));
        Self { found, large, missing }
    }

    /// What the index takes of Envoy's memory when every page is full, and what its leases take.
    pub fn memory_bound_bytes(&self) -> u64 {
        let leases = Pages { count: limits::LEASE_SLOTS, bytes: limits::LEASE_BYTES };
        let all = [self.found, self.large, self.missing, leases];
        all.iter().fold(0, |sum, pages| sum.saturating_add(pages.memory_bound_bytes()))
    }
}

impl Pages {
    /// What they take when all are full, their keys included.
    pub fn memory_bound_bytes(&self) -> u64 {
        let page = u64::from(self.bytes).saturating_add(u64::from(limits::KEY_OVERHEAD_BYTES));
        u64::from(self.count).saturating_mul(page)
    }

    /// How many bytes each may have.
    pub fn capacity(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}
