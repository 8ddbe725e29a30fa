//! One file that is asked for though no client waits: as a client would ask, so that nothing else is decided, fetched or stored than for that.

use crate::{
    cx::Verdict,
    flow::{
        Parked,
        license::Licensing,
        question::{Question, Serving},
        withdrawn::Withdrawn,
    },
    goproxy::Asker,
    http::Timestamp,
    metrics::Cache,
    plan::Want,
    policy::Caller,
};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// No source could say, and why; whether it is worth asking `again`.
    Failed {
        /// Who failed, and how.
        reason: String,
        /// Whether too much else was under way.
        again: bool,
    },
    /// There is none.
    Missing(String),
    /// It may be had.
    Ready,
    /// The policy refuses it, or sends clients elsewhere for it.
    Refused(String),
}

/// The question for `want`, as `caller` asks it. Without `may_fetch` storage alone is asked, of a zip only whether it is there.
pub fn errand(want: Want, caller: &Caller, may_fetch: bool, now: Timestamp) -> Box<Parked> {
    let question = Question {
        may_fetch,
        no_cache: false,
        asker: Asker::default(),
        head_only: !may_fetch && matches!(want, Want::Zip(_)),
        selects: false,
        has_body: false,
        kind: want.kind(),
        caller: caller.clone(),
        serving: Serving::Itself,
        redirects: false,
        dated: false,
        withdrawn: Withdrawn::Unasked,
        licensing: Licensing::Unasked,
        since: now,
        want,
    };
    question.park()
}

/// What a client would be answered says what became of the file.
pub fn came(verdict: &Verdict) -> Came {
    let Verdict::Respond(response) = verdict else {
        let reason = "it could not be asked for; try again".to_owned();
        return Came::Failed { reason, again: false };
    };
    let said = || {
        let text = String::from_utf8_lossy(&response.body);
        let line = text.lines().next().unwrap_or_default();
        line.get(..line.floor_char_boundary(MAX_REASON)).unwrap_or_default().to_owned()
    };
    match response.status {
        200 | 304 => Came::Ready,
        // Clients are sent to storage itself, which has it.
        302 if response.account.cache == Cache::Storage => Came::Ready,
        302 | 307 => {
            let to = response.headers.iter().find(|(name, _)| *name == "location");
            let to = to.map(|(_, to)| to.as_str()).unwrap_or_default();
            // What follows is a signature.
            let to = to.split('?').next().unwrap_or_default();
            let to = to.get(..to.floor_char_boundary(MAX_REASON)).unwrap_or_default();
            Came::Refused(format!("clients are sent elsewhere for it: {to}"))
        }
        404 | 410 => Came::Missing(said()),
        400..=499 => Came::Refused(said()),
        status => Came::Failed { reason: said(), again: status == 503 },
    }
}

/// Bytes of a reason that is kept: the first line of what a client would read.
const MAX_REASON: usize = 200;
