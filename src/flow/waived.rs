//! The use of waivers: counted where a client gets a version that it would not have got without one.

use super::{Known, Next, question::Question};
use crate::{cx::Cx, metrics::Counter};

impl Next {
    /// Counts the waivers without which the client would not get what it gets now, if it gets something.
    pub(super) fn count_waivers(self, question: &Question, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        let policy = known.in_force.policy();
        // Nearly every policy has none.
        if policy.waivers().next().is_none() || !self.gives() {
            return self;
        }
        if let Some((module, Some(version))) = question.want.subject() {
            for waiver in question.view(module, known, cx).waived(version, cx.now) {
                cx.count(Counter::Waived { reason: waiver.label() });
            }
        }
        self
    }

    /// Whether the client gets what it asked for now.
    fn gives(&self) -> bool {
        self.ending()
            .is_some_and(|response| response.is_none_or(|response| (200..400).contains(&response.status)))
    }
}
