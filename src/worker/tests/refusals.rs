//! What is refused before anything is fetched, and what passes untouched.

use super::{body, header, world};
use crate::{
    cx::{Edit, Verdict},
    sim::World,
};

#[test]
fn what_cannot_be_a_module_request_is_refused_with_the_reason() {
    for (path, status, reason) in [
        ("/example.com/../m/@v/list", 400, "\"..\" is not resolved"),
        ("/example.com/%2e%2e/m/@v/list", 400, "\"..\" is not resolved"),
        ("/example.com/m/@v/../list", 400, "\"..\" is not resolved"),
        ("/./example.com/m/@v/list", 400, "\".\" is not resolved"),
        ("/example.com/m%00/@v/list", 400, "control character"),
        ("/example.com/m%0a/@v/list", 400, "control character"),
        ("/example.com/m%ff/@v/list", 400, "not UTF-8"),
        ("/example.com/m%zz/@v/list", 400, "\"%zz\" is not a percent-escape"),
        ("/example.com/m%4/@v/list", 400, "\"%4/\" is not a percent-escape"),
        ("/example.com/m/@v/list%", 400, "\"%\" is not a percent-escape"),
        ("/@v/list", 404, "module"),
        ("/@latest", 404, "module"),
        ("/nodot/m/@v/list", 404, "nodot/m"),
        ("/example.com/!Azure/@v/list", 404, "!Azure"),
        ("/example.com/!!azure/@v/list", 404, "!!azure"),
        ("/example.com/azure!/@v/list", 404, "azure!"),
        ("/example.com/Big!small/@v/list", 404, "Big!small"),
        ("/example.com/m/v1/@v/list", 404, "example.com/m/v1"),
        ("/gopkg.in/yaml/@v/list", 404, "gopkg.in/yaml"),
        ("/example.com/con/@v/list", 404, "example.com/con"),
        ("/example.com/m%252e/@v/list", 404, "m%2e"),
        ("/example.com/m/@v/", 404, "list, <version>.info"),
        ("/example.com/m/@v/list/more", 404, "list, <version>.info"),
        ("/example.com/m/@v/v1.0.0.exe", 404, "list, <version>.info"),
        ("/example.com/m/@v/master.mod", 404, "canonical"),
        ("/example.com/m/@v/v1.0.zip", 404, "canonical"),
        ("/example.com/m/@v/v2.0.0.mod", 404, "canonical"),
        ("/example.com/m/@v/v1.0.0+meta.zip", 404, "canonical"),
        ("/example.com/m/@v/!!.info", 404, "!!"),
        ("/sumdb/sum.test/lookup/nothing", 404, "nothing"),
        ("/sumdb/sum.test/tile/8/0/../../secret", 400, "\"..\" is not resolved"),
        ("/sumdb/sum.test/tile/8/0/0", 404, "tile/8/0/0"),
    ] {
        let mut world = world(1);
        let answer = world.get(0, path);
        assert_eq!(answer.status, status, "{path}: {}", body(&answer));
        assert!(body(&answer).contains(reason), "{path}: {}", body(&answer));
        assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert!(world.clusters.values().all(|cluster| cluster.asked.is_empty()), "{path} was asked for");
    }
}

#[test]
fn a_reason_is_what_the_go_command_shows() {
    let long = "x".repeat(3_000);
    let answer = world(1).get(0, &format!("/example.com/{long}/@v/Q!!.info"));
    assert!(answer.body.len() <= 648, "{}", answer.body.len());
    assert!(body(&answer).ends_with('\n') || answer.body.len() == 648);
    let answer = world(1).get(0, &format!("/example.com/{long}{long}/@v/list"));
    assert_eq!(answer.status, 400);
    assert!(body(&answer).contains("more than 4096"), "{}", body(&answer));
    // One character that is not graphic (unicode.IsGraphic), and the go command shows nothing of it.
    let answer = world(1).get(0, "/example.com/m/@v/a%e2%80%8b%e2%80%aeb%ee%80%80%c2%adc%c3%a9");
    assert!(body(&answer).contains("@v/abc\u{e9} of example.com/m"), "{}", body(&answer));
}

#[test]
fn scenario_other_methods_are_told_which_are_allowed() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
        let mut world = world(1);
        for path in
            ["/example.com/m/@v/list", "/example.com/m/@v/v1.0.0.zip", "/-/healthz", "/sumdb/x/supported"]
        {
            let stream = world.begin_with(0, method, path, &[]);
            let answer = world.response(stream);
            assert_eq!((answer.status, header(&answer, "allow")), (405, "GET, HEAD"), "{method} {path}");
        }
        assert_eq!(world.counters["modgate.refusals_total.reason.method"], 4);
    }
}

#[test]
fn scenario_head_is_answered_like_get() {
    let mut world = world(1);
    let stream = world.begin_with(0, "HEAD", "/example.com/m/@v/list", &[]);
    world.settle();
    assert_eq!(body(&world.response(stream)), "v1.0.0\nv1.1.0\n", "the host sends its length alone");
}

#[test]
fn scenario_other_traffic_passes_untouched() {
    for path in [
        "/",
        "",
        "/index.html",
        "/api/../etc",
        "/api/%zz",
        "/api//double",
        "/example.com/m",
        "/example.com/m?go-get=1",
        "/sumdb",
        "/sumdb/",
        "/sumdb/x",
        "/sumdb/x/other",
        "/-/",
        "/-/other",
        "/-/healthz/x",
        "/@vite/client",
        "*",
        "/users/me@latest",
        "/x@v/list",
    ] {
        for method in ["GET", "POST"] {
            let mut world = world(1);
            let stream = world.begin_with(0, method, path, &[("authorization", "theirs")]);
            assert_eq!(*world.verdict(stream), Verdict::Continue, "{method} {path}");
            assert!(world.counters.is_empty());
        }
    }
}

#[test]
fn scenario_nobody_outside_can_pick_a_cluster() {
    let mut world = world(1);
    let stream = world.begin_with(0, "GET", "/index.html", &[("x-modgate-cluster", "admin")]);
    let strip = Edit { remove: vec!["x-modgate-cluster".to_owned()], set: Vec::new() };
    assert_eq!(*world.verdict(stream), Verdict::Edit(strip));
}

#[test]
fn scenario_hosts_and_prefix_say_what_is_ours() {
    let config = r#"{"match": {"hosts": ["*.test"], "path_prefix": "/go/mod"},
                     "upstreams": [{"cluster": "public", "url": "http://public.test"}]}"#;
    let verdict = |config: &str, path: &str| {
        let mut world = World::new(1, config);
        world.cluster("public").serve("/example.com/m/@v/list", "v1.0.0\n");
        let stream = world.begin(0, path);
        world.settle();
        match world.verdict(stream) {
            Verdict::Respond(response) => response.status,
            _ => 0,
        }
    };
    assert_eq!(verdict(config, "/go/mod/example.com/m/@v/list"), 200);
    assert_eq!(verdict(config, "/go//mod/example.com/m/@v/list"), 200);
    assert_eq!(verdict(config, "/go/mod/-/healthz"), 200);
    assert_eq!(verdict(config, "/example.com/m/@v/list"), 0);
    assert_eq!(verdict(config, "/go/module/example.com/m/@v/list"), 0);
    assert_eq!(verdict(config, "/-/healthz"), 0);
    let elsewhere = config.replace("*.test", "other.example");
    assert_eq!(verdict(&elsewhere, "/go/mod/example.com/m/@v/list"), 0);
}
