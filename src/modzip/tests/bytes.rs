//! However a zip is cut into pieces the verdict is the same, and no byte of it is beside the point unknowingly.

use std::collections::BTreeSet;

use super::golden::{Row, rows};
use super::{AMPLE, at_once, whole};
use crate::gomod::tests::Lcg;
use crate::modzip::{Check, Checked, Unfit};

/// Zips that are cut at every byte.
fn small() -> Vec<Row> {
    let small: Vec<Row> = rows().into_iter().filter(|row| row.zip.len() < 1500).collect();
    assert!(small.len() > 80, "{} rows", small.len());
    small
}

/// Pushes pieces as long as `piece` says, each with the budget that `budget` says, until nothing is left to do.
fn in_pieces(
    mut check: Check,
    zip: &[u8],
    mut piece: impl FnMut() -> usize,
    mut budget: impl FnMut() -> usize,
) -> Result<Checked, Unfit> {
    let mut at = 0;
    while at < zip.len() || check.has_more_work() {
        let end = zip.len().min(at + piece());
        let budget = budget();
        let taken = check.push(&zip[at..end], budget)?;
        assert!(taken == end - at || check.has_more_work(), "bytes are left for want of a budget alone");
        at += taken;
        assert!(check.releasable() <= at as u64);
    }
    check.finish()
}

#[test]
fn every_split_gives_the_same_verdict() {
    for row in small() {
        let verdict = whole(row.begin(), &row.zip);
        for split in 0..=row.zip.len() {
            let mut pieces = [split, row.zip.len()].into_iter();
            let pieces = || pieces.next().unwrap();
            assert_eq!(in_pieces(row.begin(), &row.zip, pieces, || AMPLE), verdict, "{} {split}", row.title);
        }
    }
}

#[test]
fn random_pieces_and_budgets_give_the_same_verdict() {
    let mut lcg = Lcg(1);
    for row in small() {
        let verdict = whole(row.begin(), &row.zip);
        for bound in [1, 2, 7, 60, 600] {
            let mut other = Lcg(lcg.below(1 << 30) as u64);
            let pieces = || 1 + lcg.below(bound);
            let budgets = || other.below(bound * bound);
            assert_eq!(in_pieces(row.begin(), &row.zip, pieces, budgets), verdict, "{} {bound}", row.title);
        }
        let verdict = at_once(row.begin_whole(), &row.zip, || AMPLE);
        for bound in [1, 100, 1000] {
            let sliced = at_once(row.begin_whole(), &row.zip, || lcg.below(bound));
            assert_eq!(sliced, verdict, "{} {bound}", row.title);
        }
    }
}

#[test]
fn what_breaks_off_is_truncated_and_nothing_else() {
    let mut broken = 0;
    for row in small().iter().filter(|row| whole(row.begin(), &row.zip).is_ok()) {
        for end in 0..row.zip.len() {
            let unfit = whole(row.begin(), &row.zip[..end]).expect_err(&row.title);
            assert!(unfit.is_truncated(), "{}, {end} bytes: {unfit}", row.title);
            broken += 1;
        }
    }
    assert!(broken > 8_000, "{broken}");
}

#[test]
fn without_the_end_nothing_is_a_zip() {
    for row in small() {
        let mut check = row.begin();
        if check.push(&row.zip, AMPLE).is_err() || !check.is_complete() {
            continue;
        }
        let released = &row.zip[..usize::try_from(check.releasable()).unwrap()];
        let end = |four: &[u8]| matches!(four, b"PK\x05\x06" | b"PK\x06\x06" | b"PK\x06\x07");
        // What is in a file is nobody's end.
        let has_a_zip_in_it = row.title.ends_with("a zip in it");
        assert!(has_a_zip_in_it || !released.windows(4).any(end), "{}", row.title);
        assert!(row.zip[released.len()..].windows(4).next().is_some_and(end), "{}", row.title);
        // What was released never has to be called back.
        for split in 0..row.zip.len() {
            let mut check = row.begin();
            check.push(&row.zip[..split], AMPLE).unwrap();
            assert!(check.releasable() <= released.len() as u64, "{} {split}", row.title);
            assert!(!check.is_complete(), "{} {split}", row.title);
        }
    }
}

#[test]
fn every_byte_counts_but_for_a_few() {
    let rows = rows();
    let row = rows.iter().find(|row| row.title == "created").unwrap();
    let good = whole(row.begin(), &row.zip).unwrap();
    let mut uncovered = BTreeSet::new();
    let mut named = BTreeSet::new();
    for at in (0..row.zip.len()).filter(|at| row.zip[*at..].starts_with(b"PK\x01\x02")) {
        named.extend((at + 28..at + 32).chain(at + 46..at + 46 + usize::from(row.zip[at + 28])));
    }
    for at in 0..row.zip.len() {
        for bit in 0..8 {
            let mut zip = row.zip.clone();
            zip[at] ^= 1 << bit;
            match whole(row.begin(), &zip) {
                // Another name in the directory, which is where Go reads it, or another part of one.
                Ok(checked) if named.contains(&at) => assert_ne!(checked.h1, good.h1, "byte {at}, bit {bit}"),
                Ok(checked) => {
                    assert_eq!(
                        checked, good,
                        "byte {at}, bit {bit}: another zip with another hash, by one bit"
                    );
                    uncovered.insert(at);
                }
                Err(_) => {}
            }
        }
    }
    // Go does not look at these, and what they say changes nothing that is unpacked. Deflate pads with bits of
    // either kind: after the header of a stored block, which is all that Go makes of so small a file, and at the
    // end.
    let mut meant = BTreeSet::new();
    for at in 0..row.zip.len() {
        match row.zip.get(at..at + 4) {
            Some(b"PK\x03\x04") => {
                let name = usize::from(row.zip[at + 26]);
                meant.extend(at + 4..at + 8); // the version needed, and flags
                meant.extend(at + 10..at + 26); // time, sum and sizes
                meant.extend(at + 30..at + 31 + name); // the name, and padding of deflate
            }
            Some(b"PK\x07\x08") => meant.extend((at - 1..at).chain(at..at + 4).chain(at + 8..at + 16)),
            Some(b"PK\x01\x02") => {
                meant.extend(at + 4..at + 10); // the versions it was made by and needs, and flags
                meant.extend(at + 12..at + 16); // time
                meant.extend(at + 34..at + 42); // the number of a disk, and attributes
            }
            // Numbers of disks, and the size of the directory where it is found without.
            Some(b"PK\x05\x06") => meant.extend((at + 4..at + 10).chain(at + 12..at + 16)),
            _ => {}
        }
    }
    let others: Vec<_> = uncovered.difference(&meant).collect();
    assert!(others.is_empty(), "{others:?}");
}
