//! Makes usual zips odd.

/// The same with other names, as long as these.
pub(super) fn renamed(zip: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut zip = zip.to_vec();
    for at in 0..zip.len().saturating_sub(from.len()) {
        if zip[at..].starts_with(from.as_bytes()) {
            zip[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    zip
}

/// An entry of a zip's directory, and the content it is of.
struct Entry {
    record: Vec<u8>,
    header: Vec<u8>,
    content: Vec<u8>,
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn short(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()).into()
}

/// Takes a zip without comments apart, whose files are stored.
fn entries(zip: &[u8]) -> Vec<Entry> {
    let mut at = number(zip, zip.len() - 6);
    let mut entries = Vec::new();
    while zip[at..].starts_with(b"PK\x01\x02") {
        let length = 46 + short(zip, at + 28) + short(zip, at + 30) + short(zip, at + 32);
        let record = zip[at..at + length].to_vec();
        let header = number(&record, 42);
        let content = header + 30 + short(zip, header + 26) + short(zip, header + 28);
        entries.push(Entry {
            header: zip[header..content].to_vec(),
            content: zip[content..content + number(&record, 20)].to_vec(),
            record,
        });
        at += length;
    }
    entries
}

fn put_together(before: &[u8], entries: Vec<(Entry, Vec<u8>)>) -> Vec<u8> {
    let (mut zip, mut directory, count) = (before.to_vec(), Vec::new(), entries.len());
    for (Entry { mut record, header, content }, behind) in entries {
        let offset = u32::try_from(zip.len() - before.len()).unwrap();
        record[42..46].copy_from_slice(&offset.to_le_bytes());
        directory.extend(record);
        zip.extend([header, content, behind].concat());
    }
    let offset = u32::try_from(zip.len() - before.len()).unwrap();
    let count = u16::try_from(count).unwrap().to_le_bytes();
    zip.extend(&directory);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend([count, count].concat());
    zip.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    zip.extend(offset.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

/// With a CRC-32 of zero, which says nothing.
pub(super) fn without_sums(zip: &[u8]) -> Vec<u8> {
    let without = |mut entry: Entry| {
        entry.record[16..20].fill(0);
        entry.header[14..18].fill(0);
        (entry, Vec::new())
    };
    put_together(&[], entries(zip).into_iter().map(without).collect())
}

/// With sums and lengths behind the files, as Go's zip.Writer writes those it stores.
pub(super) fn described(zip: &[u8]) -> Vec<u8> {
    let described = |mut entry: Entry| {
        let behind = [b"PK\x07\x08", &entry.header[14..26]].concat();
        entry.header[14..26].fill(0);
        entry.header[6] |= 8;
        entry.record[8] |= 8;
        (entry, behind)
    };
    put_together(&[], entries(zip).into_iter().map(described).collect())
}

/// Behind a program that unpacks it, which does not count, with a gap after each file, and with the directory in another order.
pub(super) fn prefixed(zip: &[u8]) -> Vec<u8> {
    let mut entries: Vec<_> = entries(zip).into_iter().map(|entry| (entry, b"gap!".to_vec())).collect();
    entries.reverse();
    put_together(b"#!/bin/sh\nexit\n", entries)
}
