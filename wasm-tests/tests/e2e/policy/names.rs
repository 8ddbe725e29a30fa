//! Names that are taken for others: of modules that look like those that are meant, and of private modules.

use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::{FILES, asked_about, assert_go_shows, assert_refused, go, with};

#[test]
fn go_reads_which_module_was_meant() {
    let likes = json!({"of": ["github.com/sirupsen/logrus"], "by": ["capitals", "letter", "owner"]});
    let rule = json!({"name": "typo", "modules": ["*"], "looks_like": likes, "action": "deny", "reason": "Spell it out."});
    let stack = with(2, &json!({"policy": {"rules": [rule]}, "admin": {"explain": ["@anonymous"]}}));
    let meant = Module::new("github.com/sirupsen/logrus", "v1.9.3");
    stack.upstream.serve(&meant);
    for (path, how) in [
        ("github.com/sirupsem/logrus", "it differs by a letter"),
        ("github.com/Sirupsen/logrus", "it differs in capitals"),
        ("github.com/evil/logrus", "it has another owner"),
    ] {
        let other = Module::new(path, "v1.9.3");
        stack.upstream.serve(&other);
        let says = ["It looks like github.com/sirupsen/logrus, but ", how, "Spell it out.", "typo"];
        for url in FILES.map(|kind| other.url(kind)).into_iter().chain([other.list_url(), other.latest_url()])
        {
            assert_refused(&stack.get(&url), &says);
        }
        assert_go_shows(&go(&stack).get(&format!("{path}@latest")), &says);
        assert_eq!(asked_about(&stack.upstream, path), 0, "{path}");
        let explained = stack.get(&format!("/-/explain?module={path}&version=v1.9.3")).json();
        assert_eq!((&explained["decision"], &explained["rule"]["name"]), (&json!("deny"), &json!("typo")));
    }
    go(&stack).get("github.com/sirupsen/logrus@latest").expect_ok();
    assert_eq!(stack.envoy.metric("monitored_total.reason.typo"), 0);
}

/// A rule that sends clients elsewhere for everything is not for what is private.
#[test]
fn a_private_name_is_not_sent_to_another_proxy() {
    let all = json!({"name": "out", "modules": ["*"], "action": "redirect", "to": "http://proxy.test"});
    let stack = with(2, &json!({"private": {"modules": ["corp.example"]}, "policy": {"rules": [all]}}));
    let private = Module::new("corp.example/m", "v1.0.0");
    stack.upstream.serve(&private);
    let says = ["corp.example/m", "private namespace (private.modules)", "the rule out"];
    for url in
        FILES.map(|kind| private.url(kind)).into_iter().chain([private.list_url(), private.latest_url()])
    {
        assert_refused(&stack.get(&url), &says);
    }
    assert_go_shows(&go(&stack).get("corp.example/m@latest"), &says);
    assert_eq!(stack.get("/example.com/m/@v/list").status, 302);
    assert_eq!(asked_about(&stack.upstream, "corp.example"), 0);
}
