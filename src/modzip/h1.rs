//! The hash of a module's files, or of its go.mod alone. Semantics of golang.org/x/mod/sumdb/dirhash.

use std::fmt::{self, Display, Formatter};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// A hash as go.sum and the checksum database write it: `h1:` and the base64 of 32 bytes. Semantics of dirhash.Hash1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct H1(pub [u8; 32]);

impl H1 {
    /// The hash of a version's go.mod, which go.sum has under `version/go.mod`. `bytes` is the file as the proxy
    /// serves it.
    pub fn of_go_mod(bytes: &[u8]) -> Self {
        let mut summary = Summary::default();
        summary.add(&Sha256::digest(bytes).into(), "", "go.mod");
        summary.finish().0
    }

    /// Reads the text form; `None` where it is of another kind of hash, or not exactly this one's canonical form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("h1:")?).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl Display for H1 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "h1:{}", STANDARD.encode(self.0))
    }
}

/// The SHA-256 of nothing, as which folders are hashed.
pub(super) const EMPTY: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The text that is hashed, a line for each file in the order of their names: the hash of what is in it, and its
/// name.
///
/// It is hashed a second time with the names alone, as of a folder: what all names begin with changes nothing of their order.
#[derive(Clone, Default)]
pub(super) struct Summary {
    named: Sha256,
    nameless: Sha256,
}

impl Summary {
    /// Adds the file named `prefix` and `name`.
    pub(super) fn add(&mut self, content: &[u8; 32], prefix: &str, name: &str) {
        let mut hex = [0; 64];
        for (digits, byte) in hex.chunks_exact_mut(2).zip(content) {
            digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        for (hash, prefix) in [(&mut self.named, prefix), (&mut self.nameless, "")] {
            hash.update(hex);
            hash.update("  ");
            hash.update(prefix);
            hash.update(name);
            hash.update("\n");
        }
    }

    /// The hash of the text, and the one without what is before the names.
    pub(super) fn finish(self) -> (H1, H1) {
        (H1(self.named.finalize().into()), H1(self.nameless.finalize().into()))
    }
}

fn digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_mod_is_hashed_as_go_sum_has_it() {
        // golang.org/x/text v0.3.0/go.mod, as in very many go.sum files.
        let text = "h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=";
        assert_eq!(H1::of_go_mod(b"module golang.org/x/text\n").to_string(), text);
        assert_eq!(H1::parse(text), Some(H1::of_go_mod(b"module golang.org/x/text\n")));
    }

    /// The second one is that of a folder, whatever it is called.
    #[test]
    fn files_are_hashed_with_and_without_what_is_before_their_names() {
        let of = |prefix: &str| {
            let mut summary = Summary::default();
            for name in ["go.mod", "m.go"] {
                summary.add(&Sha256::digest(name).into(), prefix, name);
            }
            summary.finish()
        };
        let (one, other) = (of("example.com/m@v1.0.0/"), of("example.org/fork@v0.1.0/"));
        assert_ne!(one.0, other.0);
        assert_eq!((one.1, other.1), (of("").0, of("").1));
    }

    #[test]
    fn only_the_canonical_text_is_read() {
        let text = "h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=";
        for (other, why) in [
            (text.replace("h1:", "h2:"), "another kind"),
            (text.replace("h1:", ""), "no kind"),
            (text.replace('=', ""), "no padding"),
            (text.replace("OQ=", "OR="), "bits beyond the last byte"),
            (format!("{text}\n"), "a line"),
            (text.replace("Nq", ""), "too short"),
            (text.replace("Nq", "NqNqNq"), "too long"),
        ] {
            assert_eq!(H1::parse(&other), None, "{why}");
        }
    }
}
