//! Records as OSV has them, in JSON: what is read of one.
//!
//! What the schema does not name is passed over, as are names that a later schema gives; what it does name has to be as it says.

use std::borrow::Cow;

use serde::Deserialize;

pub use super::id::is_id;
use super::ranges::LEAST;
use super::{Affected, Event, MAX_RECORD_BYTES, Ranges, Record, Severity};
use crate::gomod::{Quoted, Version};
use crate::http::Timestamp;

/// Why a record cannot be read: a bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// It is not JSON, or not of the schema's shape.
    #[error("not an OSV record: {0}")]
    Shape(String),
    /// Its id would not do for a line.
    #[error("the id {} is none that a record may have", Quoted(.0))]
    Id(String),
    /// A time is none.
    #[error("{field} is {}, which is no time", Quoted(.text))]
    Time {
        /// Which.
        field: &'static str,
        /// What stands there.
        text: String,
    },
    /// It is longer than [`MAX_RECORD_BYTES`].
    #[error("it has {0} bytes, and at most {MAX_RECORD_BYTES} are read")]
    Length(usize),
}

/// Reads a record as it is at `now`: of one that was withdrawn by then, or that has no final id yet, nothing is affected.
///
/// A source that is `malicious` is of malicious modules alone, as every record is whose id begins with `MAL-`.
///
/// # Errors
/// Where the record is not as the schema says.
pub fn read(json: &[u8], is_malicious: bool, now: Timestamp) -> Result<Record, InvalidRecord> {
    if json.len() > MAX_RECORD_BYTES {
        return Err(InvalidRecord::Length(json.len()));
    }
    let raw: Raw<'_> =
        serde_json::from_slice(json).map_err(|error| InvalidRecord::Shape(error.to_string()))?;
    if !is_id(&raw.id) {
        return Err(InvalidRecord::Id(raw.id.into_owned()));
    }
    let time = |field, text: &Option<Cow<'_, str>>| match text {
        None => Ok(None),
        Some(text) => {
            let invalid = || InvalidRecord::Time { field, text: text.to_string() };
            read_time(text).map(Some).ok_or_else(invalid)
        }
    };
    let modified = time("modified", &raw.modified)?.unwrap_or_default();
    let published = time("published", &raw.published)?.unwrap_or(modified);
    let is_withdrawn = time("withdrawn", &raw.withdrawn)?.is_some_and(|withdrawn| withdrawn < now);
    let is_final = !raw.id.starts_with(UNASSIGNED);
    let affected = if is_withdrawn || !is_final { Vec::new() } else { raw.affected.unwrap_or_default() };
    let specific = raw.database_specific.unwrap_or_default();
    Ok(Record {
        is_reviewed: specific.review_status.as_deref() != Some(UNREVIEWED)
            && specific.github_reviewed != Some(false),
        is_malicious: is_malicious || raw.id.starts_with(MALICIOUS),
        severity: specific.severity.map_or(Severity::Unknown, |word| severity(&word)),
        aliases: raw.aliases.unwrap_or_default().into_iter().map(Cow::into_owned).collect(),
        modified,
        published,
        affected: affected.into_iter().flat_map(RawAffected::affected).collect(),
        id: raw.id.into_owned(),
    })
}

/// What `review_status` says of a report that was made from a CVE or a GHSA and that no person has looked at.
const UNREVIEWED: &str = "UNREVIEWED";

/// How the ids of malicious packages begin, and those of reports that have none yet.
const MALICIOUS: &str = "MAL-";
const UNASSIGNED: &str = "MAL-0000-";

/// A time, as RFC 3339 has it. What is before 1970 is 1970: Go's database says the year 1 where nothing says when.
pub fn read_time(text: &str) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp(u64::try_from(time.timestamp_millis()).unwrap_or_default()))
}

/// GitHub's word, in whatever case; of any other it is not known how severe it is.
fn severity(word: &str) -> Severity {
    let words = [
        ("LOW", Severity::Low),
        ("MODERATE", Severity::Moderate),
        ("MEDIUM", Severity::Moderate),
        ("HIGH", Severity::High),
        ("CRITICAL", Severity::Critical),
    ];
    words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map_or(Severity::Unknown, |(_, is)| *is)
}

