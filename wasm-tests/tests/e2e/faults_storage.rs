//! Whatever storage does: an upstream answers in its place, what is broken is not written over, and a zip that storage
//! cannot give is fetched.

use std::thread::sleep;
use std::time::Duration;

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, Scripted, UPSTREAM, times_asked};
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::{LARGEST_GO_MOD, Module, large_go_mod};
use serde_json::json;

const GOOD: &str = "module fault.example/m\n";
/// What Envoy takes as the answer to a callout.
const WHOLE: u64 = 32 << 20;
/// At least so many bytes has a zip here.
const ZIP: u64 = 300_000;

fn stack() -> Scripted {
    Scripted::with(&json!({"storage": {"timeout": "1s"}}), |envoy| envoy)
}

fn status(status: u16) -> Reply {
    Reply::status(status).served()
}

fn come_from(answer: &Response) -> (u16, &str) {
    (answer.status, answer.header("x-modgate-cache").unwrap_or_default())
}

fn zip(stack: &Scripted, path: &str) -> Response {
    Request::get(path).compare_body(zip_at(path)).send(stack.envoy.addr())
}

fn zip_at(path: &str) -> Body {
    Module::at(path).padded(ZIP).zip()
}

/// What storage does to a GET or a HEAD, and what that counts as.
fn faults(late: &Gate) -> Vec<(&'static str, Reply, &'static str)> {
    vec![
        ("hang-up", Reply::ok(GOOD).close_before_head(), "dropped"),
        ("garbage", Reply::raw(b"-ERR unknown command\r\n"), "broken"),
        ("headers-of-100-kb", Reply::ok(GOOD).header("x-long", &"x".repeat(100_000)), "broken"),
        ("silent", Reply::ok(GOOD).held(late), "timed_out"),
        ("s301", status(301).header("location", "/elsewhere"), "redirect"),
        ("s304", status(304), "redirect"),
        ("s401", status(401), "refused"),
        ("s403", status(403), "refused"),
        ("s500", status(500), "error"),
        ("s503", status(503).header("retry-after", "60"), "error"),
    ]
}

#[test]
fn a_document_that_storage_does_not_give_is_fetched_and_not_written() {
    let (stack, late) = (stack(), Gate::new());
    let mut faults = faults(&late);
    faults.extend([
        ("stuck", Reply::ok(GOOD).held_in_body(5, &late), "broken"),
        ("cut", Reply::huge(9_000).close_after(100), "broken"),
        ("too-large", Reply::huge(LARGEST_GO_MOD as u64 + 1), "ok"),
        ("larger", Reply::huge(WHOLE + 1), "broken"),
        ("larger-chunked", Reply::huge(WHOLE + 1).chunked(), "broken"),
        ("page", Reply::ok("<html>").served(), "ok"),
        ("s204", status(204), "ok"),
    ]);
    let mut documents = Vec::new();
    for (name, reply, outcome) in faults {
        let path = format!("/fault.example/{name}/@v/v1.0.0.mod");
        stack.storage.on(&format!("GET {path}"), reply);
        stack.upstream.on(&path, Reply::ok(GOOD).served());
        let counter = format!("callouts_total.target.storage.outcome.{outcome}");
        let counted = stack.envoy.metric(&counter);
        assert_eq!(come_from(&stack.get(&path)), (200, "upstream"), "{name}");
        assert_eq!(stack.envoy.metric(&counter), counted + times_asked(outcome), "{name}: {counter}");
        assert_eq!(come_from(&stack.get(&path)), (200, "hit"), "{name}");
        documents.push((name, stack.storage.hits_with("GET", &path)));

        // Where nobody has it, that is no "not found": storage may have it.
        let path = format!("/fault.example/{name}/@v/v1.9.0.mod");
        stack.storage.on(&path, Reply::ok(GOOD).close_before_head());
        for _ in 0..2 {
            let answer = stack.get(&path);
            assert_eq!((answer.status, answer.header("retry-after")), (502, Some("5")), "{name}");
            assert!(answer.text().contains("no answer from storage"), "{name}: {}", answer.text());
        }
        assert_eq!(stack.upstream.hits(&path), 2, "{name}: remembered");
        if outcome == "timed_out" {
            // For five seconds it is asked last.
            sleep(Duration::from_secs(6));
        }
    }
    assert!(!stack.storage.requests().iter().any(|seen| seen.method == "PUT"));
    for (name, asked) in documents {
        see(
            &format!("to the GET of a go.mod {}", words(name)),
            "200 from an upstream, and storage's is not written over",
            asked,
        );
    }
    for line in ["storage: it closed the connection", "storage: fault.example/page@v1.0.0: bad object"] {
        assert!(stack.envoy.log_contains(line), "{line}");
    }
    late.open();
    stack.envoy.wait_idle(&[STORAGE, UPSTREAM]);
}

