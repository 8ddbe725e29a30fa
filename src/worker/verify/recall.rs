//! The head that was the newest before this Envoy started: storage keeps it, lest a database tell another history after a
//! restart.

use std::time::Duration;

use log::Level;

use super::{
    super::{event::Event, services::Services},
    Verify, sumdb_at,
    sums::REST,
};
use crate::{
    cx::Cx,
    flow::{End, Searched},
    goproxy::{Document, Found, SumdbFile},
    plan::Want,
    shared::{Advanced, tree_heads},
    sumdb::{Key, SignedHead},
};

impl Verify {
    /// What storage is to be asked for first: its head, unless that is compared already.
    pub(super) fn recall(&mut self, at: usize, services: &Services, cx: &mut Cx<'_>) -> Option<Want> {
        let (sumdb, known) = (services.config.sumdb.get(at)?, self.sumdbs.get_mut(at)?);
        if tree_heads::is_recalled(cx.kv, &sumdb.key, services.index.sources()) {
            known.recalled = None;
            return None;
        }
        if known.recalled.is_some() || known.forgotten.is_some_and(|since| cx.now.is_within(REST, since)) {
            return None;
        }
        Some(latest(&sumdb.name))
    }

    /// What storage says of its head.
    pub(in crate::worker) fn on_recalled(
        &mut self,
        want: &Want,
        searched: &Searched,
        services: &Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(at) = sumdb_at(want, &services.config) else { return };
        let (Some(sumdb), Some(known)) = (services.config.sumdb.get(at), self.sumdbs.get_mut(at)) else {
            return;
        };
        let head = match &searched.end {
            End::Failed(_) => {
                known.forgotten = Some(cx.now);
                return;
            }
            End::Document(found) => match SignedHead::open(&found.body, &sumdb.key) {
                Ok(head) => Some(head),
                Err(error) => {
                    cx.log(Level::Error, format!("storage: {}: {error}", want.describe()));
                    None
                }
            },
            End::Missing(_) | End::Zip { .. } => None,
        };
        match head {
            // Proofs went on while storage could not say.
            Some(head)
                if matches!(tree_heads::advance(cx.kv, &sumdb.key, None, &head), Advanced::Behind(_)) =>
            {
                known.recalled = Some(head);
            }
            _ => tree_heads::note_recalled(cx.kv, &sumdb.key, services.index.sources()),
        }
    }

    /// `proving` has compared the head that storage has by now.
    pub(super) fn note_compared(&mut self, at: usize, database: &Key, services: &Services, cx: &mut Cx<'_>) {
        if self.sumdbs.get_mut(at).and_then(|known| known.recalled.take()).is_some() {
            tree_heads::note_recalled(cx.kv, database, services.index.sources());
        }
    }

    /// Keeps a head in storage that is newer than the one there, from time to time.
    pub(super) fn keep_head(
        &mut self,
        at: usize,
        head: &SignedHead,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let (Some(sumdb), Some(known)) = (services.config.sumdb.get(at), self.sumdbs.get_mut(at)) else {
            return;
        };
        let rests = known.written.is_some_and(|written| cx.now.is_within(HEAD_REST, written));
        // One that was not compared is no reason to lose the other.
        if rests || !tree_heads::is_recalled(cx.kv, &sumdb.key, services.index.sources()) {
            return;
        }
        known.written = Some(cx.now);
        let found = Found::fetched(head.note().to_vec(), cx.now);
        services.emit(Event::Proven(latest(&sumdb.name), found));
    }
}

fn latest(sumdb: &str) -> Want {
    Want::Document(Document::Sumdb { sumdb: sumdb.to_owned(), file: SumdbFile::Latest })
}

/// How often a head is written to storage: it moves with every lookup, and what is lost of it is a minute's memory.
const HEAD_REST: Duration = Duration::from_secs(60);