/// A version of an event or a list: with or without a `v`, or as the Go project writes its own. A text that is none is less than all
/// versions, as golang.org/x/mod/semver has it.
fn version(text: &str) -> Option<Version> {
    let bare = text.strip_prefix('v').or_else(|| text.strip_prefix("go")).unwrap_or(text);
    let is_short = bare.len() <= MAX_VERSION;
    Version::canonical(&format!("v{bare}")).filter(|_| is_short).or_else(|| Version::canonical(LEAST))
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    aliases: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow)]
    modified: Option<Cow<'a, str>>,
    #[serde(borrow)]
    published: Option<Cow<'a, str>>,
    #[serde(borrow)]
    withdrawn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    affected: Option<Vec<RawAffected<'a>>>,
    database_specific: Option<Specific>,
}

#[derive(Default, Deserialize)]
struct Specific {
    #[serde(default, deserialize_with = "word")]
    review_status: Option<String>,
    #[serde(default, deserialize_with = "word")]
    severity: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    github_reviewed: Option<bool>,
}

#[derive(Deserialize)]
struct RawAffected<'a> {
    #[serde(borrow)]
    package: Option<Package<'a>>,
    #[serde(borrow)]
    ranges: Option<Vec<RawRange<'a>>>,
    #[serde(borrow)]
    versions: Option<Vec<Cow<'a, str>>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    ecosystem: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawRange<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    events: Option<Vec<RawEvent<'a>>>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    introduced: Option<Cow<'a, str>>,
    #[serde(borrow)]
    fixed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    last_affected: Option<Cow<'a, str>>,
}

impl RawAffected<'_> {
    /// One for each range; one alone where there is none.
    fn affected(self) -> Vec<Affected> {
        let Some(module) =
            self.package.filter(|package| package.ecosystem == ECOSYSTEM).map(|package| package.name)
        else {
            return Vec::new();
        };
        if module.is_empty() || module.len() > MAX_PATH {
            return Vec::new();
        }
        let mut versions: Vec<Version> =
            self.versions.unwrap_or_default().iter().filter_map(|text| version(text)).collect();
        let ranges = self.ranges.unwrap_or_default();
        let are_ordered = |range: &RawRange<'_>| matches!(&*range.kind, "SEMVER" | "ECOSYSTEM");
        // As the list of versions alone is, where there is one: ranges of commits say nothing of versions.
        let mut all: Vec<Ranges> = ranges.into_iter().filter(are_ordered).map(RawRange::ranges).collect();
        if all.is_empty() {
            all.push(Ranges::default());
        }
        all.into_iter()
            .map(|ranges| Affected {
                module: module.to_string(),
                ranges,
                versions: std::mem::take(&mut versions),
            })
            .collect()
    }
}

impl RawRange<'_> {
    fn ranges(self) -> Ranges {
        let mut events: Vec<Event> =
            self.events.unwrap_or_default().iter().filter_map(RawEvent::event).collect();
        // A range without an end on either side holds all versions, and is no list.
        if events.is_empty() {
            events.push(Event::Introduced(None));
        }
        Ranges::new(events)
    }
}

impl RawEvent<'_> {
    /// Others, such as `limit`, say nothing that decides here.
    fn event(&self) -> Option<Event> {
        match (&self.introduced, &self.fixed, &self.last_affected) {
            (Some(from), _, _) if from == "0" => Some(Event::Introduced(None)),
            (Some(from), _, _) => Some(Event::Introduced(version(from))),
            (_, Some(fixed), _) => version(fixed).map(Event::Fixed),
            (_, _, Some(last)) => version(last).map(Event::LastAffected),
            _ => None,
        }
    }
}

/// What OSV calls Go modules.
const ECOSYSTEM: &str = "Go";

/// Bytes of a module path: no request that the filter takes names a longer one.
const MAX_PATH: usize = 1024;

/// Bytes of a version: no file name is longer, and storage has one for each.
const MAX_VERSION: usize = 255;

/// A word where one stands; what else may stand there is each database's own affair.
fn word<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(word) => Some(word),
        _ => None,
    })
}

/// As [`word`].
fn truth<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(serde_json::Value::deserialize(deserializer)?.as_bool())
}
