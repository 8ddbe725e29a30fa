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

/// What a public source has under a private name may be another's: none is asked, whatever else the configuration says.
#[test]
fn scenario_no_public_source_answers_for_a_private_name() {
    let upstreams = r#"{"name": "public", "cluster": "public", "url": "https://proxy.test"},
        {"name": "any", "cluster": "any", "url": "https://any.test", "modules": ["*"]}"#;
    let storage = r#""storage": {"cluster": "storage", "url": "http://storage.test"},"#;
    let redirect = r#""policy": {"on_miss": {"mode": "redirect"}},"#;
    let all = r#"{"name": "out", "modules": ["*"], "action": "redirect""#;
    let elsewhere = format!(r#""policy": {{"rules": [{all}, "to": "https://other.test"}}]}},"#);
    let upwards = format!(r#""policy": {{"rules": [{all}}}]}},"#);
    let no_storage = "private namespace (private.modules), and no upstream's modules name it";
    for (more, status, says) in [
        (String::new(), 403, no_storage),
        (storage.to_owned(), 404, no_storage),
        (redirect.to_owned(), 403, no_storage),
        (format!("{storage}{redirect}"), 404, no_storage),
        (elsewhere.clone(), 403, "the rule out, which is for all modules"),
        (format!("{storage}{elsewhere}"), 403, "the rule out, which is for all modules"),
        (format!("{storage}{upwards}"), 404, no_storage),
    ] {
        let config = format!(
            r#"{{{more} "upstreams": [{upstreams}], "private": {{"modules": ["*.corp.test", "github.com/acme"]}}}}"#
        );
        let mut world = World::new(1, &config);
        for name in ["public", "any", "storage"] {
            world.cluster(name);
        }
        for path in [
            "/git.corp.test/m/@v/list",
            "/git.corp.test/m/@latest",
            "/git.corp.test/m/@v/master.info",
            "/git.corp.test/m/@v/v1.0.0.info",
            "/git.corp.test/m/@v/v1.0.0.mod",
            "/github.com/acme/m/@v/v1.0.0.zip",
        ] {
            let response = world.get(0, path);
            assert_eq!(response.status, status, "{more} {path}: {}", body(&response));
            assert!(body(&response).contains(says), "{more} {path}: {}", body(&response));
            assert!(body(&response).len() <= 648);
        }
        for name in ["public", "any"] {
            assert!(world.clusters[name].asked.is_empty(), "{more}: {:?}", world.clusters[name].asked);
        }
        let refused = world.counters.get("modgate.refusals_total.reason.private").copied();
        assert_eq!(refused, (status == 403).then_some(6), "{more}");
    }
}

/// A rule that names private modules is an operator's word about them.
#[test]
fn scenario_a_rule_that_names_a_private_module_sends_clients_where_it_says() {
    for modules in [r#""modules": ["*.corp.test"]"#, r#""exact": ["git.corp.test/m"]"#] {
        let config = format!(
            r#"{{"policy": {{"rules": [{{{modules}, "action": "redirect", "to": "https://ours.test"}}]}},
                "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test"}}],
                "private": {{"modules": ["*.corp.test"]}}}}"#
        );
        let mut world = World::new(1, &config);
        let response = world.get(0, "/git.corp.test/m/@v/v1.0.0.mod");
        assert_eq!(super::header(&response, "location"), "https://ours.test/git.corp.test/m/@v/v1.0.0.mod");
    }
}
