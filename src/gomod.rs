//! Go's words: module paths, escaping, versions, pseudo-versions and GOPRIVATE-style patterns.

mod pattern;

pub use self::pattern::{InvalidPattern, Pattern, Patterns};
