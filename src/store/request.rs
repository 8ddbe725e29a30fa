//! Requests for objects, as callouts.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    config::{Dialect, Storage},
    endpoint,
    http::{Body, Callout},
};

/// The `:path` of `key`.
pub fn path(storage: &Storage, key: &str) -> String {
    match storage.dialect {
        Dialect::S3 => canonical(&storage.endpoint.path_prefix, key),
        Dialect::Webdav => endpoint::absolute(&storage.endpoint, key),
    }
}

/// A GET of `key`.
pub fn get(storage: &Storage, key: &str) -> Callout {
    endpoint::request(&storage.endpoint, "GET", path(storage, key))
}

/// A HEAD of `key`.
pub fn head(storage: &Storage, key: &str) -> Callout {
    endpoint::request(&storage.endpoint, "HEAD", path(storage, key))
}

/// A PUT of `key` for what never changes: one that overwrites nothing, where the dialect can say so. Where it cannot, the caller has looked
/// before, and two that write at once write the same.
pub fn create(storage: &Storage, key: &str, content_type: &str, body: Body) -> Callout {
    let mut callout = replace(storage, key, content_type, body);
    if storage.dialect == Dialect::S3 {
        callout.headers.push(ONLY_NEW.map(str::to_owned).into());
    }
    callout
}

/// A PUT of `key` for what changes: the last one that writes is right.
pub fn replace(storage: &Storage, key: &str, content_type: &str, body: Body) -> Callout {
    let mut callout = endpoint::request(&storage.endpoint, "PUT", path(storage, key));
    callout.headers.push(("content-type".to_owned(), content_type.to_owned()));
    callout.body = body;
    callout
}

/// A path in the one spelling that signatures are made of: everything escaped but letters, digits, `-._~` and slashes, in capital digits.
/// Envoy's `aws_request_signing` signs such a path unchanged. A path where some characters are escaped and others (an `@`) are not, it
/// escapes once more, and no store agrees. S3 takes a `+` that is not escaped for a blank.
pub(super) fn canonical(prefix: &str, key: &str) -> String {
    let prefix = percent_decode_str(prefix).decode_utf8_lossy();
    format!("{}/{}", escaped(&prefix, &KEPT), escaped(key, &KEPT))
}

/// One value of a query, in the spelling that signatures are made of.
pub(super) fn query_value(text: &str) -> Cow<'_, str> {
    escaped(text, &UNRESERVED)
}

fn escaped<'a>(text: &'a str, set: &'static AsciiSet) -> Cow<'a, str> {
    utf8_percent_encode(text, set).into()
}

/// Written only where there is none (RFC 9110, 13.1.2).
pub(super) const ONLY_NEW: [&str; 2] = ["if-none-match", "*"];

/// RFC 3986, 2.3, as Signature Version 4 has it.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const KEPT: AsciiSet = UNRESERVED.remove(b'/');

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn storage(fields: &str) -> Storage {
        let text = format!(r#"{{"storage":{{"cluster":"s",{fields}}}}}"#);
        Config::parse(&text).unwrap().storage.unwrap()
    }

    #[test]
    fn s3_paths_have_the_spelling_that_is_signed() {
        let s3 = storage(r#""url":"http://s/go%20mod@x","dialect":"s3""#);
        for (key, want) in [
            ("example.com/m/@v/v1.0.0.zip", "example.com/m/%40v/v1.0.0.zip"),
            ("github.com/!burnt!sushi/toml/@v/list", "github.com/%21burnt%21sushi/toml/%40v/list"),
            ("github.com/BurntSushi/m/@v/v1.0.0-RC1.mod", "github.com/BurntSushi/m/%40v/v1.0.0-RC1.mod"),
            ("a.com/m/@v/v2.0.0+incompatible.info", "a.com/m/%40v/v2.0.0%2Bincompatible.info"),
            ("git.sr.ht/~me/a_b-c.d/v1.0.0/go.mod", "git.sr.ht/~me/a_b-c.d/v1.0.0/go.mod"),
            // What looks escaped is a name like any other.
            ("a.com/%21x", "a.com/%2521x"),
        ] {
            assert_eq!(path(&s3, key), format!("/go%20mod%40x/{want}"));
        }
        assert_eq!(query_value("a+/=.~_-@ b%"), "a%2B%2F%3D.~_-%40%20b%25");
    }

    #[test]
    fn bucket_is_in_the_path_or_in_the_host() {
        for (url, authority, path) in [
            ("https://s3.eu-west-1.amazonaws.com/bucket", "s3.eu-west-1.amazonaws.com", "/bucket/a.com/x"),
            ("https://bucket.s3.eu-west-1.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com", "/a.com/x"),
        ] {
            let callout = get(&storage(&format!(r#""url":"{url}","dialect":"s3""#)), "a.com/x");
            assert_eq!((callout.authority.as_str(), callout.path.as_str()), (authority, path));
        }
    }

    #[test]
    fn webdav_paths_are_spelled_as_the_go_command_does() {
        let webdav = storage(r#""url":"http://s/x""#);
        assert_eq!(path(&webdav, "a.com/!m/@v/v1.0.0+x.zip"), "/x/a.com/%21m/@v/v1.0.0+x.zip");
    }

    #[test]
    fn what_never_changes_overwrites_nothing() {
        let conditions = |callout: Callout| {
            assert_eq!((callout.method, &callout.body[..]), ("PUT", b"x".as_slice()));
            assert!(callout.headers.contains(&("content-type".to_owned(), "text/plain".to_owned())));
            callout.headers.iter().filter(|(name, value)| name == "if-none-match" && value == "*").count()
        };
        let body = || b"x".to_vec().into();
        let s3 = storage(r#""url":"http://s","dialect":"s3""#);
        assert_eq!(conditions(create(&s3, "k", "text/plain", body())), 1);
        assert_eq!(conditions(replace(&s3, "k", "text/plain", body())), 0);
        let webdav = storage(r#""url":"http://s""#);
        assert_eq!(conditions(create(&webdav, "k", "text/plain", body())), 0);
    }
}
