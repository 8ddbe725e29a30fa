//! The gateway under attack, as it is shipped, with an upstream and a store that are quick for everybody else.

use std::time::Duration;

use serde_json::{Value, json};

use super::bystander::{Ask, Bystander};
use crate::body::Body;
use crate::envoy::Envoy;
use crate::faulty::{Faulty, Reply, Seen};
use crate::fixture::Stack;
use crate::http::Request;
use crate::module::Module;
use crate::nginx::Nginx;
use crate::wait;

/// A gateway before nginx and a scripted upstream, which has every module below `calm.example`.
#[derive(Debug)]
pub struct Site {
    /// The gateway.
    pub envoy: Envoy,
    /// Its upstream.
    pub upstream: Faulty,
    /// Its store.
    pub storage: Nginx,
}

impl Site {
    /// `envoy/gateway.yaml` with only its addresses replaced.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn start(workers: u32) -> Self {
        Self::with(workers, &json!({}))
    }

    /// With `patch` merged into the plugin configuration: for what has no effect unless it is configured.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn with(workers: u32, patch: &Value) -> Self {
        let Stack { envoy, upstream, storage } =
            Stack::with(patch, |builder| builder.concurrency(workers).alone());
        calm(&upstream);
        let site = Self { envoy, upstream, storage };
        site.warm(&warm());
        site
    }

    /// Has a module stored, and its zip checked: asked for until it comes from storage.
    ///
    /// # Panics
    /// When that does not come about within 20 seconds.
    #[track_caller]
    pub fn warm(&self, module: &Module) {
        self.upstream.serve(module);
        assert_eq!(self.envoy.get(&module.url("mod")).status, 200);
        let zip = module.url("zip");
        wait::until(&format!("{zip} comes from storage"), Duration::from_secs(20), || {
            let answer = Request::get(&zip).compare_body(module.zip()).send(self.envoy.addr());
            assert!((answer.status, answer.pattern) == (200, true), "{answer:?}");
            answer.header("x-modgate-cache") == Some("storage")
        });
    }

    /// People who ask for what is known, what has to be looked up, and what storage has.
    #[must_use]
    pub fn bystander(&self) -> Bystander {
        Bystander::start(self.envoy.addr(), ask())
    }

    /// The same people without downloads.
    #[must_use]
    pub fn looking_up(&self) -> Bystander {
        let ask = ask();
        Bystander::start(self.envoy.addr(), move |number| ask(number / 3 * 4 + number % 3))
    }

    /// The same people with nothing but downloads.
    #[must_use]
    pub fn downloading(&self) -> Bystander {
        let ask = ask();
        Bystander::start(self.envoy.addr(), move |number| ask(number * 4 + 3))
    }
}

/// What bystanders ask for, for gateways that are put together otherwise; the upstream has to be [`calm`] and the module
/// [`warm`] be stored.
pub fn ask() -> impl Fn(u64) -> Ask + Clone + Send + 'static {
    let warm = warm();
    let (go_mod, zip, bytes) = (warm.url("mod"), warm.url("zip"), warm.zip());
    move |number| match number % 4 {
        0 => Ask { kind: "hit", request: Request::get(&go_mod).compare_body(warm.go_mod().into()) },
        1 => {
            let request = Request::get(&format!("/calm.example/c{number}/@v/list"));
            Ask { kind: "list", request: request.compare_body(Body::from(VERSIONS)) }
        }
        2 => Ask { kind: "look-up", request: Request::get(&format!("/calm.example/c{number}/@v/v1.0.0.mod")) },
        _ => Ask { kind: "zip", request: Request::get(&zip).compare_body(bytes.clone()) },
    }
}

/// Has an upstream serve every module below `calm.example`, at once.
pub fn calm(upstream: &Faulty) {
    upstream.otherwise(answer);
}

/// The module that bystanders download.
#[must_use]
pub fn warm() -> Module {
    Module::new("calm.example/warm", "v1.0.0").padded(64 << 10)
}

/// What a [`calm`] upstream answers.
#[must_use]
pub fn answer(seen: &Seen) -> Reply {
    let Some(name) = seen.target.strip_prefix("/calm.example/") else { return Reply::status(404).served() };
    let module = name.split('/').next().unwrap_or_default();
    let module = Module::new(&format!("calm.example/{module}"), "v1.0.0");
    let reply = match seen.target.rsplit('/').next() {
        Some("list") => Reply::ok(VERSIONS),
        Some("v1.0.0.mod") => Reply::ok(module.go_mod()),
        Some("v1.0.0.info") => Reply::ok(module.info()).header("content-type", "application/json"),
        Some("v1.0.0.zip") => Reply::ok(module.zip()).header("content-type", "application/zip").ranges(),
        _ => Reply::status(404),
    };
    reply.served()
}

const VERSIONS: &str = "v1.0.0\n";
