//! The only place that knows proxy-wasm: it reads what the host says, steps the core, and does what the core wants.
//!
//! **Callouts belong to the root context.** The SDK gives a callout's answer to the context that was active when it was made
//! and drops the answer silently when that context is gone, so a callout made for a client would die with the client. Here
//! a stream never calls out: it leaves its callouts in the worker's outbox and rings the worker's own queue, and the host
//! calls the root back, on the same thread and a fraction of a millisecond later, to send them.
//!
//! **The host's clock ticks only while something is due**: counts that the host was not told of, or a time at which the worker
//! wants to be woken. It is set going by events, and by a configuration with a policy bundle alone: the VMs that the host keeps
//! on its main thread are configured like all others and get no traffic. With a bundle one of them polls in its turn, which is as
//! good as any; without one they stay silent. Nothing is called out for before the first tick: the host configures a VM that it
//! drops at once, and with it what it would have heard.
//!
//! **Nothing panics**: a trap loses the worker's VM and leaves every paused stream hanging. The SDK panics on statuses it
//! does not expect, so its calls are made only where the host cannot give one.

mod headers;
mod kv;
mod link;
mod mail;
mod metrics;
mod obey;
mod root;
mod stream;

use proxy_wasm::types::LogLevel;

use self::root::Root;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| Box::new(Root::new(context)));
}}
