//! The host's shared data, for tests outside the core.

use std::collections::BTreeMap;

use modgate::shared::SharedKv;

/// Keys and values of one name space, which holds other filters' too.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<String, Vec<u8>>);

impl SharedKv for Memory {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key).cloned()
    }

    fn set(&mut self, key: &str, value: &[u8]) {
        assert!(key.starts_with("modgate/"), "others live here too");
        self.0.insert(key.to_owned(), value.to_vec());
    }
}
