//! `make run`: it starts, proves itself, stops without a trace, and fails with a clear word.

use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::http;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::port::{self, Port};
use modgate_wasm_tests::process::family::{descendants, runs};
use modgate_wasm_tests::process::{self, Process};
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

struct Gateway {
    process: Process,
    port: Port,
    admin: Port,
    dir: TempDir,
}

const LONG: Duration = Duration::from_secs(120);

fn start(variables: &[(&str, &str)]) -> Gateway {
    let (port, admin, dir) = (Port::reserve(), Port::reserve(), tempfile::tempdir().unwrap());
    let mut command = process::command(Path::new(env!("CARGO_BIN_EXE_gateway")));
    for name in ["UPSTREAM", "SUMDB", "CONFIG", "PROOF_MODULE", "LISTEN", "CA_FILE", "WORKERS"] {
        command.env_remove(name);
    }
    command.env("PORT", port.addr().port().to_string()).env("ADMIN_PORT", admin.addr().port().to_string());
    command.env("STORAGE_DIR", dir.path().join("store")).env("RUN_DIR", dir.path().join("run"));
    command.envs(variables.iter().copied());
    let process = Process::start("gateway", command, &dir.path().join("output")).unwrap();
    Gateway { process, port, admin, dir }
}

impl Gateway {
    fn wait_for(&self, text: &str) {
        wait::until(text, LONG, || self.process.log().contains(text) || self.process.exited().is_some());
        assert!(self.process.log().contains(text), "{text:?} in {}", self.process.log());
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.pid().cast_signed()), signal).unwrap();
    }

    fn code(&self) -> Option<i32> {
        self.process.wait(LONG).expect("it ends").code()
    }

    /// Nothing it started runs, and its ports are free.
    fn assert_gone(&self, children: &[u32]) {
        let gone = || !children.iter().any(|child| runs(*child));
        wait::until("its processes are gone", Duration::from_secs(10), gone);
        assert!(port::is_free(self.port.addr()) && port::is_free(self.admin.addr()));
    }
}

#[test]
fn it_proves_itself_and_stops_without_a_trace() {
    let gateway = start(&[]);
    gateway.wait_for("Serving until Ctrl-C.");
    let output = gateway.process.log();
    let address = gateway.port.addr();
    for line in [
        &format!("Modgate is up at http://{address}\n"),
        &format!("  export GOPROXY=http://{address}\n"),
        "  export GOSUMDB=off\n",
        &format!("  admin     http://{}\n", gateway.admin.addr()),
        "Proof: go mod download example.com/",
        "  h1:",
    ] {
        assert!(output.contains(line), "{line:?} in\n{output}");
    }
    assert_eq!(http::get(gateway.admin.addr(), "/ready").status, 200);
    let children = descendants(gateway.process.pid());
    assert!(children.len() >= 5, "two nginx of two processes each, and Envoy: {children:?}");
    let begun = Instant::now();
    gateway.signal(Signal::SIGINT);
    assert_eq!(gateway.code(), Some(0));
    gateway.assert_gone(&children);
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "it had to kill something after 5 s: {:?}",
        begun.elapsed()
    );
}

#[test]
fn told_to_stop_while_starting_it_leaves_nothing() {
    for pause in [2, 10, 30, 60, 100, 150, 250] {
        let gateway = start(&[]);
        sleep(Duration::from_millis(pause));
        let children = descendants(gateway.process.pid());
        gateway.signal(Signal::SIGTERM);
        let code = gateway.code();
        let output = gateway.process.log();
        // Killed before it could listen to signals, told while it was starting, or while it already served.
        let expected = if output.contains("Serving") { &[Some(0)][..] } else { &[None, Some(143)] };
        assert!(expected.contains(&code), "{code:?} after {pause} ms:\n{output}");
        gateway.assert_gone(&children);
        assert!(!output.contains("panicked"), "{output}");
    }
}

#[test]
fn killed_it_leaves_nothing() {
    let gateway = start(&[]);
    gateway.wait_for("Modgate is up");
    let children = descendants(gateway.process.pid());
    assert!(children.len() >= 5);
    gateway.signal(Signal::SIGKILL);
    assert_eq!(gateway.code(), None);
    gateway.assert_gone(&children);
}

