//! What a string between double quotes stands for. Semantics of strconv.Unquote.

/// The text between the quotes, with its escapes read. Bytes that are no UTF-8 are replaced: they are in no version and no path.
pub(super) fn unquote(quoted: &str) -> Option<String> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\n') {
        return None;
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find(['\\', '"']) {
        let (before, escape) = rest.split_at_checked(at)?;
        bytes.extend_from_slice(before.as_bytes());
        let mut chars = escape.strip_prefix('\\')?.chars();
        match chars.next()? {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            '\\' => bytes.push(b'\\'),
            '"' => bytes.push(b'"'),
            'x' => bytes.push(u8::try_from(number(&mut chars, 2, 16, 0)?).ok()?),
            'u' => push(&mut bytes, number(&mut chars, 4, 16, 0)?)?,
            'U' => push(&mut bytes, number(&mut chars, 8, 16, 0)?)?,
            digit => {
                let first = digit.to_digit(8)?;
                bytes.push(u8::try_from(number(&mut chars, 2, 8, first)?).ok()?);
            }
        }
        rest = chars.as_str();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// As many digits as there have to be, behind those that were read.
fn number(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32, read: u32) -> Option<u32> {
    (0..digits)
        .try_fold(read, |number, _| number.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?))
}

fn push(bytes: &mut Vec<u8>, code: u32) -> Option<()> {
    let c = char::from_u32(code)?;
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}
