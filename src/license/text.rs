//! A text as its words, whatever it looks like: how wide its lines are, how its lists are numbered, behind which signs of a comment
//! it stands, and who holds the copyright are no part of what a licence says.
//!
//! A run of words is compared by a hash of it: that of any run comes of two places of one table.

/// What a word's hash is multiplied with for each word behind it.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The most words of a line that is passed over for its copyright: a longer one is more than names and years.
const MAX_COPYRIGHT: usize = 40;

/// The words of a text.
pub(super) struct Text<'a> {
    source: &'a [u8],
    words: Vec<Word>,
    /// The hash of the words before each place.
    sums: Vec<u64>,
    /// `BASE` to the power of each number of words.
    powers: Vec<u64>,
    /// What stands behind each `SPDX-License-Identifier:`.
    pub(super) expressions: Vec<&'a [u8]>,
    /// The lines, as the place of their first word.
    lines: Vec<usize>,
}

/// Where a word stands in the source.
#[derive(Clone, Copy)]
struct Word {
    at: usize,
    len: usize,
}

impl<'a> Text<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        // Seven bytes of a licence are a word and what parts it from the next.
        let room = source.len() / 7;
        let mut text = Self {
            source,
            words: Vec::with_capacity(room),
            sums: Vec::with_capacity(room),
            powers: Vec::with_capacity(room),
            expressions: Vec::new(),
            lines: Vec::new(),
        };
        text.sums.push(0);
        text.powers.push(1);
        let mut at = 0;
        for line in source.split(|byte| matches!(byte, b'\n' | b'\r')) {
            text.line(line, at);
            at += line.len() + 1;
        }
        text
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The hash of `count` words from `at`, where there are so many.
    pub(super) fn hash(&self, at: usize, count: usize) -> Option<u64> {
        let end = self.sums.get(at.checked_add(count)?)?;
        let start = self.sums.get(at)?;
        Some(end.wrapping_sub(start.wrapping_mul(*self.powers.get(count)?)))
    }

    /// The word at a place, as the source has it.
    pub(super) fn word(&self, at: usize) -> &'a [u8] {
        self.words.get(at).and_then(|word| self.source.get(word.at..word.at + word.len)).unwrap_or_default()
    }

    /// The lines that have words: from which to which.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, usize)> {
        let ends = self.lines.iter().copied().skip(1).chain([self.len()]);
        self.lines.iter().copied().zip(ends)
    }

    fn line(&mut self, line: &'a [u8], at: usize) {
        // What stands before an identifier is read like everything else.
        let line = match identifier(line) {
            Some((before, expression)) => {
                self.expressions.push(expression);
                before
            }
            None => line,
        };
        let first = self.len();
        let mut left = line;
        while let Some((found, rest)) = next(left) {
            left = rest;
            if let Found::Word(word) = found {
                // Both are parts of the same line.
                let at = at + (line.len() - rest.len() - word.len());
                self.push(word, at);
            }
        }
        // A claim of copyright may have been taken back that began a line earlier.
        let count = self.len().saturating_sub(first);
        if is_copyright(line)
            && count <= MAX_COPYRIGHT
            && !(first..self.len()).any(|at| super::telling::is_telling(self.word(at)))
        {
            self.cut(first);
        } else if count > 0 {
            self.lines.push(first);
        }
    }

    fn push(&mut self, word: &[u8], at: usize) {
        let place = Word { at, len: word.len() };
        match spelling(word) {
            None => self.push_hash(hash(word), place),
            Some(parts) => parts.iter().for_each(|part| self.push_hash(hash(part), place)),
        }
        // It says nothing, and stands where a copyright is claimed.
        let end = self.len();
        if word.eq_ignore_ascii_case(b"reserved")
            && end >= 3
            && self.word(end - 2).eq_ignore_ascii_case(b"rights")
            && self.word(end - 3).eq_ignore_ascii_case(b"all")
        {
            self.cut(end - 3);
        }
    }

    fn push_hash(&mut self, hash: u64, place: Word) {
        let sum = self.sums.last().copied().unwrap_or_default();
        let power = self.powers.last().copied().unwrap_or_default();
        self.sums.push(sum.wrapping_mul(BASE).wrapping_add(hash));
        self.powers.push(power.wrapping_mul(BASE));
        self.words.push(place);
    }

    /// Takes back what came from this place on.
    fn cut(&mut self, at: usize) {
        self.words.truncate(at);
        self.sums.truncate(at + 1);
        self.powers.truncate(at + 1);
        while self.lines.last().is_some_and(|line| *line >= at) {
            self.lines.pop();
        }
    }
}

/// What is next in a line.
enum Found<'a> {
    Word(&'a [u8]),
    /// A link, a letter, the number of an item of a list.
    Nothing,
}

/// What is next, and what is behind it.
fn next(line: &[u8]) -> Option<(Found<'_>, &[u8])> {
    let mut left = line;
    loop {
        let sign = if left.first()?.is_ascii_alphanumeric() { 0 } else { sign(left) };
        if sign == 0 {
            break;
        }
        left = left.get(sign..)?;
    }
    let starts_with =
        |what: &[u8]| left.get(..what.len()).is_some_and(|start| start.eq_ignore_ascii_case(what));
    // Most words begin with another letter.
    if matches!(left.first(), Some(b'h' | b'H' | b'w' | b'W'))
        && (starts_with(b"http://") || starts_with(b"https://") || starts_with(b"www."))
    {
        let end = left.iter().position(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'>' | b'<' | b')' | b']' | b'"' | b'\'' | b'`')
        });
        return Some((Found::Nothing, left.get(end.unwrap_or(left.len())..).unwrap_or_default()));
    }
    let end = if left.first().is_some_and(u8::is_ascii_digit) { number(left) } else { word(left) };
    let (word, rest) = left.split_at_checked(end).unwrap_or((left, &[]));
    let is_item =
        word.len() <= 2 && word.iter().all(u8::is_ascii_digit) && matches!(rest.first(), Some(b'.' | b')'));
    // Roman numbers count the items of a list.
    let is_roman =
        word.len() <= 4 && word.iter().all(|byte| matches!(byte.to_ascii_lowercase(), b'i' | b'v' | b'x'));
    let is_letter = word.len() == 1 && word.iter().all(u8::is_ascii_alphabetic);
    Some((if is_item || is_roman || is_letter { Found::Nothing } else { Found::Word(word) }, rest))
}

