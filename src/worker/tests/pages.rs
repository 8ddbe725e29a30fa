use super::{CONFIG, body, header, world};
use crate::{http::CallFailure, sim::World};

#[test]
fn scenario_healthz_and_version_answer_by_themselves() {
    let mut world = world(1);
    assert_eq!(body(&world.get(0, "/-/healthz")), "ok\n");
    let version = world.get(0, "/-/version");
    assert_eq!((version.status, header(&version, "cache-control")), (200, "no-store"));
    assert!(body(&version).contains(env!("CARGO_PKG_VERSION")));
    assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()));
}

#[test]
fn scenario_ready_once_storage_or_an_upstream_was_seen() {
    for (down, well) in [("storage", "public"), ("public", "storage")] {
        let mut world = world(1);
        world.cluster("storage").fault = Some(CallFailure::Unreachable);
        world.cluster("public").fault = Some(CallFailure::TimedOut);
        let early = world.get(0, "/-/readyz");
        assert_eq!(early.status, 503);
        let all = r#"["storage","public"]"#;
        let nobody = format!("{{\"ready\":false,\"seen\":[],\"unseen\":{all},\"failing\":{all}}}\n");
        assert_eq!(body(&early), nobody);
        world.cluster(well).fault = None;
        assert_eq!(world.get(0, "/-/readyz").status, 503, "a round does for a second");
        world.pass(1_000);
        let ready = world.get(0, "/-/readyz");
        let one = format!(
            "{{\"ready\":true,\"seen\":[\"{well}\"],\"unseen\":[\"{down}\"],\"failing\":[\"{down}\"]}}\n"
        );
        assert_eq!((ready.status, body(&ready)), (200, one.as_str()));
        let asked = world.clusters[well].asked.len();
        world.pass(1_000);
        world.cluster(well).fault = Some(CallFailure::Unreachable);
        assert_eq!(world.get(0, "/-/readyz").status, 200, "a later outage takes no gateway out of rotation");
        assert_eq!(world.clusters[well].asked.len(), asked, "who was seen is not asked again");
    }
}

#[test]
fn scenario_what_one_worker_saw_all_know_after_a_crash_and_under_the_next_configuration_too() {
    let mut world = world(2);
    world.get(0, "/example.com/m/@v/list");
    for cluster in ["storage", "public"] {
        world.cluster(cluster).fault = Some(CallFailure::Unreachable);
    }
    let asked = |world: &World| world.clusters["public"].asked.len();
    let before = asked(&world);
    assert_eq!(world.get(1, "/-/readyz").status, 200);
    world.crash(0);
    assert_eq!(world.get(0, "/-/readyz").status, 200);
    assert_eq!(asked(&world), before);
    // One upstream more, and another header for the first.
    let more = r#"{"name": "public", "cluster": "public", "url": "https://proxy.test/base", "headers": {"x-a": "b"}},
        {"name": "second", "cluster": "public", "url": "https://second.test"}"#;
    let first = r#"{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}"#;
    world.replace(1, &CONFIG.replace(first, more));
    let page = world.get(1, "/-/readyz");
    assert_eq!(page.status, 200);
    assert!(body(&page).contains(r#""seen":["storage","public"],"unseen":["second"]"#), "{}", body(&page));
    // Others are not known.
    world.replace(1, &CONFIG.replace("proxy.test/base", "proxy.test/other").replace("modules", "others"));
    assert_eq!(world.get(1, "/-/readyz").status, 503);
}

#[test]
fn scenario_a_hanging_source_keeps_no_readiness_check_waiting_where_another_answers() {
    let mut world = world(1);
    world.cluster("public").latency = 2_000;
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    let page = world.begin(0, "/-/readyz");
    world.pass(10);
    assert_eq!(world.response(page).status, 200);
    world.settle();
    assert!(world.is_idle());
}

#[test]
fn scenario_a_flood_of_readiness_checks_asks_once_a_second() {
    let mut world = world(1);
    for cluster in ["storage", "public"] {
        world.cluster(cluster).fault = Some(CallFailure::Unreachable);
        world.cluster(cluster).latency = 1;
    }
    for _ in 0..5_000 {
        world.begin(0, "/-/readyz");
        world.pass(1);
    }
    world.settle();
    assert_eq!(world.clusters["public"].asked.len(), 5);
}

#[test]
fn scenario_traffic_counts_as_seeing() {
    let mut world = world(1);
    world.get(0, "/example.com/m/@v/v1.0.0.mod");
    let asked = world.clusters["public"].asked.len();
    assert_eq!(world.get(0, "/-/readyz").status, 200);
    assert_eq!(world.clusters["public"].asked.len(), asked);
}

#[test]
fn scenario_simultaneous_readiness_checks_share_one_round() {
    let mut world = world(1);
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    world.cluster("storage").fault = Some(CallFailure::TimedOut);
    let streams: Vec<_> = (0..10).map(|_| world.begin(0, "/-/readyz")).collect();
    world.leave(0, streams[3]);
    world.settle();
    assert_eq!(world.response(streams[9]).status, 503);
    assert_eq!(world.clusters["public"].asked, ["HEAD /base/"]);
    assert!(world.is_idle());
}

#[test]
fn scenario_offline_storage_is_all_there_is_to_see() {
    let mut world = World::new(1, &CONFIG.replacen('{', r#"{"mode": "offline","#, 1));
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let early = world.get(0, "/-/readyz");
    assert_eq!(
        body(&early),
        "{\"ready\":false,\"seen\":[],\"unseen\":[\"storage\"],\"failing\":[\"storage\"]}\n"
    );
    world.cluster("storage").fault = None;
    world.pass(1_000);
    let ready = world.get(0, "/-/readyz");
    assert_eq!(
        (ready.status, body(&ready)),
        (200, "{\"ready\":true,\"seen\":[\"storage\"],\"unseen\":[],\"failing\":[]}\n")
    );
    assert_eq!(world.clusters["public"].asked, [""; 0]);
}
