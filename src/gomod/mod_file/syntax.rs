//! The lines of a go.mod and the comments on them. Semantics of modfile's parser, and of how it attaches comments.

use super::lexer::{Kind, Lexer, Token};

/// A directive, alone or in a block.
#[derive(Debug)]
pub(super) struct Line<'l, 'a> {
    pub(super) verb: &'a str,
    pub(super) args: &'l [&'a str],
    /// Comments right before it. In a block, an empty one is a blank line.
    pub(super) before: &'l [&'a str],
    /// The comment behind it.
    pub(super) suffix: Option<&'a str>,
    /// Comments right before the block in which it stands.
    pub(super) around: &'l [&'a str],
    /// Its number, from 1.
    pub(super) number: usize,
}

/// A line's words, and how it ends.
struct Words<'a> {
    words: Vec<&'a str>,
    suffix: Option<&'a str>,
}

/// Shows each directive to `visit`. Blocks whose head has more than one word are checked and not shown.
pub(super) fn read<'a>(
    text: &'a str,
    visit: impl FnMut(&Line<'_, 'a>) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    Parser { ahead: None, lexer: Lexer::of(text) }.read(visit)
}

/// As [`read`]; where Go could not read it, also the number of the line.
pub(super) fn read_numbered<'a>(
    text: &'a str,
    visit: impl FnMut(&Line<'_, 'a>) -> Result<(), &'static str>,
) -> Result<(), (usize, &'static str)> {
    let mut parser = Parser { ahead: None, lexer: Lexer::of(text) };
    parser.read(visit).map_err(|why| (parser.lexer.line(), why))
}

struct Parser<'a> {
    ahead: Option<Token<'a>>,
    lexer: Lexer<'a>,
}

impl<'a> Parser<'a> {
    fn read(
        &mut self,
        mut visit: impl FnMut(&Line<'_, 'a>) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let mut before = Vec::new();
        loop {
            match self.peek()?.kind {
                Kind::End => return Ok(()),
                // A blank line parts a comment from what follows.
                Kind::Newline => {
                    self.next()?;
                    before.clear();
                }
                Kind::Comment => before.push(self.next()?.text),
                _ => {
                    self.statement(&before, &mut visit)?;
                    before.clear();
                }
            }
        }
    }

    fn peek(&mut self) -> Result<Token<'a>, &'static str> {
        let token = match self.ahead {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.ahead = Some(token);
        Ok(token)
    }

    fn next(&mut self) -> Result<Token<'a>, &'static str> {
        let token = self.peek()?;
        self.ahead = None;
        Ok(token)
    }

    /// A directive on a line of its own, or a block of them.
    fn statement(
        &mut self,
        before: &[&'a str],
        visit: &mut impl FnMut(&Line<'_, 'a>) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let number = self.lexer.line();
        let mut words = vec![self.next()?.text];
        loop {
            let token = self.next()?;
            match token.kind {
                kind if kind.ends_line() => {
                    let suffix = suffix(token);
                    let [verb, args @ ..] = &words[..] else { return Ok(()) };
                    return visit(&Line { verb, args, before, suffix, around: &[], number });
                }
                // Within a line it is a word like others.
                Kind::Open => match self.peek()?.kind {
                    kind if kind.ends_line() => return self.block(&words, before, visit),
                    Kind::Close => {
                        let close = self.next()?;
                        if self.peek()?.kind.ends_line() {
                            self.next()?;
                            return Ok(());
                        }
                        words.extend([token.text, close.text]);
                    }
                    _ => words.push(token.text),
                },
                _ => words.push(token.text),
            }
        }
    }

    fn block(
        &mut self,
        head: &[&'a str],
        around: &[&'a str],
        visit: &mut impl FnMut(&Line<'_, 'a>) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let (mut before, mut has_lines) = (Vec::new(), false);
        loop {
            match self.peek()?.kind {
                Kind::CommentBehind => {
                    self.next()?;
                }
                Kind::Newline => {
                    self.next()?;
                    if before.last().map_or(has_lines, |last: &&str| !last.is_empty()) {
                        before.push("");
                    }
                }
                Kind::Comment => before.push(self.next()?.text),
                Kind::End => return Err("a block has no end"),
                Kind::Close => {
                    self.next()?;
                    if !self.peek()?.kind.ends_line() {
                        return Err("a line goes on behind the end of a block");
                    }
                    self.next()?;
                    return Ok(());
                }
                Kind::Open | Kind::Word => {
                    let number = self.lexer.line();
                    let Words { words, suffix } = self.line()?;
                    if let [verb] = head {
                        visit(&Line { verb, args: &words, before: &before, suffix, around, number })?;
                    }
                    before.clear();
                    has_lines = true;
                }
            }
        }
    }

    /// A line of a block.
    fn line(&mut self) -> Result<Words<'a>, &'static str> {
        let mut words = Vec::new();
        loop {
            let token = self.next()?;
            if token.kind.ends_line() {
                return Ok(Words { words, suffix: suffix(token) });
            }
            words.push(token.text);
        }
    }
}

/// The comment that ends a line.
fn suffix(end: Token<'_>) -> Option<&str> {
    (end.kind == Kind::CommentBehind).then_some(end.text)
}
