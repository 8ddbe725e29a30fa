//! The only place that knows proxy-wasm: it reads the host's events, steps the core, and carries out the core's commands.
//!
//! **Callouts belong to the root context.** The SDK gives a callout's answer to the context that was active when it was made
//! and drops the answer silently when that context is gone, so a callout made for a client would die with the client. Here
//! a stream never calls out: it leaves its callouts in the worker's outbox and rings the worker's own queue, and the host
//! calls the root back, on the same thread and a fraction of a millisecond later, to send them.
//!
//! **The host's clock ticks only while something is due**: counts that the host was not told of, or a time at which the worker has to be
//! woken. Events start it, and a configuration with a polled document does. The VM that the host keeps on its main thread is configured
//! like all others and gets no traffic: with a polled document it polls in its turn, and without one its clock stands still. No worker
//! makes a callout before its first tick: the host configures one VM that it drops at once, and the answer would be lost with it.
//!
//! **Nothing panics**: a trap loses the worker's VM and leaves every paused stream hanging. The SDK panics on statuses that
//! it does not expect, so the adapter makes its calls only where the host cannot give one.

mod apply;
mod driver;
mod headers;
mod kv;
mod mail;
mod metrics;
mod root;
mod stream;

use proxy_wasm::types::LogLevel;

use self::root::Root;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| Box::new(Root::new(context)));
}}
