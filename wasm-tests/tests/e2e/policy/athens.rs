//! An Athens filter file, taken as it is.

use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::UPSTREAM;
use serde_json::json;

use super::{asked_about, assert_go_shows, go, versions, with};

const FILTER: &str = "\
# everything else
-
+ example.com/approved
- example.com/approved/not
+ example.com/some v1.1.*,~v2.0.1
+ example.com/old <v1.1.0
D example.com/direct
";

const ALL: [&str; 4] = ["v1.0.0", "v1.1.0", "v1.1.1", "v1.2.0"];

#[test]
fn go_has_what_the_file_lets_in_and_reads_which_line_does_not() {
    // Where clients are sent to, and where the gateway itself gets things.
    let direct = Faulty::start();
    let stack = with(
        2,
        &json!({
            "upstreams": [{"name": "golang", "cluster": UPSTREAM, "url": format!("http://{}", direct.addr())}],
            "policy": {"athens_filter": FILTER},
        }),
    );
    for module in ["approved/a", "approved/not/b", "some", "old", "direct", "other", "approvedness"] {
        let all = versions(&format!("example.com/{module}"), &ALL);
        stack.upstream.serve_all(&all);
        direct.serve_all(&all);
    }
    for (module, listed) in [
        ("approved/a", &ALL[..]),
        ("some", &["v1.1.0", "v1.1.1"]),
        // In Athens this is at most.
        ("old", &["v1.0.0", "v1.1.0"]),
        ("direct", &ALL),
    ] {
        let module = format!("example.com/{module}");
        assert_eq!(go(&stack).list_versions(&module), listed, "{module}");
        assert_eq!(&go(&stack).resolve(&format!("{module}@latest")), listed.last().unwrap(), "{module}");
        go(&stack).get(&format!("{module}@latest")).expect_ok();
    }
    for (query, line) in [
        ("approved/not/b@v1.0.0", "policy.athens_filter line 4"),
        ("some@v1.2.0", "policy.default"),
        ("some@v1.0.0", "policy.default"),
        ("old@v1.1.1", "policy.default"),
        ("other@v1.0.0", "policy.default"),
        ("other@latest", "policy.default"),
        ("approvedness@v1.0.0", "policy.default"),
    ] {
        let query = format!("example.com/{query}");
        assert_go_shows(&go(&stack).get(&query), &[query.split('@').next().unwrap(), line]);
    }
    assert_eq!(asked_about(&stack.upstream, "example.com/direct"), 0);
    assert!(asked_about(&direct, "example.com/direct") > 0);
    assert_eq!(asked_about(&direct, "example.com"), asked_about(&direct, "example.com/direct"));
    assert!(stack.envoy.metric("refusals_total.reason.policy_athens_filter_line_4") > 0);
}

#[test]
fn what_athens_would_have_misread_is_told_at_the_start() {
    let stack =
        with(1, &json!({"policy": {"athens_filter": "-\n+  example.com/spaces\n+ example.com/a >=v1\n"}}));
    for line in ["policy.athens_filter: line 2", "policy.athens_filter: line 3"] {
        assert!(stack.envoy.log_contains(line), "{line}");
    }
}
