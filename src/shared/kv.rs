//! The port to the host's shared data.

/// Key-value memory that all workers of one host process share. Keys cannot be deleted, so each writer uses a bounded set of them. The core
/// gets it as an argument; `host` and the tests' world implement it.
///
/// Every write is a compare-and-swap: another worker runs at the same time, between any two calls.
pub trait SharedKv {
    /// The value under `key`; `None` where none was ever written.
    fn get(&self, key: &str) -> Option<Versioned>;

    /// Puts `value` under `key` if the value there is the expected one.
    ///
    /// # Errors
    /// [`Conflict`] where something else stands there; nothing is written then.
    fn put(&mut self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict>;
}

/// A value as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The bytes.
    pub value: Vec<u8>,
    /// Which write they are from.
    pub version: u32,
}

/// What must stand under a key for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing was ever written.
    Absent,
    /// What this write put there.
    Version(u32),
}

/// Another worker wrote meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

impl Expected {
    /// That nothing changed since `read`.
    pub fn unchanged(read: Option<&Versioned>) -> Self {
        read.map_or(Self::Absent, |read| Self::Version(read.version))
    }
}
