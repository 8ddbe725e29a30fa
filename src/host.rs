//! The hosts. An adapter reads what its host says, steps the core, and does what the core wants.
//!
//! What a host says is its dialect: how it lays out its values, and how it tells an answer of its own from an upstream's. Reading it
//! takes no host call, so it is compiled everywhere, and tests and the simulated world read as the host does. The adapter proper is
//! compiled into the filter alone.

pub mod envoy;
