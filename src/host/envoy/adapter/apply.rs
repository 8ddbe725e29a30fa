//! Applies verdicts to streams.
//!
//! **Held back**: what a body verdict holds back stands in Envoy's own buffer, with the stream paused. Envoy hands the whole of that
//! buffer over with each further call. It resets the stream if the buffer outgrows the cluster's `per_connection_buffer_limit_bytes`.
//!
//! **Host differences**: Envoy drops the `content-type` of a local reply without a body, and its `content-length` with it.
//! The local reply comes back through the filter's response callbacks, where the filter puts both back.

use proxy_wasm::{
    hostcalls,
    types::{Action, BufferType, MapType},
};

use super::{
    driver::{Driver, Resumption},
    headers,
};
use crate::{
    cx::{BodyVerdict, Edit, Route, StreamId, Verdict},
    http::{Headers, Length, RequestHead, Response},
};

/// Applies a verdict to the stream whose callback runs; `map` is the headers that the verdict is about.
pub(super) fn verdict(driver: &mut Driver, stream: StreamId, map: MapType, verdict: Verdict) -> Action {
    match verdict {
        Verdict::Continue => Action::Continue,
        Verdict::Edit(edit) => {
            change(map, &edit);
            Action::Continue
        }
        Verdict::Respond(response) => {
            respond(driver, stream, &response);
            Action::Pause
        }
        Verdict::Route(to) if read_and_route(&to) => Action::Continue,
        Verdict::Route(_) => Action::Pause,
        Verdict::Wait => Action::Pause,
    }
}

/// As [`verdict`], for the request whose head the host has just handed over, if it has: it is not read once more.
pub(super) fn request(
    driver: &mut Driver,
    stream: StreamId,
    head: Option<&RequestHead>,
    verdict: Verdict,
) -> Action {
    match (verdict, head) {
        (Verdict::Route(to), Some(head)) => {
            route(&to, &head.path, &head.headers);
            Action::Continue
        }
        (other, _) => self::verdict(driver, stream, MapType::HttpRequestHeaders, other),
    }
}

/// Applies a verdict on a piece of a response, which makes `size` bytes in the host's buffer, or on its trailers, with a `size` of 0; a
/// callback of the stream runs.
pub(super) fn body(size: usize, verdict: BodyVerdict) -> Action {
    // The host takes other bytes only in a callback that has some; in one without, it would trap.
    let put = |bytes: Option<Vec<u8>>| {
        if let Some(bytes) = bytes {
            let _ = hostcalls::set_buffer(BufferType::HttpResponseBody, 0, size, &bytes);
        }
    };
    match verdict {
        BodyVerdict::Pass(bytes) => {
            put(bytes);
            Action::Continue
        }
        BodyVerdict::Hold(bytes) => {
            put(bytes);
            Action::Pause
        }
        BodyVerdict::Reset => {
            let _ = hostcalls::reset_http_response();
            Action::Pause
        }
    }
}

/// Resumes a stream that waits, within a callback of the root.
pub(super) fn resume(driver: &mut Driver, stream: StreamId, resumption: Resumption) {
    if hostcalls::set_effective_context(stream.0).is_err() {
        return;
    }
    match resumption {
        Resumption::Release => {
            let _ = hostcalls::resume_http_response();
        }
        Resumption::Request(Verdict::Continue) => {
            let _ = hostcalls::resume_http_request();
        }
        Resumption::Request(Verdict::Edit(edit)) => {
            change(MapType::HttpRequestHeaders, &edit);
            let _ = hostcalls::resume_http_request();
        }
        Resumption::Request(Verdict::Respond(response)) => respond(driver, stream, &response),
        Resumption::Request(Verdict::Route(to)) => {
            if read_and_route(&to) {
                let _ = hostcalls::resume_http_request();
            }
        }
        Resumption::Request(Verdict::Wait) => {}
        Resumption::Reset => {
            let _ = hostcalls::reset_http_response();
        }
    }
    let _ = hostcalls::set_effective_context(driver.root);
}

