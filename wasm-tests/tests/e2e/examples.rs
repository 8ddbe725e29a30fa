//! The examples run, and say what the files say that they are made of.

use std::net::SocketAddr;
use std::time::Duration;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::wait;
use serde_json::json;

#[test]
fn the_s3_gateway_is_the_gateway_with_the_parts_of_s3() {
    let mut example = Bootstrap::example("s3/gateway.yaml");
    let mut gateway = Bootstrap::gateway();
    gateway.store_in("own", "environment");
    gateway.patch_plugin(&json!({
        "storage": {"url": "http://s3.internal:9000/modules", "dialect": "s3", "write": null},
    }));
    assert_eq!(example.plugin(), gateway.plugin());
    let plugin = gateway.plugin();
    example.set_plugin(&plugin);
    gateway.set_plugin(&plugin);
    assert_eq!(example.value(), gateway.value());
}

#[test]
fn the_gateway_behind_a_proxy_is_the_gateway_with_a_way_out() {
    let mut example = Bootstrap::example("egress-proxy/gateway.yaml");
    let mut gateway = Bootstrap::gateway();
    let clusters = ["proxy_golang_org", "storage_googleapis_com", "sum_golang_org"];
    for name in clusters {
        let (usual, through) = (gateway.cluster(name, name).clone(), example.cluster(name, name));
        let address = &through["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"];
        assert_eq!(address["envoy_internal_address"]["server_listener_name"], "egress", "{name}");
        // All else is as it is without a proxy: TLS with the server, whose name is checked, and every limit.
        for key in ["type", "dns_lookup_family", "load_assignment"] {
            through[key] = usual[key].clone();
        }
        assert_eq!(*through, usual);
    }
    let egress = example.plugin()["upstreams"][0]["egress"].clone();
    let proxy = example.cluster("egress_proxy", "storage")["load_assignment"]["endpoints"][0].clone();
    let proxy = &proxy["lb_endpoints"][0]["endpoint"]["address"]["socket_address"];
    let (host, port) = (proxy["address"].as_str().unwrap(), proxy["port_value"].as_u64().unwrap());
    assert_eq!(egress, format!("{host}:{port}"), "reasons name the proxy that is asked");
    let mut plugin = example.plugin();
    for list in ["upstreams", "sumdb"] {
        assert_eq!(plugin[list][0].as_object_mut().unwrap().shift_remove("egress"), Some(egress.clone()));
    }
    assert_eq!(plugin, gateway.plugin());
    example.set_plugin(&plugin);
    gateway.set_plugin(&plugin);
    example.remove_cluster("egress_proxy");
    let whole = example.value_mut();
    whole.as_object_mut().unwrap().shift_remove("bootstrap_extensions").expect("internal listeners");
    let listener = whole["static_resources"]["listeners"].as_array_mut().unwrap().remove(1);
    assert_eq!((&listener["name"], &listener["internal_listener"]), (&json!("egress"), &json!({})));
    assert_eq!(example.value(), gateway.value());
}

#[test]
fn the_s3_gateway_keeps_modules_in_the_bucket() {
    let (upstream, store) = (Nginx::serving(Tree::sample().path()), S3::start());
    let envoy = Envoy::gateway()
        .edit(|bootstrap| *bootstrap = Bootstrap::example("s3/gateway.yaml"))
        .cluster(UPSTREAM, upstream.addr())
        .cluster(STORAGE, store.addr())
        .patch_plugin(&json!({"sumdb": []}))
        .env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY)
        .start();
    Go::new(&envoy.url()).mod_download(&["example.com/Acme/Words@v0.3.0"]).expect_ok();
    let stored = ["info", "mod", "zip"].map(|kind| format!("example.com/!acme/!words/@v/v0.3.0.{kind}"));
    wait::until("it is stored", Duration::from_secs(20), || {
        stored.iter().all(|key| store.object(key).is_some())
    });
    // Another Envoy, without an upstream.
    drop(envoy);
    let again = Envoy::gateway()
        .edit(|bootstrap| *bootstrap = Bootstrap::example("s3/gateway.yaml"))
        .cluster(STORAGE, store.addr())
        .patch_plugin(&json!({"sumdb": []}))
        .env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY)
        .start();
    Go::new(&again.url()).mod_download(&["example.com/Acme/Words@v0.3.0"]).expect_ok();
}

/// Who stands on the way to the store, and may change the last byte of what passes.
fn on_the_way_to(store: SocketAddr, spoils: bool) -> Faulty {
    let between = Faulty::start();
    between.otherwise(move |seen| {
        let mut body = seen.body.clone();
        if let Some(last) = body.last_mut().filter(|_| spoils) {
            *last ^= 1;
        }
        let headers = seen.headers.iter().filter(|(name, _)| name != "content-length");
        let asked = headers
            .fold(Request::new(&seen.method, &seen.target), |asked, (name, value)| asked.header(name, value));
        let answer = asked.body(body).send(store);
        let reply = Reply::status(answer.status).body(answer.body);
        answer.headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value)).served()
    });
    between
}

#[test]
fn what_somebody_changed_on_the_way_to_the_bucket_is_not_stored() {
    for spoils in [false, true] {
        let (upstream, store) = (Faulty::start(), S3::start());
        let between = on_the_way_to(store.addr(), spoils);
        // One that is stored by one PUT, and one in parts of 8 MiB.
        let modules = [
            Module::new("example.com/small", "v1.0.0"),
            Module::new("example.com/large", "v1.0.0").padded(20 << 20),
        ];
        modules.iter().for_each(|module| upstream.serve(module));
        let envoy = Envoy::gateway()
            .edit(|bootstrap| *bootstrap = Bootstrap::example("s3/gateway.yaml"))
            .cluster(UPSTREAM, upstream.addr())
            .cluster(STORAGE, between.addr())
            .patch_plugin(&json!({"sumdb": []}))
            .env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY)
            .start();
        let queries = modules.iter().map(Module::query).collect::<Vec<_>>();
        let queries = queries.iter().map(String::as_str).collect::<Vec<_>>();
        Go::new(&envoy.url()).mod_download(&queries).expect_ok();
        let zips = modules.iter().map(|module| module.url("zip")[1..].to_owned());
        if spoils {
            envoy.wait_idle(&[STORAGE]);
            assert!(store.hits("PUT", "/") >= 1, "{:?}", store.requests());
            assert_eq!(store.keys(), Vec::<String>::new());
        } else {
            for zip in zips {
                wait::until("it is stored", Duration::from_secs(30), || store.object(&zip).is_some());
            }
        }
    }
}
