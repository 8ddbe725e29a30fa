//! Clients that close at once, speak HTTP/1.0, read slowly, or stand behind an nginx that does all of it: nobody gets less
//! than the whole.

use std::net::SocketAddr;
use std::thread::{self, sleep};
use std::time::Duration;

use modgate_wasm_tests::attack::front::Front;
use modgate_wasm_tests::attack::site::{Site, warm};
use modgate_wasm_tests::attack::{Form, Trial};
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::http::{Conn, Request, Response};
use modgate_wasm_tests::module::Module;

/// As large as the zips of real frameworks.
fn large(bytes: u64) -> Module {
    Module::new("slow.example/large", "v1.0.0").padded(bytes)
}

fn right(answer: &Response, body: &Body) -> bool {
    answer.status == 200 && answer.pattern && answer.length == body.len()
}

#[test]
fn a_thousand_clients_who_close() {
    let mut trial = Trial::alone("1,000 clients that close");
    let site = Site::start(2);
    // More than the kernel keeps for who has not begun to read: the end of it lies with Envoy.
    let large = Module::new("close.example/large", "v1.0.0").padded(7 << 20);
    let small = Module::new("close.example/small", "v1.0.0").padded(200 << 10);
    for module in [&large, &small] {
        site.warm(module);
    }
    trial.begin(&site.envoy);
    let (many, few) = Form::wanted().of((500, 40), (1_000, 200));
    trial.size(format!("2 x {many} connections, and {few} for 7 MB"));
    let others = site.bystander();
    others.wait(50);
    for (path, body, count) in [
        (small.url("zip"), small.zip(), many),
        (small.url("mod"), small.go_mod().into(), many),
        (large.url("zip"), large.zip(), few),
    ] {
        let request = Request::get(&path).header("connection", "close").compare_body(body.clone());
        let crowd = Crowd::new(site.envoy.addr(), request).and(count);
        // Nobody reads at once.
        sleep(Duration::from_millis(500));
        let answers = crowd.answers();
        let whole = answers.0.iter().flatten().filter(|answer| right(answer, &body)).count();
        trial.check(whole == count, format!("{path}: {whole} of {count} whole: {:?}", answers.tally()));
    }
    trial.memory(&site.envoy);
    trial.served(others.stop());
    trial.end();
}

/// GETs as a client of HTTP/1.0 does.
fn http10(addr: SocketAddr, path: &str, keep: bool, body: &Body) -> Result<Response, String> {
    let mut conn = Conn::open(addr).map_err(|error| error.to_string())?;
    let kept = if keep { "connection: keep-alive\r\n" } else { "" };
    conn.write(format!("GET {path} HTTP/1.0\r\nhost: {addr}\r\n{kept}\r\n").as_bytes())
        .map_err(|error| error.to_string())?;
    let head = conn.head().map_err(|error| error.to_string())?;
    conn.rest(&Request::get(path).compare_body(body.clone()), head).map_err(|error| error.to_string())
}

#[test]
fn clients_of_http_1_0() {
    let mut trial = Trial::beside("clients of HTTP/1.0");
    let site = Site::start(1);
    let count = Form::wanted().of(100, 1_000);
    trial.begin(&site.envoy);
    trial.size(format!("4 x {count} connections"));
    let addr = site.envoy.addr();
    for (path, body) in [(warm().url("zip"), warm().zip()), (warm().url("mod"), warm().go_mod().into())] {
        for keep in [false, true] {
            let wrong = (0..count).map(|_| match http10(addr, &path, keep, &body) {
                Ok(answer) if right(&answer, &body) => None,
                Ok(answer) => Some(format!("{} and {} bytes", answer.status, answer.length)),
                Err(error) => Some(error),
            });
            trial.check_all(&path, wrong);
        }
    }
    trial.memory(&site.envoy);
    trial.end();
}

