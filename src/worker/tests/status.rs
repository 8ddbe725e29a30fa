//! The page that says how the gateway is doing.

use serde_json::{Value, json};

use super::{CONFIG, body, header};
use crate::{cx::Verdict, http::CallFailure, sim::World};

fn with(more: &str) -> World {
    let admin = format!(r#"{{"admin": {{"explain": ["@anonymous"]}}{more},"#);
    let mut world = World::new(2, &CONFIG.replacen('{', &admin, 1));
    world.cluster("storage").latency = 1;
    let public = world.cluster("public");
    public.latency = 100;
    public.serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    world
}

#[track_caller]
fn status(world: &mut World, worker: usize) -> Value {
    let stream = world.begin(worker, "/-/status");
    let page = world.response(stream);
    assert_eq!((page.status, header(&page, "content-type")), (200, "application/json"));
    assert_eq!(header(&page, "cache-control"), "no-store");
    serde_json::from_slice(&page.body).unwrap()
}

#[test]
fn scenario_status_is_for_those_whom_the_configuration_names() {
    let mut closed = super::world(1);
    let page = closed.get(0, "/-/status");
    assert_eq!((page.status, body(&page).contains("admin.explain")), (404, true));
    let config = CONFIG.replacen('{', r#"{"admin": {"explain": ["ops"]},"#, 1);
    let page = World::new(1, &config).get(0, "/-/status");
    assert_eq!((page.status, body(&page).contains("admin.explain")), (403, true));
    let mut open = with("");
    let post = open.begin_post(0, "/-/status", &[]);
    assert_eq!(header(&open.response(post), "allow"), "GET, HEAD");
}

#[test]
fn scenario_status_says_what_is_under_way_and_then_that_nothing_is() {
    let mut world = with("");
    let idle = status(&mut world, 0);
    assert_eq!(idle["worker"]["flights"], json!({"searches": {}, "followed": 0, "parts": 0, "queued": 0}));
    assert_eq!((&idle["ready"], &idle["mode"]), (&json!(false), &json!("online")));

    let waiting = world.begin(0, "/example.com/m/@v/v1.0.0.mod");
    let sending = world.begin_post(0, "/-/explain", &[("content-length", "1000")]);
    let followed = world.begin(1, "/example.com/m/@v/v1.0.0.mod");
    world.pass(10);
    let busy = status(&mut world, 0);
    let own = &busy["worker"];
    assert_eq!(own["flights"]["searches"], json!({"mod": 1}));
    assert_eq!((&own["clients"]["searching"], &own["clients"]["sending"]), (&json!(1), &json!(1)));
    assert_eq!(own["clients"]["body_bytes"], 1000);
    assert_eq!((&own["budget"]["searches"], &own["callouts"]), (&json!(1), &json!(1)));
    assert_eq!(own["budget"]["calls"], json!({"upstream public": 1}));
    assert!(own["clients"]["waiting_bytes"].as_u64().unwrap() > 0);
    let other = status(&mut world, 1);
    assert_eq!(
        (&other["worker"]["flights"]["followed"], &other["worker"]["callouts"]),
        (&json!(1), &json!(0))
    );

    world.leave(0, sending);
    world.settle();
    for stream in [waiting, followed] {
        assert!(matches!(world.verdict(stream), Verdict::Respond(_)));
    }
    world.pass(20_000);
    let over = status(&mut world, 0);
    assert_eq!(over["worker"], idle["worker"]);
    assert_eq!(over["ready"], true);
}

#[test]
fn scenario_status_says_how_the_sources_do() {
    let mut world = with("");
    let source = |status: &Value, at: usize| status["sources"][at].clone();
    let never = status(&mut world, 0);
    assert_eq!(
        source(&never, 1),
        json!({"kind": "upstream", "name": "public", "seen": false, "failing": false, "silent": false,
               "answered_seconds_ago": null})
    );
    world.get(0, "/example.com/m/@v/v1.0.0.mod");
    world.pass(5_000);
    let seen = source(&status(&mut world, 1), 1);
    assert_eq!(
        (&seen["seen"], &seen["answered_seconds_ago"]),
        (&json!(true), &json!(5)),
        "all workers know it"
    );
    for cluster in ["storage", "public"] {
        world.cluster(cluster).fault = Some(CallFailure::Unreachable);
    }
    world.get(0, "/example.com/other/@v/v1.0.0.mod");
    let down = source(&status(&mut world, 1), 1);
    assert_eq!((&down["seen"], &down["failing"]), (&json!(true), &json!(true)));
    assert_eq!(down["answered_seconds_ago"], Value::Null);
}

#[test]
fn scenario_status_counts_the_index_for_those_who_ask() {
    let mut world = with("");
    world.get(0, "/example.com/m/@v/v1.0.0.mod");
    let gone = world.get(0, "/example.com/m/@v/v1.9.0.mod");
    assert_eq!(gone.status, 404, "{}", body(&gone));
    let first = status(&mut world, 0);
    let index = &first["index"];
    assert_eq!(index["most_bytes"], 139_066_352);
    assert_eq!(index["occupancy"], Value::Null, "it was never asked for");
    let mut turns = 0;
    while world.work(0) {
        turns += 1;
    }
    // So many pages has the default index.
    assert_eq!(turns, (11_701 + 987 + 503) / 128 + 1);
    world.pass(3_000);
    let counted = status(&mut world, 0)["index"]["occupancy"].clone();
    assert_eq!(counted["age_seconds"], 3);
    assert!(counted["found"]["records"].as_u64() > Some(0) && counted["found"]["bytes"].as_u64() > Some(0));
    assert_eq!(counted["missing"]["records"], 1);
    assert!(!world.work(0), "a count does for a while");
    world.pass(8_000);
    let _ = status(&mut world, 0);
    assert!(world.work(0));
    // Who has asked for nothing has nothing counted.
    assert!(!world.work(1));
}

#[test]
fn scenario_status_says_what_became_of_polls() {
    let bundle = r#","policy": {"bundle": {"cluster": "rules", "url": "http://rules.test/bundle.json"}}"#;
    let mut world = with(bundle);
    world.cluster("rules").serve("/bundle.json", r#"{"version": 7, "rules": []}"#);
    world.pass(1_000);
    let document = |world: &mut World, worker| status(world, worker)["documents"][0].clone();
    for worker in 0..2 {
        let good = document(&mut world, worker);
        assert_eq!((&good["name"], &good["version"]), (&json!("policy_bundle"), &json!(7)), "{good}");
        assert_eq!((&good["failing"], &good["trouble"]), (&json!(false), &Value::Null));
        assert!(good["confirmed_seconds_ago"].as_u64() <= Some(1) && good["revision"].as_u64() > Some(0));
    }
    world.cluster("rules").fault = Some(CallFailure::Unreachable);
    world.pass(120_000);
    let bad = [document(&mut world, 0), document(&mut world, 1)];
    assert!(bad.iter().all(|one| one["failing"] == json!(true) && one["version"] == json!(7)), "{bad:?}");
    assert!(bad.iter().all(|one| one["trouble"].is_string()), "whoever polled, all say why: {bad:?}");
    world.cluster("rules").fault = None;
    world.pass(120_000);
    let good = document(&mut world, 0);
    assert_eq!((&good["failing"], &good["trouble"]), (&json!(false), &Value::Null), "{good}");
}

#[test]
fn scenario_status_says_what_its_worker_has_counted() {
    let mut world = with("");
    assert_eq!(status(&mut world, 0)["counters"], json!({}), "nothing has ended yet");
    for _ in 0..3 {
        world.get(0, "/example.com/m/@v/v1.0.0.mod");
    }
    let counters = status(&mut world, 0)["counters"].clone();
    let count = |series: &str| counters[format!("modgate.{series}")].clone();
    assert_eq!(count("requests_total.kind.mod.cache.upstream.class.2xx"), 1);
    assert_eq!(count("requests_total.kind.mod.cache.hit.class.2xx"), 2);
    assert_eq!(count("callouts_total.target.public.outcome.ok"), 1);
    // The page that was asked for before.
    assert_eq!(count("requests_total.kind.page.cache.none.class.2xx"), 1);
    let series: Vec<_> = counters.as_object().unwrap().keys().collect();
    assert!(series.is_sorted(), "{series:?}");
    assert!(series.iter().all(|series| world.counters.contains_key(*series)), "the host knows them so");
    assert_eq!(status(&mut world, 1)["counters"], json!({}), "each worker has its own");
}
