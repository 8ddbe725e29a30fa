//! Whatever an upstream does to a document: each fault is answered as what it is, nothing of it stays, and the next good
//! answer is served, indexed and stored.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{Scripted, UPSTREAM, tries};
use modgate_wasm_tests::http::Response;
use modgate_wasm_tests::module::LARGEST_GO_MOD;
use serde_json::{Value, json};

/// What an upstream does, and what a client is told: status, Retry-After, a part of the reason, the callout's outcome.
struct Fault(&'static str, Reply, u16, Option<&'static str>, &'static str, &'static str);

const GOOD: &str = "module fault.example/m\n";
/// What Envoy takes as the answer to a callout.
const WHOLE: u64 = 32 << 20;

/// Impatient with what lies below `slow.example`.
fn upstreams() -> Value {
    let upstream = |name: &str, modules: Value, timeout: &str| json!({"name": name, "cluster": UPSTREAM, "url": "http://proxy.example", "timeout": timeout, "modules": modules});
    json!({"fetch": {"wait": "6s"}, "upstreams": [
        upstream("hasty", json!(["slow.example"]), "400ms"),
        upstream("golang", json!(["*"]), "5s"),
    ]})
}

fn stack() -> Scripted {
    Scripted::with(&upstreams(), |envoy| envoy)
}

fn status(status: u16) -> Reply {
    Reply::status(status).served()
}

