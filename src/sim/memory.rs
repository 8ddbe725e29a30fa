//! The host's shared data.

use std::collections::BTreeMap;

use crate::shared::SharedKv;

/// Keys and values; like the host's it never forgets a key.
#[derive(Debug, Default)]
pub(crate) struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    /// How many keys were ever written.
    pub(crate) fn keys(&self) -> usize {
        self.0.len()
    }

    /// The bytes of all values.
    pub(crate) fn bytes(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

impl SharedKv for Memory {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key).cloned()
    }

    fn set(&mut self, key: &str, value: &[u8]) {
        self.0.insert(key.to_owned(), value.to_vec());
    }
}
