//! Versions that are fetched, or compared with storage, for the same reason.

use std::collections::VecDeque;

use log::Level;

use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{Came, Wish, lacked, lacking},
    http::Timestamp,
    metrics::{Counter, PrewarmOutcome},
    plan::Want,
    policy::Caller,
    shared::{Progress, Trouble, TroubleKind},
};

/// Versions that belong together.
#[derive(Debug)]
pub(super) struct Batch {
    what: What,
    /// As to this caller the policy decides.
    pub(super) caller: Caller,
    pub(super) waiting: VecDeque<Wish>,
    /// Versions that errands are under way for.
    pub(super) under_way: usize,
    pub(super) since: Timestamp,
    /// When it was last told how far it is.
    pub(super) told: Timestamp,
}

/// Why they are asked for.
#[derive(Debug)]
pub(super) enum What {
    /// A client has posted them, and this is how far they are.
    Build(Box<Progress>),
    /// A client has posted them, and waits to be told which files storage lacks: these so far.
    Lacking { stream: StreamId, lines: String },
    /// They are new.
    New,
}

impl Batch {
    pub(super) fn new(what: What, caller: Caller, wishes: Vec<Wish>, now: Timestamp) -> Self {
        Self { what, caller, waiting: wishes.into(), under_way: 0, since: now, told: now }
    }

    pub(super) fn is_build(&self) -> bool {
        matches!(self.what, What::Build(_))
    }

    pub(super) fn is_lacking(&self) -> bool {
        matches!(self.what, What::Lacking { .. })
    }

    pub(super) fn is_new(&self) -> bool {
        matches!(self.what, What::New)
    }

    /// Whether nothing of it is left.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.under_way == 0
    }

    /// The client that waits for it.
    pub(super) fn stream(&self) -> Option<StreamId> {
        match &self.what {
            What::Lacking { stream, .. } => Some(*stream),
            What::Build(_) | What::New => None,
        }
    }

    pub(super) fn waits_for(&self, stream: StreamId) -> bool {
        self.stream() == Some(stream)
    }

    /// What the client is answered that waits for it.
    pub(super) fn answer(self) -> Option<Verdict> {
        match self.what {
            What::Lacking { lines, .. } => Some(lacked(lines)),
            What::Build(_) | What::New => None,
        }
    }

    /// This has become of a file.
    pub(super) fn note(&mut self, want: &Want, came: &Came, cx: &mut Cx<'_>) {
        let (outcome, trouble) = match came {
            Came::Failed { reason, .. } => (PrewarmOutcome::Failed, Some((TroubleKind::Failed, reason))),
            Came::Missing(reason) => (PrewarmOutcome::Missing, Some((TroubleKind::Missing, reason))),
            Came::Ready => (PrewarmOutcome::Ready, None),
            Came::Refused(reason) => (PrewarmOutcome::Refused, Some((TroubleKind::Refused, reason))),
        };
        if !self.is_lacking() {
            cx.count(Counter::Prewarm { outcome });
        }
        let trouble =
            trouble.map(|(kind, reason)| Trouble { file: want.path(), kind, reason: reason.clone() });
        match (&mut self.what, trouble) {
            (What::Build(progress), Some(trouble)) => progress.note(trouble),
            (What::Build(progress), None) => progress.note_ready(),
            (What::Lacking { lines, .. }, Some(trouble)) => lacking(lines, &trouble),
            (What::Lacking { .. }, None) | (What::New, _) => {}
        }
    }

    /// Tells how far it is.
    pub(super) fn tell(&mut self, cx: &mut Cx<'_>) {
        self.told = cx.now;
        let is_over = self.is_over();
        let What::Build(progress) = &mut self.what else { return };
        progress.look_ahead(self.waiting.iter().map(|wish| (wish.module.as_str(), wish.version.as_str())));
        progress.tell(cx.kv, cx.now);
        if is_over {
            let Progress { files, ready, refused, missing, failed, .. } = **progress;
            let name = progress.name();
            let line = format!(
                "prewarm {name}: of {files} files {ready} are ready, {refused} are refused, {missing} are not there, {failed} failed"
            );
            cx.log(Level::Info, line);
        }
    }

    /// Tells the log what became of a new version; `came` is what became of its last file.
    pub(super) fn log_new(&self, wish: &Wish, came: &Came, cx: &mut Cx<'_>) {
        let what = match came {
            Came::Ready => "fetched before a client asks for it",
            Came::Failed { reason, .. } | Came::Missing(reason) | Came::Refused(reason) => reason,
        };
        cx.log(Level::Info, format!("prewarm: {}@{} is new: {what}", wish.module, wish.version));
    }
}
