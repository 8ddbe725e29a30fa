//! The use of waivers: counted where a client gets a version that it would not have got without one.

use super::{Known, Next, content, question::Question};
use crate::{
    cx::{Cx, Verdict},
    metrics::Counter,
};

impl Next {
    /// Counts the waivers without which the client would not get what it gets now, if it gets something.
    pub(super) fn count_waivers(self, question: &Question, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        let policy = known.in_force.policy();
        // Nearly every policy has none.
        if policy.waivers().next().is_none() || !self.gives() {
            return self;
        }
        if let Some((module, Some(version))) = question.want.subject() {
            for waiver in
                content::view_of(module, version, None, &question.caller, known, cx).waived(version, cx.now)
            {
                cx.count(Counter::Waived { reason: waiver.label() });
            }
        }
        self
    }

    /// Whether the client gets what it asked for now.
    fn gives(&self) -> bool {
        match self {
            Self::Answer(Verdict::Respond(response)) | Self::Refresh(Verdict::Respond(response), ..) => {
                (200..400).contains(&response.status)
            }
            Self::Hit(_) | Self::Rewrite(..) | Self::Route(..) => true,
            _ => false,
        }
    }
}
