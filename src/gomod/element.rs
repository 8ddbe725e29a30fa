//! What one slash-separated element of a module path or of a file's path may be, and a whole version seen as a file
//! name.
//!
//! Semantics of golang.org/x/mod module.checkElem with modPathOK and fileNameOK.

use super::quoted::Quoted;
use super::unicode;

/// The sets of rules in use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of the path of a file in a module.
    File,
    /// Part of a module path.
    Module,
    /// What the version in an URL must be: a file name.
    Version,
}

/// What is wrong with an element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ElementFault {
    #[error("an element is empty")]
    Empty,
    #[error("the character '{}' is not allowed", .0.escape_default())]
    Forbidden(char),
    #[error("the element {} begins with a dot", Quoted(.0))]
    LeadingDot(String),
    #[error("an element is made of dots only")]
    OnlyDots,
    #[error("{} is a reserved file name on Windows", Quoted(.0))]
    Reserved(String),
    #[error("the element {} has the tilde and digits of a Windows short name", Quoted(.0))]
    ShortName(String),
    #[error("the element {} ends with a dot", Quoted(.0))]
    TrailingDot(String),
}

/// Checks one element, in the order in which Go does.
///
/// Semantics of module.checkElem.
pub(super) fn check(element: &str, kind: Kind) -> Result<(), ElementFault> {
    if element.is_empty() {
        return Err(ElementFault::Empty);
    }
    if element.bytes().all(|b| b == b'.') {
        return Err(ElementFault::OnlyDots);
    }
    if kind == Kind::Module && element.starts_with('.') {
        return Err(ElementFault::LeadingDot(element.to_owned()));
    }
    if element.ends_with('.') {
        return Err(ElementFault::TrailingDot(element.to_owned()));
    }
    let allowed = match kind {
        Kind::File => file_char,
        Kind::Module => module_char,
        Kind::Version => version_char,
    };
    if let Some(c) = element.chars().find(|c| !allowed(*c)) {
        return Err(ElementFault::Forbidden(c));
    }
    // Windows looks at what stands before the first dot: `aux.c` is the device too.
    let stem = element.split_once('.').map_or(element, |(stem, _)| stem);
    if RESERVED.iter().any(|name| name.eq_ignore_ascii_case(stem)) {
        return Err(ElementFault::Reserved(stem.to_owned()));
    }
    if kind == Kind::Module && is_short_name(stem) {
        return Err(ElementFault::ShortName(element.to_owned()));
    }
    Ok(())
}

/// Whether `text` may be an element of a module path.
pub fn is_path_element(text: &str) -> bool {
    check(text, Kind::Module).is_ok()
}

/// Whether a module path may hold this character, slashes aside. Semantics of module.modPathOK.
pub(super) fn module_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

/// Whether the path of a file may hold this character, slashes aside. Semantics of module.fileNameOK.
fn file_char(c: char) -> bool {
    version_char(c) || c == '!' || unicode::is_letter(c)
}

/// Whether a version may hold this character.
///
/// Semantics of module.fileNameOK, less the letters outside ASCII and `!`: those pass there and are refused one step
/// later, by module.EscapeVersion and module.unescapeString.
fn version_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "#$%&()+,-.=@[]^_{}~ ".contains(c)
}

/// A last tilde with nothing but digits after it, and at least one: `progra~1`.
fn is_short_name(stem: &str) -> bool {
    stem.rsplit_once('~')
        .is_some_and(|(_, tail)| !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()))
}

/// The device names of Windows, as module.badWindowsNames lists them: COM0, CONIN$ and the superscript digits are not
/// among them.
const RESERVED: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
    "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];
