//! What `make existing-gateway` runs: the gateway of `examples/existing-gateway` before and after Modgate came to it, side by side.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use super::stopping::Stopping;
use super::{end, say, watch};
use crate::bootstrap::shared::MODULES_HOST;
use crate::existing::{API, Company, KEY, SITE};
use crate::go::Go;
use crate::tunnel::Tunnel;

/// Runs both until told to stop; the process's exit code as of [`super::main`].
#[must_use]
pub fn existing() -> ExitCode {
    let stopping = Stopping::on_signals();
    let ended = run(&stopping);
    end(ended, &stopping)
}

fn run(stopping: &Stopping) -> Result<(), String> {
    let company = Company::start();
    let (before, after) = (company.before().at(ANY).try_start()?, company.after().at(ANY).try_start()?);
    let (to_before, to_after) = (Tunnel::to(before.addr()), Tunnel::to(after.addr()));
    let query = "example.com/hello@v1.0.0";
    let client = company.client(&to_after.url());
    let go = client.iter().fold(Go::new(""), |go, (name, value)| go.env(name, value));
    let run = go.mod_download(&[query]);
    if !run.ok() {
        return Err(format!("go mod download {query} failed:\n{}{}", run.stdout, run.stderr));
    }
    say(&format!("Proof: go mod download {query} through the gateway with Modgate: {}", run.json()["Sum"]));
    say("In another shell:");
    for (name, value) in &client {
        say(&format!("  export {name}={value}"));
    }
    say("  go install example.com/greet@latest");
    say(&format!("  curl https://{SITE}/"));
    say(&format!("  curl -H 'x-api-key: {KEY}' https://{API}/v1/items.json"));
    say(&format!("  curl https://{MODULES_HOST}/example.com/hello/@v/list"));
    say("As before Modgate came, where the last of them is a 404:");
    say(&format!("  export HTTPS_PROXY={}", to_before.url()));
    say("Serving until Ctrl-C.");
    let children = [
        Some(before.process()),
        Some(after.process()),
        Some(company.applications.process()),
        Some(company.storage.process()),
        Some(company.upstream.process()),
    ];
    watch(&children, stopping)
}

/// A port that the kernel chooses.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
