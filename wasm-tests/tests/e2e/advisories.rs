//! Advisories from a source: how soon they hold, what of a database is asked for, and what holds when nothing better can be had.

pub(crate) mod database;

use std::time::Duration;

use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::json;

use self::database::{entry, index, modified};

at_one_and_four_workers!(
    a_database_holds_soon_on_every_worker_and_goes_on_by_what_changes,
    what_was_read_last_holds_while_nothing_better_can_be_had
);

const BAD: &str = "/example.com/m/@v/v1.0.0.mod";
const FIXED: &str = "/example.com/m/@v/v1.1.0.mod";
const ID: &str = "GO-2026-0001";
const ENTRY: &str = "/db/ID/GO-2026-0001.json";
/// An interval, half a second until a clock ticks, and as much until the others have noticed; and a slow machine.
const SOON: Duration = Duration::from_secs(8);

struct Stack {
    envoy: Envoy,
    workers: u32,
    _upstream: Faulty,
    _storage: Faulty,
}

impl Stack {
    fn start(workers: u32, source: &Faulty) -> Self {
        let (upstream, storage) = (Faulty::start(), Faulty::store());
        for path in [BAD, FIXED] {
            upstream.on(path, Reply::ok("module example.com/m\n"));
        }
        let database = json!({"name": "go", "format": "database", "cluster": "vuln", "url": "http://vuln.example/db", "interval": "1s"});
        let rule = json!({"name": "known", "modules": ["*"], "advisories": {}, "action": "deny"});
        let envoy = builder(upstream.addr(), storage.addr())
            .cluster("vuln", source.addr())
            .concurrency(workers)
            .patch_plugin(&json!({"advisories": {"sources": [database]}, "policy": {"rules": [rule]}}))
            .start();
        Self { envoy, workers, _upstream: upstream, _storage: storage }
    }

    /// Waits until every worker answers `path` so.
    fn wait_for(&self, path: &str, status: u16) {
        wait::until(&format!("{path} is {status} everywhere"), SOON, || {
            let crowd = Crowd::new(self.envoy.addr(), Request::get(path)).and(25 * self.workers as usize);
            crowd.answers().0.iter().flatten().all(|answer| answer.status == status)
        });
    }

    fn polls(&self, outcome: &str) -> u64 {
        let name = "wasmcustom.modgate.advisories_polls_total.target.advisories_go";
        self.envoy.stat(&format!("{name}.outcome.{outcome}"))
    }
}

/// The database was changed on this day, and says that the module is fixed in that version.
fn publish(source: &Faulty, day: u32, fixed: &str) {
    source.on("/db/index/db.json", Reply::ok(json!({"modified": modified(day)}).to_string()));
    source.on("/db/index/modules.json", Reply::ok(index(&[("example.com/m", ID, day)])));
    source.on(ENTRY, Reply::ok(entry(ID, "example.com/m", fixed, day)));
}

fn a_database_holds_soon_on_every_worker_and_goes_on_by_what_changes(workers: u32) {
    let source = Faulty::start();
    publish(&source, 1, "1.1.0");
    let stack = Stack::start(workers, &source);
    stack.wait_for(BAD, 403);
    stack.wait_for(FIXED, 200);
    let refused = stack.envoy.get(BAD).text();
    assert!(refused.contains(ID) && refused.contains("v1.1.0"), "{refused}");
    publish(&source, 2, "1.0.0");
    stack.wait_for(BAD, 200);
    publish(&source, 3, "1.1.0");
    stack.wait_for(BAD, 403);
    assert_eq!(source.hits(ENTRY), 3, "once for each change, for all workers");
    assert_eq!(source.hits("/db/index/modules.json"), 3);
    let version = "modgate_advisories_version{target=\"advisories_go\"} 1767398400";
    let lines = [
        version,
        "modgate_advisories_stale{target=\"advisories_go\"} 0",
        "modgate_advisories_polls_total{target=\"advisories_go\",outcome=\"changed\"} 3",
    ];
    let has = |line: &str, text: &str| {
        // The order of labels is Envoy's.
        let turned = line.replace(
            "{target=\"advisories_go\",outcome=\"changed\"}",
            "{outcome=\"changed\",target=\"advisories_go\"}",
        );
        text.contains(line) || text.contains(&turned)
    };
    wait::until(&format!("metrics have {lines:?}"), SOON, || {
        let prometheus = stack.envoy.prometheus();
        lines.iter().all(|line| has(line, &prometheus))
    });
}

fn what_was_read_last_holds_while_nothing_better_can_be_had(workers: u32) {
    let source = Faulty::start();
    publish(&source, 5, "1.1.0");
    let stack = Stack::start(workers, &source);
    stack.wait_for(BAD, 403);
    for (route, body) in [
        ("/db/index/db.json", "<html>Sign in</html>".to_owned()),
        ("/db/index/db.json", json!({"modified": modified(4)}).to_string()),
    ] {
        let before = stack.polls("invalid");
        source.on(route, Reply::ok(body));
        wait::until("it is read twice", SOON, || stack.polls("invalid") >= before + 2);
    }
    source.on("/db/index/db.json", Reply::ok("{").close_after(1).header("content-length", "30"));
    wait::until("it breaks off twice", SOON, || stack.polls("failed") + stack.polls("invalid") >= 6);
    drop(source);
    let before = stack.polls("failed");
    wait::until("it is asked for twice", SOON, || stack.polls("failed") >= before + 2);
    stack.wait_for(BAD, 403);
    stack.wait_for(FIXED, 200);
    let log = stack.envoy.log();
    assert_eq!(log.matches("advisories go: refused: \"index/db.json\": expected value").count(), 1, "{log}");
    assert_eq!(log.matches("advisories go: refused: it was changed last at 2026-01-04").count(), 1);
}
