//! `examples/callers/basic-auth.yaml`.

use std::fs;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::tls::Certificate;
use serde_json::json;

use super::{
    Guarded, MODULE, PUBLIC, TARGETS, assert_go_says_why, assert_is_refusal, assert_only_probes_pass, go, row,
};

const FILE: &str = "basic-auth.yaml";
/// `alice:wonderland`, who is of the team.
const ALICE: (&str, &str) = ("authorization", "Basic YWxpY2U6d29uZGVybGFuZA==");
/// `bob:builder`, who is not.
const BOB: (&str, &str) = ("authorization", "Basic Ym9iOmJ1aWxkZXI=");

#[test]
fn go_gets_the_teams_module_with_the_netrc_of_a_member_alone() {
    let certificate = Certificate::for_hosts(&["127.0.0.1"]);
    let gateway = Guarded::with(FILE, |bootstrap| bootstrap.serve_tls(&certificate));
    let files = tempfile::tempdir().unwrap();
    let with_netrc = |login: &str, password: &str| {
        let file = files.path().join(login);
        let machine = gateway.envoy.addr();
        fs::write(&file, format!("machine {machine} login {login} password {password}\n")).unwrap();
        go(&gateway.url(), &certificate).env("NETRC", file.to_str().unwrap())
    };
    with_netrc("alice", "wonderland").mod_download(&[MODULE, PUBLIC]).expect_ok();
    let bob = with_netrc("bob", "builder");
    bob.mod_download(&[PUBLIC]).expect_ok();
    assert_go_says_why(&bob.mod_download(&[MODULE]));
    let anonymous = go(&gateway.url(), &certificate);
    anonymous.mod_download(&[PUBLIC]).expect_ok();
    assert_go_says_why(&anonymous.mod_download(&[MODULE]));
    let wrong = with_netrc("eve", "guess").mod_download(&[PUBLIC]);
    assert!(!wrong.ok() && wrong.stdout.contains("401"), "{wrong:?}");
}

#[test]
fn what_the_index_has_for_a_member_is_nobody_elses() {
    let gateway = Guarded::with(FILE, |_| {});
    gateway.assert_refused(&[]);
    for _ in 0..2 {
        gateway.assert_served(&[ALICE]);
        gateway.assert_refused(&[BOB]);
        gateway.assert_refused(&[]);
    }
    // Turn by turn, within the moment for which an answer is given again.
    for target in TARGETS {
        for _ in 0..3 {
            assert_eq!(gateway.get(target, &[ALICE]).status, 200, "{target}");
            assert_is_refusal(target, &gateway.get(target, &[BOB]));
        }
    }
    gateway.assert_told_nobody(&["authorization", "x-modgate-user"]);
}

#[test]
fn nobody_is_a_member_by_saying_so() {
    let gateway = Guarded::with(FILE, |_| {});
    gateway.assert_served(&[ALICE]);
    let says = ("x-modgate-user", "alice");
    for headers in [
        &[says][..],
        &[("X-Modgate-User", "alice")],
        &[says, says],
        &[BOB, says],
        &[says, BOB],
        &[BOB, ("x-modgate-user", "bob,alice")],
        &[("connection", "x-modgate-user"), says],
    ] {
        gateway.assert_refused(headers);
    }
}

/// A header that nobody vouches for is not read, whoever wrote it; the log says so.
#[test]
fn a_header_that_is_not_trusted_makes_nobody_a_member() {
    let gateway = Guarded::with(FILE, |bootstrap: &mut Bootstrap| {
        let source = json!({"header": "x-modgate-user", "prefix": "user:"});
        bootstrap.patch_plugin(&json!({"callers": {"principals": [source]}}));
        bootstrap.mutations().retain(|mutation| mutation["remove"] != "x-modgate-user");
    });
    assert!(gateway.envoy.log_contains("$.callers.principals[0]: not read, for any client could send it"));
    gateway.assert_refused(&[ALICE]);
    gateway.assert_refused(&[("x-modgate-user", "alice")]);
}

#[test]
fn where_everybody_needs_a_password_probes_need_none() {
    let gateway = Guarded::with(FILE, |bootstrap| {
        let filter = bootstrap.authentication("envoy.filters.http.basic_auth");
        let matchers = filter["xds_matcher"]["matcher_list"]["matchers"].as_array_mut().unwrap();
        assert!(matchers.pop().unwrap()["predicate"]["not_matcher"].is_object(), "of who has no password");
    });
    assert_eq!(gateway.get(TARGETS[0], &[ALICE]).status, 200);
    assert_only_probes_pass(&gateway);
    row("a probe shows no password where everybody needs one (basic_auth)");
}
