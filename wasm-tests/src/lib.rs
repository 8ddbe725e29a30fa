//! What the suites stand on; nothing here is part of the product.
//!
//! [`properties`] is what must hold of the core whatever it is given: the fuzz targets and the tests of every target ask it.
//!
//! The rest is for the end-to-end suites: a real Envoy started from the configuration people copy, nginx as storage, an
//! upstream that misbehaves on demand, the real go command, and a client that sends bytes as they are written. A test
//! usually begins with `fixture::Stack`.
//!
//! Everything binds 127.0.0.1 only, on ports of its own, so that suites run side by side. What a test starts is stopped
//! when its handle is dropped, and by the kernel should the test process die first ([`process`]). Envoys alone outlive their test:
//! others take them in turn, each with a gateway of its own in them ([`envoy::Builder::alone`]).

macro_rules! native {
    ($($item:item)*) => { $(#[cfg(not(target_arch = "wasm32"))] $item)* };
}

// What `make run` does without.
macro_rules! suites {
    ($($item:item)*) => { $(#[cfg(all(feature = "suites", not(target_arch = "wasm32")))] $item)* };
}

#[cfg(any(feature = "suites", target_arch = "wasm32"))]
pub mod properties;

// wasm32 has no processes and no sockets.
native! {
    mod acceptor;
    pub mod base_url;
    pub mod body;
    pub mod bootstrap;
    pub mod envoy;
    pub mod existing;
    pub mod gateway;
    pub mod go;
    pub mod http;
    pub mod nginx;
    pub mod port;
    pub mod process;
    pub mod tls;
    pub mod tools;
    pub mod tree;
    pub mod tunnel;
    mod variable;
    pub mod wait;
}

#[cfg(all(feature = "image", not(target_arch = "wasm32")))]
pub mod image;

suites! {
    pub mod attack;
    pub mod bench;
    pub mod capacity;
    pub mod chart;
    pub mod crowd;
    pub mod day;
    pub mod distant;
    pub mod egress;
    pub mod envoy_gateway;
    pub mod ext_proc;
    pub mod faulty;
    pub mod feed;
    pub mod field;
    pub mod fixture;
    pub mod garage;
    pub mod load;
    pub mod mesh;
    pub mod module;
    pub mod registry;
    pub mod s3;
    mod serving;
    pub mod sumdb;
    pub mod tamper;
    pub mod xds;
}
