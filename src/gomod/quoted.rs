//! How texts from requests and configuration are shown in errors: one line, printable ASCII, bounded.

use std::fmt::{self, Display, Formatter, Write};

/// Shows a text between double quotes, escaped, and cut after 200 characters.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

/// A module path is seldom longer than 100 bytes; the go command shows at most 648 bytes of a refusal, and the reason
/// after the text must still fit.
const MAX_SHOWN: usize = 200;

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut room = MAX_SHOWN;
        for c in self.0.chars() {
            // A single quote needs no escape between double ones, which is all `escape_default` gets wrong here.
            let width = if c == '\'' { 1 } else { c.escape_default().len() };
            let Some(left) = room.checked_sub(width) else {
                return write!(f, "\"... ({} bytes)", self.0.len());
            };
            room = left;
            if c == '\'' { f.write_char(c)? } else { write!(f, "{}", c.escape_default())? }
        }
        f.write_char('"')
    }
}

/// Whether a character shows: no control, and none of the invisible ones that turn the direction of a line or hide in it. The
/// go command drops a text with one that does not. Beyond ASCII it is what `escape_debug` leaves as it is; combining marks are
/// lost by that, where Go would keep them.
pub fn is_graphic(character: char) -> bool {
    match character {
        ' '..='~' => true,
        _ => character.escape_debug().eq([character]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_on_one_printable_line() {
        assert_eq!(Quoted("a'b\"\r\n\t\u{202e}é\\").to_string(), r#""a'b\"\r\n\t\u{202e}\u{e9}\\""#);
    }

    #[test]
    fn is_cut_with_the_true_length_told() {
        let long = "x".repeat(1000);
        assert_eq!(Quoted(&long).to_string(), format!("\"{}\"... (1000 bytes)", "x".repeat(200)));
        let exact = "x".repeat(200);
        assert_eq!(Quoted(&exact).to_string(), format!("\"{exact}\""));
    }

    #[test]
    fn an_escape_is_never_cut_in_half() {
        let long = "\n".repeat(101);
        assert_eq!(Quoted(&long).to_string(), format!("\"{}\"... (101 bytes)", "\\n".repeat(100)));
    }
}
