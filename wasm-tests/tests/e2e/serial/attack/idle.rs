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
    // Envoy inherits what this process may have: as many as the machine allows, and no more than are needed.
    let (now, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let allowed = |files: &u64| setrlimit(Resource::RLIMIT_NOFILE, *files, most.max(*files)).is_ok();
    let files = [CONNECTIONS + OTHER_FILES, most].into_iter().find(allowed).unwrap_or(now);
    let site = Site::start(1);
    trial.begin(&site.envoy);
    let count = Form::wanted().of(2_000, CONNECTIONS).min(files - OTHER_FILES);
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
    // Somebody comes anew, with a connection for each question; a few who wait in vain are enough to know.
    let (mut wrong, mut asked) = (Vec::new(), 0);
    while asked < 50 && wrong.len() < 3 {
        let path = format!("/calm.example/idle{asked}/@v/list");
        let (begun, request) = (Instant::now(), Request::get(&path).deadline(bounds::PATIENCE));
        match Conn::open(site.envoy.addr()).and_then(|mut conn| conn.exchange(&request)) {
            Ok(answer) if answer.status == 200 && begun.elapsed() <= bounds::OTHERS_WORST => {}
            Ok(answer) => wrong.push(format!("{} after {:?}", answer.status, begun.elapsed())),
            Err(error) => wrong.push(error.to_string()),
        }
        asked += 1;
    }
    trial.check(wrong.is_empty(), format!("somebody new: {wrong:?} of {asked}"));
    trial.memory(&site.envoy);
    trial.end();
}
