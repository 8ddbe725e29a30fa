//! Zips made to do harm: bombs, too many names, and tricks with the place of things.

use super::made::{Zip, zeros};
use super::{AMPLE, at_once, begin, begin_whole, whole};
use crate::modzip::{Fault, MAX_ENTRIES, MAX_NAME, MAX_NAMES, MAX_ZIP};

const MIB: usize = 1 << 20;

/// What is wrong with a zip, which its message says on one bounded line.
fn fault(zip: &[u8]) -> Fault {
    let unfit = whole(begin(), zip).expect_err("unfit");
    let message = unfit.to_string();
    assert!(message.len() < 700 && message.is_ascii() && !message.contains(char::is_control), "{message}");
    unfit.fault().clone()
}

#[test]
fn a_bomb_ends_at_the_limit() {
    // 501 files of a MiB in half a megabyte.
    let (packed, crc) = zeros(MIB);
    let mut zip = Zip::default();
    for n in 0..501 {
        zip = zip.file(&n.to_string(), 8, &packed, crc, MIB);
    }
    let zip = zip.finish();
    assert!(zip.len() < MIB, "{}", zip.len());
    assert_eq!(fault(&zip), Fault::TooLarge(MAX_ZIP));
}

#[test]
fn as_much_as_there_may_be_is_fit() {
    let (packed, crc) = zeros(MIB);
    let mut zip = Zip::default();
    for n in 0..500 {
        zip = zip.file(&n.to_string(), 8, &packed, crc, MIB);
    }
    let checked = whole(begin(), &zip.finish()).unwrap();
    assert_eq!((checked.entries, checked.content_bytes), (500, MAX_ZIP));
}

#[test]
fn a_bomb_takes_no_more_work_at_once_than_its_budget() {
    let (packed, crc) = zeros(64 * MIB);
    let zip = Zip::default().file("a", 8, &packed, crc, 64 * MIB).finish();
    let mut check = begin();
    let (mut at, mut pushes) = (0, 0);
    while at < zip.len() || check.has_more_work() {
        at += check.push(&zip[at..], 256 << 10).unwrap();
        pushes += 1;
    }
    // 64 MiB in pieces of 256 KiB, and the records.
    assert!((256..=260).contains(&pushes), "{pushes}");
    assert_eq!(check.finish().unwrap().content_bytes, 64 * MIB as u64);
}

#[test]
fn a_stated_size_is_held_to() {
    let crc = zlib_rs::crc32::crc32(0, b"aaaa");
    for (method, packed, size, want, why) in [
        (0, &b"aaaa"[..], 3, Fault::Size("size"), "stored, smaller"),
        (0, b"aaaa", 5, Fault::Size("size"), "stored, larger"),
        (8, b"\x01\x04\x00\xfb\xffaaaa", 3, Fault::Size("size"), "smaller"),
        (8, b"\x01\x04\x00\xfb\xffaaaa", 5, Fault::Size("size"), "larger"),
        (8, b"\x00\x04\x00\xfb\xffaaaa", 4, Fault::Deflate, "no end"),
        (8, b"\x01\x04\x00\xfb\xfeaaaa", 4, Fault::Deflate, "no deflate"),
        (8, b"\x03\x02\x00\x00", 3, Fault::Deflate, "a distance beyond the start"),
        (0, b"bbbb", 4, Fault::Crc, "other bytes"),
    ] {
        assert_eq!(fault(&Zip::default().file("a", method, packed, crc, size).finish()), want, "{why}");
    }
}

#[test]
fn more_entries_than_16_bits_count() {
    let mut zip = Zip::default();
    for n in 0..0x1_0000 {
        zip = zip.stored(&n.to_string(), b"");
    }
    assert_eq!(whole(begin(), &zip.finish()).unwrap().entries, 0x1_0000);
}

#[test]
fn names_are_bounded() {
    let mut zip = Zip::default();
    for n in 0..=MAX_ENTRIES {
        zip = zip.stored(&n.to_string(), b"");
    }
    assert_eq!(fault(&zip.finish()), Fault::TooMany);

    let mut zip = Zip::default();
    for n in 0..=MAX_NAMES / 4000 {
        zip = zip.stored(&format!("{n:<4000}x"), b"");
    }
    assert_eq!(fault(&zip.finish()), Fault::Names);

    let long = "\u{e9}".repeat(MAX_NAME / 2);
    assert!(whole(begin(), &Zip::default().stored(&long, b"").finish()).is_ok());
    assert_eq!(fault(&Zip::default().stored(&format!("{long}x"), b"").finish()), Fault::NameLength);
}

