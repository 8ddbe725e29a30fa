//! The words of a go.mod. Semantics of modfile's lexer.

use crate::gomod::is_graphic;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A comment on a line of its own.
    Comment,
    /// A comment behind something, which ends the line too.
    CommentBehind,
    End,
    Newline,
    Close,
    Open,
    /// Anything else: a word, a string between quotes, a comma, a bracket.
    Word,
}

/// A word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

/// Reads word by word.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The number of the line, from 1.
    line: usize,
}

impl Kind {
    /// Whether a line ends with it.
    pub(super) fn ends_line(self) -> bool {
        matches!(self, Self::CommentBehind | Self::End | Self::Newline)
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line in which the next word begins, or where one was not read.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Token<'a>, &'static str> {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        self.at = self.at.saturating_add(blanks);
        let rest = self.rest();
        if rest.starts_with("//") {
            let line = self.text.get(..self.at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
            let kind = if line.trim().is_empty() { Kind::Comment } else { Kind::CommentBehind };
            let comment = rest.split_inclusive('\n').next().unwrap_or_default();
            return Ok(self.take(kind, comment.len()));
        }
        if rest.starts_with("/*") {
            return Err(BLOCK_COMMENT);
        }
        let Some(first) = rest.chars().next() else { return Ok(self.take(Kind::End, 0)) };
        match first {
            '\n' => Ok(self.take(Kind::Newline, 1)),
            '(' => Ok(self.take(Kind::Open, 1)),
            ')' => Ok(self.take(Kind::Close, 1)),
            '[' | ']' | '{' | '}' | ',' => Ok(self.take(Kind::Word, 1)),
            '"' | '`' => {
                let length = quoted(rest, first)?;
                Ok(self.take(Kind::Word, length))
            }
            _ => self.word(rest),
        }
    }

    fn word(&mut self, rest: &'a str) -> Result<Token<'a>, &'static str> {
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err("unexpected character");
        }
        let word = rest.get(..end).unwrap_or_default();
        // What follows a word is none of it, so no comment begins with its last slash.
        let comment = word.find("//");
        if word.find("/*").is_some_and(|at| comment.is_none_or(|comment| at < comment)) {
            return Err(BLOCK_COMMENT);
        }
        Ok(self.take(Kind::Word, comment.unwrap_or(end)))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let text = self.rest().get(..length).unwrap_or_default();
        self.at = self.at.saturating_add(length);
        self.line = self.line.saturating_add(text.matches('\n').count());
        Token { kind, text }
    }
}

/// Bytes up to the end of a string that begins with `quote`.
fn quoted(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut chars = text.char_indices().skip(1);
    loop {
        match chars.next().ok_or("unexpected end in a string")? {
            (_, '\n') => return Err("unexpected newline in a string"),
            (at, c) if c == quote => return Ok(at.saturating_add(1)),
            (_, '\\') if quote != '`' => {
                chars.next().ok_or("unexpected end in a string")?;
            }
            _ => {}
        }
    }
}

fn is_of_word(c: char) -> bool {
    match c {
        ' ' | '(' | ')' | '[' | ']' | '{' | '}' | ',' => false,
        '!'..='~' => true,
        c => !c.is_ascii() && !c.is_whitespace() && (is_graphic(c) || is_mark(c)),
    }
}

/// Whether a character shows behind another alone: a combining mark, which Go takes for a part of a word too.
fn is_mark(c: char) -> bool {
    ['a', c].iter().collect::<String>().escape_debug().eq(['a', c])
}

const BLOCK_COMMENT: &str = "comments begin with //";
