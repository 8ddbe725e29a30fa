//! The value of an Envoy attribute that is a text, or a list of texts.
//!
//! Envoy hands over a text as its bytes and a list in the layout that header maps have: a count, two lengths for each element
//! (the second that of an empty value), then each element and each empty value with a zero byte behind it; numbers are four
//! bytes, the least first (both observed on 1.40). Other kinds come without saying so: a number as eight bytes of a double or an
//! integer, a truth value as one byte of 0 or 1, a map like a list, but with values. Nearly all of these hold control characters,
//! which no text here may.

use crate::http::Property;

/// What an attribute's bytes say: a text, the texts of a list (one that is empty is kept), or what is no text.
pub fn property(bytes: &[u8]) -> Property {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => Property::Texts(vec![text.to_owned()]),
        _ => list(bytes).map_or(Property::NoText, Property::Texts),
    }
}

fn list(bytes: &[u8]) -> Option<Vec<String>> {
    let (count, rest) = number(bytes)?;
    let (lengths, mut rest) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut texts = Vec::new();
    for lengths in lengths.chunks_exact(8) {
        let (length, lengths) = number(lengths)?;
        let (value, _) = number(lengths)?;
        let (text, after) = rest.split_at_checked(length)?;
        rest = after.strip_prefix(b"\0\0")?;
        if value != 0 {
            return None;
        }
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
    }
    rest.is_empty().then_some(texts)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*first)).ok()?, rest))
}
