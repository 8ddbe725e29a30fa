//! Zips that are not what the checksum database knows, each in its own way.

/// What is wrong with a zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tampering {
    /// A bit in the first entry's content; its CRC no longer holds.
    EarlyBit,
    /// A bit in the last byte of the last entry's content.
    LateBit,
    /// A letter of the last entry's name in the central directory: who trusts local headers sees nothing.
    DirectoryName,
    /// A letter of the last entry's name in its local header: who trusts the central directory sees nothing.
    LocalName,
    /// Two entries have each other's content, and all their CRCs hold.
    Swapped,
    /// Bytes after the end, where Go's own reader does not look.
    Appended,
    /// Bytes before the first entry.
    Prepended,
    /// Bytes between the last entry and the central directory, whose place is told right.
    Between,
    /// The second half is missing.
    Halved,
    /// The last byte is missing.
    LastByteLost,
}

impl Tampering {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::EarlyBit,
        Self::LateBit,
        Self::DirectoryName,
        Self::LocalName,
        Self::Swapped,
        Self::Appended,
        Self::Prepended,
        Self::Between,
        Self::Halved,
        Self::LastByteLost,
    ];

    /// Those that the go command refuses, and the gateway with it; of the others suite `field_accepts` has many.
    pub const REFUSED: [Self; 6] = [
        Self::EarlyBit,
        Self::LateBit,
        Self::DirectoryName,
        Self::Swapped,
        Self::Halved,
        Self::LastByteLost,
    ];

    /// Whether the go command takes such a zip: the hash of its files is right, its bytes are not.
    #[must_use]
    pub fn go_takes_it(self) -> bool {
        matches!(self, Self::LocalName | Self::Appended | Self::Prepended | Self::Between)
    }

    /// The zip with this wrong.
    ///
    /// # Panics
    /// When it is no zip without a comment, or, for [`Tampering::Swapped`], no two of its names are as long as each other.
    #[must_use]
    pub fn of(self, zip: &[u8]) -> Vec<u8> {
        let mut bytes = zip.to_vec();
        let entries = entries(zip);
        let (first, last) = (entries[0], entries[entries.len() - 1]);
        match self {
            Self::EarlyBit => bytes[first.content(zip)] ^= 1,
            Self::LateBit => bytes[last.content(zip) + last.size - 1] ^= 1,
            Self::DirectoryName => bytes[last.directory + 46 + last.name - 1] ^= 1,
            Self::LocalName => bytes[last.local + 30 + last.name - 1] ^= 1,
            Self::Swapped => swap(&mut bytes, &entries),
            Self::Appended => bytes.extend_from_slice(&[0; 100]),
            Self::Prepended => bytes = [&[0; 100], zip].concat(),
            Self::Between => {
                let directory = entries[0].directory;
                bytes = [&zip[..directory], &[0; 100], &zip[directory..]].concat();
                let end = bytes.len() - END;
                write(&mut bytes, end + 16, directory + 100);
            }
            Self::Halved => bytes.truncate(zip.len() / 2),
            Self::LastByteLost => bytes.truncate(zip.len() - 1),
        }
        bytes
    }
}

/// An entry: where its two headers are, and how long its name and its content.
#[derive(Clone, Copy, Debug)]
struct Entry {
    directory: usize,
    local: usize,
    name: usize,
    size: usize,
}

impl Entry {
    /// Where its content begins.
    fn content(&self, zip: &[u8]) -> usize {
        self.local + 30 + read(zip, self.local + 26, 2) + read(zip, self.local + 28, 2)
    }
}

fn entries(zip: &[u8]) -> Vec<Entry> {
    let end = zip.len() - END;
    assert_eq!(zip[end..end + 4], *b"PK\x05\x06", "a zip without a comment");
    let mut at = read(zip, end + 16, 4);
    (0..read(zip, end + 10, 2))
        .map(|_| {
            let (name, extra) = (read(zip, at + 28, 2), read(zip, at + 30, 2) + read(zip, at + 32, 2));
            let entry =
                Entry { directory: at, local: read(zip, at + 42, 4), name, size: read(zip, at + 20, 4) };
            at += 46 + name + extra;
            entry
        })
        .collect()
}

/// To exchange two names, in both headers of each, is to exchange the contents.
fn swap(bytes: &mut [u8], entries: &[Entry]) {
    let pairs = entries.iter().enumerate().flat_map(|(n, one)| entries[n + 1..].iter().map(move |two| (one, two)));
    let (one, two) = pairs.into_iter().find(|(one, two)| one.name == two.name).expect("names of one length");
    for (low, high) in [(one.directory + 46, two.directory + 46), (one.local + 30, two.local + 30)] {
        let (left, right) = bytes.split_at_mut(high);
        left[low..low + one.name].swap_with_slice(&mut right[..one.name]);
    }
}

fn read(bytes: &[u8], at: usize, length: usize) -> usize {
    bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn write(bytes: &mut [u8], at: usize, number: usize) {
    bytes[at..at + 4].copy_from_slice(&u32::try_from(number).expect("a small zip").to_le_bytes());
}

/// Length of the end of central directory record.
const END: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Module;

    #[test]
    fn each_changes_the_zip_in_its_own_way() {
        let zip = Module::new("example.com/m", "v1.0.0").file("a.txt", "one").file("b.txt", "two").zip().to_vec();
        let tampered: Vec<Vec<u8>> = Tampering::ALL.iter().map(|how| how.of(&zip)).collect();
        for (n, one) in tampered.iter().enumerate() {
            assert_ne!(*one, zip, "{:?}", Tampering::ALL[n]);
            assert!(!tampered[n + 1..].contains(one), "{:?}", Tampering::ALL[n]);
        }
        let swapped = Tampering::Swapped.of(&zip);
        let place = |zip: &[u8], text: &[u8]| zip.windows(text.len()).position(|window| window == text);
        assert_eq!(place(&swapped, b"v1.0.0/b.txtone"), place(&zip, b"v1.0.0/a.txtone"));
        assert_eq!(entries(&Tampering::Between.of(&zip)).len(), 4);
    }
}
