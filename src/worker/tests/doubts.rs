//! Half-truths: outages on the way, old copies, answers that are something else. What must never be made of them.

use super::{CONFIG, body, header, streaming, world};
use crate::{
    cx::Verdict,
    http::CallFailure,
    sim::{Database, World},
};

const ZIP: &str = "/example.com/m/@v/v1.0.0.zip";

fn chain(first_rule: &str) -> World {
    World::new(
        1,
        &format!(
            r#"{{"upstreams": [
                {{"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "{first_rule}"}},
                {{"name": "two", "cluster": "two", "url": "http://two.test"}}]}}"#
        ),
    )
}

fn cluster_of(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Route(route) => route
            .set
            .iter()
            .find(|(name, _)| name == "x-modgate-cluster")
            .map(|(_, value)| value.clone())
            .unwrap_or_default(),
        Verdict::Respond(response) => response.status.to_string(),
        other => format!("{other:?}"),
    }
}

/// A hash tile is binary: one of 256 begins with `<`.
#[test]
fn scenario_a_binary_tile_is_not_a_web_page() {
    let mut world = World::new(
        1,
        r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}],
            "sumdb": [{"name": "sum.test", "key": "sum.test+2eafb752+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq", "cluster": "sum",
             "url": "https://sum.test"}]}"#,
    );
    let is_alike =
        |history: &String| Database::new(history, 1).answer("/tile/8/0/000.p/1").unwrap()[0] == b'<';
    let history = (0..).map(|number| number.to_string()).find(is_alike).unwrap();
    let database = Database::new(&history, 256);
    let tile = database.answer("/tile/8/0/000").unwrap();
    world.cluster("sum").database = Some(database);
    let answer = world.get(0, "/sumdb/sum.test/tile/8/0/000");
    assert_eq!((answer.status, answer.body.to_vec()), (200, tile));
}

/// The same chain answers 502 for a document (tests/chain.rs: 500, any_error, 404).
#[test]
fn scenario_a_failure_before_the_last_upstreams_404_is_no_404_for_a_zip() {
    let mut world = chain("any_error");
    world.cluster("one").fault = Some(CallFailure::Unreachable);
    world.cluster("two");
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(cluster_of(world.verdict(stream)), "502", "upstream one could not say");
}

/// One answers no HEAD and has no such zip; two has it.
#[test]
fn scenario_an_upstream_without_head_does_not_hide_the_next_one() {
    let mut world = chain("not_found");
    world.cluster("one").answer(ZIP, 405, &[], "");
    world.cluster("two").serve(ZIP, "PK");
    let stream = world.begin(0, ZIP);
    world.settle();
    if cluster_of(world.verdict(stream)) == "one" {
        let verdict = world.answer_routed(0, stream, 404, &[("date", "now")]);
        assert_ne!(cluster_of(&verdict), "404", "upstream two was never asked");
    }
}

/// A document is not remembered as missing while storage cannot say (tests/storage.rs); a zip is.
#[test]
fn scenario_a_zip_is_not_remembered_as_missing_while_storage_cannot_say() {
    let mut world = streaming(1);
    world.cluster("storage").serve("/modules/example.com/old/@v/v1.0.0.zip", "PK").fault =
        Some(CallFailure::TimedOut);
    let path = "/example.com/old/@v/v1.0.0.zip";
    let stream = world.begin(0, path);
    world.settle();
    let _ = world.answer_routed(0, stream, 404, &[("date", "now")]);
    world.cluster("storage").fault = None;
    let stream = world.begin(0, path);
    world.settle();
    assert_eq!(cluster_of(world.verdict(stream)), "storage");
}

/// `Routed::response` says "the next request asks anew".
#[test]
fn scenario_a_zip_gone_from_storage_is_looked_for_anew() {
    for (status, headers) in [(404, [("date", "now")]), (503, [("content-type", "text/plain")])] {
        let mut world = streaming(1);
        world.cluster("storage").serve("/modules/example.com/m/@v/v1.0.0.zip", "PK");
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
        let stream = world.begin(0, ZIP);
        world.settle();
        assert_eq!(cluster_of(world.verdict(stream)), "storage");
        world.cluster("storage").answer("/modules/example.com/m/@v/v1.0.0.zip", status, &[], "");
        let _ = world.answer_routed(0, stream, status, &headers);
        let again = world.begin(0, ZIP);
        world.settle();
        assert_eq!(cluster_of(world.verdict(again)), "public", "after {status}");
    }
}

