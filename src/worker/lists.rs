//! Judging long lists, a slice at each turn, while clients wait for the result.

use std::collections::BTreeMap;

use super::{key::Slice, services::Services};
use crate::{
    cx::{Cx, StreamId},
    flow::{Sifting, SiftingKey},
    goproxy::{Failure, FailureKind},
    metrics::{Counter, OwnReason},
    plan::Want,
};

/// The long lists that one worker judges.
#[derive(Debug, Default)]
pub(super) struct Lists(BTreeMap<SiftingKey, Sorting>);

/// A list being judged, and the clients that wait for the result.
#[derive(Debug)]
struct Sorting {
    sifting: Box<Sifting>,
    waiting: Vec<StreamId>,
}

impl Lists {
    /// How many are being judged.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is being judged.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Has `stream` wait until the list that it `want`s is judged.
    ///
    /// # Errors
    /// Why it cannot wait: too many others are being judged.
    pub(super) fn join(
        &mut self,
        stream: StreamId,
        want: &Want,
        sifting: Box<Sifting>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Result<(), Failure> {
        let key = sifting.key().clone();
        // Where it is another list of the same module, the next look finds that it is not judged yet.
        if let Some(sorting) = self.0.get_mut(&key) {
            sorting.waiting.push(stream);
            return Ok(());
        }
        if self.0.len() >= MAX_SIFTINGS {
            cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
            let reason =
                format!("{}: too many other long documents are being read; try again", want.describe());
            return Err(Failure { kind: FailureKind::Overloaded, reason, retry_after: None });
        }
        services.slices.add(Slice::Sifting(key.clone()));
        self.0.insert(key, Sorting { sifting, waiting: vec![stream] });
        Ok(())
    }

    /// Judges on for the clients that are still there; returns those that go on, when all of the list is judged.
    pub(super) fn work(
        &mut self,
        key: SiftingKey,
        is_there: impl Fn(StreamId) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Vec<StreamId> {
        let Some(mut sorting) = self.0.remove(&key) else { return Vec::new() };
        sorting.waiting.retain(|stream| is_there(*stream));
        if sorting.waiting.is_empty() {
            return Vec::new();
        }
        if !sorting.sifting.work(&mut services.known(), cx) {
            services.slices.add(Slice::Sifting(key.clone()));
            self.0.insert(key, sorting);
            return Vec::new();
        }
        services.shelf.keep(*sorting.sifting, cx.now);
        sorting.waiting
    }

    /// The rules are others by now.
    pub(super) fn begin_again(&mut self) {
        for sorting in self.0.values_mut() {
            sorting.sifting.begin_again();
        }
    }
}

/// Lists judged at once, each of at most 4 MiB, of which as much may be shown.
const MAX_SIFTINGS: usize = 16;
