//! Modgate: a Go module proxy that runs as a filter inside the Envoy a company already has.
//!
//! The core makes no host call, reads no clock, draws no randomness and opens nothing. It is a machine over values:
//! events in, exactly one verdict and any number of commands out. Only `host` knows a host, and its adapters alone (on wasm32) know proxy-wasm.

pub mod advisory;
pub mod config;
pub mod cx;
pub mod endpoint;
pub mod feed;
pub mod fleet;
pub mod flow;
pub mod forecast;
pub mod gomod;
pub mod goproxy;
pub mod hook;
pub mod host;
pub mod http;
pub mod license;
pub mod metrics;
pub mod modzip;
pub mod plan;
pub mod policy;
pub mod shared;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
pub mod store;
pub mod sumdb;
pub mod upstream;
mod words;
pub mod worker;

#[cfg(all(feature = "sim", feature = "host", target_arch = "wasm32"))]
compile_error!("the simulated world is no part of the filter: build it without the feature `sim`");
