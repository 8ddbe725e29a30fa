//! As much of HPACK (RFC 7541) as an attacker needs: a header that is sent once and named with one byte from then on, and
//! the status of an answer.

/// Writes header blocks for one connection.
///
/// It remembers what the other side's table holds, which is at most one field: the ballast.
#[derive(Debug, Default)]
pub struct Encoder {
    ballast: Option<(String, String)>,
}

impl Encoder {
    /// The block of a GET for `path` with `times` the ballast. The first block carries the ballast in full;
    /// each later one carries one byte for each time.
    ///
    /// # Panics
    /// When another ballast is given than before, or one that the table of 4,096 bytes cannot hold.
    #[must_use]
    pub fn get(
        &mut self,
        path: &str,
        authority: &str,
        ballast: Option<(&str, &str, usize)>,
    ) -> Vec<u8> {
        // `:method: GET` and `:scheme: http` of the static table.
        let mut block = vec![INDEXED | 2, INDEXED | 6];
        // `:path` and `:authority` of the static table, and values that go into no table.
        for (name, value) in [(4, path), (1, authority)] {
            block.push(name);
            text(&mut block, value);
        }
        if let Some((name, value, times)) = ballast {
            let mut left = times;
            match &self.ballast {
                Some((known, kept)) => assert_eq!((known.as_str(), kept.as_str()), (name, value)),
                None if left > 0 => {
                    assert!(name.len() + value.len() + ENTRY <= TABLE, "the table cannot hold {name}");
                    block.push(LITERAL_INDEXED);
                    text(&mut block, name);
                    text(&mut block, value);
                    self.ballast = Some((name.to_owned(), value.to_owned()));
                    left -= 1;
                }
                None => {}
            }
            block.extend(std::iter::repeat_n(INDEXED | FIRST_DYNAMIC, left));
        }
        block
    }
}

/// The status of an answer whose sender was told to keep no table; nothing where the block does not begin with one.
#[must_use]
pub fn status(block: &[u8]) -> Option<u16> {
    let mut rest = block;
    // Sizes of the table.
    while rest.first()? & 0b1110_0000 == 0b0010_0000 {
        rest = number(rest, 5)?.1;
    }
    if rest.first()? & INDEXED != 0 {
        let place = usize::try_from(number(rest, 7)?.0).ok()?;
        return STATUSES.get(place.checked_sub(FIRST_STATUS)?).copied();
    }
    let prefix = if rest.first()? & LITERAL_INDEXED == 0 { 4 } else { 6 };
    let (name, rest) = number(rest, prefix)?;
    // `:status` has seven places; a literal may name any.
    (FIRST_STATUS..FIRST_STATUS + STATUSES.len()).contains(&usize::try_from(name).ok()?).then_some(())?;
    let huffman = rest.first()? & 0x80 != 0;
    let (length, rest) = number(rest, 7)?;
    let value = rest.get(..usize::try_from(length).ok()?)?;
    if huffman { digits(value) } else { std::str::from_utf8(value).ok()?.parse().ok() }
}

/// Huffman-coded digits: 0, 1 and 2 have five bits, 3 to 9 have six.
fn digits(coded: &[u8]) -> Option<u16> {
    let bits: Vec<u16> =
        coded.iter().flat_map(|byte| (0..8).rev().map(move |at| u16::from(byte >> at & 1))).collect();
    let (mut at, mut value) = (0, 0);
    for _ in 0..3 {
        let take = |length: usize| {
            bits.get(at..at + length).map(|bits| bits.iter().fold(0, |sum, bit| sum * 2 + bit))
        };
        let digit = match take(5)? {
            short @ 0..=2 => {
                at += 5;
                short
            }
            _ => {
                let long = take(6)?;
                at += 6;
                long.checked_sub(0b01_1001)? + 3
            }
        };
        if digit > 9 {
            return None;
        }
        value = value * 10 + digit;
    }
    Some(value)
}

fn text(block: &mut Vec<u8>, value: &str) {
    let mut left = value.len();
    if left < 127 {
        block.push(u8::try_from(left).expect("below 127"));
    } else {
        block.push(127);
        left -= 127;
        while left >= 128 {
            block.push(u8::try_from(left % 128).expect("below 128") | 0x80);
            left /= 128;
        }
        block.push(u8::try_from(left).expect("below 128"));
    }
    block.extend_from_slice(value.as_bytes());
}

/// A number whose first byte gives it `bits` bits, and what follows it.
fn number(bytes: &[u8], bits: u32) -> Option<(u64, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let most = (1_u64 << bits) - 1;
    let mut value = u64::from(*first) & most;
    if value < most {
        return Some((value, rest));
    }
    for shift in (0..56).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

/// `:method: POST` of the static table, as a block begins with it in place of a GET's.
pub(super) const POST: u8 = INDEXED | 3;
const INDEXED: u8 = 0x80;
const LITERAL_INDEXED: u8 = 0x40;
/// The newest field of the dynamic table.
const FIRST_DYNAMIC: u8 = 62;
/// The table's size unless a side says otherwise, and what it counts for an entry beside its bytes.
const TABLE: usize = 4096;
const ENTRY: usize = 32;
const FIRST_STATUS: usize = 8;
const STATUSES: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ballast_costs_its_bytes_once() {
        let (mut encoder, value) = (Encoder::default(), "x".repeat(3900));
        let mut length = || encoder.get("/m/@v/list", "m", Some(("x-a", &value, 14))).len();
        let (first, second) = (length(), length());
        assert!(first > 3900 && first < 3960, "{first}");
        assert_eq!(second, 2 + (2 + 10) + (2 + 1) + 14);
    }

    #[test]
    fn every_way_of_writing_a_status_is_read() {
        for (block, expected) in [
            (&[0x88][..], Some(200)),
            (&[0x20, 0x8d], Some(404)),
            // RFC 7541, C.6.1: a literal with a Huffman-coded value.
            (&[0x48, 0x82, 0x64, 0x02], Some(302)),
            (&[0x08, 0x03, b'5', b'0', b'3'], Some(503)),
            // 0110_11 0000_0 0110_01 and padding.
            (&[0x08, 0x83, 0b0110_1100, 0b0000_1100, 0b1111_1111], Some(503)),
            (&[0x3f, 0xe1, 0x1f, 0x88], Some(200)),
            (&[0x04, 0x01, b'/'], None),
            (&[], None),
        ] {
            assert_eq!(status(block), expected, "{block:x?}");
        }
    }
}
