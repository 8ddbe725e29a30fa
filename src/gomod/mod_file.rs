//! What the author of a module says of it in its go.mod: which versions are retracted, and that it is deprecated.
//!
//! Semantics of golang.org/x/mod/modfile, as `ParseLax` reads the go.mod of a dependency. What other directives say is not
//! judged: where Go refuses the whole file for one of them, this reads on.

mod lexer;
mod requirements;
mod syntax;
mod unquote;

use std::borrow::Cow;

pub use self::requirements::{InvalidRequirement, Requirements};
use self::syntax::Line;
use super::{Retraction, Retractions, Version, gosemver::Semver};

/// What the author of a module says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModFile {
    /// What is to be used in place of the module, or why it is not to be used any more.
    pub deprecated: Option<String>,
    /// Which versions are not to be used.
    pub retractions: Retractions,
}

/// Why a go.mod is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidModFile {
    /// Go's parser refuses it.
    #[error("go.mod: {0}")]
    Syntax(&'static str),
    /// It is larger than what is read at once.
    #[error("go.mod: it has more than {MAX_BYTES} bytes")]
    TooLarge,
}

impl ModFile {
    /// Reads a go.mod.
    ///
    /// # Errors
    /// Where Go could not read it either, or where it is too large to be read at once.
    pub fn read(go_mod: &[u8]) -> Result<Self, InvalidModFile> {
        if go_mod.len() > MAX_BYTES {
            return Err(InvalidModFile::TooLarge);
        }
        // Go takes each byte that is no UTF-8 for this character as well.
        let text = String::from_utf8_lossy(go_mod);
        let (mut deprecated, mut has_module, mut retracted) = (None, false, Vec::new());
        syntax::read(&text, |line| {
            match line.verb {
                "module" => {
                    let [path] = line.args else { return Err("module expects one path") };
                    if std::mem::replace(&mut has_module, true) {
                        return Err("module is repeated");
                    }
                    string(path).ok_or("malformed string")?;
                    deprecated = deprecation(&line.comment(usize::MAX));
                }
                "retract" if retracted.len() < MAX_RETRACTIONS => {
                    // Go passes over what is no interval: there may be other kinds one day.
                    if let Some((low, high)) = interval(line.args) {
                        retracted.push(Retraction { low, high, rationale: line.comment(MAX_TEXT) });
                    }
                }
                _ => {}
            }
            Ok(())
        })
        .map_err(InvalidModFile::Syntax)?;
        Ok(Self { deprecated, retractions: retracted.into_iter().collect() })
    }
}

impl Line<'_, '_> {
    /// The text of the comments on it, or where it has none, of those on the block in which it stands; at most about so many bytes of it.
    fn comment(&self, max: usize) -> String {
        let around = (self.before.is_empty() && self.suffix.is_none()).then_some(self.around);
        let mut text = String::new();
        let mut is_first = true;
        for comment in around.unwrap_or(self.before).iter().chain(&self.suffix) {
            let Some(comment) = comment.strip_prefix("//") else { continue };
            if !std::mem::replace(&mut is_first, false) {
                text.push('\n');
            }
            text.push_str(cut(comment.trim(), max));
            if text.len() > max {
                break;
            }
        }
        cut(&text, max).to_owned()
    }
}

/// The paragraph of a comment that begins with `Deprecated:`, without this word.
fn deprecation(comment: &str) -> Option<String> {
    let first = comment.strip_prefix(DEPRECATED);
    let rest = first.or_else(|| comment.split_once("\n\nDeprecated:").map(|(_, rest)| rest))?;
    let rest = rest.trim_start_matches(' ');
    let text = cut(rest.split_once("\n\n").map_or(rest, |(text, _)| text), MAX_TEXT);
    (!text.is_empty()).then(|| text.to_owned())
}

/// A version, or two between brackets. `None` where Go passes over it, or where it holds no version: the go command compares the bounds as
/// they are written, and one that is no version comes before all that are.
fn interval(args: &[&str]) -> Option<(Option<Version>, Version)> {
    let (low, high) = match args {
        ["[", low, ",", high, "]", ..] => (string(low)?, string(high)?),
        ["[" | "(", ..] | [] => return None,
        [one, ..] => (string(one)?, string(one)?),
    };
    Some((version(&low), version(&high)?))
}

fn version(text: &str) -> Option<Version> {
    Version::parse(&Semver::parse(text)?.canonical()).ok()
}

/// What a word or a string between quotes stands for.
fn string(token: &str) -> Option<Cow<'_, str>> {
    if token.starts_with('"') {
        return unquote::unquote(token).map(Cow::Owned);
    }
    (!token.contains(['"', '\'', '`'])).then_some(Cow::Borrowed(token))
}

/// The beginning of a text.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

const DEPRECATED: &str = "Deprecated:";

/// Bytes of a go.mod that is read at once, in a few milliseconds. That of the largest repositories with a thousand requirements has less
/// than half of it; the protocol allows 16 MiB.
const MAX_BYTES: usize = 128 << 10;

/// Retractions that are looked at. A block of thousands would cost memory for each, and no author writes so many by hand.
const MAX_RETRACTIONS: usize = 1024;

/// Bytes of a rationale or of a deprecation. The go command shows 500 at most.
const MAX_TEXT: usize = 512;

#[cfg(test)]
mod tests;
