//! The section `storage`.

use crate::config::problems::{Collector, Path};
use crate::config::raw::{RawDelivery, RawDeliveryOverride, RawPresign, RawSecureLink, RawStorage, Section};
use crate::config::{
    Access, Address, Delivery, Dialect, Endpoint, Listing, Match, S3Key, Scheme, Secret, Storage, Zips,
    limits,
};
use crate::gomod::Patterns;

use super::{each, endpoint, header, path, some_modules};

pub(super) fn storage(raw: &RawStorage, at: &Path, matching: &Match, found: &mut Collector) -> Storage {
    let part_bytes = RawStorage::PART_BYTES.read(raw.part_bytes, at, found);
    let parts_in_flight = RawStorage::PARTS_IN_FLIGHT.read(raw.parts_in_flight, at, found);
    let held = part_bytes.saturating_mul(parts_in_flight.saturating_add(limits::SPARE_PARTS));
    if held > limits::MAX_UPLOAD_BYTES {
        let (spare, most) = (limits::SPARE_PARTS, limits::MAX_UPLOAD_BYTES);
        found.note(
            &at.key(if raw.parts_in_flight.is_some() { "parts_in_flight" } else { "part_bytes" }),
            format!("too much: {parts_in_flight} parts on their way and {spare} more would hold {held} bytes, {most} is the most"),
        );
    }
    if raw.dialect == Some(Dialect::S3) && raw.listing == Some(Listing::Propfind) {
        found.note(&at.key("listing"), "S3 is listed as S3 is: leave it out");
    }
    Storage {
        endpoint: Endpoint {
            http2: raw.http2.unwrap_or_default(),
            ..endpoint::endpoint(&raw.endpoint(), at, matching, found)
        },
        dialect: raw.dialect.unwrap_or_default(),
        listing: raw.listing.unwrap_or_default(),
        layout: raw.layout.unwrap_or_default(),
        key_prefix: path::key_prefix(raw.key_prefix.as_deref(), &at.key("key_prefix"), found),
        write: raw.write.unwrap_or(RawStorage::WRITE),
        reverify: raw.reverify.unwrap_or_default(),
        part_bytes,
        parts_in_flight,
        gather_bytes: RawStorage::GATHER_BYTES.read(raw.gather_bytes, at, found),
        delivery: match &raw.delivery {
            Section(None) => Delivery { zips: Zips::default(), overrides: Vec::new(), address: None },
            Section(Some(raw)) => delivery(raw, &at.key("delivery"), found),
        },
    }
}

fn delivery(raw: &RawDelivery, at: &Path, found: &mut Collector) -> Delivery {
    let zips = raw.zips.unwrap_or_default();
    let overrides = each(raw.overrides.as_deref(), None, &at.key("overrides"), found, overridden);
    let redirects = zips == Zips::Redirect || overrides.iter().any(|(_, zips)| *zips == Zips::Redirect);
    let here = at.key("url");
    let address = raw.url.as_deref().map(|url| address(raw, url, at, found));
    if redirects && address.is_none() {
        found.note(&here, "missing: where clients reach the storage, as zips are redirected there");
    }
    Delivery { zips, overrides, address }
}

fn overridden(raw: &RawDeliveryOverride, at: &Path, found: &mut Collector) -> (Patterns, Zips) {
    let why = "missing: the modules it is for, such as [\"github.com/acme\"]";
    let modules = some_modules(raw.modules.as_deref(), why, at, found);
    if raw.zips.is_none() {
        found.note(&at.key("zips"), "missing: how the zips of these modules are delivered");
    }
    (modules, raw.zips.unwrap_or_default())
}

fn address(raw: &RawDelivery, url: &str, at: &Path, found: &mut Collector) -> Address {
    let (scheme, authority, path_prefix) = endpoint::split(url, &at.key("url"), found);
    let expires = RawDelivery::EXPIRES.read(raw.expires.as_ref(), at, found);
    if expires.subsec_nanos() > 0 {
        found.note(&at.key("expires"), "signed addresses count in whole seconds");
    }
    let access = match (&raw.s3.0, &raw.secure_link.0) {
        (Some(_), Some(_)) => {
            found.note(&at.key("secure_link"), "`s3` signs it already; keep one of the two");
            Access::Open
        }
        (Some(raw), None) => Access::S3(presign(raw, &at.key("s3"), found)),
        (None, Some(RawSecureLink { secret })) => {
            let here = at.key("secure_link").key("secret");
            Access::SecureLink(secret_of(secret.as_deref(), &here, found))
        }
        (None, None) => Access::Open,
    };
    Address { scheme, authority: without_usual_port(scheme, authority), path_prefix, expires, access }
}

/// Clients leave the usual port out of `Host`, which is signed.
fn without_usual_port(scheme: Scheme, authority: String) -> String {
    let port = match scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    authority.strip_suffix(port).map(str::to_owned).unwrap_or(authority)
}

fn presign(raw: &RawPresign, at: &Path, found: &mut Collector) -> S3Key {
    // Both are parts of what is signed, between slashes.
    let mut word = |name, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if text.is_empty() {
            found.note(&at.key(name), "missing: no address can be signed without");
        } else if !text.bytes().all(is_word) {
            found.note(&at.key(name), "it has other characters than letters, digits, `-`, `_` and `.`");
        }
        text.to_owned()
    };
    let region = word("region", &raw.region);
    let access_key_id = word("access_key_id", &raw.access_key_id);
    S3Key {
        region,
        access_key_id,
        secret_access_key: secret_of(raw.secret_access_key.as_deref(), &at.key("secret_access_key"), found),
        session_token: raw
            .session_token
            .as_deref()
            .map(|token| secret_of(Some(token), &at.key("session_token"), found)),
    }
}

/// A text that no message quotes.
fn secret_of(raw: Option<&str>, at: &Path, found: &mut Collector) -> Secret {
    match raw {
        None | Some("") => found.note(at, "missing: no address can be signed without"),
        Some(text) if !header::is_value(text) => {
            found.note(at, "it is printable ASCII, with no blank at its ends");
        }
        Some(_) => {}
    }
    Secret::from(raw.unwrap_or_default())
}
