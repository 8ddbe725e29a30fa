//! The port to the host's shared data.

/// Key-value memory that all workers of one host process share. Keys cannot be deleted, so whoever writes uses a bounded
/// set of them. The core gets it as an argument; `host` and the tests' world implement it.
pub trait SharedKv {
    /// The value under `key`.
    fn get(&self, key: &str) -> Option<Vec<u8>>;

    /// Puts `value` under `key`, whatever stood there.
    fn set(&mut self, key: &str, value: &[u8]);
}
