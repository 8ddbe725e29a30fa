//! A module that one team may use, and the gateway's own authentication that says who is of the team: `examples/callers`, with a
//! real Envoy and the real go command.

mod certificates;
mod passwords;
pub(crate) mod token;
mod tokens;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::field::Row;
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

/// Whoever shows nothing gets the two pages of probes, and nothing else that a spelling of theirs may lead to.
#[track_caller]
fn assert_only_probes_pass(gateway: &Guarded) {
    for probe in ["/-/healthz", "/-/readyz"] {
        assert_eq!(gateway.get(probe, &[]).status, 200, "{probe}");
    }
    let others = [
        "/-/explain",
        "/-/version",
        "/-/healthz/../explain?module=example.com/hello",
        "/-/readyz%2f..%2f..%2fexplain",
    ];
    for target in TARGETS.into_iter().chain(others) {
        let status = gateway.get(target, &[]).status;
        assert!(matches!(status, 400 | 401), "{target}: {status}");
    }
}

fn row(fault: &str) {
    let client = "200 at `/-/healthz` and `/-/readyz`, 401 elsewhere";
    Row { kind: "clients", fault, spoken: "HTTP/1.1", client, asked: "what readiness asks" }.seen();
}

#[track_caller]
fn assert_go_says_why(run: &Run) {
    assert!(!run.ok() && run.stdout.contains("403") && run.stdout.contains(REASON), "{run:?}");
}

/// A go command that trusts the gateway's certificate.
fn go(url: &str, certificate: &Certificate) -> Go {
    Go::new(url).env("SSL_CERT_FILE", certificate.certificate.to_str().expect("a path in UTF-8"))
}
