//! `examples/callers/jwt.yaml`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

use super::token::Provider;
use super::{Guarded, MODULE, PUBLIC, TARGETS, assert_go_says_why, assert_only_probes_pass, go, row};

const JWT: &str = "envoy.filters.http.jwt_authn";

fn guarded(provider: &Provider, edit: impl FnOnce(&mut Bootstrap)) -> Guarded {
    Guarded::with("jwt.yaml", |bootstrap| {
        let keys = json!({"inline_string": provider.jwks()});
        bootstrap.authentication(JWT)["providers"]["sso"]["local_jwks"] = keys;
        edit(bootstrap);
    })
}

#[test]
fn go_gets_the_teams_module_with_the_token_of_a_member_alone() {
    let provider = Provider::new(7);
    let certificate = Certificate::for_hosts(&["127.0.0.1"]);
    let gateway = guarded(&provider, |bootstrap| bootstrap.serve_tls(&certificate));
    let files = tempfile::tempdir().unwrap();
    // As a program that asks the provider would answer.
    let with_token = |name: &str, claims: Value| {
        let (file, bearer) = (files.path().join(name), provider.bearer(&claims));
        let script =
            format!("#!/bin/sh\nprintf '%s\\n\\nAuthorization: %s\\n\\n' {} '{bearer}'\n", gateway.url());
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        go(&gateway.url(), &certificate).env("GOAUTH", file.to_str().unwrap())
    };
    let alice = with_token("alice", json!({"sub": "alice", "groups": ["ops", "acme"]}));
    alice.mod_download(&[MODULE, PUBLIC]).expect_ok();
    let bob = with_token("bob", json!({"sub": "bob", "groups": ["ops"]}));
    bob.mod_download(&[PUBLIC]).expect_ok();
    assert_go_says_why(&bob.mod_download(&[MODULE]));
    assert_go_says_why(&go(&gateway.url(), &certificate).mod_download(&[MODULE]));
    let expired = with_token("late", json!({"sub": "alice", "groups": ["acme"], "exp": 1}));
    let run = expired.mod_download(&[MODULE]);
    assert!(!run.ok() && run.stdout.contains("401"), "{run:?}");
    gateway.assert_told_nobody(&["authorization"]);
}

/// What Envoy makes of a claim, by what it is.
#[test]
fn a_claim_is_read_where_it_is_text_or_a_list_of_texts() {
    let provider = Provider::new(7);
    let gateway = guarded(&provider, |_| {});
    let ask = |claims: Value| gateway.get(TARGETS[2], &[("authorization", &provider.bearer(&claims))]);
    for (groups, is_member) in [
        (json!("acme"), true),
        (json!(["acme"]), true),
        (json!(["a", "b b", "acme", "ü"]), true),
        (json!(["a", ""]), false),
        (json!([]), false),
        // Envoy lays it out as an empty list.
        (json!({}), false),
        (json!(""), false),
        // one name, not two
        (json!("ops,acme"), false),
        (json!(["user:acme"]), false),
    ] {
        let response = ask(json!({"sub": "alice", "groups": groups}));
        assert_eq!(response.status, if is_member { 200 } else { 403 }, "{groups}: {response:?}");
        assert!(is_member || response.text().contains("Acme team"), "{groups}: {response:?}");
    }
    for unclear in [
        json!(7),
        json!(-7.5),
        json!(1e300),
        json!(true),
        json!(false),
        json!([7]),
        json!(["acme", true]),
        json!([["acme"]]),
        json!({"acme": "x"}),
        // what Envoy cannot hand over, in whatever it stands
        json!(null),
        json!([null]),
        json!([null, null]),
        json!(["ops", null]),
        json!([null, "acme"]),
        json!([["ops", null]]),
        json!({"acme": null}),
        json!({"acme": {"x": [null]}}),
        json!("ac\u{0}me"),
        json!((0..300).map(|n| format!("group {n}")).collect::<Vec<_>>()),
        json!("x".repeat(1025)),
    ] {
        let response = ask(json!({"sub": "alice", "groups": unclear}));
        assert_eq!(response.status, 403, "{unclear}: {response:?}");
        assert!(response.text().contains("cannot tell who asks"), "{unclear}: {response:?}");
    }
}

