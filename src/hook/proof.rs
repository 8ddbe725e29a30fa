//! Whether a delivery comes from the host that it says, by what only that host knows.
//!
//! A signature is over the bytes of the body as they came. All secrets are tried, whichever is right, and each is compared in a time that
//! does not depend on it. What is empty is no signature: Gitea sends `X-Hub-Signature-256: sha256=` where it has no secret.
//!
//! A token of GitLab, Azure DevOps or Gerrit proves who sends, and nothing of the body.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use super::Kind;
use crate::http::{Headers, Timestamp};

/// What came with a body that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Those of its request's headers that matter.
    pub headers: Headers,
    /// What stands behind the question mark of its path.
    pub query: String,
}

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// It was signed longer ago than a host would take to send it.
    Late,
    /// It has no signature, or one that none of the secrets makes.
    Unsigned,
}

/// Of the headers of a delivery those that prove it, or name it. `header` is the one that is configured.
pub fn kept(kind: Kind, header: &str, headers: &Headers) -> Headers {
    let names: &[&str] = match kind {
        Kind::AzureDevops => &["authorization"],
        Kind::Bitbucket => &["x-hub-signature", "x-request-uuid"],
        Kind::BitbucketDc => &["x-hub-signature", "x-request-id"],
        Kind::Gerrit | Kind::Generic => &[],
        // Gitea sends GitHub's headers too.
        Kind::Gitea => &["x-gitea-signature", "x-hub-signature-256", "x-gitea-delivery", "x-gitea-event"],
        Kind::Github => &["x-hub-signature-256", "x-github-delivery", "x-github-event"],
        Kind::Gitlab => &[
            "webhook-signature",
            "webhook-timestamp",
            "webhook-id",
            "x-gitlab-token",
            "idempotency-key",
            "x-gitlab-event-uuid",
        ],
        Kind::Standard => &["webhook-signature", "webhook-timestamp", "webhook-id"],
    };
    headers.iter().filter(|(name, _)| names.contains(name) || *name == header).collect()
}

/// The key that a secret is: the bytes behind `whsec_`, or the text itself. `None` where what is behind `whsec_` is not base64.
pub fn key_of(secret: &str) -> Option<Vec<u8>> {
    match secret.strip_prefix("whsec_") {
        Some(coded) => STANDARD.decode(coded).ok().filter(|key| !key.is_empty()),
        None => Some(secret.as_bytes().to_vec()),
    }
}

