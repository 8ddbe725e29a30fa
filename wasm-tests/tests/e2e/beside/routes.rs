//! Filters that act only where a route has a cluster: what takes every path of the modules' virtual host decides about them.

use modgate_wasm_tests::bootstrap::shared::{APPLICATIONS, MODULES_HOST};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::neighbours::{Place, Site, filter};

/// `last_route` of filter.yaml answers by itself. CORS and the global rate limit pass over such a route, and so over every
/// request that Modgate answers; before one to a cluster they act.
#[test]
fn cors_and_the_global_rate_limit_act_before_a_route_to_a_cluster() {
    let site = Site::start();
    let limits = json!([{"actions": [{"generic_key": {"descriptor_value": "modules"}}]}]);
    for to_a_cluster in [false, true] {
        // Nobody answers the rate limit's call, and it refuses then: so it is seen to act.
        let ratelimit = filter(
            "ratelimit",
            "ratelimit.v3.RateLimit",
            json!({
                "domain": "corp",
                "failure_mode_deny": true,
                "rate_limit_service": {
                    "transport_api_version": "V3",
                    "grpc_service": {"envoy_grpc": {"cluster_name": "nobody"}},
                },
            }),
        );
        let cors = filter("cors", "cors.v3.Cors", json!({}));
        let ask = |filters| {
            let gateway = site.gateway(Place::Before, filters);
            let envoy = gateway.edit(|bootstrap| {
                let host = bootstrap.virtual_host(MODULES_HOST);
                host["rate_limits"] = limits.clone();
                let routes = host["routes"].as_array_mut().unwrap();
                // What the owner had there, which answers by itself as well.
                routes.remove(1);
                if to_a_cluster {
                    routes[1] = json!({"match": {"prefix": "/"}, "route": {"cluster": APPLICATIONS}});
                }
            });
            envoy.start().send(&site.allowed(MODULES_HOST, &site.modules[0].url("mod")))
        };
        let allowed = ask(vec![cors]).header("access-control-allow-origin").is_some();
        assert_eq!(allowed, to_a_cluster);
        assert_eq!(ask(vec![ratelimit]).status, if to_a_cluster { 500 } else { 200 });
    }
}

/// A filter between Modgate and the router has the last word on where a download goes, but what another cluster answers is no module, and what the filter
/// refuses is not missing.
/// It knows the request by its path alone: a download has no other header of the client's.
#[test]
fn a_filter_behind_that_leads_a_download_elsewhere_or_refuses_it_is_a_502() {
    let site = Site::start();
    let code = r#"
        function envoy_on_request(handle)
          local how = string.match(handle:headers():get(":path"), "(%a+)%.led%.example")
          if how == "elsewhere" then handle:headers():replace("x-modgate-cluster", "applications") end
          if how == "nowhere" then handle:headers():replace("x-modgate-cluster", "no-such-cluster") end
          if how == "past" then handle:headers():remove("x-modgate-cluster") end
          if how == "refused" then handle:respond({[":status"] = "401"}, "no credentials") end
          if how == "missing" then handle:respond({[":status"] = "404"}, "nothing here") end
          if how then handle:clearRouteCache() end
        end"#;
    let lua = filter("lua", "lua.v3.Lua", json!({"default_source_code": {"inline_string": code}}));
    let envoy = site.gateway(Place::Behind, vec![lua]).start();
    for how in ["elsewhere", "nowhere", "past", "refused", "missing"] {
        for size in [0, 20 << 20] {
            let module = Module::new(&format!("{how}.led.example/m{size}"), "v1.0.0").padded(size);
            site.serve(&module);
            let asked = Request::get(&module.url("zip")).header("host", MODULES_HOST);
            let answer = asked.send(envoy.addr());
            assert_eq!(answer.status, 502, "{how} {size}: {answer:?}");
        }
    }
    let led = site.application.requests();
    assert!(
        !led.is_empty() && led.iter().all(|seen| seen.target.contains("/elsewhere.led.example/")),
        "{led:?}"
    );
}
