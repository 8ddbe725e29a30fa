//! The whole of it: a store, an upstream, and the gateway between them and the client.

use std::net::SocketAddr;
use std::thread;

use serde_json::{Value, json};

use crate::envoy::{Builder, Envoy};
use crate::faulty::{Faulty, Reply};
use crate::http::{self, Response};
use crate::nginx::Nginx;
use crate::tree::Tree;

mod proving;

pub use proving::Proving;

/// A gateway with an empty store and a scripted upstream.
#[derive(Debug)]
pub struct Stack {
    /// The gateway.
    pub envoy: Envoy,
    /// Its upstream, cluster [`UPSTREAM`].
    pub upstream: Faulty,
    /// Its store, cluster [`STORAGE`].
    pub storage: Nginx,
}

/// A gateway whose upstream and store both do what they are told.
#[derive(Debug)]
pub struct Scripted {
    /// The gateway.
    pub envoy: Envoy,
    /// Its upstream, cluster [`UPSTREAM`].
    pub upstream: Faulty,
    /// Its store, cluster [`STORAGE`]: it takes every PUT and has nothing.
    pub storage: Faulty,
}

/// The upstream's cluster, as `envoy/gateway.yaml` has it.
pub const UPSTREAM: &str = "proxy_golang_org";
/// The store's cluster, as `envoy/gateway.yaml` has it.
pub const STORAGE: &str = "storage";

impl Stack {
    /// The gateway as `envoy/gateway.yaml` has it, without a checksum database.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&json!({}), |builder| builder)
    }

    /// With `patch` merged into the plugin configuration, and `edit` applied to the rest.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn with(patch: &Value, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let (upstream, storage) = (Faulty::start(), Nginx::storage());
        let envoy = edit(builder(upstream.addr(), storage.addr()).patch_plugin(patch)).start();
        Self { envoy, upstream, storage }
    }

    /// GETs a target from the gateway.
    ///
    /// # Panics
    /// When there is no whole response within 30 seconds.
    #[must_use]
    #[track_caller]
    pub fn get(&self, target: &str) -> Response {
        self.envoy.get(target)
    }
}

impl Scripted {
    /// With `patch` merged into the plugin configuration, and `edit` applied to the rest.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn with(patch: &Value, edit: impl FnOnce(Builder) -> Builder) -> Self {
        let (upstream, storage) = (Faulty::start(), Faulty::store());
        let envoy = edit(builder(upstream.addr(), storage.addr()).patch_plugin(patch)).start();
        Self { envoy, upstream, storage }
    }

    /// GETs a target from the gateway.
    ///
    /// # Panics
    /// When there is no whole response within 30 seconds.
    #[must_use]
    #[track_caller]
    pub fn get(&self, target: &str) -> Response {
        self.envoy.get(target)
    }
}

/// A gateway with an empty store before a GOPROXY tree.
#[derive(Debug)]
pub struct Mirror {
    /// The gateway.
    pub envoy: Envoy,
    /// The tree, cluster [`UPSTREAM`].
    pub upstream: Nginx,
    /// Its store, cluster [`STORAGE`].
    pub storage: Nginx,
    workers: u32,
}

impl Mirror {
    /// One of `tree`.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn of(tree: &Tree, workers: u32) -> Self {
        let (upstream, storage) = (Nginx::serving(tree.path()), Nginx::storage());
        let envoy = builder(upstream.addr(), storage.addr()).concurrency(workers).start();
        Self { envoy, upstream, storage, workers }
    }

    /// One that was started otherwise.
    #[must_use]
    pub fn from_parts(envoy: Envoy, upstream: Nginx, storage: Nginx, workers: u32) -> Self {
        Self { envoy, upstream, storage, workers }
    }

    /// Another gateway to the same two: one that remembers nothing.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn another_gateway(&self) -> Envoy {
        builder(self.upstream.addr(), self.storage.addr()).concurrency(self.workers).start()
    }
}

