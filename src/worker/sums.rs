//! What a module version's content must hash to, for those here who have some of it.

use super::{SearchKey, Worker};
use crate::{
    cx::{Cx, StreamId},
    flow::Sums,
    gomod::{ModulePath, Version},
};

/// Who asks for sums, and hears of them later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// A search that holds a go.mod or a zip.
    Search(SearchKey),
    /// A zip that passes by on this stream.
    Passing(StreamId),
}

impl Worker {
    /// The sums, where they are known already or none are needed; else `who` hears of them later.
    pub(super) fn sums(
        &mut self,
        _module: &ModulePath,
        _version: &Version,
        _who: Asks,
        _cx: &mut Cx<'_>,
    ) -> Option<Sums> {
        Some(Sums::Exempt)
    }
}