#[test]
fn what_storage_says_well_is_taken() {
    let stack = stack();
    for (name, reply) in [
        ("chunked", Reply::ok(GOOD).chunked()),
        ("bytes-in-headers", Reply::raw(b"HTTP/1.1 200 OK\r\netag: \"\xff\xfe\"\r\nconnection: close\r\ncontent-length: 23\r\n\r\nmodule fault.example/m\n")),
    ] {
        let path = format!("/fault.example/{name}/@v/v1.0.0.mod");
        stack.storage.on(&path, reply);
        let answer = stack.get(&path);
        assert_eq!((come_from(&answer), answer.text().as_str()), ((200, "storage"), GOOD), "{name}");
    }
    let path = "/fault.example/largest/@v/v1.0.0.mod";
    let largest = Body::from(large_go_mod(LARGEST_GO_MOD));
    stack.storage.on(path, Reply::ok(largest.clone()));
    let answer = Request::get(path).compare_body(largest).send(stack.envoy.addr());
    assert_eq!(
        (come_from(&answer), answer.length, answer.pattern),
        ((200, "storage"), LARGEST_GO_MOD as u64, true)
    );
    for status in [404, 410] {
        let path = format!("/fault.example/s{status}/@v/v1.0.0.mod");
        stack.storage.on(&format!("GET {path}"), Reply::status(status).served());
        stack.upstream.on(&path, Reply::ok(GOOD));
        assert_eq!(come_from(&stack.get(&path)), (200, "upstream"));
        stack.storage.wait_hits(&path, 2);
    }
    assert_eq!(stack.upstream.requests().len(), 2);
}

#[test]
fn a_write_that_fails_costs_the_copy_alone() {
    let (stack, late) = (stack(), Gate::new());
    let mut failing = faults(&late);
    failing.retain(|(name, ..)| !matches!(*name, "s401" | "s500" | "s503" | "s304" | "s301"));
    failing.extend([
        ("s507", status(507), "full"),
        ("s409", status(409), "conflict"),
        ("s302", status(302), "refused"),
    ]);
    for (name, reply, outcome) in failing {
        let path = format!("/fault.example/{name}/@v/v1.0.0.mod");
        stack.storage.on(&format!("PUT {path}"), reply);
        stack.upstream.on(&path, Reply::ok(GOOD));
        let counter = format!("storage_writes_total.outcome.{outcome}");
        let counted = stack.envoy.metric(&counter);
        assert_eq!(come_from(&stack.get(&path)), (200, "upstream"), "{name}");
        assert_eq!(come_from(&stack.get(&path)), (200, "hit"), "{name}");
        stack.envoy.wait_metric(&counter, counted + 1);
        let asked = stack.storage.hits_with("PUT", &path);
        see(
            &format!("to the PUT of a go.mod {}", words(name)),
            "200 from an upstream, then from the index",
            asked,
        );
    }
    late.open();
}

#[test]
fn a_zip_that_storage_cannot_speak_of_is_fetched() {
    // It is read whole the first time, or asked whether it is there.
    for (method, reverify) in [("GET", "first_read"), ("HEAD", "never")] {
        zip_is_fetched(method, reverify);
    }
}