/// Makes tests of each function, in a module of its name, which call it with a number of workers:
/// `at_workers!(scenario: at_one_worker = 1, at_four_workers = 4)`.
#[macro_export]
macro_rules! at_workers {
    ($scenario:ident: $($name:ident = $workers:literal),+) => {
        mod $scenario {
            $(#[test]
            fn $name() {
                super::$scenario($workers);
            })+
        }
    };
}

/// Makes a test of each function, `at_two_workers`: where workers have nothing to do with one another, and the simulation has
/// seen it with other numbers of them.
#[macro_export]
macro_rules! at_two_workers {
    ($($scenario:ident),+ $(,)?) => {
        $($crate::at_workers!($scenario: at_two_workers = 2);)+
    };
}

/// Makes tests of each function: `at_one_worker` and `at_four_workers`.
#[macro_export]
macro_rules! at_one_and_four_workers {
    ($($scenario:ident),+ $(,)?) => {
        $($crate::at_workers!($scenario: at_one_worker = 1, at_four_workers = 4);)+
    };
}

/// Makes tests of each function: `at_one_worker`, `at_two_workers` and `at_four_workers`.
#[macro_export]
macro_rules! at_one_two_and_four_workers {
    ($($scenario:ident),+ $(,)?) => {
        $($crate::at_workers!($scenario: at_one_worker = 1, at_two_workers = 2, at_four_workers = 4);)+
    };
}

/// Makes a test of each function, which calls it with 1, 2 and 4 at the same time: for those that mostly wait.
#[macro_export]
macro_rules! at_one_two_and_four_workers_together {
    ($($scenario:ident),+ $(,)?) => {
        $(mod $scenario {
            #[test]
            fn at_one_two_and_four_workers() {
                $crate::fixture::together([1, 2, 4], super::$scenario);
            }
        })+
    };
}

/// Calls `scenario` with each number of workers, each in a thread.
///
/// # Panics
/// When one of them does, once all have ended.
pub fn together(workers: impl IntoIterator<Item = u32>, scenario: fn(u32)) {
    let start = |workers: u32| {
        let named = thread::Builder::new().name(format!("at {workers} workers"));
        named.spawn(move || scenario(workers)).expect("a thread")
    };
    let running: Vec<_> = workers.into_iter().map(start).collect();
    let ended: Vec<_> = running.into_iter().map(thread::JoinHandle::join).collect();
    assert!(ended.iter().all(Result::is_ok), "see above");
}

/// Makes tests of each function: `at_two_workers` and `at_four_workers`.
#[macro_export]
macro_rules! at_two_and_four_workers {
    ($($scenario:ident),+ $(,)?) => {
        $($crate::at_workers!($scenario: at_two_workers = 2, at_four_workers = 4);)+
    };
}

/// How often an upstream is asked that ends like this, where nobody else may be asked.
#[must_use]
pub fn tries(outcome: &str) -> u64 {
    match outcome {
        "broken" | "dropped" | "error" | "overloaded" | "unavailable" | "unreachable" => 4,
        _ => 1,
    }
}

/// How often storage is asked that ends like this, where upstreams may be asked: once more where the connection closed without an
/// answer.
#[must_use]
pub fn times_asked(outcome: &str) -> u64 {
    if outcome == "dropped" { 2 } else { 1 }
}

/// One that answers what `server` answers, for tests that want to know what that is asked, and how.
#[must_use]
pub fn relay(server: SocketAddr) -> Faulty {
    let relay = Faulty::start();
    relay.otherwise(move |seen| {
        let answer = http::get(server, &seen.target);
        Reply::status(answer.status).body(answer.body).served()
    });
    relay
}

/// A gateway to these two, for suites that bring their own.
#[must_use]
pub fn builder(upstream: SocketAddr, storage: SocketAddr) -> Builder {
    Envoy::gateway().cluster(UPSTREAM, upstream).cluster(STORAGE, storage).patch_plugin(&json!({"sumdb": []}))
}
