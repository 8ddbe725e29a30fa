//! The index: answers kept in the host's shared data, for all workers of one Envoy.

mod fingerprint;
mod index;
mod kv;
mod record;

pub use self::index::{Index, Region};
pub use self::kv::SharedKv;
pub use self::record::{Entry, Key, Record};
