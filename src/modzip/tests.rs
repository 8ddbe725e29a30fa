//! The check against Go's, byte by byte, and with hostile zips.

mod archive;
mod bytes;
mod golden;
mod hostile;
mod made;

use super::{Check, Checked, Unfit, WholeCheck};
use crate::gomod::{ModulePath, Version};

/// Enough for whatever is in these tests.
const AMPLE: usize = usize::MAX;

/// What `made` and most of the golden zips are of.
const PREFIX: &str = "example.com/m@v1.0.0/";

fn begin() -> Check {
    Check::new(&ModulePath::parse("example.com/m").unwrap(), &Version::parse("v1.0.0").unwrap())
}

fn begin_whole() -> WholeCheck {
    WholeCheck::new(&ModulePath::parse("example.com/m").unwrap(), &Version::parse("v1.0.0").unwrap())
}

/// What is made of a zip that is all there, in slices.
fn at_once(mut check: WholeCheck, zip: &[u8], mut budget: impl FnMut() -> usize) -> Result<Checked, Unfit> {
    loop {
        if let Some(checked) = check.work(zip, budget())? {
            return Ok(checked);
        }
    }
}

/// What is made of a zip that passes by.
fn whole(mut check: Check, zip: &[u8]) -> Result<Checked, Unfit> {
    assert_eq!(check.push(zip, AMPLE)?, zip.len());
    assert!(!check.has_more_work());
    check.finish()
}
