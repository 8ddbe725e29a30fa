//! `/index`: the versions that storage got, in the order in which gateways had them, as index.golang.org lists them.
//!
//! The workers that write to storage say so in segments ([`segment`]), each under a key that is in the order of time. A page reads the
//! segments from `since` on, one after the other. What was said a moment ago is left out: a segment of another worker, with an earlier
//! stamp, may be on its way to storage, and a client goes on behind the last line that it has seen.

use std::time::Duration;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::{NO_STORAGE, Turn, failed, named::Naming, page_limit, unwalked};
use crate::{
    config::Storage,
    cx::{Cx, Verdict},
    flow::{
        Known,
        explain::{malformed, query, unknown},
        request::{not_yet, refuse},
        respond::page,
    },
    gomod::{ModulePath, Version, check},
    goproxy::{FailureKind, Refusal},
    http::{Reply, Timestamp},
    metrics::Kind,
    policy::Caller,
    store::{Object, Tree, Walk, before_feed_keys, feed_stamp, get, judge_small},
};

/// A page of the feed that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feeding {
    caller: Caller,
    /// The least time of a line, in nanoseconds.
    from: u64,
    limit: usize,
    walk: Walk,
    /// The segments that are to be read, the next one last.
    segments: Vec<String>,
    /// The stamp of the segment that is being read, or was last.
    reading: Option<Timestamp>,
    /// Whether storage was asked for a segment, and not for a listing.
    is_reading: bool,
    /// The lines of a segment that are yet to be looked at, the next one last.
    lines: Vec<Line>,
    /// How often storage was asked.
    asked: usize,
    since: Timestamp,
    /// What is given, by time.
    given: Vec<(u64, String)>,
}

/// A line, as index.golang.org has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    path: String,
    version: String,
    timestamp: String,
}

/// What the worker with this `number` says of versions of which it has written the last file. Each line has a microsecond of its own, and
/// each of some workers another nanosecond in it: a client that goes on from a time would not get beyond more lines of one time than it
/// reads at once.
pub fn segment<'v>(
    stamp: Timestamp,
    number: u16,
    versions: impl Iterator<Item = (&'v ModulePath, &'v Version)>,
) -> String {
    let first = stamp.0.saturating_mul(1_000_000).saturating_add(u64::from(number % 1000));
    let mut text = String::new();
    for ((module, version), at) in versions.zip((first..).step_by(1000)) {
        let line = Line {
            path: module.as_str().to_owned(),
            version: version.as_str().to_owned(),
            timestamp: shown(at),
        };
        text.push_str(&serde_json::to_string(&line).unwrap_or_default());
        text.push('\n');
    }
    text
}

fn shown(nanos: u64) -> String {
    let seconds = Timestamp(nanos / 1_000_000).rfc3339();
    format!("{}.{:09}Z", seconds.trim_end_matches('Z'), nanos % 1_000_000_000)
}

/// A time in nanoseconds since 1970; 0 for what is before that.
fn nanos(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    let seconds = u64::try_from(time.timestamp()).ok();
    let in_all = |seconds: u64| {
        seconds.saturating_mul(1_000_000_000).saturating_add(u64::from(time.timestamp_subsec_nanos()))
    };
    Some(seconds.map_or(0, in_all))
}

impl Feeding {
    pub(super) fn begin(
        path: &str,
        caller: Caller,
        storage: &Storage,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (mut limit, mut since) = (None, None);
        for (name, value) in query(path) {
            match name {
                "limit" if limit.is_none() => limit = Some(value),
                "since" if since.is_none() => since = Some(value),
                // There it asks for versions that cannot be had any more as well.
                "include" if value == "all" => {}
                _ => return Err(unknown(name, "since and limit, each once, and include=all")),
            }
        }
        let limit = page_limit("limit", limit.as_deref(), MOST)?;
        let from = match since.as_deref() {
            None | Some("") => 0,
            Some(text) => nanos(text).ok_or_else(|| malformed("since is no time as RFC 3339 has them"))?,
        };
        let before = before_feed_keys(Timestamp(from / 1_000_000));
        Ok(Self {
            caller,
            from,
            limit,
            walk: Walk::begin(storage, Tree::Feed, "index/", &before),
            segments: Vec::new(),
            reading: None,
            is_reading: false,
            lines: Vec::new(),
            asked: 0,
            since: now,
            given: Vec::new(),
        })
    }