/// With a null among his groups he would be nobody, whom no rule for a team refuses.
#[test]
fn a_rule_that_denies_a_team_is_not_passed_with_spoilt_groups() {
    let provider = Provider::new(7);
    let rule = json!({"modules": ["*"], "principals": ["team:contractors"], "action": "deny"});
    let gateway = guarded(&provider, |bootstrap| {
        let mut plugin = bootstrap.plugin();
        plugin["policy"]["rules"] = json!([rule]);
        bootstrap.set_plugin(&plugin);
    });
    let ask = |target: &str, groups: Value| {
        let bearer = provider.bearer(&json!({"sub": "eve", "groups": groups}));
        gateway.get(target, &[("authorization", &bearer)])
    };
    for target in TARGETS {
        assert_eq!(ask(target, json!(["ops"])).status, 200, "{target}");
        for groups in [json!(["contractors"]), json!(["contractors", null]), json!(null), json!([[null]])] {
            assert_eq!(ask(target, groups.clone()).status, 403, "{target} {groups}");
        }
    }
}

/// Somebody else's key, and no key at all.
#[test]
fn a_token_that_the_provider_did_not_sign_is_no_token() {
    let provider = Provider::new(7);
    let gateway = guarded(&provider, |_| {});
    let claims = json!({"sub": "alice", "groups": ["acme"]});
    for token in [Provider::new(8).bearer(&claims), "Bearer x".to_owned()] {
        for target in TARGETS {
            assert_eq!(gateway.get(target, &[("authorization", &token)]).status, 401, "{target}");
        }
    }
    gateway.assert_served(&[("authorization", &provider.bearer(&claims))]);
}

/// jwt_authn can write claims into headers, too. It removes a client's own wherever a token is asked for, even if there is none
/// (Envoy 1.40); the mutation removes it everywhere.
#[test]
fn a_claim_in_a_header_is_the_providers() {
    let provider = Provider::new(7);
    for is_removed_early in [true, false] {
        let gateway = guarded(&provider, |bootstrap| {
            let jwt = &mut bootstrap.authentication(JWT)["providers"]["sso"];
            jwt["claim_to_headers"] = json!([{"header_name": "x-modgate-team", "claim_name": "team"}]);
            if is_removed_early {
                bootstrap.mutations().push(json!({"remove": "x-modgate-team"}));
            }
            let source = json!({"header": "x-modgate-team", "trusted": true, "prefix": "team:"});
            bootstrap.patch_plugin(&json!({"callers": {"principals": [source]}}));
        });
        let member = provider.bearer(&json!({"team": "acme"}));
        gateway.assert_served(&[("authorization", &member)]);
        let says = ("x-modgate-team", "acme");
        gateway.assert_refused(&[says]);
        gateway.assert_refused(&[says, ("authorization", &provider.bearer(&json!({"team": "ops"})))]);
        gateway.assert_refused(&[says, ("authorization", &provider.bearer(&json!({})))]);
        gateway.assert_told_nobody(&["authorization", "x-modgate-team"]);
    }
}

#[test]
fn a_token_in_the_query_is_no_token_and_is_not_written_down() {
    let provider = Provider::new(7);
    let gateway = guarded(&provider, |_| {});
    let token = provider.token(&json!({"sub": "alice", "groups": ["acme"]}));
    for target in TARGETS {
        let answer = gateway.get(&format!("{target}?access_token={token}"), &[]);
        super::assert_is_refusal(target, &answer);
    }
    wait::until("they are in the access log", Duration::from_secs(10), || {
        gateway.envoy.access_log().len() >= TARGETS.len()
    });
    assert!(!gateway.envoy.log_contains(&token), "{:?}", gateway.envoy.access_log());
    assert!(gateway.envoy.access_log().iter().all(|record| record["path"] != Value::Null));
}

#[test]
fn where_everybody_needs_a_token_probes_need_none() {
    let provider = Provider::new(7);
    let gateway = guarded(&provider, |bootstrap| {
        let rules = bootstrap.authentication(JWT)["rules"].as_array_mut().unwrap();
        let last = rules.last_mut().unwrap();
        let any = last["requires"]["requires_any"]["requirements"].as_array_mut().unwrap();
        assert!(any.pop().unwrap().get("allow_missing").is_some());
        last["requires"] = any.pop().unwrap();
    });
    assert_only_probes_pass(&gateway);
    row("a probe shows no token where everybody needs one (jwt_authn)");
}
