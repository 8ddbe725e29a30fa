//! What the gateway tells of all that storage has.

use crate::policy::Principal;

/// What the gateway tells of all that storage has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// The callers who may ask; `None` for all of them, who are told of no private module then.
    pub principals: Option<Vec<Principal>>,
}
