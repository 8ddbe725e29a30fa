//! Replies by a script: in the order in which callouts are made, whichever cluster they ask for whichever path.

use std::collections::VecDeque;

use super::World;
use crate::http::{Callout, Reply};

/// What is answered, and what was asked.
pub(super) struct Script {
    replies: VecDeque<Reply>,
    then: Reply,
    heard: Vec<Callout>,
}

impl World {
    /// From now on callouts are answered by `replies`, in the order in which they are made, and by `then` once those are used up: in
    /// place of the clusters.
    pub fn script(&mut self, replies: impl IntoIterator<Item = Reply>, then: Reply) {
        let heard = self.script.take().map(|before| before.heard).unwrap_or_default();
        self.script = Some(Script { replies: replies.into_iter().collect(), then, heard });
    }

    /// What was asked since there is a script.
    pub fn heard(&self) -> &[Callout] {
        self.script.as_ref().map_or(&[], |script| &script.heard)
    }
}

impl Script {
    /// How many milliseconds the reply takes, and the reply.
    pub(super) fn ask(&mut self, callout: &Callout) -> (u64, Reply) {
        self.heard.push(callout.clone());
        (LATENCY, self.replies.pop_front().unwrap_or_else(|| self.then.clone()))
    }
}

const LATENCY: u64 = 10;