#[test]
fn what_the_directory_tells_must_be_there() {
    let zip = Zip::default().stored("a", b"1").stored("b", b"2").finish();
    let fit = whole(begin(), &zip).unwrap();
    let directory = zip.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let entry = (zip.len() - 22 - directory) / 2;
    let mut swapped = zip.clone();
    swapped[directory..directory + 2 * entry].rotate_left(entry);
    assert_eq!(whole(begin(), &swapped), Ok(fit), "the hash is of the files in the order of names");
    // The same, and all but one thing agrees.
    for (at, want) in [
        (10, Fault::Method(1)),
        (16, Fault::Crc),
        (20, Fault::Differs("compressed size")),
        (24, Fault::Size("size")),
        (42, Fault::Place),
        (46, Fault::Prefix),
    ] {
        let mut other = zip.clone();
        other[directory + at] ^= 1;
        assert_eq!(fault(&other), want);
    }
    let mut fewer = zip.clone();
    fewer.drain(directory + entry..directory + 2 * entry);
    assert_eq!(fault(&fewer), Fault::End("number of entries"));
    let mut more = zip.clone();
    more.splice(directory..directory, zip[directory..directory + entry].to_vec());
    assert_eq!(fault(&more), Fault::Twice);
}

/// A small zip must not be much work: each of its bytes is unpacked once.
#[test]
fn files_that_share_their_bytes_are_no_way_to_have_more_of_them() {
    let content = [b'a'; 5000];
    let mut zip = Zip::default().stored("0", &content);
    for n in 1..20 {
        zip = zip.again(&n.to_string(), &content);
    }
    let zip = zip.finish();
    assert_eq!(fault(&zip), Fault::Overlap);
    assert_eq!(at_once(begin_whole(), &zip, || 1000).unwrap_err().fault(), &Fault::Overlap);
}

#[test]
fn a_page_in_place_of_a_zip_is_told_at_once() {
    for page in ["<html>", "{\"error\":1}", "\n<!doctype html>", "    "] {
        let unfit = begin().push(page.as_bytes(), 100).unwrap_err();
        assert!(unfit.is_no_zip(), "{page}: {unfit}");
    }
    // What else it may be is seen by what follows, or by that nothing does.
    let mut check = begin();
    let bytes = vec![b'x'; 3 << 20];
    let unfit = (0..100).find_map(|_| check.push(&bytes, AMPLE).err()).unwrap();
    assert!(unfit.is_no_zip(), "{unfit}");
    assert!(whole(begin(), b"Bad Gateway").unwrap_err().is_no_zip());
    assert!(at_once(begin_whole(), b"Bad Gateway", || AMPLE).unwrap_err().is_no_zip());
}

#[test]
fn once_unfit_stays_unfit() {
    let mut check = begin();
    let unfit = check.push(b"<no zip>", 1000).unwrap_err();
    assert_eq!(
        unfit.to_string(),
        "unfit module zip: something stands where a record has to begin (at byte 0)"
    );
    assert_eq!(check.push(&Zip::default().finish(), 1000), Err(unfit.clone()));
    assert_eq!(check.finish(), Err(unfit));
}

#[test]
fn messages_name_the_entry_and_the_byte() {
    let zip = Zip::default().stored("a", b"1").stored("A", b"2").finish();
    assert_eq!(
        whole(begin(), &zip).unwrap_err().to_string(),
        "unfit module zip: its name and \"a\" differ in case alone, in \"example.com/m@v1.0.0/A\" (at byte 174)"
    );
    let zip = Zip::default().stored("a\n", b"1").finish();
    assert_eq!(
        whole(begin(), &zip).unwrap_err().to_string(),
        "unfit module zip: the character '\\n' is not allowed, in \"example.com/m@v1.0.0/a\\n\" (at byte 54)"
    );
    let broken = Zip::default().stored("long", &[0; 100]).bytes;
    assert_eq!(
        whole(begin(), &broken[..80]).unwrap_err().to_string(),
        "unfit module zip: it breaks off, in \"example.com/m@v1.0.0/long\" (at byte 80)"
    );
}
