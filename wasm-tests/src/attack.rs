//! Clients that mean harm, clients that mean none and suffer beside them, and the table of what came of it.
//!
//! A suite starts a gateway, lets a [`Bystander`] ask without a pause, sends its attackers, and hands what it saw to a
//! [`Trial`]. What the gateway has to reach stands in [`bounds`], in one place.

use std::env;

pub mod bounds;
pub mod bystander;
pub mod front;
pub mod fleet;
pub mod hpack;
pub mod http2;
pub mod site;
pub mod trial;

pub use bystander::{Bystander, Suffered};
pub use fleet::Fleet;
pub use http2::Http2;
pub use trial::Trial;

/// How much of an attack is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Some seconds of each, in `make test`.
    Short,
    /// As much as an attacker would send: `make attack`.
    Heavy,
}

impl Form {
    /// The one that is asked for: heavy where `MODGATE_ATTACK` says so.
    ///
    /// # Panics
    /// When the variable says something else.
    #[must_use]
    pub fn wanted() -> Self {
        match env::var("MODGATE_ATTACK").as_deref() {
            Err(_) | Ok("" | "short") => Self::Short,
            Ok("heavy") => Self::Heavy,
            Ok(other) => panic!("MODGATE_ATTACK is {other:?}, neither short nor heavy"),
        }
    }

    /// `short` or `heavy`.
    #[must_use]
    pub fn of<T>(self, short: T, heavy: T) -> T {
        match self {
            Self::Short => short,
            Self::Heavy => heavy,
        }
    }
}
