//! What who has posted a build is told: that it is being fetched, how far that is, and which files storage lacks.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    cx::{Cx, Verdict},
    flow::respond::{answer, page},
    goproxy::{Answer, Asker, Failure, FailureKind, Refusal},
    http::Timestamp,
    metrics::{Cache, Counter, Kind, OwnReason},
    shared::{Progress, Trouble, prewarming},
};

/// What is shown of a build.
#[derive(Serialize)]
struct Shown<'a> {
    id: String,
    /// `running`, `done`, or `lost` where the worker that fetched it has ended.
    state: &'static str,
    began: String,
    /// When this was so.
    until: String,
    /// How many, of all of them.
    files: Files,
    /// The files that were refused, are missing or failed; the first of them.
    troubles: Vec<Lacked<'a>>,
    /// How many more there are.
    more_troubles: u32,
    /// The versions that come next; the first of them.
    to_do: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    passed_over: Option<&'a str>,
}

#[derive(Serialize)]
struct Files {
    all: u32,
    ready: u32,
    refused: u32,
    missing: u32,
    failed: u32,
    to_do: u32,
}

/// A file that is not there, in an object of its own.
#[derive(Serialize)]
struct Lacked<'a> {
    file: &'a str,
    outcome: &'static str,
    reason: &'a str,
}

/// Answers that a build is being fetched.
pub fn begun(progress: &Progress) -> Verdict {
    let page = format!("prewarm/{}", progress.name());
    let answered = Answer::Begun { page, body: shown(progress, progress.told) };
    answer(&answered, &Asker::default(), Kind::Page, Cache::None)
}

/// The page of the build called `name`.
pub(in crate::flow) fn progress(name: &str, cx: &Cx<'_>) -> Result<String, Refusal> {
    let found = prewarming(cx.kv, name, cx.now);
    let reason = || "not found: no build that was posted lately has this name".to_owned();
    found.map(|progress| shown(&progress, cx.now)).ok_or_else(|| Refusal::Unknown(reason()))
}

/// Adds a line about a file that storage lacks.
pub fn lacking(lines: &mut String, trouble: &Trouble) {
    let _ = writeln!(lines, "{}", serde_json::to_string(&Lacked::of(trouble)).unwrap_or_default());
}

/// Answers with all such lines.
pub fn lacked(lines: String) -> Verdict {
    page("application/x-ndjson", lines)
}

/// Turns a build away for which there is no room now.
pub fn too_many_orders(why: &str, cx: &mut Cx<'_>) -> Verdict {
    cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
    let reason = format!("unavailable: {why}");
    let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: Some(RETRY_SECONDS) };
    answer(&Answer::Failed(&failure), &Asker::default(), Kind::Page, Cache::None)
}

fn shown(progress: &Progress, now: Timestamp) -> String {
    let shown = Shown {
        id: progress.name(),
        state: progress.state(now),
        began: progress.began.rfc3339(),
        until: progress.told.rfc3339(),
        files: Files {
            all: progress.files,
            ready: progress.ready,
            refused: progress.refused,
            missing: progress.missing,
            failed: progress.failed,
            to_do: progress.to_do(),
        },
        troubles: progress.troubles.iter().map(Lacked::of).collect(),
        more_troubles: progress.more_troubles,
        to_do: &progress.ahead,
        passed_over: progress.passed_over.as_deref(),
    };
    let mut body = serde_json::to_string_pretty(&shown).unwrap_or_default();
    body.push('\n');
    body
}

impl<'a> Lacked<'a> {
    fn of(Trouble { file, kind, reason }: &'a Trouble) -> Self {
        Self { file, outcome: kind.as_str(), reason }
    }
}

/// When a build may be posted again: in a minute a thousand files of those before it are done.
const RETRY_SECONDS: u32 = 60;