#[track_caller]
fn check(stack: &Scripted, host: &str, target: &str, fault: Fault) {
    let Fault(name, reply, status, retry_after, reason, outcome) = fault;
    let path = format!("/{host}/{name}/@v/v1.0.0.mod");
    stack.upstream.on(&path, reply);
    let counter = format!("callouts_total.target.{target}.outcome.{outcome}");
    let counted = stack.envoy.metric(&counter);

    let answer = stack.get(&path);
    let asked = stack.upstream.hits(&path);
    stack.upstream.on(&path, Reply::ok(GOOD).served());
    let text = answer.text();
    assert_eq!(answer.status, status, "{name}: {text}");
    assert_eq!(answer.header("retry-after"), retry_after, "{name}: {text}");
    assert!(!text.contains("SECRET") && !stack.envoy.log_contains("SECRET"), "{name}: {text}");
    assert!(text.contains(reason) && text.contains(&format!("{host}/{name}@v1.0.0")), "{name}: {text}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{name}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    // Who says when to come back, and that is too late, is not asked again.
    let is_too_late = retry_after.is_some_and(|seconds| seconds != "5");
    // Nor is what has let all of its time pass.
    let tries = if is_too_late || name.starts_with("stuck") { 1 } else { tries(outcome) };
    let asks = u64::try_from(asked).unwrap();
    // What takes long is asked for less often.
    assert!(if tries == 1 { asks == 1 } else { (2..=tries).contains(&asks) }, "{name}: asked {asks} times");
    assert_eq!(stack.envoy.metric(&counter), counted + asks, "{name}: {counter}");

    if name == "s429" {
        sleep(Duration::from_secs(7));
    }
    // Nothing of it was kept: the next request asks again, and that answer is served, stored and indexed.
    let cache = |answer: Response| {
        (answer.status, answer.header("x-modgate-cache").map(str::to_owned), answer.text())
    };
    let good = |from: &str| (200, Some(from.to_owned()), GOOD.to_owned());
    assert_eq!(cache(stack.get(&path)), good("upstream"), "{name}");
    assert_eq!(cache(stack.get(&path)), good("hit"), "{name}");
    stack.storage.wait_hits(&path, 3);
    let puts: Vec<_> =
        stack.storage.requests_for(&path).into_iter().filter(|seen| seen.method == "PUT").collect();
    assert_eq!(puts.iter().map(|put| put.body.as_slice()).collect::<Vec<_>>(), [GOOD.as_bytes()], "{name}");
    see(name, asked, &answered(status, retry_after, reason));
}

/// What the client gets, as the table of faults has it.
fn answered(status: u16, retry_after: Option<&str>, reason: &str) -> String {
    let retry_after =
        retry_after.map(|seconds| format!(" with `Retry-After: {seconds}`")).unwrap_or_default();
    format!("{status}{retry_after}: \"{}\"", reason.trim_end().replace('\n', " "))
}

fn see(name: &str, asked: usize, client: &str) {
    let asked = if asked == 1 { "once" } else { "up to four times" };
    Row { kind: "answers", fault: words(name), spoken: "HTTP/1.1", client, asked }.seen();
}

/// What a case's upstream does, as the table of faults has it.
fn words(name: &str) -> &str {
    match name {
        "s204" => "answers 204",
        "s206" => "answers a part of it (206), which the gateway did not ask for",
        "s301" => "redirects to another host (301)",
        "s304" => "answers 304 to a request without a condition",
        "s307" => "redirects, and does not say where to (307)",
        "s400" => "answers 400",
        "s401" => "wants other credentials (401)",
        "s403" => "refuses, and says why (403)",
        "s429" => "answers 429 with `Retry-After: 7`",
        "s451" => "refuses for legal reasons (451)",
        "s500" => "answers 500 with a web page",
        "s502" => "answers 502",
        "s503" => "answers 503 with `Retry-After: 9`",
        "s503-date" => "answers 503 with `Retry-After` at a time that is past",
        "s503-to-come" => "answers 503 with `Retry-After` at a time that is centuries away",
        "s302-secret" => "redirects to an address with a password and a signature in it (302)",
        "s500-secret" => "answers 500 with an address in its text that has a password in it",
        "s504" => "answers 504",
        "hang-up" => "closes the connection instead of answering",
        "garbage" => "answers with what is no HTTP",
        "half-a-head" => "closes the connection in the middle of the head",
        "cut" => "closes the connection in the middle of a go.mod with a length",
        "cut-at-once" => "closes the connection after the head",
        "cut-chunked" => "closes the connection in the middle of a go.mod in chunks",
        "too-large" => "gives a go.mod of one byte more than the go command reads",
        "too-large-chunked" => "gives a go.mod of one byte more than the go command reads, in chunks",
        "as-large-as-envoy-takes" => "gives a go.mod of 32 MiB",
        "larger" => "gives a go.mod of more than 32 MiB",
        "larger-chunked" => "gives a go.mod of more than 32 MiB, in chunks",
        "endless" => "gives a go.mod without an end",
        "headers-of-100-kb" => "answers with 100 KB of headers",
        "silent" => "does not answer",
        "stuck" => "stands still in the middle of a go.mod with a length",
        "stuck-chunked" => "stands still in the middle of a go.mod in chunks",
        "page-mod" => "answers a go.mod with a web page (200)",
        "page-info" => "answers a `.info` with a web page (200)",
        "truncated-info" => "gives a `.info` that is cut short",
        "empty-info" => "gives an empty `.info`",
        "null-info" => "gives `null` as a `.info`",
        "other-info" => "gives the `.info` of another version",
        "gzip-info" => "gives a `.info` in gzip, which the gateway did not ask for",
        "brotli-list" => "gives a list in brotli, which the gateway did not ask for",
        "gzip-list" => "gives a list in gzip, which the gateway did not ask for",
        "page-list" => "answers a list with a web page (200)",
        "bytes-list" => "gives a list that is no text",
        "text-list" => "gives a list with what is no version",
        other => panic!("what does {other} do? Say it here."),
    }
}

#[test]
fn an_upstream_that_says_no() {
    let stack = stack();
    let retry = Some("5");
    for fault in [
        Fault("s204", status(204), 502, retry, "golang answered 204", "ok"),
        Fault("s206", status(206).body("part"), 502, retry, "golang answered 206", "ok"),
        Fault(
            "s301",
            status(301).header("location", "https://else.example/x"),
            502,
            retry,
            "redirects to else.example, which is not listed; add \"else.example\"",
            "redirect",
        ),
        Fault("s304", status(304), 502, retry, "golang answered 304", "redirect"),
        Fault("s307", status(307), 502, retry, "redirects to nowhere (307)", "redirect"),
        Fault("s400", status(400), 502, retry, "golang answered 400", "refused"),
        Fault(
            "s401",
            status(401).header("www-authenticate", "Basic"),
            502,
            retry,
            "does not accept this gateway's credentials (401)",
            "refused",
        ),
        Fault(
            "s403",
            status(403).body("licence GPL\nand more"),
            403,
            None,
            "refuses it (403): licence GPL\n",
            "refused",
        ),
        Fault("s451", status(451), 403, None, "refuses it (451)", "refused"),
        Fault(
            "s500",
            status(500).body("<html>").header("content-type", "text/html"),
            502,
            retry,
            "golang answered 500\n",
            "error",
        ),
        Fault("s502", status(502), 502, retry, "golang answered 502", "error"),
        Fault("s503", status(503).header("retry-after", "9"), 503, Some("9"), "is overloaded (503)", "error"),
        Fault(
            "s503-date",
            status(503).header("retry-after", "Tue, 02 Jan 2024 03:04:05 GMT"),
            503,
            retry,
            "is overloaded (503)",
            "error",
        ),
        Fault(
            "s503-to-come",
            status(503).header("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"),
            503,
            Some("3600"),
            "is overloaded (503)",
            "error",
        ),
        Fault(
            "s302-secret",
            status(302).header("location", "https://me:SECRET@else.example/SECRET?sig=SECRET"),
            502,
            retry,
            "redirects to else.example, which is not listed",
            "redirect",
        ),
        Fault(
            "s500-secret",
            status(500).body("fatal: unable to access 'https://me:SECRET@git.example/x?SECRET': 403"),
            502,
            retry,
            "answered 500: fatal: unable to access 'https://git.example/x': 403",
            "error",
        ),
        Fault("s504", status(504), 504, retry, "timed out (504)", "error"),
        // Nobody asks it for anything for as long: last.
        Fault(
            "s429",
            status(429).header("retry-after", "7"),
            503,
            Some("7"),
            "is overloaded (429)",
            "refused",
        ),
    ] {
        check(&stack, "fault.example", "golang", fault);
    }
}

#[test]
fn an_upstream_that_breaks_off() {
    let stack = stack();
    let too_large = |name, reply| Fault(name, reply, 502, Some("5"), "bytes, more than 16777216", "ok");
    let broken = |name, reply| Fault(name, reply, 502, Some("5"), "its answer broke off", "broken");
    for fault in [
        Fault(
            "hang-up",
            Reply::ok(GOOD).close_before_head(),
            502,
            Some("5"),
            "it closed the connection",
            "dropped",
        ),
        Fault(
            "garbage",
            Reply::raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
            502,
            Some("5"),
            "its answer broke off",
            "broken",
        ),
        broken("half-a-head", Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-le")),
        broken("cut", Reply::huge(100_000).close_after(50_000)),
        broken("cut-at-once", Reply::huge(100_000).close_after(0)),
        broken("cut-chunked", Reply::huge(100_000).chunked().close_after(50_000)),
        too_large("too-large", Reply::huge(LARGEST_GO_MOD as u64 + 1)),
        too_large("too-large-chunked", Reply::huge(LARGEST_GO_MOD as u64 + 1).chunked()),
        too_large("as-large-as-envoy-takes", Reply::huge(WHOLE)),
        broken("larger", Reply::huge(WHOLE + 1)),
        broken("larger-chunked", Reply::huge(WHOLE + 1).chunked()),
        broken("endless", Reply::huge(0).endless()),
        broken("headers-of-100-kb", Reply::ok(GOOD).header("x-long", &"x".repeat(100_000))),
    ] {
        check(&stack, "fault.example", "golang", fault);
    }
    let late = Gate::new();
    for fault in [
        Fault(
            "silent",
            Reply::ok(GOOD).held(&late),
            504,
            Some("5"),
            "it did not answer in time",
            "timed_out",
        ),
        broken("stuck", Reply::ok(GOOD).held_in_body(5, &late)),
        broken("stuck-chunked", Reply::ok(GOOD).chunked().held_in_body(5, &late)),
    ] {
        check(&stack, "slow.example", "hasty", fault);
    }
    late.open();
    stack.envoy.wait_idle(&[UPSTREAM]);
}

#[test]
fn an_upstream_that_answers_something_else() {
    let stack = stack();
    let page =
        || Reply::ok("<!doctype html><title>Sign in</title>").served().header("content-type", "text/html");
    let info = |text: &str| Reply::ok(text).served();
    let good = r#"{"Version":"v1.0.0"}"#;
    for (name, target, reply, reason, whole) in [
        ("page-mod", "v1.0.0.mod", page(), "it answered with a web page", GOOD),
        ("page-info", "v1.0.0.info", page(), "it answered with a web page", good),
        ("truncated-info", "v1.0.0.info", info(r#"{"Version":"v1.0"#), "not the JSON of a version", good),
        ("empty-info", "v1.0.0.info", info(""), "not the JSON of a version", good),
        ("null-info", "v1.0.0.info", info("null"), "not the JSON of a version", good),
        ("other-info", "v1.0.0.info", info(r#"{"Version":"v1.0.1"}"#), "it answered for version", good),
        (
            "gzip-info",
            "v1.0.0.info",
            info(good).header("content-encoding", "gzip"),
            "it is encoded (gzip), and the encoding is broken",
            good,
        ),
        (
            "gzip-list",
            "list",
            info("v1.0.0\n").header("content-encoding", "gzip"),
            "it is encoded (gzip)",
            "v1.0.0\n",
        ),
        (
            "brotli-list",
            "list",
            info("v1.0.0\n").header("content-encoding", "br"),
            "it is encoded (br), which the gateway did not ask for",
            "v1.0.0\n",
        ),
        ("page-list", "list", page(), "it answered with a web page", "v1.0.0\n"),
        ("bytes-list", "list", Reply::ok(vec![0xff, 0xfe]).served(), "no list of versions", "v1.0.0\n"),
        ("text-list", "list", info("welcome\n"), "no list of versions", "v1.0.0\n"),
    ] {
        let path = format!("/wrong.example/{name}/@v/{target}");
        stack.upstream.on_each(&path, [reply, info(whole)]);
        let answer = stack.get(&path);
        let text = answer.text();
        assert_eq!((answer.status, answer.header("retry-after")), (502, Some("5")), "{path}: {text}");
        assert!(text.contains("bad answer from upstream golang") && text.contains(reason), "{path}: {text}");
        assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{path}");
        let asked = stack.upstream.hits(&path);
        let again = stack.get(&path);
        assert_eq!((again.status, again.text().as_str()), (200, whole), "{path}");
        see(name, asked, &answered(502, Some("5"), reason));
    }
}

#[test]
fn a_list_that_no_upstream_gives_comes_from_storage() {
    let stack = stack();
    let late = Gate::new();
    for (host, name, reply) in [
        ("fault.example", "cut", Reply::huge(9_000).close_after(10)),
        ("fault.example", "s500", status(500)),
        ("fault.example", "missing", status(404)),
        ("slow.example", "silent", Reply::ok("").held(&late)),
    ] {
        let path = format!("/{host}/{name}/@v/list");
        stack.upstream.on(&path, reply);
        stack.storage.on(&path, Reply::ok("v1.0.0\n").served().delay(Duration::from_millis(1)));
        let answer = stack.get(&path);
        // What upstreams know to be gone is storage's to tell; where they cannot say, it may be old.
        let from = if name == "missing" { "storage" } else { "stale" };
        assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some(from)), "{name}");
        assert_eq!(stack.storage.hits_with("PUT", &path), 0, "{name}");
    }
}
