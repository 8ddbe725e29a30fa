//! What the author of the module says of it, as far as the index knows.

use serde::Serialize;

use super::Asked;
use crate::{
    config::RetractedMode,
    cx::Cx,
    flow::{
        Known,
        advice::NO_RATIONALE,
        statement::{Statement, known_statement},
        withdrawn::{is_an_exception, retracted},
    },
    gomod::Version,
    policy::{Decision, View},
};

/// What the author of the module says.
#[derive(Serialize)]
pub(in crate::flow) struct Author {
    /// The version whose go.mod says it; null where the index has none.
    by: Option<String>,
    /// What is said of the module, where it is deprecated.
    pub(in crate::flow) deprecated: Option<String>,
    /// Why the version that was asked about is retracted, where it is: as `go list -m -retracted -json` has it.
    pub(in crate::flow) retracted: Option<Vec<String>>,
    /// `show`, `warn` or `deny`: what becomes of a version that is retracted.
    mode: RetractedMode,
    /// What a developer is told where that refuses the version.
    #[serde(skip)]
    pub(super) refusal: Option<String>,
}

impl Author {
    /// Whether the version is refused because it is retracted, or would be if the policy were enforced.
    pub(super) fn refuses(&self) -> bool {
        self.refusal.is_some()
    }
}

impl Asked {
    /// What the author says of what is asked about; `decision` is what the rules say of it.
    pub(super) fn author(
        &self,
        view: &View<'_>,
        decision: Option<&Decision<'_>>,
        known: &Known<'_>,
        cx: &Cx<'_>,
    ) -> Author {
        let mode = known.config.policy.retracted;
        let said = known_statement(&self.module, view, known, cx);
        let about = said.as_ref().zip(self.version.as_ref());
        let about = about.filter(|(said, version)| said.retractions.has(version));
        let is_denied = mode == RetractedMode::Deny
            && decision.is_some_and(|decision| {
                matches!(decision, Decision::Allowed(_) | Decision::NeedsDate(_))
                    && !is_an_exception(decision)
            });
        let refusal = about
            .filter(|_| is_denied)
            .map(|(said, version)| retracted(&self.module, version, said).reason().to_owned());
        Author {
            by: said.as_ref().map(|said| said.by.as_str().to_owned()),
            deprecated: said.as_ref().and_then(|said| said.deprecated.clone()),
            retracted: about.map(|(said, version)| rationales(said, version)),
            mode,
            refusal,
        }
    }
}

fn rationales(said: &Statement, version: &Version) -> Vec<String> {
    let given: Vec<_> = said.retractions.rationales(version).map(str::to_owned).collect();
    if given.is_empty() { vec![NO_RATIONALE.to_owned()] } else { given }
}
