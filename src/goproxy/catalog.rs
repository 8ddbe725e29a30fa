//! The pages that list what storage has, where they are served.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogPage {
    /// `/index`: versions in the order in which storage got them, as index.golang.org has them.
    Feed,
    /// `/mod/v1/mod`: versions by module.
    Modules,
    /// `/catalog`: versions, as Athens has them.
    Versions,
}

impl CatalogPage {
    /// The one of this name, below the gateway's prefix.
    pub(super) fn find(below: &[u8]) -> Option<Self> {
        match below {
            b"index" => Some(Self::Feed),
            b"mod/v1/mod" => Some(Self::Modules),
            b"catalog" => Some(Self::Versions),
            _ => None,
        }
    }
}
