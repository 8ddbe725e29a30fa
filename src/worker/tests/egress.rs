//! A proxy on the way to a source is named where no connection came about, and nowhere else.

use super::{EMPTY_ZIP, body};
use crate::{
    cx::Verdict,
    host::envoy::reply::response_head,
    http::{CallFailure, Headers},
    sim::World,
};

const CONFIG: &str = r#"{
    "upstreams": [{
        "name": "public", "cluster": "public", "url": "https://proxy.test/base", "egress": "out.test:3128"
    }],
    "fetch": {"zip_bytes": 0},
    "storage": {"cluster": "storage", "url": "http://storage.test/modules"}
}"#;
const WAY: &str = "by way of the egress proxy out.test:3128";

#[test]
fn scenario_who_gets_no_connection_reads_which_way_it_was_to_take() {
    for (fault, status, is_named) in [
        (CallFailure::Unreachable, 502, true),
        (CallFailure::Dropped, 502, false),
        (CallFailure::Broken, 502, false),
        (CallFailure::TimedOut, 504, false),
        (CallFailure::Overloaded, 503, false),
    ] {
        let mut world = World::new(1, CONFIG);
        world.cluster("storage").latency = 1;
        world.cluster("public").fault = Some(fault);
        // A zip that nobody could be asked about is routed all the same: see below.
        for file in ["list", "v1.0.0.info", "v1.0.0.mod", "main.info"] {
            let answer = world.get(0, &format!("/example.com/m/@v/{file}"));
            assert_eq!(answer.status, status, "{fault:?} {file}: {}", body(&answer));
            assert_eq!(body(&answer).contains(WAY), is_named, "{fault:?} {file}: {}", body(&answer));
            assert!(body(&answer).contains("upstream public: "), "{file}: {}", body(&answer));
        }
        // What the proxy's other end says is that end's.
        world.cluster("public").fault = None;
        let answer = world.get(0, "/example.com/other/@v/v1.0.0.mod");
        assert_eq!(answer.status, 404, "{fault:?}: {}", body(&answer));
    }
}

#[test]
fn scenario_a_download_that_gets_no_connection_names_the_way_as_well() {
    for (details, is_named) in [
        ("upstream_reset_before_response_started{remote_connection_failure|TLS_error:_reset}", true),
        ("upstream_reset_before_response_started{connection_timeout}", true),
        ("upstream_reset_before_response_started{connection_termination}", false),
    ] {
        let mut world = World::new(1, CONFIG);
        world.cluster("storage").latency = 1;
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        assert_eq!(super::routed_to(&world, stream), "public");
        let head = response_head(503, Headers::default(), Some(details), None, false);
        let Verdict::Respond(answer) = world.answer_routed_as(0, stream, &head) else {
            panic!("{head:?}");
        };
        assert_eq!((answer.status, body(&answer).contains(WAY)), (502, is_named), "{}", body(&answer));
    }
}
