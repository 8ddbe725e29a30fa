//! Upstream proxies and checksum databases: who may be asked for a module, and what the reply means.

mod chain;
mod reply;
mod told;

pub use self::chain::{UNCLAIMED, chain, is_unclaimed};
pub use self::reply::{
    Presence, judge, judge_download, judge_presence, judge_read, may_be_headless, retry_after,
};
