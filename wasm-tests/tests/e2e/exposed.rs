//! What was served already when an advisory comes: who is told of it, and what storage remembers.

use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{Stack, builder};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

use super::advisories::database::{entry, index, modified};

/// Until storage has what a worker has noted: 5 seconds until it is shared, 30 until it is brought there, and a slow machine.
const KEPT: Duration = Duration::from_secs(80);
const SOON: Duration = Duration::from_secs(15);

fn patch() -> Value {
    let database = json!({"name": "go", "format": "database", "cluster": "vuln", "url": "http://vuln.example/db", "interval": "1s"});
    json!({
        "advisories": {"sources": [database]},
        "exposure": {"callers": true},
        "callers": {"principals": [{"header": "x-user", "trusted": true, "prefix": "user:"}]},
        "admin": {"explain": ["user:ops"]},
    })
}

/// The database says that this module is fixed in v1.1.0.
fn publish(source: &Faulty, day: u32, id: &str, module: &str) {
    source.on("/db/index/db.json", Reply::ok(json!({"modified": modified(day)}).to_string()));
    source.on("/db/index/modules.json", Reply::ok(index(&[(module, id, day)])));
    source.on(&format!("/db/ID/{id}.json"), Reply::ok(entry(id, module, "1.1.0", day)));
}

fn exposed(envoy: &Envoy, query: &str) -> Value {
    let page = envoy.send(&Request::get(&format!("/-/exposed{query}")).header("x-user", "ops"));
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()
}

fn kept(stack: &Stack) -> String {
    let files = stack.storage.files();
    let served = files.iter().filter(|(path, _)| path.contains("served/"));
    served.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect()
}

fn told(envoy: &Envoy) -> usize {
    envoy.log().matches("exposed: ").count()
}

#[test]
fn what_go_has_downloaded_is_told_when_an_advisory_comes_and_known_to_the_next_gateway() {
    let source = Faulty::start();
    publish(&source, 1, "GO-2026-0001", "example.com/other");
    let with =
        |builder: modgate_wasm_tests::envoy::Builder| builder.cluster("vuln", source.addr()).concurrency(2);
    let stack = Stack::with(&patch(), with);
    let module = Module::new("example.com/m", "v1.0.0");
    stack.upstream.serve_all(std::slice::from_ref(&module));
    Go::new(&stack.envoy.url()).mod_download(&[&module.query()]).expect_ok();
    let zip = stack.envoy.send(&Request::get(&module.url("zip")).header("x-user", "ann"));
    assert_eq!(zip.status, 200);
    let head = stack.envoy.send(&Request::new("HEAD", &module.url("zip")).header("x-user", "bob"));
    assert_eq!(head.status, 200);
    wait::until("storage has what was served", KEPT, || {
        let kept = kept(&stack);
        kept.contains("example.com/m@v1.0.0") && kept.contains("user:ann")
    });
    assert!(!kept(&stack).contains("user:bob"), "who asks for the head alone gets nothing");
    assert_eq!((exposed(&stack.envoy, ""), told(&stack.envoy)), (json!([]), 0));

    publish(&source, 2, "GO-2026-0002", "example.com/m");
    wait::until("the log says so", SOON, || told(&stack.envoy) > 0);
    wait::until("the metric says so", SOON, || {
        stack.envoy.prometheus().contains("modgate_served_advised{} 1")
    });
    let log = stack.envoy.log();
    assert!(log.contains("to @anonymous, user:ann: GO-2026-0002 (go) is about it"), "{log}");
    let shown = |envoy: &Envoy| {
        let page = exposed(envoy, "?module=example.com/m");
        let callers = page[0]["served"]["callers"].as_array().cloned().unwrap_or_default();
        let names: Vec<_> = callers.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        (page[0]["id"].as_str().unwrap_or_default().to_owned(), names)
    };
    let want = ("GO-2026-0002".to_owned(), vec!["@anonymous".to_owned(), "user:ann".to_owned()]);
    assert_eq!(shown(&stack.envoy), want);
    assert_eq!(stack.envoy.send(&Request::get("/-/exposed")).status, 403);
    // Storage hears that it was told.
    let fields = |line: &str| line.split('\t').nth(4).map_or(0, str::len);
    wait::until("storage has that it was told", KEPT, || {
        kept(&stack).lines().any(|line| line.starts_with("example.com/m@") && fields(line) > 0)
    });
    assert_eq!(told(&stack.envoy), 1, "once, by one worker");

    let next = with(builder(stack.upstream.addr(), stack.storage.addr()).patch_plugin(&patch())).start();
    wait::until("the next gateway knows it", SOON, || shown(&next) == want);
    wait::until("and its metric", SOON, || next.prometheus().contains("modgate_served_advised{} 1"));
    assert_eq!(told(&next), 0, "it was told before: {}", next.log());
    stack.envoy.assert_unharmed();
    next.assert_unharmed();
}
