//! `path.Match` globs, read once. Semantics of Go's path.Match, path.matchChunk and path.getEsc.

use std::mem;

/// A well-formed glob: chunks which begin wherever a `*` stood. The order is one to sort by, and means nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob {
    chunks: Vec<Chunk>,
}

/// Items in a row, possibly after a `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chunk {
    pub(super) star: bool,
    pub(super) items: Vec<Item>,
}

/// What matches at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    /// `?`: any character but a slash.
    Any,
    /// `[a-z]`, `[^x]`: a character of these ranges, or of none. As in Go, `[^x]` matches a slash too.
    Class { negated: bool, ranges: Vec<(char, char)> },
    /// The very text.
    Literal(String),
}

impl Glob {
    /// Reads a glob; the error says what is malformed. It is malformed exactly where path.Match returns path.ErrBadPattern, which it does
    /// for every name.
    ///
    /// # Errors
    /// Where Go's path.Match returns path.ErrBadPattern.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut chunks = vec![Chunk::default()];
        let mut rest = text;
        while let Some((c, tail)) = next_char(rest) {
            // A run of plain characters is taken at once: most globs are little else.
            let plain = rest.bytes().take_while(|byte| !matches!(byte, b'*' | b'?' | b'[' | b'\\')).count();
            if let Some((literal, after)) = rest.split_at_checked(plain).filter(|_| plain > 0) {
                if let Some(chunk) = chunks.last_mut() {
                    chunk.push(Item::Literal(literal.to_owned()));
                }
                rest = after;
                continue;
            }
            rest = tail;
            let item = match c {
                '*' => {
                    // One star or many: path.scanChunk drops the others.
                    if chunks.last().is_none_or(|chunk| !chunk.star || !chunk.items.is_empty()) {
                        chunks.push(Chunk { star: true, items: Vec::new() });
                    }
                    continue;
                }
                '?' => Item::Any,
                '[' => {
                    let (class, tail) = parse_class(rest)?;
                    rest = tail;
                    class
                }
                '\\' => {
                    let (escaped, tail) = next_char(rest).ok_or("nothing follows the last backslash")?;
                    rest = tail;
                    Item::Literal(escaped.into())
                }
                _ => Item::Literal(c.into()),
            };
            if let Some(chunk) = chunks.last_mut() {
                chunk.push(item);
            }
        }
        Ok(Self::of(chunks))
    }

    /// Whether the glob matches the whole name. Semantics of path.Match.
    ///
    /// Each `*` takes as little as lets the chunk after it match, and is never tried again: for every glob, the work is bounded by the
    /// lengths of glob and name multiplied.
    pub fn matches(&self, name: &str) -> bool {
        let mut at = 0;
        let mut chunks = self.chunks.iter();
        while let Some(chunk) = chunks.next() {
            let is_last = chunks.len() == 0;
            if chunk.star && chunk.items.is_empty() {
                // A star at the end. Any other star has items after it.
                return !name.bytes().skip(at).any(|b| b == b'/');
            }
            let fits = |end: &usize| !is_last || *end == name.len();
            let found = if chunk.star {
                chunk.starts(name, at).find_map(|start| chunk.match_at(name, start).filter(fits))
            } else {
                chunk.match_at(name, at).filter(fits)
            };
            match found {
                Some(end) => at = end,
                None => return false,
            }
        }
        at == name.len()
    }

    /// The only text that the glob matches, if there is but one.
    pub fn literal(&self) -> Option<&str> {
        match self.chunks.as_slice() {
            [] => Some(""),
            [Chunk { star: false, items }] => match items.as_slice() {
                [Item::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it is `*`, and matches everything without a slash.
    pub fn is_star(&self) -> bool {
        matches!(self.chunks.as_slice(), [Chunk { star: true, items }] if items.is_empty())
    }

    /// What every text begins with that the glob matches.
    pub fn head(&self) -> &str {
        match self.chunks.first() {
            Some(Chunk { star: false, items }) => literal(items.first()),
            _ => "",
        }
    }

    /// What every text ends with that the glob matches.
    pub fn tail(&self) -> &str {
        literal(self.chunks.last().and_then(|chunk| chunk.items.last()))
    }

    /// The pieces between its slashes, those in classes not counted.
    pub(super) fn elements(&self) -> Vec<Self> {
        let (mut elements, mut chunks) = (Vec::new(), Vec::new());
        for chunk in &self.chunks {
            let mut piece = Chunk { star: chunk.star, items: Vec::new() };
            for item in &chunk.items {
                let Item::Literal(text) = item else {
                    piece.push(item.clone());
                    continue;
                };
                for (index, part) in text.split('/').enumerate() {
                    if index > 0 {
                        chunks.push(mem::take(&mut piece));
                        elements.push(Self::of(mem::take(&mut chunks)));
                    }
                    if !part.is_empty() {
                        piece.push(Item::Literal(part.to_owned()));
                    }
                }
            }
            chunks.push(piece);
        }
        elements.push(Self::of(chunks));
        elements
    }

    fn of(mut chunks: Vec<Chunk>) -> Self {
        chunks.retain(|chunk| chunk.star || !chunk.items.is_empty());
        Self { chunks }
    }

    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }
}

impl Chunk {
    fn push(&mut self, item: Item) {
        match (self.items.last_mut(), item) {
            (Some(Item::Literal(text)), Item::Literal(more)) => text.push_str(&more),
            (_, item) => self.items.push(item),
        }
    }

    /// Where this chunk may begin if the star before it begins at `at`: there, and after each byte up to the next
    /// slash. Bytes, not characters: so does Go.
    fn starts(&self, name: &str, at: usize) -> impl Iterator<Item = usize> {
        let skippable = name.bytes().skip(at).take_while(|b| *b != b'/').count();
        at..=at.saturating_add(skippable)
    }

    /// Where the match ends that begins at `at`. Semantics of path.matchChunk.
    fn match_at(&self, name: &str, at: usize) -> Option<usize> {
        self.items.iter().try_fold(at, |at, item| match item {
            Item::Any => decode(name, at).filter(|(c, _)| *c != '/').map(|(_, end)| end),
            Item::Class { .. } => decode(name, at).filter(|(c, _)| item.has(*c)).map(|(_, end)| end),
            Item::Literal(text) => name
                .as_bytes()
                .get(at..)?
                .starts_with(text.as_bytes())
                .then_some(at.saturating_add(text.len())),
        })
    }
}

impl Item {
    /// Whether a class contains the character.
    pub(super) fn has(&self, c: char) -> bool {
        match self {
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
            Self::Any | Self::Literal(_) => false,
        }
    }
}

fn literal(item: Option<&Item>) -> &str {
    match item {
        Some(Item::Literal(text)) => text,
        _ => "",
    }
}

/// The character at a byte offset, and where the next one begins. Semantics of utf8.DecodeRuneInString: inside a
/// character, where only the byte-wise star leads, it is U+FFFD and one byte long.
fn decode(name: &str, at: usize) -> Option<(char, usize)> {
    if at >= name.len() {
        return None;
    }
    match name.get(at..).and_then(|rest| rest.chars().next()) {
        Some(c) => Some((c, at.saturating_add(c.len_utf8()))),
        None => Some((char::REPLACEMENT_CHARACTER, at.saturating_add(1))),
    }
}

/// Reads what follows a `[` up to and with the `]`.
fn parse_class(text: &str) -> Result<(Item, &str), &'static str> {
    let (negated, mut rest) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    loop {
        // A class holds something: a `]` in the first place does not close it, and is an error of `bound`.
        if let Some(tail) = rest.strip_prefix(']').filter(|_| !ranges.is_empty()) {
            return Ok((Item::Class { negated, ranges }, tail));
        }
        let (low, tail) = bound(rest)?;
        let (high, tail) = match tail.strip_prefix('-') {
            Some(tail) => bound(tail)?,
            None => (low, tail),
        };
        ranges.push((low, high));
        rest = tail;
    }
}

/// One end of a range. Semantics of path.getEsc.
fn bound(text: &str) -> Result<(char, &str), &'static str> {
    let (c, rest) = match next_char(text).ok_or(UNCLOSED)? {
        ('-' | ']', _) => return Err("a class needs a character where it has a dash or a bracket"),
        ('\\', rest) => next_char(rest).ok_or(UNCLOSED)?,
        plain => plain,
    };
    if rest.is_empty() { Err(UNCLOSED) } else { Ok((c, rest)) }
}

fn next_char(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    chars.next().map(|c| (c, chars.as_str()))
}

const UNCLOSED: &str = "a class is not closed with a bracket";
