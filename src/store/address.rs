//! Where clients get stored objects without the gateway: a URL, signed where its store asks for that.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use super::request::{canonical, query_value};
use crate::{
    config::{Access, Address, S3Key, Storage},
    http::Timestamp,
};

/// The URL of `key` for clients, good for a GET from `now` until it expires; `None` where no public address is configured.
pub fn public_url(storage: &Storage, key: &str, now: Timestamp) -> Option<String> {
    let address = storage.delivery.address.as_ref()?;
    let path = canonical(&address.path_prefix, key);
    let query = match &address.access {
        Access::Open => String::new(),
        Access::S3(s3) => presigned(address, s3, &path, now),
        Access::SecureLink(secret) => {
            let prefix = percent_decode_str(&address.path_prefix).decode_utf8_lossy();
            linked(&format!("{prefix}/{key}"), secret.reveal(), expiry(now, address.expires))
        }
    };
    Some(format!("{}://{}{path}{query}", address.scheme.as_str(), address.authority))
}

/// The query that nginx checks with `secure_link $arg_md5,$arg_expires` and `secure_link_md5 "$secure_link_expires$uri SECRET"`: its `$uri`
/// is the path after decoding.
fn linked(uri: &str, secret: &str, expires: u64) -> String {
    let md5 = BASE64_URL_SAFE_NO_PAD.encode(Md5::digest(format!("{expires}{uri} {secret}")));
    format!("?md5={md5}&expires={expires}")
}

/// The query of a presigned GET (Amazon S3, Signature Version 4, authenticating requests by query parameters).
fn presigned(address: &Address, key: &S3Key, path: &str, now: Timestamp) -> String {
    let time = basic_format(now);
    let day = time.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/s3/aws4_request", key.region);
    let credential = format!("{}/{scope}", key.access_key_id);
    let token = key.session_token.as_ref().map(|token| query_value(token.reveal()));
    // In alphabetical order, which is how they are signed.
    let query = format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={time}&X-Amz-Expires={}{}&X-Amz-SignedHeaders=host",
        query_value(&credential),
        address.expires.as_secs(),
        token.map(|token| format!("&X-Amz-Security-Token={token}")).unwrap_or_default(),
    );
    let request = format!("GET\n{path}\n{query}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD", address.authority);
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let first = format!("AWS4{}", key.secret_access_key.reveal());
    let signing_key = [day, &key.region, "s3", "aws4_request"]
        .into_iter()
        .fold(first.into_bytes(), |key, part| mac(&key, part));
    format!("?{query}&X-Amz-Signature={}", hex(&mac(&signing_key, &to_sign)))
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    // HMAC takes keys of any length: the error cannot be.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// Seconds since the Unix epoch.
fn expiry(now: Timestamp, expires: Duration) -> u64 {
    now.after(expires).0 / 1000
}

/// As ISO 8601 has it in its basic format: `20130524T000000Z`.
fn basic_format(now: Timestamp) -> String {
    let mut text = now.rfc3339();
    text.retain(|c| !matches!(c, '-' | ':'));
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn storage(delivery: &str) -> Storage {
        let text = format!(r#"{{"storage":{{"cluster":"s","url":"http://s","delivery":{{{delivery}}}}}}}"#);
        Config::parse(&text).unwrap().storage.unwrap()
    }

    /// 2013-05-24T00:00:00Z, which is when Amazon's examples are.
    const NOW: Timestamp = Timestamp(1_369_353_600_000);

    const S3: &str = r#""s3":{"region":"us-east-1","access_key_id":"AKIAIOSFODNN7EXAMPLE",
        "secret_access_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY""#;

    /// The example of Amazon's documentation, "Authenticating Requests: Using Query Parameters".
    #[test]
    fn amazons_own_example_comes_out() {
        let storage =
            storage(&format!(r#""url":"https://examplebucket.s3.amazonaws.com","expires":"24h",{S3}}}"#));
        assert_eq!(
            public_url(&storage, "test.txt", NOW).unwrap(),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn the_token_of_a_temporary_key_is_signed_in_its_place() {
        let storage =
            storage(&format!(r#""url":"http://s3.internal:9000/b@1",{S3},"session_token":"a/b=="}}"#));
        let url = public_url(&storage, "a.com/m/@v/v1.0.0+x.zip", Timestamp(NOW.0 + 999)).unwrap();
        assert!(url.starts_with("http://s3.internal:9000/b%401/a.com/m/%40v/v1.0.0%2Bx.zip?X-Amz-"), "{url}");
        let names: Vec<_> = url
            .split(['?', '&'])
            .skip(1)
            .map(|pair| pair.split_once('=').unwrap().0.trim_start_matches("X-Amz-"))
            .collect();
        assert_eq!(
            names,
            ["Algorithm", "Credential", "Date", "Expires", "Security-Token", "SignedHeaders", "Signature"]
        );
        assert!(url.contains("&X-Amz-Security-Token=a%2Fb%3D%3D&"), "{url}");
    }

    /// The digest is that of `printf '1369353900/x/a.com/!m/v1.0.0.zip s3cret' | openssl md5 -binary | base64`.
    #[test]
    fn nginx_is_given_what_it_checks() {
        let storage = storage(r#""url":"https://h/x","expires":"5m","secure_link":{"secret":"s3cret"}"#);
        let url = public_url(&storage, "a.com/!m/v1.0.0.zip", NOW).unwrap();
        assert_eq!(url, "https://h/x/a.com/%21m/v1.0.0.zip?md5=3LubOnUyE_lDNoINlW2EnA&expires=1369353900");
    }

    #[test]
    fn an_open_store_gets_a_plain_address() {
        let storage = storage(r#""url":"https://h:8443/x""#);
        assert_eq!(public_url(&storage, "a.com/x", NOW).unwrap(), "https://h:8443/x/a.com/x");
        let without = Config::parse(r#"{"storage":{"cluster":"s","url":"http://s"}}"#).unwrap();
        assert_eq!(public_url(&without.storage.unwrap(), "a.com/x", NOW), None);
    }

    #[test]
    fn any_time_has_a_format() {
        assert_eq!(basic_format(Timestamp(0)), "19700101T000000Z");
        assert_eq!(basic_format(Timestamp(u64::MAX)), "99991231T235959Z");
    }
}