/// Whether `body` is what a host of this kind has sent that knows one of `secrets`.
///
/// # Errors
/// [`Unproven`], which tells who sent it nothing of the secrets.
pub fn prove(
    kind: Kind,
    header: &str,
    secrets: &[&str],
    delivered: &Delivered,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unproven> {
    let of = |name: &str| delivered.headers.first(name).unwrap_or_default();
    let is_right = match kind {
        Kind::Github => is_signed(secrets, &[hex(of("x-hub-signature-256"), "sha256=")], body),
        // Its own header first; older ones know GitHub's alone.
        Kind::Gitea if delivered.headers.has("x-gitea-signature") => {
            is_signed(secrets, &[hex(of("x-gitea-signature"), "")], body)
        }
        Kind::Gitea => is_signed(secrets, &[hex(of("x-hub-signature-256"), "sha256=")], body),
        Kind::Bitbucket | Kind::BitbucketDc => {
            is_signed(secrets, &[hex(of("x-hub-signature"), "sha256=")], body)
        }
        Kind::Generic => {
            let signature = of(header);
            is_signed(secrets, &[hex(signature.strip_prefix("sha256=").unwrap_or(signature), "")], body)
        }
        Kind::Standard => return is_signed_in_time(secrets, delivered, body, now),
        Kind::Gitlab => {
            let in_time = is_signed_in_time(secrets, delivered, body, now);
            if is_token(secrets, of("x-gitlab-token")) { true } else { return in_time }
        }
        Kind::AzureDevops if header.is_empty() => is_token(secrets, &password(of("authorization"))),
        Kind::Gerrit if header.is_empty() => is_token(secrets, &parameter(&delivered.query, "token")),
        Kind::AzureDevops | Kind::Gerrit => is_token(secrets, of(header)),
    };
    if is_right { Ok(()) } else { Err(Unproven::Unsigned) }
}

/// As Standard Webhooks has it: one signature or several, over the id, the time and the body.
fn is_signed_in_time(
    secrets: &[&str],
    delivered: &Delivered,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unproven> {
    let of = |name: &str| delivered.headers.first(name).unwrap_or_default();
    let (id, time) = (of("webhook-id"), of("webhook-timestamp"));
    let signatures: Vec<_> = of("webhook-signature")
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .take(MAX_SIGNATURES)
        .map(|coded| STANDARD.decode(coded).ok())
        .collect();
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    if id.is_empty() || !is_signed_over(secrets, &signatures, &signed) {
        return Err(Unproven::Unsigned);
    }
    let Ok(seconds) = time.parse::<u64>() else { return Err(Unproven::Unsigned) };
    let at = Timestamp(seconds.saturating_mul(1000));
    let is_recent = now.since(at) <= TOLERANCE && at.since(now) <= TOLERANCE;
    if is_recent { Ok(()) } else { Err(Unproven::Late) }
}

fn is_signed(secrets: &[&str], signatures: &[Option<Vec<u8>>], body: &[u8]) -> bool {
    is_signed_over(secrets, signatures, &[body])
}

/// Whether one of `secrets` makes one of `signatures` of these parts.
fn is_signed_over(secrets: &[&str], signatures: &[Option<Vec<u8>>], parts: &[&[u8]]) -> bool {
    secrets.iter().filter_map(|secret| key_of(secret)).fold(false, |right, key| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return right };
        parts.iter().for_each(|part| mac.update(part));
        let signatures = signatures.iter().flatten();
        // Compared in constant time; what has another length is wrong.
        signatures.fold(right, |right, signature| mac.clone().verify_slice(signature).is_ok() | right)
    })
}

/// Whether `token` is one of `secrets`. What is compared is a hash of each, so that the time says nothing of the text, nor of its length.
fn is_token(secrets: &[&str], token: &str) -> bool {
    let hash = |text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(TOKENS).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    };
    let Some(mac) = hash(token) else { return false };
    let is_right = secrets.iter().filter_map(|secret| hash(secret)).fold(false, |right, secret| {
        mac.clone().verify_slice(&secret.finalize().into_bytes()).is_ok() | right
    });
    is_right && !token.is_empty()
}

/// The bytes that hexadecimal digits behind `prefix` stand for.
fn hex(text: &str, prefix: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(prefix)?;
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    if digits.len() != SIGNATURE_DIGITS {
        return None;
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| pair.iter().try_fold(0, |byte: u8, digit| Some(byte << 4 | value(digit)?))).collect()
}

/// The password of basic authentication.
fn password(authorization: &str) -> String {
    let coded = authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let decoded = coded.and_then(|(_, coded)| STANDARD.decode(coded.trim()).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    text.split_once(':').map(|(_, password)| password.to_owned()).unwrap_or_default()
}

/// The first value of a parameter of a query.
fn parameter(query: &str, name: &str) -> String {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    values.next().map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned()).unwrap_or_default()
}

/// How far the time in a delivery may lie from ours. As Standard Webhooks advises: clocks differ, and a host tries again with a new time.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Signatures of one delivery: a host that replaces a key sends two.
const MAX_SIGNATURES: usize = 4;

/// Of the 32 bytes of HMAC-SHA256.
const SIGNATURE_DIGITS: usize = 64;

/// The key under which tokens are hashed to be compared. It is no secret.
const TOKENS: &[u8] = b"modgate hook token";

#[cfg(test)]
mod tests;
