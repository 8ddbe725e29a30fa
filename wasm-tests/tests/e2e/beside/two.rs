//! Two Modgates of different configuration in one Envoy.

use std::thread;
use std::time::Duration;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::bootstrap::shared::MODULES_HOST;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{tools, wait};
use serde_json::{Value, json};

/// The host of the second.
const OTHER_HOST: &str = "othermods.corp.example.com";
const OTHER: &str = "othermods";

/// What each of the two gets modules from: the same names, and other bytes.
struct Sources {
    upstreams: [Faulty; 2],
    storages: [Faulty; 2],
    modules: [Module; 2],
}

impl Sources {
    fn start() -> Self {
        let modules = ["one", "two"]
            .map(|text| Module::new("same.example/m", "v1.0.0").file("a.txt", text).padded(3 << 20));
        let upstreams = modules.each_ref().map(|module| {
            let upstream = Faulty::start();
            upstream.serve(module);
            upstream.on(&module.url("mod"), Reply::ok(go_mod(module)));
            upstream
        });
        let storages = modules.each_ref().map(|module| {
            let storage = Faulty::store();
            ["info", "mod", "zip"].iter().for_each(|kind| storage.keep(&module.url(kind)));
            storage
        });
        Self { upstreams, storages, modules }
    }

    fn point(&self, builder: Builder) -> Builder {
        builder
            .cluster(UPSTREAM, self.upstreams[0].addr())
            .cluster(STORAGE, self.storages[0].addr())
            .cluster("other_upstream", self.upstreams[1].addr())
            .cluster("other_storage", self.storages[1].addr())
    }
}

/// Tells the two apart: the modules are the same but for a file.
fn go_mod(module: &Module) -> String {
    format!("{}// {}\n", module.go_mod(), module.zip().len())
}

fn switched_on(name: &str) -> Value {
    json!({name: {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}})
}

/// The gateway of filter.yaml, and its filter once more with other sources; `second` changes the plugin configuration of
/// that, and `vm_id` is its.
fn two_filters(vm_id: &str, second: &Value) -> Bootstrap {
    let mut bootstrap = Bootstrap::pasted();
    bootstrap.patch_plugin(&json!({"sumdb": []}));
    let first = bootstrap.filter().clone();
    let mut apart = Bootstrap::pasted();
    *apart.filter() = first;
    apart.patch_plugin(&json!({
        "upstreams": [{"name": "other", "cluster": "other_upstream", "url": "http://other.example"}],
        "storage": {"cluster": "other_storage"},
    }));
    apart.patch_plugin(second);
    let mut other = apart.http_filters().iter().find(|filter| filter["name"] == "modgate").unwrap().clone();
    other["name"] = OTHER.into();
    other["typed_config"]["config"]["name"] = OTHER.into();
    other["typed_config"]["config"]["vm_config"]["vm_id"] = vm_id.into();
    other["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"] = json!(tools::wasm());
    let filters = bootstrap.http_filters();
    let at = filters.len() - 1;
    filters.insert(at, other);
    bootstrap
}

/// One host each.
fn at_two_hosts(vm_id: &str) -> Bootstrap {
    let mut bootstrap = two_filters(vm_id, &json!({}));
    let mut host = bootstrap.virtual_host(MODULES_HOST).clone();
    host["name"] = OTHER.into();
    host["domains"] = json!([OTHER_HOST]);
    host["typed_per_filter_config"] = switched_on(OTHER);
    host["routes"][0]["typed_per_filter_config"] = switched_on(OTHER);
    let hosts = bootstrap.hcm()["route_config"]["virtual_hosts"].as_array_mut().unwrap();
    hosts.push(host);
    bootstrap
}

fn get(envoy: &Envoy, host: &str, target: &str) -> Response {
    envoy.send(&Request::get(target).header("host", host))
}

const HOSTS: [&str; 2] = [MODULES_HOST, OTHER_HOST];

#[test]
fn each_gives_what_its_own_sources_have() {
    for vm_id in ["modgate", "another"] {
        let sources = Sources::start();
        let gateway = Envoy::gateway().edit(|slot| *slot = at_two_hosts(vm_id));
        let envoy = sources.point(gateway).start();
        // Twice: from its upstream, and from what it keeps.
        for _ in 0..2 {
            for (host, module) in HOSTS.iter().zip(&sources.modules) {
                assert_eq!(get(&envoy, host, &module.url("mod")).text(), go_mod(module), "{vm_id} {host}");
                let asked = Request::get(&module.url("zip")).header("host", host).compare_body(module.zip());
                let whole = envoy.send(&asked);
                assert!(whole.status == 200 && whole.pattern, "{vm_id} {host}: {whole:?}");
                let go = Go::new(&format!("http://{host}")).env("HTTP_PROXY", &envoy.url());
                go.mod_download(&[&module.query()]).expect_ok();
            }
        }
        for (upstream, module) in sources.upstreams.iter().zip(&sources.modules) {
            assert_eq!(upstream.hits(&module.url("mod")), 1, "{vm_id}");
        }
    }
}

/// In one filter chain of one host, at these prefixes: each has a route of its own for downloads.
fn at_two_prefixes(first: &str, second: &str) -> Bootstrap {
    let own = json!({"path_prefix": second, "route_header": "x-two-cluster", "host_header": "x-two-host"});
    let mut bootstrap = two_filters("modgate", &json!({"match": own}));
    bootstrap.patch_plugin(&json!({"match": {"path_prefix": first}}));
    let host = bootstrap.virtual_host(MODULES_HOST);
    let on = switched_on(OTHER)[OTHER].clone();
    host["typed_per_filter_config"][OTHER] = on.clone();
    host["routes"][0]["typed_per_filter_config"][OTHER] = on;
    let mut route = host["routes"][0].clone();
    route["name"] = "modgate-download-two".into();
    route["match"]["headers"][0]["name"] = "x-two-cluster".into();
    route["route"]["cluster_header"] = "x-two-cluster".into();
    route["route"]["host_rewrite_header"] = "x-two-host".into();
    route["request_headers_to_remove"][0] = "x-two-cluster".into();
    host["routes"].as_array_mut().unwrap().insert(0, route);
    bootstrap
}

