//! The core, compiled to wasm32 as it ships, under Node: what holds natively must hold there too, where `usize` has 32 bits
//! and the hash has no instructions of its own.
#![cfg(target_arch = "wasm32")]

mod flow;
mod values;
mod width;
mod words;
