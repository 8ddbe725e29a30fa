//! Downloads that stand still, and look-ups that nobody waits for: others must not stand in their queue.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::attack::site::Site;
use modgate_wasm_tests::attack::{Fleet, Http2, Trial, bounds};
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::module::Module;

/// More than storage has connections: 1,024 in the shipped configuration.
const STORED: (usize, usize) = (12, 95);
/// More than the upstream has: 256.
const STREAMED: (usize, usize) = (3, 90);

/// Nothing is read of them.
const NOTHING: u32 = 0;
/// Their head and beginning are.
const BEGINNING: u32 = 1000;

#[test]
fn zips_of_storage_of_which_nothing_is_read() {
    of_storage("stalled zips of storage", NOTHING);
}

#[test]
fn zips_of_storage_of_which_the_beginning_is_read() {
    of_storage("stalled zips of storage, begun", BEGINNING);
}

#[test]
fn zips_of_the_upstream_of_which_nothing_is_read() {
    of_upstream("stalled zips of the upstream", NOTHING);
}

#[test]
fn zips_of_the_upstream_of_which_the_beginning_is_read() {
    of_upstream("stalled zips of the upstream, begun", BEGINNING);
}

fn of_storage(name: &'static str, window: u32) {
    let mut trial = Trial::alone(name);
    let site = Site::start(1);
    let module = Module::new("stalled.example/m", "v1.0.0").padded(6 << 20);
    site.warm(&module);
    stalled(&mut trial, &site, &module.url("zip"), STORED, window, STORAGE);
    trial.end();
}

fn of_upstream(name: &'static str, window: u32) {
    let mut trial = Trial::alone(name);
    let site = Site::start(1);
    // Too large to be fetched whole into storage: streamed to each who asks.
    let module = Module::new("stalled.example/large", "v1.0.0").padded(12 << 20);
    site.upstream.serve(&module);
    stalled(&mut trial, &site, &module.url("zip"), STREAMED, window, UPSTREAM);
    trial.end();
}

fn stalled(
    trial: &mut Trial,
    site: &Site,
    path: &str,
    (connections, streams): (usize, usize),
    window: u32,
    cluster: &str,
) {
    let others = site.looking_up();
    others.wait(50);
    let downloading = site.downloading();
    trial.begin(&site.envoy);
    let mut fleet = Fleet::new(site.envoy.addr(), streams, window);
    fleet.send(connections * streams, |_| path.to_owned(), || site.envoy.usage().rss < bounds::FUSE);
    // Others look things up while all of it stands.
    sleep(Duration::from_secs(4));
    let used = site.envoy.stat(&format!("cluster.{cluster}.upstream_cx_active"));
    trial.size(format!(
        "{} GETs, {} connections; {used} connections to {cluster}",
        fleet.requests(),
        fleet.connections()
    ));
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.note(format!("others' downloads meanwhile: {}", downloading.stop()));
    drop(fleet);
}

#[test]
fn look_ups_taken_back() {
    abandoned("abandoned look-ups (reset)", 2, 250, |connection| {
        (0..50).for_each(|number| {
            let id = connection.get(&slow(number), None);
            connection.reset(id);
        });
    });
}

#[test]
fn look_ups_of_who_hangs_up() {
    abandoned("abandoned look-ups (hung up)", 10, 50, |connection| {
        (0..50).for_each(|number| {
            connection.get(&slow(number), None);
        });
    });
}

fn slow(number: usize) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("/slow.example/m{}-{number}/@v/list", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `ask` writes fifty requests.
fn abandoned(name: &'static str, connections: usize, each: usize, ask: impl Fn(&mut Http2)) {
    let mut trial = Trial::alone(name);
    let (site, gate) = (Site::start(2), Gate::new());
    let held = gate.clone();
    // Every name of it, whatever is asked of it.
    let calm = modgate_wasm_tests::attack::site::answer;
    site.upstream.otherwise(move |seen| match seen.target.starts_with("/slow.example") {
        true => Reply::status(404).served().held(&held),
        false => calm(seen),
    });
    let others = site.bystander();
    others.wait(50);
    trial.begin(&site.envoy);
    let mut sent = 0;
    for _ in 0..connections {
        let mut connection = Http2::open(site.envoy.addr(), 1 << 16).expect("a connection");
        for _ in 0..each / 50 {
            ask(&mut connection);
            // Envoy closes the connection of who takes back too many.
            if connection.flush().is_err() {
                break;
            }
            sent += 50;
            sleep(Duration::from_millis(20));
        }
    }
    sleep(Duration::from_secs(4));
    let active = site.envoy.stat(&format!("cluster.{UPSTREAM}.upstream_rq_active"));
    let pending = site.envoy.stat(&format!("cluster.{UPSTREAM}.upstream_rq_pending_active"));
    trial.size(format!(
        "{sent} GETs, {connections} connections; {active} under way upstream, {pending} queued"
    ));
    trial.memory(&site.envoy);
    trial.others_or_busy(others.stop());
    gate.open();
    trial.end();
}
