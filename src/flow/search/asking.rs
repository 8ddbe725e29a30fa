//! The request that a search waits for.

use std::time::Duration;

use super::{Form, SourceRequest};
use crate::http::{CallFailure, Reply, Timestamp};

/// The request under way.
#[derive(Debug, Default)]
pub(super) struct Asking {
    request: Option<SourceRequest>,
    /// Whether the request has less time than its source may take.
    hurries: bool,
    /// When the time of the request is over.
    deadline: Option<Timestamp>,
}

impl Asking {
    pub(super) fn begin(&mut self, request: SourceRequest, hurries: bool, deadline: Timestamp) {
        *self = Self { request: Some(request), hurries, deadline: Some(deadline) };
    }

    pub(super) fn request(&self) -> Option<&SourceRequest> {
        self.request.as_ref()
    }

    /// Takes out the request, as its reply is here.
    pub(super) fn take(&mut self) -> Option<SourceRequest> {
        self.request.take()
    }

    /// Puts `request` back, to be answered in another way than by its source.
    pub(super) fn put_back(&mut self, request: SourceRequest) {
        self.request = Some(request);
    }

    /// Whether `request` was answered by the end of its time. A body that stalls breaks off then. A first byte that breaks off has come.
    pub(super) fn is_late(&self, request: &SourceRequest, reply: &Reply, now: Timestamp) -> bool {
        let is_over = self.deadline.is_some_and(|deadline| deadline <= now.after(EARLY));
        match reply {
            Reply::Failed(CallFailure::TimedOut) => true,
            Reply::Failed(CallFailure::Broken) => is_over && request.form != Form::First,
            _ => false,
        }
    }

    /// Whether the request had less time than its source may take; this is said once.
    pub(super) fn take_hurry(&mut self) -> bool {
        std::mem::take(&mut self.hurries)
    }
}

/// How much the host's timer may be ahead of the clock by which the host tells the time.
const EARLY: Duration = Duration::from_millis(50);
