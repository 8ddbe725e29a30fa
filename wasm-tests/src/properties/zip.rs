//! Module zips: what is checked while it streams by, and what is read when it is there.
//!
//! Input: a zip of example.com/m@v1.0.0, on whose own bytes it depends how it is cut into pieces.

use modgate::gomod::{ModulePath, Version};
use modgate::modzip::{Check, Checked, MAX_ZIP, Unfit, WholeCheck};

/// However it is cut the verdict is the same, what is fit is accounted for to the last byte, and a call does no
/// more work than its budget.
pub fn check(input: &[u8]) {
    let verdict = pushed(input, usize::MAX, usize::MAX);
    let seed =
        input.iter().fold(input.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    assert_eq!(pushed(input, 1 + seed % 97, 1 + seed / 97 % 2000), verdict);
    let whole = read(input, usize::MAX);
    assert_eq!(read(input, 1 + seed % 2000), whole);
    // What is fit as it passes by is fit when it is there, and the same.
    assert!(verdict.is_err() || verdict == whole, "{verdict:?}, whole: {whole:?}");
    match verdict {
        Ok(checked) => {
            assert_eq!(checked.bytes, input.len() as u64);
            assert!(checked.content_bytes <= MAX_ZIP);
            // Each entry has its name, at the least, in the directory.
            assert!(checked.entries * (46 + 21) + 22 <= input.len(), "{checked:?}");
            assert!(begun(&[input, b"\0"].concat()).is_err(), "bytes after the end");
            let broken = &input[..input.len() - 1];
            assert!(pushed(broken, usize::MAX, usize::MAX).is_err_and(|unfit| unfit.is_truncated()));
        }
        Err(unfit) => {
            let text = unfit.to_string();
            assert!(text.len() < 1000 && text.is_ascii() && !text.contains(char::is_control), "{text}");
        }
    }
}

fn begin() -> Check {
    Check::new(&ModulePath::parse("example.com/m").unwrap(), &Version::parse("v1.0.0").unwrap())
}

fn begun(input: &[u8]) -> Result<usize, Unfit> {
    begin().push(input, usize::MAX)
}

fn read(input: &[u8], budget: usize) -> Result<Checked, Unfit> {
    let (module, version) = (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap());
    let mut check = WholeCheck::new(&module, &version);
    loop {
        if let Some(checked) = check.work(input, budget)? {
            return Ok(checked);
        }
    }
}

fn pushed(input: &[u8], piece: usize, budget: usize) -> Result<Checked, Unfit> {
    let (mut check, mut at, mut released) = (begin(), 0, 0);
    while at < input.len() || check.has_more_work() {
        let end = input.len().min(at.saturating_add(piece));
        let taken = check.push(&input[at..end], budget)?;
        assert!(taken == end - at || check.has_more_work());
        at += taken;
        assert!((released..=at as u64).contains(&check.releasable()));
        released = check.releasable();
    }
    check.finish()
}
