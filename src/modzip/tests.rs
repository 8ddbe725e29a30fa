//! The check against Go's, byte by byte, and with hostile zips.

mod golden;

use super::{Check, Checked, Unfit};
use crate::gomod::{ModulePath, Version};

/// Enough for whatever is in these tests.
const AMPLE: usize = usize::MAX;

fn check(module: &ModulePath, version: &Version) -> Check {
    Check::new(module, version)
}

fn whole(mut check: Check, zip: &[u8]) -> Result<Checked, Unfit> {
    assert_eq!(check.push(zip, AMPLE)?, zip.len());
    assert!(!check.has_more_work());
    check.finish()
}
