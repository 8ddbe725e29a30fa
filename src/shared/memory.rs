//! Shared data without a host: for worlds in which no Envoy runs.

use std::{collections::BTreeMap, fmt};

use super::{Conflict, Expected, SharedKv, Versioned};

/// Keys and values; like the host's it never forgets a key, and counts its writes as one series over all keys.
#[derive(Clone, Default)]
pub struct Memory {
    values: BTreeMap<String, Versioned>,
    writes: u32,
}

impl Memory {
    /// Every key that was ever written.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether a key or a value holds this text.
    pub fn holds(&self, text: &str) -> bool {
        let is_in = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        self.values.iter().any(|(key, versioned)| is_in(key.as_bytes()) || is_in(&versioned.value))
    }

    /// The bytes of all values.
    pub fn bytes(&self) -> usize {
        self.values.values().map(|versioned| versioned.value.len()).sum()
    }
}

/// Its size alone: a test that fails has no use for every byte.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} keys, {} bytes)", self.keys().len(), self.bytes())
    }
}

impl SharedKv for Memory {
    fn get(&self, key: &str) -> Option<Versioned> {
        self.values.get(key).cloned()
    }

    fn put(&mut self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        if Expected::unchanged(self.values.get(key)) != expected {
            return Err(Conflict);
        }
        self.writes += 1;
        let versioned = Versioned { value: value.to_vec(), version: self.writes };
        self.values.insert(key.to_owned(), versioned);
        Ok(())
    }
}