/// Puts back what the host stripped from an answer without a body.
pub(super) fn restore_content_type(driver: &mut Driver, stream: StreamId) {
    if let Some((content_type, length)) = driver.stripped.remove(&stream) {
        set(MapType::HttpResponseHeaders, "content-type", &content_type);
        match length {
            Length::Body => set(MapType::HttpResponseHeaders, "content-length", "0"),
            Length::Said(length) => set(MapType::HttpResponseHeaders, "content-length", &length.to_string()),
            Length::Unsaid => {}
        }
    }
}

fn respond(driver: &mut Driver, stream: StreamId, response: &Response) {
    let headers: Vec<_> = response.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if response.body.is_empty()
        && let Some((_, content_type)) = headers.iter().find(|(name, _)| *name == "content-type")
    {
        driver.stripped.insert(stream, ((*content_type).to_owned(), response.length));
    }
    let _ = hostcalls::send_http_response(response.status.into(), headers, Some(&response.body));
}

/// Reads the request from the host and makes it one for the download route. Returns whether it may go on: if its headers cannot be read it
/// is answered here, for among them may be a client's secret.
fn read_and_route(to: &Route) -> bool {
    let Some(headers) = headers::headers(MapType::HttpRequestHeaders) else {
        let _ = hostcalls::send_http_response(502, Vec::new(), None);
        return false;
    };
    route(to, &headers::request_value(":path").unwrap_or_default(), &headers);
    true
}

/// Makes the request for `path` with these headers one for the download route. Headers for the cluster alone stand in the stream's filter
/// state, as `wasm.modgate.<header>`, from which that route takes them.
fn route(to: &Route, path: &str, headers: &Headers) {
    tell_log(path, headers);
    // Each call into the host costs. A header that comes once is put in its own place, and a path that stays is not put.
    let is_replaced = |name: &str| to.sets(name) && headers.all(name).count() == 1;
    for name in to.left_behind(headers.iter()).into_iter().filter(|name| !is_replaced(name)) {
        let _ = hostcalls::remove_map_value(MapType::HttpRequestHeaders, name);
    }
    for (name, value) in to.set.iter().filter(|(name, value)| name != ":path" || value != path) {
        set(MapType::HttpRequestHeaders, name, value);
    }
    let cluster = ("cluster", &to.cluster);
    let confided = to.confided.iter().map(|(name, value)| (name.as_str(), value));
    for (name, value) in confided.chain([cluster]) {
        let _ = hostcalls::set_property(vec![&format!("{CONFIDED}{name}")], Some(value.as_bytes()));
    }
}

/// Keeps for the host's access log what the client asked, before the request becomes one to the cluster. It stands in the stream's filter
/// state as `wasm.modgate-request.<field>`. Only a download pays for it: all other requests are logged as they are.
fn tell_log(path: &str, headers: &Headers) {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let header = |name| headers.first(name).unwrap_or(NONE_SENT);
    for (field, value) in [("path", path), ("agent", header("user-agent")), ("id", header("x-request-id"))] {
        let _ = hostcalls::set_property(vec![&format!("{LOGGED}{field}")], Some(value.as_bytes()));
    }
}

/// As Envoy logs a header that there is not. Without it the log would show what the request to the cluster says.
const NONE_SENT: &str = "-";

/// Envoy puts `wasm.` before the name of a property that a filter sets.
const CONFIDED: &str = "modgate.";

/// Apart from what is confided, whose names are those of configured headers.
const LOGGED: &str = "modgate-request.";

fn change(map: MapType, edit: &Edit) {
    for name in &edit.remove {
        let _ = hostcalls::remove_map_value(map, name);
    }
    for (name, value) in &edit.set {
        set(map, name, value);
    }
}

fn set(map: MapType, name: &str, value: &str) {
    let _ = hostcalls::set_map_value(map, name, Some(value));
}
