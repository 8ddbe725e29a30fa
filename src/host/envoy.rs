//! Envoy.

#[cfg(all(target_arch = "wasm32", feature = "host"))]
mod adapter;
pub mod attribute;
pub mod reply;