#[test]
fn scenario_what_is_no_zip_is_not_kept_for_a_day() {
    for status in [204, 405, 416, 501] {
        let mut world = streaming(1);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
        let stream = world.begin(0, ZIP);
        world.settle();
        let cache_control = match world.answer_routed(0, stream, status, &[("date", "now")]) {
            Verdict::Edit(edit) => edit
                .set
                .iter()
                .find(|(name, _)| name == "cache-control")
                .map(|(_, value)| value.clone())
                .unwrap_or_default(),
            Verdict::Respond(response) => header(&response, "cache-control").to_owned(),
            other => panic!("{other:?}"),
        };
        assert!(!cache_control.contains("immutable"), "{status}: {cache_control}");
    }
}

/// A cache in front knows the URL alone: this 404 would be given to everybody.
#[test]
fn scenario_a_404_for_want_of_permission_to_fetch_is_not_for_caches() {
    let mut world = world(1);
    let stream =
        world.begin_with(0, "GET", "/example.com/m/@v/v1.0.0.mod", &[("disable-module-fetch", "true")]);
    world.settle();
    let answer = world.response(stream);
    assert_eq!(answer.status, 404);
    let varies = header(&answer, "vary").eq_ignore_ascii_case("disable-module-fetch");
    assert!(varies || header(&answer, "cache-control") == "no-store", "{:?}", answer.headers);
}

/// One timeout of the upstream, and the list of storage is fresh for all workers, for as long as `freshness.list` says.
#[test]
fn scenario_an_older_list_of_storage_is_not_indexed_as_fresh() {
    let mut world = World::new(1, &CONFIG.replace("/modules\"", "/modules\", \"write\": false"));
    world.cluster("storage").serve("/modules/example.com/m/@v/list", "v1.0.0\n");
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\nv1.1.0\n");
    assert_eq!(body(&world.get(0, "/example.com/m/@v/list")), "v1.0.0\nv1.1.0\n");
    world.pass(61_000);
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    world.get(0, "/example.com/m/@v/list");
    world.cluster("public").fault = None;
    assert_eq!(body(&world.get(0, "/example.com/m/@v/list")), "v1.0.0\nv1.1.0\n", "the upstream is back");
}

/// `config/limits.rs`: "a stale answer is served anyway while every source is down".
#[test]
fn scenario_a_stale_answer_is_served_while_every_source_is_down() {
    let mut world =
        World::new(1, r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test/base"}]}"#);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\n");
    world.get(0, "/example.com/m/@v/list");
    world.pass(61_000);
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    assert_eq!(world.get(0, "/example.com/m/@v/list").status, 200);
}

#[test]
fn scenario_an_upstream_called_storage_is_not_storage() {
    let Ok(_) = crate::config::Config::parse(NAMED_STORAGE) else { return };
    let mut world = World::new(1, NAMED_STORAGE);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    world.cluster("public").serve("/example.com/m/@v/list", "v1.0.0\n");
    world.get(0, "/example.com/m/@v/list");
    assert_eq!(world.get(0, "/-/readyz").status, 503, "storage was never seen");
}

const NAMED_STORAGE: &str = r#"{
    "upstreams": [{"name": "storage", "cluster": "public", "url": "https://proxy.test"}],
    "storage": {"cluster": "storage", "url": "http://storage.test"}
}"#;

#[test]
fn scenario_what_could_not_be_written_is_written_later() {
    let mut world = world(1);
    world.cluster("storage").fault = Some(CallFailure::Unreachable);
    world.get(0, "/example.com/m/@v/list");
    world.cluster("storage").fault = None;
    for _ in 0..3 {
        world.pass(61_000);
        world.get(0, "/example.com/m/@v/list");
    }
    assert!(
        world.clusters["storage"].body("/modules/example.com/m/@v/list").is_some(),
        "the list never changed, nor is it stored"
    );
}