/// Where a number ends: dots within are its own.
fn number(left: &[u8]) -> usize {
    let mut end = 0;
    while let Some(byte) = left.get(end) {
        let is_dot = *byte == b'.' && left.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !byte.is_ascii_digit() && !is_dot {
            break;
        }
        end += 1;
    }
    end
}

/// Where a word ends.
fn word(left: &[u8]) -> usize {
    let mut end = 0;
    while let Some(byte) = left.get(end) {
        let is_in = byte.is_ascii_alphanumeric()
            || (!byte.is_ascii() && sign(left.get(end..).unwrap_or_default()) == 0);
        if !is_in {
            break;
        }
        end += 1;
    }
    // It begins with a letter, so it has one byte at least.
    end.max(1)
}

/// How many bytes the sign is that a text begins with: 0 of what is a letter outside ASCII.
fn sign(left: &[u8]) -> usize {
    match left {
        // Latin-1's signs, and a mark of the byte order.
        [0xc2, _, ..] => 2,
        [0xef, 0xbb, 0xbf, ..] => 3,
        // Letters and digits in circles: words can be written in them.
        [0xe2, 0x91..=0x93, _, ..] => 0,
        // Dashes, quotes, bullets, boxes and arrows.
        [0xe2, 0x80..=0xaf, _, ..] => 3,
        // Punctuation of Chinese texts, and its full width forms, which letters and digits have as well.
        [0xe3, 0x80, _, ..] | [0xef, 0xbc, 0x80..=0x8f | 0x9a..=0xa0 | 0xbb..=0xbf, ..] => 3,
        [byte, ..] if byte.is_ascii() => 1,
        _ => 0,
    }
}

/// What stands before `SPDX-License-Identifier:` in a line, and behind it.
fn identifier(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const TAG: &[u8] = b"spdx-license-identifier:";
    // Nearly no line has the colon.
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (head, rest) = line.split_at_checked(colon + 1)?;
    let (before, tag) = head.split_at_checked(head.len().checked_sub(TAG.len())?)?;
    tag.eq_ignore_ascii_case(TAG).then_some((before, rest))
}

/// Whether a line says who holds the copyright since when.
fn is_copyright(line: &[u8]) -> bool {
    let mut left = line;
    while let Some(byte) = left.first()
        && !byte.is_ascii_alphanumeric()
        && !matches!(byte, b'(' | 0xc2)
    {
        left = left.get(1..).unwrap_or_default();
    }
    let mut has_word = false;
    for word in [&b"portions"[..], b"copyright"] {
        if let Some(rest) = left.get(word.len()..)
            && left.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        {
            has_word = word == b"copyright";
            left = rest;
        }
        left = left.trim_ascii_start();
    }
    left = left.strip_prefix(b":").unwrap_or(left).trim_ascii_start();
    let mut has_sign = false;
    for sign in [&b"(c)"[..], b"(C)", b"\xc2\xa9", b"&copy;"] {
        if let Some(rest) = left.strip_prefix(sign) {
            has_sign = true;
            left = rest.trim_ascii_start();
        }
    }
    let is_dated = matches!(left.first(), Some(b'0'..=b'9' | b'[' | b'<' | b'{'));
    let is_by = left.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"by "));
    (has_word && (has_sign || is_dated || is_by)) || (has_sign && is_dated)
}

/// What a word is compared as, where that is another one: two spellings of it are one word.
fn spelling(word: &[u8]) -> Option<&'static [&'static [u8]]> {
    // Most words are shorter than all that are written in two ways.
    if word.len() < SHORTEST {
        return None;
    }
    SPELLINGS
        .iter()
        .find(|(other, _)| other.len() == word.len() && word.eq_ignore_ascii_case(other))
        .map(|(_, one)| *one)
}

/// The length of the shortest of them.
const SHORTEST: usize = 7;

/// British and American English, hyphens that some copies have, and what is often written wrong.
const SPELLINGS: &[(&[u8], &[&[u8]])] = &[
    (b"licence", &[b"license"]),
    (b"licences", &[b"licenses"]),
    (b"licenced", &[b"licensed"]),
    (b"sublicense", &[b"sub", b"license"]),
    (b"sublicence", &[b"sub", b"license"]),
    (b"sublicensed", &[b"sub", b"licensed"]),
    (b"sublicenses", &[b"sub", b"licenses"]),
    (b"sublicensing", &[b"sub", b"licensing"]),
    (b"noninfringement", &[b"non", b"infringement"]),
    (b"merchantibility", &[b"merchantability"]),
    (b"merchantablity", &[b"merchantability"]),
    (b"acknowledgement", &[b"acknowledgment"]),
];

/// FNV-1a of the word in small letters, mixed so that all bits of a run's hash depend on it.
fn hash(word: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in word {
        hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
    (hash ^ (hash >> 32)).wrapping_mul(BASE)
}
