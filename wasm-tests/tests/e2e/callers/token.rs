//! An identity provider: a key, and tokens signed with it (RFC 7519, 8037).

use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

pub(crate) struct Provider(SigningKey);

impl Provider {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    /// Its keys, as it publishes them.
    pub(crate) fn jwks(&self) -> String {
        let key = URL_SAFE_NO_PAD.encode(self.0.verifying_key().as_bytes());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "one", "x": key}]})
            .to_string()
    }

    /// A token that is good for an hour and says `claims`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
        let mut all = json!({"iss": "https://sso.example.com", "aud": "modgate", "exp": now + 3600});
        for (name, value) in claims.as_object().expect("claims by their names") {
            all[name] = value.clone();
        }
        let part = |value: &dyn Display| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": "one"})), part(&all));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }

    /// The value of an `authorization` with such a token.
    pub(crate) fn bearer(&self, claims: &Value) -> String {
        format!("Bearer {}", self.token(claims))
    }
}
