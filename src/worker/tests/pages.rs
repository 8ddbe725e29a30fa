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
fn scenario_ready_once_storage_and_an_upstream_were_seen() {
    let mut world = world(1);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    let early = world.get(0, "/-/readyz");
    assert_eq!(early.status, 503);
    assert_eq!(body(&early), "{\"ready\":false,\"seen\":[\"public\"],\"unseen\":[\"storage\"]}\n");
    world.cluster("storage").fault = None;
    assert_eq!(world.get(0, "/-/readyz").status, 200);
    assert_eq!(world.clusters["public"].asked.len(), 1, "who was seen is not asked again");
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    assert_eq!(world.get(0, "/-/readyz").status, 200, "a later outage takes no gateway out of rotation");
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
    assert_eq!(body(&early), "{\"ready\":false,\"seen\":[],\"unseen\":[\"storage\"]}\n");
    world.cluster("storage").fault = None;
    let ready = world.get(0, "/-/readyz");
    assert_eq!(
        (ready.status, body(&ready)),
        (200, "{\"ready\":true,\"seen\":[\"storage\"],\"unseen\":[]}\n")
    );
    assert_eq!(world.clusters["public"].asked, [""; 0]);
}
