//! Connections that do nothing.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use modgate_wasm_tests::attack::site::Site;
use modgate_wasm_tests::attack::{Form, Trial, bounds};
use modgate_wasm_tests::http::{Conn, Request};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than the shipped configuration lets be open at once.
const CONNECTIONS: u64 = 20_100;
/// Files of this process, and of Envoy, that are not these connections.
const OTHER_FILES: u64 = 500;

#[test]
fn connections_that_do_nothing() {
    let mut trial = Trial::alone("idle connections");
    // Envoy inherits what this process may have.
    let (now, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = Form::wanted().of(now, CONNECTIONS + OTHER_FILES).max(now);
    let raised = setrlimit(Resource::RLIMIT_NOFILE, wanted, most.max(wanted)).is_ok();
    let files = if raised { wanted } else { now.max(most) };
    let _ = setrlimit(Resource::RLIMIT_NOFILE, files, most.max(files));
    let site = Site::start(1);
    trial.begin(&site.envoy);
    let count = Form::wanted().of(2_000, CONNECTIONS.min(files - OTHER_FILES));
    let mut idle = Vec::new();
    let begun = Instant::now();
    while (idle.len() as u64) < count && begun.elapsed() < Duration::from_secs(60) {
        let Ok(connection) = TcpStream::connect_timeout(&site.envoy.addr(), Duration::from_secs(2)) else {
            break;
        };
        idle.push(connection);
    }
    trial.size(format!("{} connections", idle.len()));
    trial.note(format!("{files} files allowed"));
    // Somebody comes anew, with a connection for each question.
    let wrong = (0..50).map(|number| {
        let asked = Instant::now();
        let request = Request::get(&format!("/calm.example/idle{number}/@v/list")).deadline(bounds::PATIENCE);
        let answer = Conn::open(site.envoy.addr()).and_then(|mut conn| conn.exchange(&request));
        match answer {
            Ok(answer) if answer.status == 200 && asked.elapsed() <= bounds::OTHERS_WORST => None,
            Ok(answer) => Some(format!("{} after {:?}", answer.status, asked.elapsed())),
            Err(error) => Some(error.to_string()),
        }
    });
    let wrong: Vec<_> = wrong
        .scan(0, |failed, one| {
            // Each may have to wait for the whole of its patience.
            *failed += u32::from(one.is_some());
            (*failed <= 3).then_some(one)
        })
        .collect();
    trial.check_all("somebody new", wrong);
    trial.memory(&site.envoy);
    trial.end();
}
