//! Webhooks: what a forge sends, and what the real go command sees then.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "a-secret-of-the-forge";
const NEXT: &str = "whsec_bmV4dC1leGFtcGxlLW9mLWEtc2VjcmV0";
const MODULE: &str = "git.example.com/acme/tool";

/// A gateway that believes what it knows for an hour, with a hook of each way to sign.
fn stack() -> Stack {
    let patch = json!({
        "freshness": {"list": "1h", "latest": "1h", "query": "1h", "negative": "1h"},
        "admin": {"explain": ["@anonymous"]},
        "sync": {"hooks": [
            {"name": "hub", "kind": "github", "secrets": [SECRET, NEXT],
             "repositories": {"github.com/vanity/*": "go.vanity.example/*"}},
            {"name": "lab", "kind": "gitlab", "secrets": [NEXT]},
            {"name": "script", "kind": "generic", "secrets": [SECRET]},
        ]},
    });
    // Its metrics are read.
    Stack::with(&patch, |builder| builder.concurrency(2).alone())
}

fn mac(key: &[u8], parts: &[&str]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().to_vec()
}

fn digits(body: &str) -> String {
    mac(SECRET.as_bytes(), &[body]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A push as GitHub sends it, signed.
fn push(id: &str, body: &Value) -> Request {
    let body = body.to_string();
    Request::new("POST", "/-/hooks/hub")
        .header("content-type", "application/json")
        .header("x-github-event", "push")
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", &format!("sha256={}", digits(&body)))
        .body(body)
}

fn tagged(repository: &str, tag: &str) -> Value {
    json!({
        "ref": format!("refs/tags/{tag}"),
        "before": "0000000000000000000000000000000000000000",
        "after": "9d2f1a7c55a7d0f5e0a1c8e3f6b4a2d7c9e8f001",
        "created": true,
        "repository": {
            "full_name": "acme/tool",
            "html_url": format!("https://{repository}"),
            "clone_url": format!("https://{repository}.git"),
        },
    })
}

fn list_of(path: &str) -> String {
    format!("/{path}/@v/list")
}

fn publish(stack: &Stack, path: &str, versions: &[&str]) {
    let modules: Vec<_> = versions.iter().map(|version| Module::new(path, version)).collect();
    stack.upstream.serve_all(&modules);
    let newest = modules.last().unwrap();
    stack.upstream.on(&newest.list_url(), Reply::ok(versions.join("\n") + "\n"));
    stack.upstream.on(&newest.latest_url(), Reply::ok(newest.info()));
}

#[track_caller]
fn taken(answer: &Response) {
    assert_eq!((answer.status, answer.text().as_str()), (202, ""));
}

fn counted(stack: &Stack, outcome: &str) -> usize {
    let page = modgate_wasm_tests::http::get(stack.envoy.admin(), "/stats/prometheus").text();
    let is_row = |line: &&str| {
        line.starts_with("modgate_hooks_total{") && line.contains(&format!("outcome=\"{outcome}\""))
    };
    page.lines().filter(is_row).map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}

#[test]
fn a_tag_is_seen_as_soon_as_its_hook_has_come() {
    let stack = stack();
    let go = Go::new(&stack.envoy.url());
    publish(&stack, MODULE, &["v1.0.0"]);
    let list = list_of(MODULE);
    assert_eq!(go.list_versions(MODULE), ["v1.0.0"]);
    // A developer was too early: that there is none is known for an hour.
    let newest = format!("{MODULE}@v1.1.0");
    assert!(!go.mod_download(&[&newest]).ok());

    publish(&stack, MODULE, &["v1.0.0", "v1.1.0"]);
    assert_eq!(go.list_versions(MODULE), ["v1.0.0"]);
    assert!(!go.mod_download(&[&newest]).ok());
    let asked = stack.upstream.hits(&list);
    assert_eq!(asked, 1);

    let delivery = push("one", &tagged(MODULE, "v1.1.0"));
    taken(&stack.envoy.send(&delivery));
    stack.upstream.wait_hits(&list, 2);
    wait::until("the new list", Duration::from_secs(10), || stack.get(&list).text().contains("v1.1.0"));
    // The other worker gives for up to a second what it has just given.
    wait::until("the other worker", Duration::from_secs(10), || {
        go.list_versions(MODULE) == ["v1.0.0", "v1.1.0"]
    });
    assert!(go.mod_download(&[&newest]).ok());
    assert_eq!(go.resolve(&format!("{MODULE}@latest")), "v1.1.0");

    // The same once more is taken, and costs nothing.
    taken(&stack.envoy.send(&delivery));
    wait::until("it to be counted", Duration::from_secs(10), || counted(&stack, "repeated") == 1);
    assert_eq!((stack.upstream.hits(&list), counted(&stack, "accepted")), (2, 1));
    stack.envoy.assert_unharmed();
}

#[test]
fn a_delivery_that_is_not_signed_changes_nothing() {
    let stack = stack();
    publish(&stack, MODULE, &["v1.0.0"]);
    let list = list_of(MODULE);
    assert_eq!(stack.get(&list).status, 200);
    let right = push("one", &tagged(MODULE, "v1.1.0"));
    let body = tagged(MODULE, "v1.1.0").to_string();
    let signature = digits(&body);
    let with = |signature: &str, body: &str| {
        let request = Request::new("POST", "/-/hooks/hub").header("x-hub-signature-256", signature);
        stack.envoy.send(&request.body(body))
    };
    // One bit of the body, and of the signature.
    let flipped = body.replacen("v1.1.0", "v1.1.1", 1);
    let other = signature.replacen(&signature[..1], if signature.starts_with('0') { "1" } else { "0" }, 1);
    for (signature, body) in [
        (format!("sha256={signature}"), &flipped),
        (format!("sha256={other}"), &body),
        ("sha256=".to_owned(), &body),
        (String::new(), &body),
    ] {
        let answer = with(&signature, body);
        assert_eq!(answer.status, 401, "{signature}");
        assert!(!answer.text().contains("v1.1") && answer.text().len() < 200, "{}", answer.text());
    }
    assert_eq!(stack.get("/-/hooks/hub").status, 405);
    assert_eq!(stack.envoy.send(&Request::new("POST", "/-/hooks/other").body(body.clone())).status, 404);
    let large = format!("{body}{}", " ".repeat(256 << 10));
    assert_eq!(with(&format!("sha256={}", digits(&large)), &large).status, 413);
    wait::until("it to be counted", Duration::from_secs(10), || counted(&stack, "unsigned") == 4);
    assert_eq!(stack.upstream.hits(&list), 1);
    // What is not wanted is taken: else its forge would send no more.
    taken(&stack.envoy.send(&push("two", &json!({"zen": "Keep it logically awesome."}))));
    taken(&stack.envoy.send(&right));
    stack.upstream.wait_hits(&list, 2);

    let page = |target: &str| modgate_wasm_tests::http::get(stack.envoy.admin(), target).text();
    let key = String::from_utf8(STANDARD.decode(NEXT.trim_start_matches("whsec_")).unwrap()).unwrap();
    let shown = [stack.get("/-/status").text(), stack.envoy.log(), page("/stats"), page("/stats/prometheus")]
        .concat();
    for secret in [SECRET, NEXT, key.as_str()] {
        assert!(!shown.contains(secret));
    }
    // The page has what the worker that answers has counted.
    wait::until("the worker that took it", Duration::from_secs(10), || {
        stack.get("/-/status").text().contains("modgate.hooks_total.target.hub.outcome.accepted")
    });
    stack.envoy.assert_unharmed();
}

#[test]
fn other_forges_and_modules_of_other_names() {
    let stack = stack();
    let subdirectory = "git.example.com/acme/mono/sub/v2";
    for (path, version) in
        [(subdirectory, "v2.0.0"), ("go.vanity.example/lib", "v1.0.0"), ("go.script.example/m", "v1.0.0")]
    {
        publish(&stack, path, &[version]);
        assert_eq!(stack.get(&list_of(path)).text(), format!("{version}\n"));
    }
    publish(&stack, subdirectory, &["v2.0.0", "v2.1.0"]);
    publish(&stack, "go.vanity.example/lib", &["v1.0.0", "v1.1.0"]);
    publish(&stack, "go.script.example/m", &["v1.0.0", "v1.1.0"]);

    let lab = json!({
        "object_kind": "tag_push",
        "ref": "refs/tags/sub/v2.1.0",
        "before": "0000000000000000000000000000000000000000",
        "after": "9d2f1a7c55a7d0f5e0a1c8e3f6b4a2d7c9e8f001",
        "project": {"web_url": "https://git.example.com/acme/mono", "git_http_url": "https://git.example.com/acme/mono.git"},
    })
    .to_string();
    let time =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let key = STANDARD.decode(NEXT.trim_start_matches("whsec_")).unwrap();
    let signed = |time: &str| {
        let signature = STANDARD.encode(mac(&key, &["msg_1.", time, ".", &lab]));
        Request::new("POST", "/-/hooks/lab")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", time)
            .header("webhook-signature", &format!("v1,AAAA v1,{signature}"))
            .body(lab.clone())
    };
    assert_eq!(stack.envoy.send(&signed("1700000000")).status, 401, "it was signed long ago");
    taken(&stack.envoy.send(&signed(&time)));
    taken(&stack.envoy.send(&push("one", &tagged("github.com/vanity/lib", "v1.1.0"))));
    let modules = r#"{"modules":["go.script.example/m"]}"#;
    let script =
        Request::new("POST", "/-/hooks/script").header("x-modgate-signature", &digits(modules)).body(modules);
    taken(&stack.envoy.send(&script));
    for (path, version) in
        [(subdirectory, "v2.1.0"), ("go.vanity.example/lib", "v1.1.0"), ("go.script.example/m", "v1.1.0")]
    {
        let list = list_of(path);
        wait::until(path, Duration::from_secs(10), || stack.get(&list).text().contains(version));
        assert_eq!(stack.upstream.hits(&list), 2, "{path}");
    }
    stack.envoy.assert_unharmed();
}
