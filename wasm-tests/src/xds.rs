//! A control plane: serves resources that are given as JSON over delta ADS, as istiod, istio-agent and Envoy Gateway do.
//!
//! The protocol is spoken by hyper, which the harness has, and translated by prost-reflect with the descriptors that Envoy carries
//! (`descriptors`): 15 CPU seconds to compile. A library of Envoy's whole API takes minutes, ages beside the Envoy
//! under test, and a server in Python would be another process to fetch, to pin and to watch.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::serving::Serving;
use crate::wait;
use state::State;

pub mod agent;
mod descriptors;
pub mod resources;
mod serve;
mod state;
mod wire;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A cluster (CDS).
    Cluster,
    /// A listener (LDS).
    Listener,
    /// The routes of a connection manager (RDS).
    Routes,
    /// The configuration of a filter (ECDS).
    Extension,
}

impl Kind {
    /// All of them, in the order in which they are sent.
    const ALL: [Self; 4] = [Self::Cluster, Self::Listener, Self::Routes, Self::Extension];

    /// What the protocol calls it.
    #[must_use]
    pub fn url(self) -> &'static str {
        match self {
            Self::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Routes => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            Self::Extension => "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        }
    }

    fn of(url: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.url() == url)
    }
}

/// The server. It ends its connections when dropped.
#[derive(Debug)]
pub struct Control {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    _serving: Serving,
}

impl Control {
    /// One that has nothing.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let serving = Serving::start(listener, move |stream| serve::connection(stream, Arc::clone(&shared)));
        Self { addr, state, _serving: serving.expect("a thread") }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Has a resource be this from now on, and does not wait; its version. The resource's name is its `name`.
    ///
    /// # Panics
    /// When it has none, or is nothing that this Envoy knows.
    pub fn set(&self, kind: Kind, resource: &Value) -> u64 {
        let name = resource["name"].as_str().expect("a resource has a name").to_owned();
        let version = self.state().set((kind, name), Some(resource.clone()));
        self.assert_understood();
        version
    }

    /// Has a resource be this from now on, and waits for what Envoy says to it.
    ///
    /// # Errors
    /// The text with which Envoy refuses it.
    ///
    /// # Panics
    /// As [`Control::set`]; when Envoy says nothing.
    pub fn push(&self, kind: Kind, resource: &Value) -> Result<(), String> {
        let version = self.set(kind, resource);
        let key = (kind, resource["name"].as_str().unwrap_or_default().to_owned());
        let verdict = wait::poll(ANSWERED, || self.state().verdict(&key, version));
        verdict.unwrap_or_else(|| panic!("Envoy says nothing to {kind:?} {}", key.1))
    }

    /// Takes a resource away.
    pub fn remove(&self, kind: Kind, name: &str) {
        self.state().set((kind, name.to_owned()), None);
    }

    /// The names of a kind that Envoy has asked for; `*` is all there are.
    #[must_use]
    pub fn wanted(&self, kind: Kind) -> BTreeSet<String> {
        self.state().wanted(kind)
    }

    /// Checks that both sides understood each other so far.
    ///
    /// # Panics
    /// When they did not.
    #[track_caller]
    pub fn assert_understood(&self) {
        let state = self.state();
        assert!(state.complaints().is_empty(), "{}", state.complaints().join("\n"));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Envoy compiles the filter before it answers: a second, or many on a machine with other work to do.
const ANSWERED: Duration = Duration::from_secs(60);
