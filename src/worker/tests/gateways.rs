//! Several gateways on one storage: they share no memory, and what one has stored serves the next.

use std::collections::BTreeSet;

use super::{CONFIG, EMPTY_ZIP, body, gets, random::Random, routed_to, tiny_index, world};
use crate::{config::Config, sim::World};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";

#[test]
fn scenario_what_one_gateway_stored_the_next_gives_without_an_upstream() {
    for file in ["@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"] {
        let mut world = world(2);
        let second = world.join(2, Config::parse(CONFIG).unwrap());
        let path = format!("/example.com/m/{file}");
        world.begin(0, &path);
        // An `.info` alone waits for its zip.
        world.begin(1, ZIP);
        world.settle();
        let asked = world.clusters["public"].asked.len();
        let stream = world.begin(second, &path);
        world.settle();
        if file.ends_with(".zip") {
            assert_eq!(routed_to(&world, stream), "storage");
        } else {
            let stored = world.clusters["storage"].body(&format!("/modules{path}"));
            assert_eq!(Some(body(&world.response(stream))), stored.as_deref());
        }
        assert_eq!(world.clusters["public"].asked.len(), asked, "{file}: the upstream hears nothing");
        // The workers of the second share what that one found out; those of the first have nothing of it.
        let heard = world.clusters["storage"].asked.len();
        world.begin(second + 1, &path);
        world.settle();
        assert_eq!(world.clusters["storage"].asked.len(), heard, "{file}");
    }
}

#[test]
fn scenario_two_gateways_that_are_asked_at_once_ask_the_upstream_once_each_and_store_one_zip() {
    let config = CONFIG.replace("modules\"", r#"modules", "dialect": "s3""#);
    let mut world = World::new(2, &config);
    world.join(2, Config::parse(&config).unwrap());
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 100;
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    let streams: Vec<_> = (0..4).map(|worker| world.begin(worker, ZIP)).collect();
    world.settle();
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 2, "no lease reaches from one to the other");
    assert!(streams.iter().all(|stream| routed_to(&world, *stream) == "storage"));
    let writes =
        ["stored", "exists"].map(|outcome| format!("modgate.storage_writes_total.outcome.{outcome}"));
    assert_eq!(
        writes.map(|name| world.counters[&name]),
        [1, 1],
        "what came second is compared with what is there"
    );
}

/// As a model of capacity would drive it: more modules than anybody could write down, the popular ones asked for more often.
#[test]
fn scenario_of_ten_million_modules_each_that_is_asked_for_costs_the_upstream_one_request() {
    let config = Config { index: tiny_index(64, 16), ..Config::parse(CONFIG).unwrap() };
    let mut world = World::empty();
    world.join(2, config.clone());
    world.join(2, config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 20;
    world.cluster("public").made = Some(|path| {
        let module = path.strip_prefix("/base/")?.strip_suffix("/@v/v1.0.0.mod")?;
        Some(format!("module {module}\n").into_bytes())
    });
    let (mut random, mut asked) = (Random(7), BTreeSet::new());
    for n in 0..600 {
        // As likely between 10 and 100 as between 100 and 1000.
        let rank = 10_f64.powf(random.next(0..=7_000_000) as f64 / 1e6) as u64;
        let module = format!("m{rank}.example/x");
        let answer = world.get(n % 4, &format!("/{module}/@v/v1.0.0.mod"));
        assert_eq!((answer.status, body(&answer)), (200, format!("module {module}\n").as_str()));
        asked.insert(module);
    }
    assert!((300..500).contains(&asked.len()), "{} modules", asked.len());
    assert_eq!(world.clusters["public"].asked.len(), asked.len(), "storage has what any gateway has fetched");
    assert!(world.gateways.iter().all(|gateway| gateway.memory.bytes() < 200_000));
}
