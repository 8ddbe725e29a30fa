//! A document that is decoded or read in slices, while the search waits.

use super::{AfterReply, Outcome, Search, Step, decode::Decoding, long::Long};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{Failure, FailureKind},
    plan::Source,
};

/// What a source gave, until all of it is read.
#[derive(Debug)]
pub(super) enum Reading {
    /// It is encoded, and is being decoded.
    Encoded(Box<Decoding>),
    /// It is a list.
    List(Long),
}

impl Reading {
    fn source(&self) -> Source {
        match self {
            Self::Encoded(decoding) => decoding.source(),
            Self::List(long) => long.source(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Encoded(decoding) => decoding.bytes(),
            Self::List(long) => long.bytes(),
        }
    }
}

impl Search {
    /// Bytes of the list that the search reads, or of what it decodes.
    pub fn list_bytes(&self) -> usize {
        self.reading.as_ref().map_or(0, Reading::bytes)
    }

    /// Drops the document that the search reads or decodes, as this worker has no room for it.
    pub fn leave_list(&mut self, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(source) = self.reading.take().map(|reading| reading.source()) else {
            return self.advance(config, cx);
        };
        let reason = format!("{}: too many others as long are being read", self.want.describe());
        let after = if source == Source::Storage {
            self.storage.fail(reason);
            AfterReply::AskNext
        } else {
            let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
            self.note(source, Outcome::Failed(failure), false, config, cx)
        };
        self.go_on(source, after, config, cx)
    }
}
