//! A list of many versions where versions must have an age: what one GET of it costs the upstream, and everybody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use modgate_wasm_tests::attack::site::{Site, answer};
use modgate_wasm_tests::attack::{Form, Trial, bounds};
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::http::{Conn, Request};
use serde_json::json;

const LIST: &str = "/long.example/m/@v/list";

/// A gateway with a cool-down, and how often its upstream was asked for an `.info` of the module with so many versions.
fn start(versions: usize) -> (Site, Arc<AtomicUsize>) {
    let rule = json!({"modules": ["long.example"], "action": "cooldown", "age": "7d"});
    let site = Site::with(1, &json!({"policy": {"rules": [rule]}}));
    let infos = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&infos);
    let list: Body = (0..versions).map(|number| format!("v1.0.{number}\n")).collect::<String>().into();
    site.upstream.on(LIST, Reply::ok(list).served());
    site.upstream.otherwise(move |seen| {
        let Some(file) = seen.target.strip_prefix("/long.example/m/@v/") else { return answer(seen) };
        let Some(version) = file.strip_suffix(".info") else { return Reply::status(404).served() };
        counter.fetch_add(1, Ordering::Relaxed);
        let info = format!("{{\"Version\":\"{version}\",\"Time\":\"2024-01-02T03:04:05Z\"}}");
        Reply::ok(info).header("content-type", "application/json").served()
    });
    site.upstream.remember_nothing();
    (site, infos)
}

#[test]
fn a_list_whose_versions_must_have_an_age() {
    let mut trial = Trial::alone("long list with a cool-down");
    let versions = Form::wanted().of(20_000, 200_000);
    let (site, infos) = start(versions);
    let others = site.bystander();
    others.wait(50);
    trial.begin(&site.envoy);
    for turn in ["first", "second"] {
        let (before, begun) = (infos.load(Ordering::Relaxed), Instant::now());
        let answer = Request::get(LIST).deadline(Duration::from_secs(45)).try_send(site.envoy.addr());
        let took = begun.elapsed();
        let asked = infos.load(Ordering::Relaxed) - before;
        trial.note(format!("{turn}: {asked} .info in {:.1} s", took.as_secs_f64()));
        match answer {
            Ok(answer) => {
                let served = answer.status == 200 && !answer.body.is_empty();
                let refused = answer.status == 503 && answer.header("retry-after").is_some();
                trial.check(served || refused, format!("{turn}: {}", answer.status));
                trial.note(format!("{} with {} versions", answer.status, answer.text().lines().count()));
            }
            Err(error) => trial.check(false, format!("{turn}: {error}")),
        }
        trial.check(asked <= bounds::REQUESTS_OF_ONE, format!("{turn}: {asked} .info upstream"));
    }
    trial.size(format!("{versions} versions, 2 GETs"));
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.end();
}

#[test]
fn a_long_list_whose_client_has_left() {
    let mut trial = Trial::alone("the same, the client leaves");
    let versions = Form::wanted().of(20_000, 200_000);
    let (site, infos) = start(versions);
    trial.size(format!("{versions} versions"));
    trial.begin(&site.envoy);
    let mut client = Conn::open(site.envoy.addr()).unwrap();
    client.send(&Request::get(LIST)).unwrap();
    let begun = Instant::now();
    while infos.load(Ordering::Relaxed) == 0 && begun.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(5));
    }
    drop(client);
    sleep(Duration::from_millis(100));
    let left = infos.load(Ordering::Relaxed);
    sleep(Duration::from_secs(3));
    let asked = infos.load(Ordering::Relaxed) - left;
    trial.check(asked <= bounds::REQUESTS_OF_NOBODY, format!("{asked} .info for nobody in 3 s"));
    trial.memory(&site.envoy);
    trial.end();
}

/// Lists of 4 MiB have to be read, sorted and checked.
#[test]
fn lists_as_long_as_they_may_be() {
    let mut trial = Trial::alone("lists of 4 MiB");
    let site = Site::start(1);
    let count = Form::wanted().of(6, 20);
    // The worst order for whoever sorts them.
    let list: String =
        (0..330_000_u64).map(|number| format!("v1.0.{}\n", number * 7_919 % 330_000)).collect();
    let list = Body::from(list);
    for number in 0..count {
        site.upstream.on(&format!("/long.example/m{number}/@v/list"), Reply::ok(list.clone()).served());
    }
    let others = site.bystander();
    others.wait(50);
    trial.begin(&site.envoy);
    trial.size(format!("{count} modules, 2 GETs each"));
    let addr = site.envoy.addr();
    let clients: Vec<_> = (0..2 * count)
        .map(|number| {
            let request = Request::get(&format!("/long.example/m{}/@v/list", number % count)).discard_body();
            std::thread::spawn(move || match request.try_send(addr) {
                Ok(answer) if answer.status == 200 && answer.length > 1 << 20 => None,
                Ok(answer) if answer.status == 503 && answer.header("retry-after").is_some() => None,
                Ok(answer) => Some(answer.status.to_string()),
                Err(error) => Some(error.to_string()),
            })
        })
        .collect();
    let wrong: Vec<_> =
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).collect();
    trial.check_all("lists", wrong);
    trial.memory(&site.envoy);
    trial.others(others.stop());
    trial.end();
}
