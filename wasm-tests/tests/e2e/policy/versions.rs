//! Which versions a rule is for, as the go command sees it in a list and in what it takes for the latest.

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::{assert_go_shows, go, ruled, versions};

const MODULE: &str = "example.com/kinds";
const ALL: [&str; 7] =
    ["v0.9.0", "v1.2.3", "v1.2.4", "v1.3.0-rc.1", "v1.3.0", "v1.10.0", "v2.0.0+incompatible"];

/// A set that is denied, what go lists of the others and takes for the latest of them, and a version of the set.
type Row = (&'static [&'static str], &'static [&'static str], &'static str, &'static str);

/// Go takes nothing `+incompatible` for the latest where the newest other version has a go.mod.
const SETS: [Row; 9] = [
    (
        &["v1.2.3"],
        &["v0.9.0", "v1.2.4", "v1.3.0-rc.1", "v1.3.0", "v1.10.0", "v2.0.0+incompatible"],
        "v1.10.0",
        "v1.2.3",
    ),
    // A pre-release comes before its release, so this has it; v1.10.0 comes after v1.3.0.
    (
        &[">=v1.2.0, <v1.3.0"],
        &["v0.9.0", "v1.3.0", "v1.10.0", "v2.0.0+incompatible"],
        "v1.10.0",
        "v1.3.0-rc.1",
    ),
    (
        &["~v1.2.4", "incompatible"],
        &["v0.9.0", "v1.2.3", "v1.3.0-rc.1", "v1.3.0", "v1.10.0"],
        "v1.10.0",
        "v1.2.4",
    ),
    (&["^v1.3.0", "incompatible"], &["v0.9.0", "v1.2.3", "v1.2.4", "v1.3.0-rc.1"], "v1.2.4", "v1.10.0"),
    (
        &["prerelease"],
        &["v0.9.0", "v1.2.3", "v1.2.4", "v1.3.0", "v1.10.0", "v2.0.0+incompatible"],
        "v1.10.0",
        "v1.3.0-rc.1",
    ),
    (
        &["incompatible"],
        &["v0.9.0", "v1.2.3", "v1.2.4", "v1.3.0-rc.1", "v1.3.0", "v1.10.0"],
        "v1.10.0",
        "v2.0.0+incompatible",
    ),
    (&["release"], &["v1.3.0-rc.1"], "v1.3.0-rc.1", "v1.3.0"),
    (&["!v1"], &["v1.2.3", "v1.2.4", "v1.3.0-rc.1", "v1.3.0", "v1.10.0"], "v1.10.0", "v0.9.0"),
    (&["v1", "v2"], &["v0.9.0"], "v0.9.0", "v2.0.0+incompatible"),
];

#[test]
fn go_lists_all_others_and_takes_the_newest_of_them() {
    for (set, listed, latest, refused) in SETS {
        let rules = json!([{"name": "set", "modules": [MODULE], "versions": set, "action": "deny"}]);
        let stack = ruled(1, &rules);
        stack.upstream.serve_all(&versions(MODULE, &ALL));
        assert_eq!(go(&stack).list_versions(MODULE), listed, "{set:?}");
        assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), latest, "{set:?}");
        assert_go_shows(&go(&stack).mod_download(&[&format!("{MODULE}@{refused}")]), &["set"]);
    }
}

#[test]
fn a_module_without_a_tag_has_no_latest_where_pseudo_versions_are_refused() {
    let pseudo = Module::new(MODULE, "v0.0.0-20240102030405-abcdefabcdef");
    for (versions, is_refused) in [("pseudo", true), ("prerelease", false)] {
        let rules = json!([{"name": "untagged", "modules": ["*"], "versions": [versions], "action": "deny"}]);
        let stack = ruled(2, &rules);
        stack.upstream.serve(&pseudo);
        stack.upstream.on(&pseudo.list_url(), Reply::ok(""));
        let got = go(&stack).get(&format!("{MODULE}@latest"));
        if is_refused {
            assert_go_shows(&got, &[MODULE, "untagged"]);
        } else {
            got.expect_ok();
        }
    }
}