#[test]
fn two_of_one_host_have_headers_and_routes_of_their_own() {
    let sources = Sources::start();
    let bootstrap = at_two_prefixes("/one", "/two");
    let envoy = sources.point(Envoy::gateway().edit(|slot| *slot = bootstrap)).start();
    for (prefix, module) in ["/one", "/two"].iter().zip(&sources.modules) {
        let document = get(&envoy, MODULES_HOST, &format!("{prefix}{}", module.url("mod")));
        assert_eq!(document.text(), go_mod(module), "{prefix}: {document:?}");
        let whole = zip(&envoy, prefix, module);
        assert!(whole.status == 200 && whole.pattern, "{prefix}: {whole:?}");
        let go = Go::new(&format!("http://{MODULES_HOST}{prefix}")).env("HTTP_PROXY", &envoy.url());
        go.mod_download(&[&module.query()]).expect_ok();
    }
}

/// What one at the root is given, it takes for requests of its own: the downloads of the one before it, and all that is meant for the
/// one behind it.
#[test]
fn one_at_the_root_leaves_no_room_for_the_other() {
    for (first, second, status) in [("/one", "", [502, 200]), ("", "/two", [200, 404])] {
        let sources = Sources::start();
        let bootstrap = at_two_prefixes(first, second);
        let envoy = sources.point(Envoy::gateway().edit(|slot| *slot = bootstrap)).start();
        let [one, two] = &sources.modules;
        let zips = [zip(&envoy, first, one), zip(&envoy, second, two)];
        assert_eq!(zips.each_ref().map(|zip| zip.status), status, "{zips:?}");
    }
}

fn zip(envoy: &Envoy, prefix: &str, module: &Module) -> Response {
    let target = format!("{prefix}{}", module.url("zip"));
    envoy.send(&Request::get(&target).header("host", MODULES_HOST).compare_body(module.zip()))
}

/// The VMs of another `vm_id` are others: what crashes one leaves the streams of the other alone.
#[test]
fn one_that_crashes_takes_no_download_of_the_other_along() {
    let (sources, gate) = (Sources::start(), Gate::new());
    let [crashing, other] = &sources.modules;
    let crash = Reply::ok("v1.0.0\n").served().header("x-modgate-crash", "yes");
    sources.upstreams[0].on("/crash.example/m/@v/list", crash);
    let zip = other.zip();
    let held = Reply::ok(zip.clone()).held_in_body(1 << 20, &gate);
    sources.upstreams[1].on(&other.url("zip"), held);
    let gateway = Envoy::gateway().edit(|slot| *slot = at_two_hosts("another")).wasm(&tools::wasm_crash());
    let envoy = sources.point(gateway).may_crash().start();
    assert_eq!(get(&envoy, MODULES_HOST, &crashing.url("mod")).status, 200);
    let (addr, asked) = (envoy.addr(), Request::get(&other.url("zip")).header("host", OTHER_HOST));
    let download = thread::spawn(move || asked.compare_body(zip).send(addr));
    sources.upstreams[1].wait_hits(&other.url("zip"), 1);

    let lost = Request::get("/crash.example/m/@v/list").header("host", MODULES_HOST);
    let _ = lost.deadline(Duration::from_secs(1)).try_send(envoy.addr());
    wait::until("it crashed", Duration::from_secs(10), || envoy.log_contains("told to crash"));
    assert_eq!(get(&envoy, OTHER_HOST, &other.url("mod")).text(), go_mod(other));
    gate.open();
    let whole = download.join().unwrap();
    assert!(whole.status == 200 && whole.pattern, "{whole:?}");
    wait::until("it is back", Duration::from_secs(10), || {
        get(&envoy, MODULES_HOST, &crashing.url("mod")).status == 200
    });
}

/// With one `vm_id`, and so the same VMs and one index.
#[test]
fn one_that_is_configured_anew_leaves_the_other_as_it_was() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let gateway = sources.point(Envoy::gateway().edit(|slot| *slot = at_two_hosts("modgate")));
    let (gateway, mut discovery) = gateway.discovered(dir.path());
    let envoy = gateway.start();
    let [first, other] = &sources.modules;
    let ask = |host: &str, target: &str| {
        let answer = get(&envoy, host, target);
        (answer.status, answer.header("x-modgate-cache").map(str::to_owned))
    };
    for (host, module) in HOSTS.iter().zip(&sources.modules) {
        assert_eq!(ask(host, &module.url("mod")).0, 200);
    }
    let rule = json!({"name": "none", "modules": ["same.example/*"], "action": "deny"});
    discovery.push(&json!({"policy": {"rules": [rule]}}));
    assert!(!envoy.wait_discovered(2));
    assert_eq!(ask(MODULES_HOST, &first.url("mod")).0, 403, "the new rule");
    discovery.push_text("no configuration");
    assert!(envoy.wait_discovered(3));
    assert_eq!(ask(OTHER_HOST, &other.url("mod")), (200, Some("hit".to_owned())));
    assert_eq!(ask(MODULES_HOST, &first.url("mod")).0, 403, "the last that was taken");
}
