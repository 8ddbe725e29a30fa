//! Zips that are no modules: what is read of one, and what one must not come to.

use super::made::{Zip, zeros};
use crate::modzip::{Archive, Limits, Turn};

const LIMITS: Limits = Limits { entries: 3, entry_bytes: 1000, bytes: 1500 };

/// The names and contents of all entries but those that are passed over, or why they cannot be had.
fn read(zip: &[u8], passes_over: impl Fn(&str) -> bool) -> Result<Vec<(String, usize)>, String> {
    let mut archive = Archive::new(LIMITS);
    let (mut all, mut named) = (Vec::new(), String::new());
    for _ in 0..1000 {
        match archive.step(zip).map_err(|error| error.to_string())? {
            Turn::More => {}
            Turn::Named(name) if passes_over(&name) => archive.pass_over(),
            Turn::Named(name) => named = name,
            Turn::Content(content) => all.push((std::mem::take(&mut named), content.len())),
            Turn::End => return Ok(all),
        }
    }
    panic!("work without end");
}

fn all(zip: &[u8]) -> Result<Vec<(String, usize)>, String> {
    read(zip, |_| false)
}

fn name(name: &str) -> String {
    format!("{}{name}", super::PREFIX)
}

#[test]
fn stored_and_deflated_entries_are_read_in_their_order() {
    let (packed, crc) = zeros(900);
    let zip = Zip::default().stored("b", b"hello").file("a", 8, &packed, crc, 900).stored("c", b"").finish();
    assert_eq!(all(&zip), Ok(vec![(name("b"), 5), (name("a"), 900), (name("c"), 0)]));
    let not_b = read(&zip, |name| name.ends_with('b'));
    assert_eq!(not_b, Ok(vec![(name("a"), 900), (name("c"), 0)]));
    // What stands before it is none of it.
    assert_eq!(all(&[&b"#!/bin/sh\n"[..], &zip].concat()).map(|all| all.len()), Ok(3));
    for cut in 0..zip.len() {
        assert!(all(&zip[..cut]).is_err(), "{cut} bytes");
    }
}

#[test]
fn no_zip_comes_to_more_than_it_may() {
    let (packed, crc) = zeros(1 << 20);
    let (small, small_crc) = zeros(900);
    let stated = |size| Zip::default().file("a", 8, &packed, crc, size).finish();
    let four = ["a", "b", "c", "d"].iter().fold(Zip::default(), |zip, name| zip.stored(name, b"x")).finish();
    let two = ["a", "b"].iter().fold(Zip::default(), |zip, name| zip.file(name, 8, &small, small_crc, 900));
    let content = [7; 700];
    let shared = Zip::default().stored("a", &content).again("b", &content).finish();
    for (zip, why) in [
        (stated(1 << 20), "more than 1000 bytes of content, in "),
        // It says less than it is.
        (stated(900), "the content does not have the size that is stated, in "),
        (two.finish(), "more than 1500 bytes of content, in "),
        (four, "more than 3 entries"),
        (shared, "files share their bytes, in "),
        (Zip::default().file("a", 8, &small, small_crc, 901).finish(), "the content does not have the size"),
        (Zip::default().file("a", 8, &small, 1, 900).finish(), "the content does not have the CRC-32"),
        (Zip::default().file("a", 9, &small, small_crc, 900).finish(), "the compression method 9 is neither"),
        (Zip::default().file("a", 8, b"\xff\xff\xff", 1, 900).finish(), "the content is not deflated data"),
        (
            Zip::default().file("a", 8, &small[..5], small_crc, 900).finish(),
            "the content does not have the compressed size",
        ),
        (b"PK".to_vec(), "it breaks off"),
        (b"<html>".repeat(100), "it breaks off"),
    ] {
        let error = all(&zip).unwrap_err();
        let said = error.strip_prefix("not a zip that can be read: ").unwrap();
        assert!(said.starts_with(why), "{why}: {said}");
        assert!(error.len() < 300, "{error}");
    }
}

/// Whatever a byte is changed to, it ends.
#[test]
fn no_byte_makes_work_without_end() {
    let (packed, crc) = zeros(900);
    let zip = Zip::default().stored("b", b"hello").file("a", 8, &packed, crc, 900).finish();
    let mut read = 0;
    for at in 0..zip.len() {
        for change in [1, 0x80, 0xff] {
            let mut zip = zip.clone();
            zip[at] ^= change;
            read += usize::from(all(&zip).is_ok());
        }
    }
    assert!(read > 50, "{read} changes that no reader looks at");
}
