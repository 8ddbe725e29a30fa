//! By which clock a version's age is told.

use serde::Serialize;

use crate::{
    config::{Clock, Config},
    cx::Cx,
    flow::published::is_timeless,
    gomod::{ModulePath, Version},
    http::Timestamp,
    shared::{Index, log_clock},
};

/// By which clock a version's age is told, and since when.
#[derive(Serialize)]
pub(in crate::flow) struct Clocked {
    /// `log` where the log of the checksum database counts too; `info`, or `first_seen` where the index knows that the `.info` has no time.
    kind: &'static str,
    /// From when on the log was looked at: of what it had by then nothing is known but what the `.info` says. Null where it was not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Option<String>>,
}

impl Clocked {
    pub(super) fn of(
        (module, version): (&ModulePath, Option<&Version>),
        config: &Config,
        index: &Index,
        cx: &Cx<'_>,
    ) -> Self {
        let by_log = config.log_clock().filter(|_| config.clock(module) == Clock::Log);
        let kind = match (by_log, version) {
            (Some(_), _) => "log",
            (None, Some(version)) if is_timeless(module, version, index, cx) => "first_seen",
            (None, _) => "info",
        };
        let since = by_log.map(|sumdb| log_clock::pairs(cx.kv, &sumdb.key).since().map(Timestamp::rfc3339));
        Self { kind, since }
    }
}