#[test]
fn scenario_modules_moved_from_one_upstream_to_another_change_the_fingerprint() {
    let config = |one: &str, two: &str| {
        format!(
            r#"{{"upstreams": [
                {{"name": "one", "cluster": "one", "url": "http://one.test"{one}}},
                {{"name": "two", "cluster": "two", "url": "http://two.test"{two}}}]}}"#
        )
    };
    let modules = r#", "modules": ["example.com"]"#;
    let mut world = World::new(1, &config(modules, ""));
    world.cluster("one").serve("/example.com/m/@v/v1.0.0.mod", "module example.com/m // by one\n");
    world.get(0, "/example.com/m/@v/v1.0.0.mod");
    let mut other = World::new(1, &config("", modules));
    other.gateways[0].memory = std::mem::take(&mut world.gateways[0].memory);
    other.cluster("one");
    other.cluster("two");
    assert_ne!(header(&other.get(0, "/example.com/m/@v/v1.0.0.mod"), "x-modgate-cache"), "hit");
}

/// `goproxy/body.rs`: "what is not plainly the document is not served, indexed or stored".
#[test]
fn scenario_a_login_page_in_json_is_not_stored_for_ever() {
    for wrong in ["", r#"{"message":"401 Unauthorized"}"#] {
        let mut world = world(1);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", wrong);
        let answer = world.get(0, "/example.com/m/@v/v1.0.0.mod");
        assert_eq!(answer.status, 502, "{wrong:?}");
        assert!(
            world.clusters["storage"].body("/modules/example.com/m/@v/v1.0.0.mod").is_none(),
            "{wrong:?}"
        );
    }
}

#[test]
fn scenario_a_presigned_address_is_shown_to_nobody() {
    let mut world = world(1);
    let location = [("location", "https://bucket.test/x.mod?X-Amz-Signature=secret")];
    world.cluster("public").answer("/base/example.com/m/@v/v1.0.0.mod", 302, &location, "");
    let answer = world.get(0, "/example.com/m/@v/v1.0.0.mod");
    assert!(!body(&answer).contains("secret"), "{}", body(&answer));
    assert!(!world.log.iter().any(|line| line.contains("secret")), "{:?}", world.log);
}

/// Storage is where what upstreams lost is kept: while it is down nobody knows that this version does not exist.
#[test]
fn scenario_an_outage_of_storage_and_an_upstreams_404_are_no_404_for_a_version() {
    let mut world = world(1);
    world
        .cluster("storage")
        .serve("/modules/example.com/old/@v/v1.0.0.mod", "module example.com/old\n")
        .fault = Some(CallFailure::TimedOut);
    assert_ne!(world.get(0, "/example.com/old/@v/v1.0.0.mod").status, 404);
}

/// The slower of two writes of one name is of the older list, and the newer one is never written.
#[test]
fn scenario_a_newer_list_is_written_after_an_older_one() {
    let mut world = world(1);
    world.cluster("storage").latency = 70_000;
    let first = world.begin(0, "/example.com/m/@v/list");
    world.pass(61_000);
    assert_eq!(world.response(first).status, 200);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\nv1.1.0\nv1.2.0\n");
    world.get(0, "/example.com/m/@v/list");
    world.cluster("storage").latency = 0;
    for _ in 0..3 {
        world.pass(61_000);
        world.get(0, "/example.com/m/@v/list");
    }
    assert_eq!(
        world.clusters["storage"].body("/modules/example.com/m/@v/list").as_deref(),
        Some("v1.0.0\nv1.1.0\nv1.2.0\n")
    );
}

/// The clock is set back by an hour: a "not found" of thirty seconds is believed for an hour.
#[test]
fn scenario_a_clock_set_back_does_not_prolong_a_404() {
    let mut world = world(1);
    assert_eq!(world.get(0, "/example.com/new/@v/v1.0.0.mod").status, 404);
    world.now.0 -= 3_600_000;
    world.pass(40_000);
    world.cluster("public").serve("/base/example.com/new/@v/v1.0.0.mod", "module example.com/new\n");
    assert_eq!(world.get(0, "/example.com/new/@v/v1.0.0.mod").status, 200);
}

/// Each worker knows the time at which its own event began: what another has found out since seems to come from the future.
#[test]
fn scenario_what_another_worker_found_out_meanwhile_is_believed() {
    let mut world = world(2);
    let list = "/example.com/m/@v/list";
    world.cluster("public").serve(&format!("/base{list}"), "v1.0.0\n");
    assert_eq!(world.get(0, list).status, 200);
    let asked = world.cluster("public").asked.len();
    world.now.0 -= 5;
    let answer = world.get(1, list);
    assert_eq!((answer.status, world.cluster("public").asked.len()), (200, asked));
}