/// Reads all but the last `left` bytes, does nothing for a while, and reads the rest: how many bytes there were.
fn stalls(addr: SocketAddr, path: &str, close: bool, until: u64, stall: Duration) -> Result<u64, String> {
    let mut conn = Conn::open(addr).map_err(|error| error.to_string())?;
    let request = Request::get(path).deadline(stall + Duration::from_secs(60));
    let request = if close { request.header("connection", "close") } else { request };
    conn.send(&request).map_err(|error| error.to_string())?;
    let head = conn.head().map_err(|error| error.to_string())?;
    if head.status != 200 {
        return Err(head.status.to_string());
    }
    let total: u64 = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let (mut length, mut stalled) = (0, false);
    while length < total {
        if !stalled && length >= until {
            sleep(stall);
            stalled = true;
        }
        let more = conn.skip_some().map_err(|error| error.to_string())?;
        if more == 0 {
            break;
        }
        length += more as u64;
    }
    Ok(length)
}

/// A stall is harmful where the whole of the answer has been made and the end of it does not fit into the kernel: nobody
/// knows how much that is, so clients stall at several places.
#[test]
fn a_stall_in_the_last_megabytes() {
    let mut trial = Trial::alone("a stall in the last megabytes");
    let site = Site::start(1);
    let module = large(Form::wanted().of(40, 117) << 20);
    module.write_to(site.storage.data());
    site.upstream.serve(&module);
    let (path, total) = (module.url("zip"), module.zip().len());
    // Read along the first time; from then on it is only passed.
    let first = Request::get(&path).compare_body(module.zip()).deadline(Duration::from_secs(60));
    assert!(right(&first.send(site.envoy.addr()), &module.zip()));
    trial.begin(&site.envoy);
    let stall = Duration::from_secs(6);
    let count = Form::wanted().of(12, 24);
    trial.size(format!("{count} clients, {} MB, {stall:?}", total >> 20));
    let others = site.bystander();
    let addr = site.envoy.addr();
    let clients: Vec<_> = (0..count)
        .map(|number| {
            let (path, left) = (path.clone(), (1 + number / 2) << 20);
            let client = move || (left, stalls(addr, &path, number % 2 == 0, total - left, stall));
            thread::spawn(client)
        })
        .collect();
    let wrong: Vec<_> = clients
        .into_iter()
        .map(|client| match client.join().expect("a client does not panic") {
            (_, Ok(length)) if length == total => None,
            (left, Ok(length)) => {
                Some(format!("{length} of {total} bytes, having stalled {left} before the end"))
            }
            (_, Err(error)) => Some(error),
        })
        .collect();
    trial.check_all("whole zips", wrong);
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.end();
}

#[test]
fn behind_an_nginx_with_nothing_but_proxy_pass() {
    let mut trial = Trial::beside("behind nginx' default proxy_pass");
    let site = Site::start(1);
    let front = Front::start(site.envoy.addr());
    let module = large(Form::wanted().of(30, 117) << 20);
    module.write_to(site.storage.data());
    site.upstream.serve(&module);
    trial.begin(&site.envoy);
    let wanted = [
        (module.url("zip"), module.zip(), 4),
        (warm().url("zip"), warm().zip(), 200),
        (warm().url("mod"), warm().go_mod().into(), 200),
        (module.list_url(), "v1.0.0\n".into(), 50),
    ];
    trial.size(format!("{} requests", wanted.iter().map(|(.., count)| count).sum::<usize>()));
    for (path, body, count) in wanted {
        let request = Request::get(&path).compare_body(body.clone()).deadline(Duration::from_secs(60));
        let answers = Crowd::new(front.addr(), request).and(count).answers();
        let whole = answers.0.iter().flatten().filter(|answer| right(answer, &body)).count();
        trial.check(whole == count, format!("{path}: {whole} of {count} whole: {:?}", answers.tally()));
    }
    trial.memory(&site.envoy);
    trial.end();
}