#[test]
fn a_taken_port_is_named() {
    for (variable, port) in [("PORT", Port::reserve()), ("ADMIN_PORT", Port::reserve())] {
        let _held = TcpListener::bind(port.addr()).unwrap();
        let gateway = start(&[(variable, &port.addr().port().to_string())]);
        assert_eq!(gateway.code(), Some(1));
        let expected = format!(
            "gateway: {} is taken by another program: stop it, or choose another {variable}\n",
            port.addr()
        );
        assert_eq!(gateway.process.log(), expected);
    }
}

#[test]
fn a_wrong_value_is_one_line_and_2() {
    for (variable, value) in
        [("UPSTREAM", "proxy.example.com"), ("PORT", "x"), ("SUMDB", "x"), ("CONFIG", "{")]
    {
        let gateway = start(&[(variable, value)]);
        assert_eq!(gateway.code(), Some(2));
        let output = gateway.process.log();
        assert!(output.contains(variable) && output.lines().count() == 1, "{output}");
    }
}

#[test]
fn an_upstream_behind_tls_and_a_path() {
    let tree = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(Tree::sample().path(), tree.path().join("go")).unwrap();
    let certificate = Certificate::for_hosts(&["127.0.0.1"]);
    let nginx = Nginx::serving_tls(tree.path(), &certificate);
    let query = Tree::sample().entries()[0].query();
    let gateway = start(&[
        ("UPSTREAM", &format!("https://{}/go", nginx.addr())),
        ("CA_FILE", certificate.certificate.to_str().unwrap()),
        ("PROOF_MODULE", &query),
    ]);
    gateway.wait_for("Serving until Ctrl-C.");
    assert!(gateway.process.log().contains(&format!("Proof: go mod download {query}")));
    assert!(!gateway.process.log().contains("GOSUMDB"), "the client's own choice");
}

#[test]
fn a_checksum_database_is_announced_and_no_proof_is_made_up() {
    let (upstream, tree) = (Faulty::start(), tempfile::tempdir().unwrap());
    let sumdb = Sumdb::of(tree.path());
    let key = sumdb.key();
    let gateway = start(&[
        ("UPSTREAM", &format!("http://{}", upstream.addr())),
        ("SUMDB", &format!("{key} http://{}/db", sumdb.addr())),
    ]);
    gateway.wait_for("Serving until Ctrl-C.");
    let output = gateway.process.log();
    assert!(output.contains(&format!("  export GOSUMDB={key}\n")), "{output}");
    assert!(output.contains("No proof: "), "{output}");
}

#[test]
fn a_configuration_the_filter_refuses_is_shown() {
    let gateway = start(&[("CONFIG", "{\"upstreams\": 5, \"storage\": null}")]);
    assert_eq!(gateway.code(), Some(1));
    let output = gateway.process.log();
    assert!(output.contains("Envoy ended while starting"), "{output}");
    assert!(output.contains("upstreams"), "the filter's own words: {output}");
}

#[test]
fn a_proof_that_fails_ends_it() {
    let upstream = Faulty::start();
    let gateway = start(&[
        ("UPSTREAM", &format!("http://{}", upstream.addr())),
        ("PROOF_MODULE", "example.com/absent@v1.0.0"),
    ]);
    assert_eq!(gateway.code(), Some(1));
    assert!(gateway.process.log().contains("go mod download example.com/absent@v1.0.0 failed"));
    gateway.assert_gone(&[]);
}

#[test]
fn the_death_of_a_part_is_not_hidden() {
    let gateway = start(&[]);
    gateway.wait_for("Serving until Ctrl-C.");
    let children = descendants(gateway.process.pid());
    let pid: i32 =
        std::fs::read_to_string(gateway.dir.path().join("run/storage.pid")).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    assert_eq!(gateway.code(), Some(1));
    assert!(gateway.process.log().contains("nginx ended by itself"), "{}", gateway.process.log());
    gateway.assert_gone(&children);
}