    /// Storage has answered.
    pub(super) fn take(&mut self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Verdict> {
        if !self.is_reading {
            let keys = self.walk.turn(reply).map_err(|why| unwalked(why, reply, cx))?;
            self.segments = keys.into_iter().filter(|key| feed_stamp(key).is_some()).rev().collect();
            return Ok(());
        }
        match judge_small(reply, MAX_SEGMENT) {
            Object::Present(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                // What is no line was written by no gateway.
                self.lines = text.lines().rev().filter_map(|line| serde_json::from_str(line).ok()).collect();
                Ok(())
            }
            // It was removed.
            Object::Absent => Ok(()),
            Object::Unavailable(why) => Err(failed(FailureKind::Bad, format!("storage: the index: {why}"))),
        }
    }

    pub(super) fn is_light(&self) -> bool {
        self.lines.len() <= AT_ONCE
    }

    pub(super) fn step(&mut self, known: &Known<'_>, cx: &mut Cx<'_>) -> Turn {
        if let Some(lacking) = known.in_force.lacking() {
            return Turn::Over(not_yet(lacking, Kind::Page, cx));
        }
        let Some(storage) = &known.config.storage else {
            return Turn::Over(refuse(Kind::Page, &Refusal::Unsupported(NO_STORAGE.to_owned()), cx));
        };
        self.give_some(known, cx);
        if !self.lines.is_empty() {
            return Turn::Work;
        }
        let settled = cx.now.0.saturating_sub(millis(storage.endpoint.timeout.saturating_add(SKEW)));
        let next = self.segments.last().and_then(|key| feed_stamp(key));
        if next.is_some_and(|stamp| stamp.0 > settled) || next.is_none() && self.walk.is_over() {
            return Turn::Over(self.page());
        }
        // Lines of one millisecond may be in several segments, in any order: no page ends among them.
        let may_end = self.reading.is_none() || next.is_some() && next != self.reading;
        let is_late = self.asked > 0 && cx.now.since(self.since) >= known.config.fetch.wait;
        let is_enough = self.given.len() >= self.limit || self.asked >= ASKED || is_late;
        if may_end && is_enough && !self.given.is_empty() {
            return Turn::Over(self.page());
        }
        // A client can go on behind a line alone.
        if may_end && (is_late || self.asked >= MOST_ASKED) {
            let from = shown(self.reading.unwrap_or_default().0.saturating_mul(1_000_000));
            let reason = format!(
                "unavailable: what was looked at has nothing that you may have: go on with since={from}"
            );
            return Turn::Over(failed(FailureKind::Overloaded, reason));
        }
        self.asked = self.asked.saturating_add(1);
        let segment = self.segments.pop();
        self.is_reading = segment.is_some();
        match segment {
            Some(key) => {
                self.reading = next;
                Turn::Ask(get(storage, &format!("{}{key}", storage.key_prefix)))
            }
            None => Turn::Ask(self.walk.callout(storage)),
        }
    }

    /// Looks at a few lines.
    fn give_some(&mut self, known: &Known<'_>, cx: &Cx<'_>) {
        let mut naming = Naming::new(&self.caller, known);
        for _ in 0..AT_ONCE {
            let Some(line) = self.lines.pop() else { return };
            let Some(at) = nanos(&line.timestamp).filter(|at| *at >= self.from) else { continue };
            let (Ok(module), Ok(version)) = (ModulePath::parse(&line.path), Version::parse(&line.version))
            else {
                continue;
            };
            if check(&module, &version).is_ok() && naming.may_name(&module, &version, cx) {
                self.given.push((at, serde_json::to_string(&line).unwrap_or_default()));
            }
        }
    }

    fn page(&mut self) -> Verdict {
        self.given.sort();
        self.given.truncate(self.limit);
        let text: String = self.given.iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect();
        page("application/json", text)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How far the clocks of gateways that share a storage may lie apart.
const SKEW: Duration = Duration::from_secs(5);

/// Lines of one page: as many as index.golang.org gives, by default and at most.
const MOST: usize = 2000;

/// Lines of one segment: each has a microsecond of the millisecond by which it is called.
pub const SEGMENT_LINES: usize = 900;

/// Bytes of one segment: lines have 500 at most, and 150 usually.
const MAX_SEGMENT: usize = 512 << 10;

/// Lines that are looked at in one slice, as of a catalog.
const AT_ONCE: usize = 64;

/// How often storage is asked for one page that has a line: with a few milliseconds each, a quarter of a second.
const ASKED: usize = 64;

/// The same where it has none yet.
const MOST_ASKED: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_index() {
        assert_eq!(shown(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123456789Z");
        for (text, expected) in [
            ("2023-11-14T22:13:20.123456789Z", Some(1_700_000_000_123_456_789)),
            ("2023-11-14T23:13:20.123456+01:00", Some(1_700_000_000_123_456_000)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000_000_000_000)),
            ("1960-01-01T00:00:00Z", Some(0)),
            ("9999-12-31T23:59:59Z", Some(u64::MAX)),
            ("2023-11-14", None),
            ("1700000000", None),
        ] {
            assert_eq!(nanos(text), expected, "{text}");
        }
        let at = Timestamp(1_700_000_000_123);
        let key = format!("{}-w.ndjson", before_feed_keys(at));
        assert_eq!(key, "index/2023/11/14/22/001700000000123-w.ndjson");
        assert_eq!(feed_stamp(&key), Some(at));
        let (module, version) = (ModulePath::parse("a.com/M").unwrap(), Version::parse("v1.0.0").unwrap());
        let text = segment(at, 7, [(&module, &version), (&module, &version)].into_iter());
        let line = r#"{"Path":"a.com/M","Version":"v1.0.0","Timestamp":"2023-11-14T22:13:20.12300"#;
        assert_eq!(text, format!("{line}0007Z\"}}\n{line}1007Z\"}}\n"));
    }
}
