//! Heads, read from the host. What is not UTF-8 in them is made so: no part of this proxy has a use for it.

use proxy_wasm::{hostcalls, types::MapType};

use crate::http::{Headers, RequestHead};

/// One header of the request, or a pseudo-header; nothing where there is none.
pub(super) fn request_value(name: &str) -> Option<String> {
    hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten().map(text)
}

/// The head of the request, whose path is known, with the attributes of the host that are wanted of it.
pub(super) fn request<'a>(path: String, properties: impl Iterator<Item = &'a [String]>) -> RequestHead {
    let (mut method, mut authority) = (String::new(), String::new());
    let headers = read(MapType::HttpRequestHeaders, |name, value| match name {
        ":method" => method = value,
        ":authority" => authority = value,
        _ => {}
    });
    let properties = properties.map(property).collect();
    RequestHead { method, authority, path, headers, properties }
}

/// An attribute of the host, raw; nothing where it has none.
fn property(path: &[String]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.iter().map(String::as_str).collect()).ok().flatten()
}

/// The status and the headers of a response; 0 where the status is none.
pub(super) fn response(map: MapType) -> (u16, Headers) {
    let mut status = 0;
    let headers = read(map, |name, value| {
        if name == ":status" {
            status = value.parse().unwrap_or_default();
        }
    });
    (status, headers)
}

/// The headers of a map without the pseudo-headers.
pub(super) fn headers(map: MapType) -> Headers {
    read(map, |_, _| {})
}

/// The headers of a map; the pseudo-headers go elsewhere.
fn read(map: MapType, mut pseudo: impl FnMut(&str, String)) -> Headers {
    let all = hostcalls::get_map_bytes(map).unwrap_or_default();
    let headers = all.into_iter().filter_map(|(name, value)| {
        let value = text(value);
        if name.starts_with(':') {
            pseudo(&name, value);
            return None;
        }
        Some((name, value))
    });
    headers.collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
