//! A module that one team may use, and the gateway's own authentication that says who is of the team: `examples/callers`, with a
//! real Envoy and the real go command.
#![cfg(not(target_arch = "wasm32"))]

mod certificates;
mod passwords;
mod probes;
mod token;
mod tokens;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{builder, relay};
use modgate_wasm_tests::go::{Go, Run};
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tree::Tree;

/// The team's module.
const MODULE: &str = "example.com/Acme/Words@v0.3.0";
/// One that everybody may have.
const PUBLIC: &str = "example.com/hello@v1.0.0";
/// What is asked for of the team's module.
const TARGETS: [&str; 5] = [
    "/example.com/!acme/!words/@v/list",
    "/example.com/!acme/!words/@latest",
    "/example.com/!acme/!words/@v/v0.3.0.info",
    "/example.com/!acme/!words/@v/v0.3.0.mod",
    "/example.com/!acme/!words/@v/v0.3.0.zip",
];
/// What the rule says to everybody else.
const REASON: &str = "only the Acme team may use it";

/// A gateway with the parts of a file of the examples, an empty store, and an upstream that remembers what it is asked.
struct Guarded {
    envoy: Envoy,
    upstream: Faulty,
    _tree: Nginx,
    _storage: Nginx,
}

impl Guarded {
    fn with(file: &str, edit: impl FnOnce(&mut Bootstrap)) -> Self {
        let (tree, storage) = (Nginx::serving(Tree::sample().path()), Nginx::storage());
        let upstream = relay(tree.addr());
        let envoy = builder(upstream.addr(), storage.addr())
            .edit(|bootstrap| {
                bootstrap.add_callers(file);
                edit(bootstrap);
            })
            .start();
        Self { envoy, upstream, _tree: tree, _storage: storage }
    }

    /// The gateway as a GOPROXY that speaks TLS: go sends no credentials to any other.
    fn url(&self) -> String {
        format!("https://{}", self.envoy.addr())
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        let request = Request::get(target);
        self.envoy.send(&headers.iter().fold(request, |request, (name, value)| request.header(name, value)))
    }

    /// Asks for everything there is of the team's module, and is refused it with the rule's reason.
    #[track_caller]
    fn assert_refused(&self, headers: &[(&str, &str)]) {
        for target in TARGETS {
            assert_is_refusal(target, &self.get(target, headers));
        }
    }

    #[track_caller]
    fn assert_served(&self, headers: &[(&str, &str)]) {
        for target in TARGETS {
            let response = self.get(target, headers);
            assert_eq!(response.status, 200, "{target}: {response:?}");
        }
    }

    /// What a caller's names and credentials lie in was told to nobody behind.
    #[track_caller]
    fn assert_told_nobody(&self, headers: &[&str]) {
        let seen = self.upstream.requests();
        assert!(seen.iter().any(|seen| seen.target.ends_with(".zip")), "{seen:?}");
        for (seen, header) in seen.iter().flat_map(|seen| headers.iter().map(move |header| (seen, header))) {
            assert_eq!(seen.header(header), None, "{} {}", seen.target, header);
        }
    }
}

#[track_caller]
fn assert_is_refusal(target: &str, response: &Response) {
    let text = response.text();
    assert!(response.status == 403 && text.contains(REASON), "{target}: {response:?}");
}

#[track_caller]
fn assert_go_says_why(run: &Run) {
    assert!(!run.ok() && run.stdout.contains("403") && run.stdout.contains(REASON), "{run:?}");
}

/// A go command that trusts the gateway's certificate.
fn go(url: &str, certificate: &Certificate) -> Go {
    Go::new(url).env("SSL_CERT_FILE", certificate.certificate.to_str().expect("a path in UTF-8"))
}
