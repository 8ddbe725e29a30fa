//! The input of [`super::check`], read.

use std::collections::VecDeque;

use modgate::host::envoy::reply::of_callout;
use modgate::http::{CallFailure, Headers, Reply, RequestHead};

use super::proper::CLIENTS_SECRET;
use crate::properties::choice;

/// A request and what it will meet.
pub(super) struct Script {
    pub(super) config: usize,
    pub(super) head: RequestHead,
    pub(super) replies: VecDeque<Reply>,
    /// The head of what comes back, should the request be routed.
    pub(super) response: (u16, Headers),
}

impl Script {
    pub(super) fn read(input: &[u8], configs: usize) -> Option<Self> {
        if input.windows(CLIENTS_SECRET.len()).any(|window| window == CLIENTS_SECRET.as_bytes()) {
            // libFuzzer reads it out of the comparisons; from elsewhere it is no secret.
            return None;
        }
        let (request, rest) = parted(input, b"\n\n");
        let request = String::from_utf8_lossy(request).into_owned();
        let mut lines = request.lines();
        let (config, line) = choice(lines.next()?, configs)?;
        let (method, path) = line.trim_start().split_once(' ')?;
        let authority = lines.next().unwrap_or_default().to_owned();
        let own = [("authorization", CLIENTS_SECRET), ("cookie", CLIENTS_SECRET)];
        let headers = lines.filter_map(|line| line.split_once(": ")).chain(own).collect();
        let head = RequestHead {
            method: method.to_owned(),
            authority,
            path: path.to_owned(),
            headers,
            properties: Vec::new(),
            ends: true,
        };

        let mut replies = VecDeque::new();
        let mut rest = rest;
        while !rest.is_empty() && replies.len() < MAX_REPLIES {
            let (one, others) = parted(rest, b"\n--\n");
            replies.push_back(reply(one));
            rest = others;
        }
        let response = match replies.back() {
            Some(Reply::Answered { status, headers, .. }) => (*status, headers.clone()),
            Some(Reply::Failed(_)) | None => (200, Headers::default()),
        };
        Some(Self { config, head, replies, response })
    }
}

fn reply(text: &[u8]) -> Reply {
    let (head, body) = parted(text, b"\n\n");
    let head = String::from_utf8_lossy(head).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if let Some(digit) = status.strip_prefix('!') {
        let chosen = choice(digit, FAILURES.len()).map_or(0, |(chosen, _)| chosen);
        return Reply::Failed(FAILURES[chosen]);
    }
    let mut headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    // Unless it says how it is framed, or that it ends with the connection, it has its length: else little would be taken of it.
    let length = body.len().to_string();
    let is_framed = |name: &str| ["connection", "content-length", "transfer-encoding"].contains(&name);
    if !headers.iter().any(|(name, _)| is_framed(&name.to_ascii_lowercase())) {
        headers.push(("content-length", &length));
    }
    // What is no status is 0, an answer of nobody's.
    let head = (status.parse().unwrap_or_default(), headers.into_iter().collect());
    of_callout(Some(head), body.to_vec())
}

fn parted<'a>(text: &'a [u8], by: &[u8]) -> (&'a [u8], &'a [u8]) {
    match text.windows(by.len()).position(|window| window == by) {
        Some(at) => (&text[..at], &text[at + by.len()..]),
        None => (text, &[]),
    }
}

const FAILURES: [CallFailure; 6] = [
    CallFailure::Broken,
    CallFailure::Misconfigured,
    CallFailure::Unavailable,
    CallFailure::Overloaded,
    CallFailure::TimedOut,
    CallFailure::Unreachable,
];

/// More than the callouts of any request: storage, each upstream, and a write.
const MAX_REPLIES: usize = 8;
