//! What a developer reads who is refused.

use super::{Caller, Decision};
use crate::{
    gomod::{ModulePath, Version},
    http::Timestamp,
};

/// The text of a refusal; nothing where `decision` is none.
pub fn reason(
    module: &ModulePath,
    version: Option<&Version>,
    decision: &Decision<'_>,
    _caller: &Caller,
    _now: Timestamp,
) -> Option<String> {
    match decision {
        Decision::Allowed(_) | Decision::Redirected(..) => None,
        _ => Some(format!("forbidden: {module}@{version:?}: {decision:?}")),
    }
}
