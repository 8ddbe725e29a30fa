//! `envoy/filter.yaml` in a gateway that other applications stand behind already: they notice nothing, and modules are served.

mod modules;
mod others;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::bootstrap::shared::{APPLICATIONS, GITLAB};
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::Tree;
use serde_json::json;

/// Two applications that say what they were asked.
struct Applications {
    gitlab: Faulty,
    others: Faulty,
}

/// What modules come from.
struct Sources {
    upstream: Nginx,
    storage: Nginx,
}

impl Applications {
    fn start() -> Self {
        Self { gitlab: application("gitlab"), others: application("others") }
    }

    /// A gateway to them.
    fn behind(&self, bootstrap: Bootstrap) -> Builder {
        let gateway = Envoy::gateway().edit(|slot| *slot = bootstrap);
        gateway.cluster(GITLAB, self.gitlab.addr()).cluster(APPLICATIONS, self.others.addr())
    }

    /// A gateway to them, into which Modgate was pasted.
    fn beside(&self, bootstrap: Bootstrap, sources: &Sources) -> Builder {
        let gateway = self.behind(bootstrap);
        let gateway = gateway.cluster(UPSTREAM, sources.upstream.addr());
        gateway.cluster(STORAGE, sources.storage.addr()).patch_plugin(&json!({"sumdb": []}))
    }

    fn seen(&self) -> Vec<Seen> {
        [self.gitlab.requests(), self.others.requests()].concat()
    }
}

impl Sources {
    fn start() -> Self {
        Self { upstream: Nginx::serving(Tree::sample().path()), storage: Nginx::storage() }
    }
}

fn application(name: &'static str) -> Faulty {
    let server = Faulty::start();
    server.otherwise(move |seen| {
        let headers = seen.headers.iter().filter(|(name, _)| name != "x-request-id");
        let headers: String = headers.map(|(name, value)| format!("{name}: {value}\n")).collect();
        let body = String::from_utf8_lossy(&seen.body);
        Reply::ok(format!("{name}: {} {}\n{headers}\n{body}", seen.method, seen.target).into_bytes())
            .header("set-cookie", "theirs=1")
            .header("x-modgate-cache", "theirs")
            .chunked()
    });
    server
}
