//! Reads headers from the host. Bytes that are not UTF-8 are replaced: no part of this proxy has a use for them.
//!
//! **A failure of the host does not mean that a header is absent.** The host says `NotFound` of a header that is absent. Every other
//! status is a failure. A header that could not be read gets a value that no client sends, and a head that could not be read is `None`.
//! Of the SDK's calls (0.2.5) `get_property` alone returns such a status. The others panic on one, which costs the VM and lets no request
//! through.

use proxy_wasm::{hostcalls, types::MapType};

use crate::{
    host::envoy::attribute,
    http::{Headers, Property, RequestHead},
};

/// One header of the request, or a pseudo-header; `None` where there is none.
pub(super) fn request_value(name: &str) -> Option<String> {
    match hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name) {
        Ok(value) => value.map(text),
        Err(_) => Some(UNREADABLE.to_owned()),
    }
}

/// The head of the request, whose path is known, with the attributes of the host that are wanted of it; `None` where it cannot be
/// read. `ends` says that nothing follows it.
pub(super) fn request<'a>(
    path: String,
    ends: bool,
    properties: impl Iterator<Item = &'a [String]>,
) -> Option<RequestHead> {
    let (mut method, mut authority) = (String::new(), String::new());
    let headers = read(MapType::HttpRequestHeaders, |name, value| match name {
        ":method" => method = value,
        ":authority" => authority = value,
        _ => {}
    })?;
    let properties = properties.map(|path| property(path.iter().map(String::as_str).collect())).collect();
    // The host takes no request without a method.
    (!method.is_empty()).then_some(RequestHead { method, authority, path, headers, properties, ends })
}

/// The bytes of an attribute of the host; nothing where there is none, or it cannot be read.
pub(super) fn bytes(path: &[&str]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.to_vec()).ok().flatten()
}

/// An attribute of the host.
fn property(path: Vec<&str>) -> Property {
    match hostcalls::get_property(path) {
        Ok(Some(bytes)) => attribute::property(&bytes),
        Ok(None) => Property::Absent,
        Err(_) => Property::Unreadable,
    }
}

/// An attribute of the host that is text; `None` if it is absent or empty. One that cannot be read becomes a text that the host gives no
/// attribute.
pub(super) fn property_text(path: &[&str]) -> Option<String> {
    match hostcalls::get_property(path.to_vec()) {
        Ok(bytes) => bytes.map(text).filter(|text| !text.is_empty()),
        Err(_) => Some(UNREADABLE.to_owned()),
    }
}

/// The status and the headers of a response; `None` where they cannot be read.
pub(super) fn response(map: MapType) -> Option<(u16, Headers)> {
    let mut status = None;
    let headers = read(map, |name, value| {
        if name == ":status" {
            status = value.parse().ok();
        }
    })?;
    Some((status?, headers))
}

/// The headers of a map without the pseudo-headers; `None` where they cannot be read.
pub(super) fn headers(map: MapType) -> Option<Headers> {
    read(map, |_, _| {})
}

/// The headers of a map; the pseudo-headers go elsewhere.
fn read(map: MapType, mut pseudo: impl FnMut(&str, String)) -> Option<Headers> {
    let all = hostcalls::get_map_bytes(map).ok()?;
    let headers = all.into_iter().filter_map(|(name, value)| {
        let value = text(value);
        if name.starts_with(':') {
            pseudo(&name, value);
            return None;
        }
        Some((name, value))
    });
    Some(headers.collect())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Stands for a value that cannot be read: the replacement character, which names no caller (`flow/caller.rs`) and no cluster.
const UNREADABLE: &str = "\u{fffd}";
