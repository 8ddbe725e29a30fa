//! Whose signatures are believed: a verifier key, as GOSUMDB and `go env` write it.

use std::fmt::{self, Display, Formatter};

use base64::Engine;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::BASE64;

/// The key of sum.golang.org, as cmd/go knows it (`modfetch/key.go`).
pub const SUM_GOLANG_ORG: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

/// The one kind of key there is, which is the first byte of its data. Source: note.algEd25519.
const ED25519: u8 = 1;

/// A database's verifier key: `sum.golang.org+033de0ae+Ac4z...`, that is its name, the key's id and the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// Why a text is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It has not the three parts of one.
    #[error("it is not of the form <name>+<8 hex digits>+<base64>")]
    Form,
    /// The name and the key have another id.
    #[error("its 8 hex digits are not those of its name and its base64 part: was it cut or mistyped?")]
    Id,
    /// Another algorithm, or no key of this one.
    #[error("its base64 part is no Ed25519 key")]
    NotEd25519,
}

impl Key {
    /// Reads a key. Semantics of note.NewVerifier.
    ///
    /// # Errors
    /// Where Go would refuse it, and for the few keys under which anyone can sign.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let (name, rest) = text.split_once('+').ok_or(BadKey::Form)?;
        let (id, data) = rest.split_once('+').ok_or(BadKey::Form)?;
        if !is_name(name) || id.len() != 8 {
            return Err(BadKey::Form);
        }
        let id = u32::from_str_radix(id, 16).map_err(|_| BadKey::Form)?.to_be_bytes();
        let data = BASE64.decode(data).map_err(|_| BadKey::Form)?;
        if id != id_of(name, &data) {
            return Err(BadKey::Id);
        }
        let (ED25519, key) = data.split_first().map(|(kind, key)| (*kind, key)).ok_or(BadKey::Form)? else {
            return Err(BadKey::NotEd25519);
        };
        let key = VerifyingKey::try_from(key).map_err(|_| BadKey::NotEd25519)?;
        if key.is_weak() {
            return Err(BadKey::NotEd25519);
        }
        Ok(Self { name: name.to_owned(), id, key })
    }

    /// The database's name: `sum.golang.org`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells this key from others of the same name.
    pub(crate) fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether this key has signed `text`. Strict: beyond what Go asks, the signature holds no point of small order.
    pub(super) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let data = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), BASE64.encode(data))
    }
}

/// Whether a signer may be called that. Semantics of note.isValidName.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+')
}

/// Semantics of note.keyHash.
fn id_of(name: &str, data: &[u8]) -> [u8; 4] {
    let mut hash = Sha256::new();
    hash.update(name);
    hash.update(b"\n");
    hash.update(data);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_key_is_one() {
        let key = Key::parse(SUM_GOLANG_ORG).unwrap();
        assert_eq!((key.name(), key.to_string().as_str()), ("sum.golang.org", SUM_GOLANG_ORG));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let data = |kind: u8, key: [u8; 32]| [&[kind], key.as_slice()].concat();
        let with_id = |data: &[u8]| {
            let id = u32::from_be_bytes(id_of("sum.test", data));
            format!("sum.test+{id:08x}+{}", BASE64.encode(data))
        };
        // The neutral element: under it everything is signed.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let good = SUM_GOLANG_ORG;
        for (text, want) in [
            (String::new(), BadKey::Form),
            ("sum.golang.org".to_owned(), BadKey::Form),
            ("sum.golang.org+033de0ae".to_owned(), BadKey::Form),
            (good.replace("033de0ae", "33de0ae"), BadKey::Form),
            (good.replace("033de0ae", "033de0ag"), BadKey::Form),
            (good.replace("sum.golang.org", ""), BadKey::Form),
            (good.replace("sum.golang", "sum golang"), BadKey::Form),
            (good.replace("uAn8", "uAn*"), BadKey::Form),
            (good.replace("sum.golang", "sum.goland"), BadKey::Id),
            (good.replace("033de0ae", "033de0af"), BadKey::Id),
            (good.replace("uAn8", ""), BadKey::Id),
            (with_id(&[]), BadKey::Form),
            (with_id(&data(2, [7; 32])), BadKey::NotEd25519),
            (with_id(&data(1, [7; 32])[..32]), BadKey::NotEd25519),
            (with_id(&data(1, neutral)), BadKey::NotEd25519),
        ] {
            assert_eq!(Key::parse(&text), Err(want), "{text}");
        }
    }
}
