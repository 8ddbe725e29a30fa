//! What is remembered of what was served.

/// What is remembered of what was served, for advisories that come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// For how many days.
    pub days: u32,
    /// Whether callers are named.
    pub callers: bool,
}
