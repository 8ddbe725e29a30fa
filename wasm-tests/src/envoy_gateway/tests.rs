//! What is shipped agrees with itself.

use super::*;

fn routes(rendered: &mut Rendered) -> Vec<Value> {
    let manager = &rendered.listeners[0]["default_filter_chain"]["filters"][0]["typed_config"];
    manager["route_config"]["virtual_hosts"][0]["routes"].as_array().cloned().unwrap()
}

#[test]
fn every_cluster_that_the_filter_names_is_there_and_has_a_route_to_its_host() {
    let mut rendered = render(&shipped().unwrap()).unwrap();
    let (plugin, routes) = (rendered.plugin(), routes(&mut rendered));
    let upstream = &plugin["upstreams"][0];
    let named = [&plugin["storage"], upstream, &plugin["sumdb"][0]].map(|source| {
        let (_, host) = source["url"].as_str().unwrap().split_once("://").unwrap();
        (source["cluster"].as_str().unwrap(), host)
    });
    let redirects = upstream["redirects"].as_object().unwrap().iter();
    let named: Vec<_> = named.into_iter().chain(redirects.map(|(host, cluster)| (cluster.as_str().unwrap(), host.as_str()))).collect();
    assert_eq!(named.len(), rendered.clusters.len());
    for (cluster, host) in named {
        let made = rendered.clusters.iter().find(|made| made["name"] == cluster).unwrap_or_else(|| panic!("no cluster {cluster}"));
        let verified = &made["transport_socket"]["typed_config"]["sni"];
        assert!(host.ends_with("svc.cluster.local") || verified == host, "{cluster}: {verified}");
        let [route] = routes.iter().filter(|route| route["match"]["headers"][0]["string_match"]["exact"] == cluster).collect::<Vec<_>>()[..]
        else {
            panic!("not one route for {cluster}");
        };
        assert_eq!(route["match"]["headers"][0]["name"], "x-modgate-cluster");
        assert_eq!((&route["route"]["cluster"], &route["route"]["host_rewrite_literal"]), (&json!(cluster), &json!(host)));
        assert_eq!((&route["route"]["timeout"], &route["route"]["idle_timeout"]), (&json!("0s"), &json!("300s")));
    }
    // The last takes the rest, and each switches the filter on.
    assert_eq!(routes.last().unwrap()["direct_response"]["status"], 404);
    let name = format!("envoy.filters.http.wasm/{}", rendered.filter()["vm_config"]["vm_id"].as_str().unwrap());
    assert!(routes.iter().all(|route| route["typed_per_filter_config"].get(&name).is_some()));
}

#[test]
fn the_patch_finds_the_filter() {
    let mut rendered = render(&shipped().unwrap()).unwrap();
    assert_eq!(rendered.filter()["failure_policy"], "FAIL_RELOAD");
    assert_eq!(rendered.filter()["allow_on_headers_stop_iteration"], true);
}

#[test]
fn what_is_not_known_is_refused_with_its_place() {
    let mut manifests = shipped().unwrap();
    let policy = manifests.iter_mut().find(|manifest| manifest.kind() == "EnvoyExtensionPolicy").unwrap();
    policy.value_mut()["spec"]["wasm"][0]["failOpen"] = true.into();
    let error = render(&manifests).unwrap_err();
    assert!(error.contains("filter.yaml: EnvoyExtensionPolicy modgate: spec: wasm[0]") && error.contains("failOpen"), "{error}");
}
