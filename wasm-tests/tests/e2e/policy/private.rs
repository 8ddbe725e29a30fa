//! What is told to nobody else: to no checksum database, and to no upstream but the one that is named for it.

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{self, UPSTREAM, relay};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tree::Tree;
use serde_json::{Value, json};

use super::{FILES, asked_about, assert_go_shows, assert_refused};

/// A gateway with the sample modules and their checksum database.
struct Site {
    envoy: Envoy,
    sumdb: Sumdb,
    _servers: [Nginx; 2],
}

fn site(patch: &Value) -> Site {
    let (sumdb, tree, storage) =
        (Sumdb::of(Tree::sample().path()), Nginx::serving(Tree::sample().path()), Nginx::storage());
    let envoy = fixture::builder(tree.addr(), storage.addr())
        .concurrency(2)
        .cluster(Sumdb::CLUSTER, sumdb.addr())
        .patch_plugin(&json!({"sumdb": sumdb.configured()}))
        .patch_plugin(patch)
        .start();
    Site { envoy, sumdb, _servers: [tree, storage] }
}

const WORDS: &str = "example.com/Acme/Words@v0.3.0";

#[test]
fn a_module_that_no_database_may_hear_of_is_known_by_its_capitals() {
    let site = site(&json!({"private": {"nosumdb": ["example.com/Acme"]}}));
    let lookup = |module: &str| format!("/sumdb/{}/lookup/{module}", Sumdb::NAME);
    for path in
        ["example.com/!acme/!words@v0.3.0", "example.com/%21acme/%21words@v0.3.0", "example.com/!acme@v1.0.0"]
    {
        assert_refused(&site.envoy.get(&lookup(path)), &["example.com/Acme", "GONOSUMDB"]);
    }
    assert_eq!(site.envoy.metric("refusals_total.reason.nosumdb"), 3);
    // In Go it is another module.
    assert_ne!(site.envoy.get(&lookup("example.com/acme/words@v0.3.0")).status, 403);
    assert_eq!(site.envoy.get(&lookup("example.com/hello@v1.0.0")).status, 200);
    let go = || Go::new(&site.envoy.url()).env("GOSUMDB", site.sumdb.key());
    assert_go_shows(&go().mod_download(&[WORDS]), &["GONOSUMDB"]);
    go().env("GONOSUMDB", "example.com/Acme").mod_download(&[WORDS, "example.com/hello@v1.0.0"]).expect_ok();
    assert!(!site.sumdb.asked().iter().any(|path| path.contains("Acme") || path.contains("!acme")));
}

#[test]
fn what_a_rule_refuses_is_not_looked_up_either() {
    let rule =
        json!({"name": "no-words", "modules": ["example.com/Acme/*"], "versions": ["<v1"], "action": "deny"});
    let site = site(&json!({"policy": {"rules": [rule]}}));
    let lookup = format!("/sumdb/{}/lookup/example.com/!acme/!words@v0.3.0", Sumdb::NAME);
    assert_refused(&site.envoy.get(&lookup), &["no-words"]);
    let go = || Go::new(&site.envoy.url()).env("GOSUMDB", site.sumdb.key());
    assert_go_shows(&go().mod_download(&[WORDS]), &["no-words"]);
    go().mod_download(&["example.com/hello@v1.0.0"]).expect_ok();
    assert!(!site.sumdb.asked().iter().any(|path| path.contains("Words") || path.contains("!words")));
}

#[test]
fn a_private_module_is_asked_of_the_upstream_that_names_it_and_of_no_other() {
    let (corp, public, storage) = (Faulty::start(), Faulty::start(), Nginx::storage());
    let sumdb_tree = tempfile::tempdir().unwrap();
    let sumdb = Sumdb::of(sumdb_tree.path());
    let asked = relay(sumdb.addr());
    let envoy = fixture::builder(public.addr(), storage.addr())
        .concurrency(2)
        .cluster("corp", corp.addr())
        .cluster(Sumdb::CLUSTER, asked.addr())
        .patch_plugin(&json!({
            "sumdb": sumdb.configured(),
            "private": {"modules": ["corp.example", "example.com/Acme"]},
            "upstreams": [
                {"name": "corp", "cluster": "corp", "url": "http://corp.test", "modules": ["corp.example/team"]},
                {"name": "golang", "cluster": UPSTREAM, "url": "http://proxy.test"},
            ],
        }))
        .start();
    let ours = Module::new("corp.example/team/m", "v1.0.0");
    corp.serve(&ours);
    let private =
        [Module::new("corp.example/other/m", "v1.0.0"), Module::new("example.com/Acme/m", "v1.0.0")];
    private.iter().for_each(|module| public.serve(module));
    let go = || Go::new(&envoy.url()).env("GOSUMDB", sumdb.key());
    // GONOSUMDB is the client's own, and the gateway's word holds without it too.
    go().env("GONOSUMDB", "corp.example").mod_download(&[&ours.query()]).expect_ok();
    assert_go_shows(&go().mod_download(&[&ours.query()]), &["GONOSUMDB"]);
    for module in &private {
        let run =
            go().env("GONOSUMDB", "*").get(&format!("{}@latest", module.query().split('@').next().unwrap()));
        assert!(!run.ok() && run.stderr.contains("404 Not Found"), "{run:?}");
        assert!(run.stderr.contains("is in a private namespace (private.modules)"), "{run:?}");
        let paths =
            FILES.map(|kind| module.url(kind)).into_iter().chain([module.list_url(), module.latest_url()]);
        for path in paths {
            assert_eq!(envoy.get(&path).status, 404, "{path}");
        }
    }
    // go asks for what is above a module too, and example.com is not private.
    for module in ["corp.example", "example.com/Acme"] {
        assert_eq!(asked_about(&public, module), 0, "{module}");
    }
    assert!(corp.requests().iter().all(|seen| seen.target.starts_with("/corp.example/team/")));
    assert!(!asked.requests().iter().any(|seen| seen.target.contains("/lookup/")));
}
