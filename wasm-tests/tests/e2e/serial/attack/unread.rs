//! Answers that nobody reads: each is held by the gateway until somebody does.

use std::any::Any;
use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::attack::site::Site;
use modgate_wasm_tests::attack::{Fleet, Form, Trial, bounds};
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::{LARGEST_GO_MOD, large_go_mod};
use modgate_wasm_tests::wait;

const GO_MOD: &str = "/large.example/m/@v/v1.0.0.mod";
const LIST: &str = "/large.example/m/@v/list";
/// Streams of one connection; the shipped configuration allows a few more.
const STREAMS: usize = 95;
/// So long others are watched while the answers lie there.
const HELD: Duration = Duration::from_secs(2);

#[test]
fn go_mods_over_http2() {
    let body = large_go_mod(LARGEST_GO_MOD - (100 << 10));
    unread("unread go.mods (HTTP/2)", GO_MOD, body, Form::wanted().of(60, 285), http2);
}

#[test]
fn go_mods_over_http1() {
    let body = large_go_mod(LARGEST_GO_MOD - (100 << 10));
    unread("unread go.mods (HTTP/1.1)", GO_MOD, body, Form::wanted().of(60, 400), http1);
}

/// As many versions as an upstream may name, 4 MiB.
#[test]
fn lists_over_http2() {
    let list: String = (0..330_000).map(|number| format!("v1.0.{number}\n")).collect();
    unread("unread lists (HTTP/2)", LIST, list.into_bytes(), Form::wanted().of(190, 950), http2);
}

/// Asks so often for a path; what keeps the answers where they are until it is dropped, and how much that is.
type Attack = fn(&Site, &str, usize) -> (Box<dyn Any>, String);

fn unread(name: &'static str, path: &str, body: Vec<u8>, count: usize, attack: Attack) {
    let mut trial = Trial::alone(name);
    let site = Site::start(1);
    let length = body.len();
    let body = Body::from(body);
    site.upstream.on(path, Reply::ok(body.clone()).served());
    let honest = Request::get(path).compare_body(body);
    let first = honest.send(site.envoy.addr());
    assert_eq!((first.status, first.length, first.pattern), (200, length as u64, true));
    let others = site.bystander();
    others.wait(50);
    trial.begin(&site.envoy);
    let (attackers, size) = attack(&site, path, count);
    sleep(HELD);
    trial.size(size);
    let meanwhile = honest.clone().deadline(Duration::from_secs(5)).try_send(site.envoy.addr());
    trial.note(match meanwhile {
        Ok(answer) => format!("an honest client meanwhile: {}", answer.status),
        Err(error) => format!("an honest client meanwhile: {error}"),
    });
    trial.memory(&site.envoy);
    drop(attackers);
    // Over HTTP/1 an answer counts for some seconds after it may have been read.
    let whole = wait::poll(Duration::from_secs(20), || {
        let answer = honest.try_send(site.envoy.addr()).ok()?;
        ((answer.status, answer.length, answer.pattern) == (200, length as u64, true)).then_some(())
    });
    trial.check(whole.is_some(), "nobody gets it after the attack");
    trial.others(others.stop());
    trial.end();
}

fn http2(site: &Site, path: &str, count: usize) -> (Box<dyn Any>, String) {
    let mut fleet = Fleet::new(site.envoy.addr(), STREAMS, 0);
    fleet.send(
        count,
        |_| path.to_owned(),
        || {
            // Each connection's answers are made before the next one asks.
            sleep(Duration::from_millis(500));
            site.envoy.usage().rss < bounds::FUSE
        },
    );
    let size = format!("{} of {count} GETs, {} connections", fleet.requests(), fleet.connections());
    (Box::new(fleet), size)
}

fn http1(site: &Site, path: &str, count: usize) -> (Box<dyn Any>, String) {
    let mut crowd = Crowd::new(site.envoy.addr(), Request::get(path));
    while crowd.len() < count && site.envoy.usage().rss < bounds::FUSE {
        crowd = crowd.and(10);
        sleep(Duration::from_millis(100));
    }
    let size = format!("{} of {count} connections", crowd.len());
    (Box::new(crowd), size)
}
