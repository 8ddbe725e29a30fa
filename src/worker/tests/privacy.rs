//! What may be asked of whom.

use super::body;
use crate::{
    http::Response,
    modzip::H1,
    sim::{Database, World},
};

const CONFIG: &str = r#"{
    "upstreams": [
        {"name": "public", "cluster": "public", "url": "https://proxy.test"},
        {"name": "any", "cluster": "any", "url": "https://any.test", "modules": ["*", "*/*"]},
        {"name": "corp", "cluster": "corp", "url": "http://corp.test", "modules": ["*.corp.test", "github.com/acme"],
         "headers": {"authorization": "Bearer gateway"}}],
    "sumdb": [{"name": "sum.test", "key": "sum.test+2eafb752+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq", "cluster": "sum",
             "url": "https://sum.test"}],
    "private": {"modules": ["*.corp.test", "github.com/acme"], "nosumdb": ["quiet.test"]}
}"#;

fn world() -> World {
    let mut world = World::new(1, CONFIG);
    for name in ["public", "any", "corp"] {
        world.cluster(name);
    }
    let mut database = Database::new("", 3);
    database.publish("open.test/m", "v1.0.0", &H1([1; 32]), &H1([2; 32]));
    world.cluster("sum").database = Some(database);
    world
}

fn get(path: &str) -> (World, Response) {
    let mut world = world();
    let response = world.get(0, path);
    (world, response)
}

#[test]
fn scenario_a_private_module_goes_only_to_upstreams_that_name_it() {
    for path in
        ["/git.corp.test/team/m/@v/list", "/github.com/acme/tool/@latest", "/github.com/acme/@v/v1.0.0.mod"]
    {
        let (world, response) = get(path);
        assert_eq!(response.status, 404);
        assert_eq!(world.clusters["corp"].asked.len(), 1, "{path}");
        assert!(
            world.clusters["public"].asked.is_empty() && world.clusters["any"].asked.is_empty(),
            "{path}"
        );
    }
    let (world, _) = get("/github.com/acmeother/tool/@latest");
    assert_eq!((world.clusters["public"].asked.len(), world.clusters["corp"].asked.len()), (1, 0));
}

#[test]
fn scenario_answers_about_private_modules_are_not_for_shared_caches() {
    let mut world = world();
    world.cluster("corp").serve("/git.corp.test/m/@v/v1.0.0.mod", "module git.corp.test/m\n");
    let response = world.get(0, "/git.corp.test/m/@v/v1.0.0.mod");
    assert_eq!(super::header(&response, "cache-control"), "private, max-age=86400, immutable");
}

#[test]
fn scenario_an_upstream_gets_the_gateways_credentials_and_never_the_clients() {
    let mut world = world();
    world.begin_with(
        0,
        "GET",
        "/git.corp.test/m/@v/list",
        &[("authorization", "Bearer client"), ("cookie", "c")],
    );
    world.settle();
    let headers = &world.clusters["corp"].callouts[0].headers;
    assert!(headers.contains(&("authorization".to_owned(), "Bearer gateway".to_owned())), "{headers:?}");
    assert!(headers.iter().all(|(name, value)| name != "cookie" && !value.contains("client")), "{headers:?}");
}

#[test]
fn scenario_a_checksum_database_never_hears_of_private_modules() {
    for module in ["git.corp.test/m", "github.com/acme/tool", "quiet.test/m", "quiet.test"] {
        let (world, response) = get(&format!("/sumdb/sum.test/lookup/{module}@v1.0.0"));
        assert_eq!(response.status, 403, "{module}");
        assert!(body(&response).contains("GONOSUMDB"), "{}", body(&response));
        assert!(world.clusters["sum"].asked.is_empty());
        assert_eq!(world.counters["modgate.refusals_total.reason.nosumdb"], 1);
    }
}

#[test]
fn scenario_capitals_do_not_hide_a_private_module() {
    let config = CONFIG.replace("\"quiet.test\"", "\"github.com/Quiet\"");
    let mut world = World::new(1, &config);
    assert_eq!(world.get(0, "/sumdb/sum.test/lookup/github.com/%21quiet/m@v1.0.0").status, 403);
    assert_eq!(world.get(0, "/sumdb/sum.test/lookup/github.com/Quiet/m@v1.0.0").status, 403);
}

#[test]
fn scenario_a_configured_checksum_database_is_served() {
    let (_, response) = get("/sumdb/sum.test/supported");
    assert_eq!((response.status, body(&response)), (200, ""));
    // By it the adapter puts back the length that the host takes away.
    assert_eq!(super::header(&response, "content-type"), "text/plain; charset=utf-8");
    let (looked_up, response) = get("/sumdb/sum.test/lookup/open.test/m@v1.0.0");
    let record = looked_up.clusters["sum"].database.as_ref().unwrap().lookup("open.test/m@v1.0.0", 4);
    assert_eq!((response.status, body(&response)), (200, &record[..]));
    let mut world = world();
    world.get(0, "/sumdb/sum.test/latest");
    world.get(0, "/sumdb/sum.test/latest");
    assert_eq!(world.clusters["sum"].asked, ["GET /latest"], "indexed for its time");
}

#[test]
fn scenario_an_unknown_checksum_database_is_404_and_asked_of_nobody() {
    for file in ["supported", "latest", "lookup/open.test/m@v1.0.0", "tile/8/0/000"] {
        let (world, response) = get(&format!("/sumdb/evil.test/{file}"));
        assert_eq!(response.status, 404, "{file}");
        assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()), "{file}");
    }
}