fn zip_is_fetched(method: &str, reverify: &str) {
    // Were it written to, it would be asked more, and left alone after each failure.
    let storage = json!({"storage": {"timeout": "1s", "reverify": reverify, "write": false}});
    let (stack, late) = (Scripted::with(&storage, |envoy| envoy), Gate::new());
    for (name, reply, outcome) in faults(&late) {
        // It is well before: one that kept somebody waiting is asked last (`unwell`).
        let well = format!("/fault.example/before-{name}/@v/v1.0.0.info");
        stack.storage.on(&well, Reply::ok(r#"{"Version":"v1.0.0"}"#));
        assert_eq!(come_from(&stack.get(&well)), (200, "storage"), "{name}");
        let path = format!("/fault.example/{name}/@v/v1.0.0.zip");
        stack.storage.on(&path, reply);
        stack.upstream.on(&path, Reply::ok(zip_at(&path)).served());
        let (outcome, asked) = match (method, outcome) {
            // Envoy answers a HEAD without the text that tells a closed connection from a refused one.
            ("HEAD", "dropped") => ("unreachable", times_asked(outcome)),
            // Broken off it may be there all the same, to be streamed: a HEAD says so.
            ("GET", "broken") => (outcome, 2),
            _ => (outcome, times_asked(outcome)),
        };
        let counter = format!("callouts_total.target.storage.outcome.{outcome}");
        let counted = stack.envoy.metric(&counter);
        let answer = zip(&stack, &path);
        assert_eq!(
            (come_from(&answer), answer.length, answer.pattern),
            ((200, "upstream"), zip_at(&path).len(), true),
            "{method}: {name}"
        );
        assert_eq!(stack.envoy.metric(&counter), counted + asked, "{method}: {name}: {counter}");
        assert_eq!(stack.storage.requests_for(&path)[0].method, method, "{name}");
        let fault = format!("to the {method} of a zip {}", words(name));
        see(&fault, "200 from an upstream", stack.storage.hits(&path));
    }
    late.open();
    stack.envoy.wait_idle(&[STORAGE, UPSTREAM]);
}

#[test]
fn a_zip_that_storage_promised_and_does_not_give_is_asked_for_anew() {
    let (stack, late) = (
        // Who asks next waits until storage, asked whether it gives the zip by now, has not answered.
        Scripted::with(&json!({"fetch": {"zip_bytes": 0}, "storage": {"timeout": "1s"}}), |envoy| {
            envoy.edit(|bootstrap| bootstrap.hcm()["stream_idle_timeout"] = "3s".into())
        }),
        Gate::new(),
    );
    let retry = Some("5");
    for (name, reply, status, retry, reason) in [
        ("hang-up", Reply::ok("").close_before_head(), 502, retry, "it closed the connection"),
        ("garbage", Reply::raw(b"220 ftp ready\r\n"), 502, retry, "was no HTTP"),
        ("s404", Reply::status(404).served(), 503, Some("1"), "gone from storage"),
        ("s204", Reply::status(204).served(), 502, retry, "answered 204"),
        ("s301", Reply::status(301).served(), 502, retry, "redirects to nowhere"),
        ("s403", Reply::status(403).served(), 403, None, "refuses it (403)"),
        ("s405", Reply::status(405).served(), 502, retry, "answered 405"),
        ("s500", Reply::status(500).served(), 502, retry, "answered 500"),
        ("s503", Reply::status(503), 503, retry, "is overloaded (503)"),
        // Last: for some seconds storage is asked after the upstream then.
        ("silent", Reply::ok("").held(&late), 504, retry, "it did not answer in time"),
    ] {
        let path = format!("/fault.example/{name}/@v/v1.0.0.zip");
        stack.storage.on(&format!("GET {path}"), reply);
        stack
            .storage
            .on_each(&format!("HEAD {path}"), [Reply::huge(ZIP).served(), Reply::status(404).served()]);
        stack.upstream.on(&path, Reply::ok(zip_at(&path)).served().delay(Duration::from_millis(1)));
        let answer = stack.get(&path);
        let text = answer.text();
        assert_eq!((answer.status, answer.header("retry-after")), (status, retry), "{name}: {text}");
        assert!(text.contains(reason) && text.contains("storage"), "{name}: {text}");
        let again = zip(&stack, &path);
        assert_eq!(
            (come_from(&again), again.length, again.pattern),
            ((200, "upstream"), zip_at(&path).len(), true),
            "{name}"
        );
        let retry = retry.map(|seconds| format!(" with `Retry-After: {seconds}`")).unwrap_or_default();
        let fault = format!("promised a zip to a HEAD, and to its GET {}", words(name));
        let client = format!("{status}{retry}: \"{reason}\"; who asks next, 200 from an upstream");
        Row {
            kind: "storage",
            fault: &fault,
            spoken: "HTTP/1.1",
            client: &client,
            asked: "a HEAD and a GET",
        }
        .seen();
    }
    late.open();
    stack.envoy.wait_idle(&[STORAGE, UPSTREAM]);
}

fn see(fault: &str, client: &str, asked: usize) {
    let asked = match asked {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    };
    Row { kind: "storage", fault, spoken: "HTTP/1.1", client, asked: &asked }.seen();
}

/// What storage does in a case, as the table of faults has it.
fn words(name: &str) -> &str {
    match name {
        "hang-up" => "closes the connection",
        "garbage" => "answers with what is no HTTP",
        "headers-of-100-kb" => "answers with 100 KB of headers",
        "silent" => "does not answer",
        "s204" => "answers 204",
        "s301" => "redirects (301)",
        "s302" => "redirects (302)",
        "s304" => "answers 304 without a condition",
        "s401" => "wants other credentials (401)",
        "s403" => "refuses (403)",
        "s404" => "answers 404",
        "s405" => "answers 405",
        "s409" => "answers 409",
        "s500" => "answers 500",
        "s503" => "answers 503",
        "s507" => "is full (507)",
        "stuck" => "stands still in the middle",
        "cut" => "closes the connection in the middle",
        "too-large" => "gives one byte more than the go command reads",
        "larger" => "gives more than 32 MiB",
        "larger-chunked" => "gives more than 32 MiB, in chunks",
        "page" => "answers with a web page (200)",
        other => panic!("what does {other} do? Say it here."),
    }
}
