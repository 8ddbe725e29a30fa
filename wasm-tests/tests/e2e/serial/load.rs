//! Five seconds of everything at once; then the books must balance.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, UPSTREAM};
use modgate_wasm_tests::http::{Conn, Error, Request};
use serde_json::json;

const ZIP: u64 = 700_000;

/// What clients saw: answers by kind and class, and requests whose answer nobody waited for.
#[derive(Debug, Default)]
struct Books {
    answers: BTreeMap<(&'static str, u16), u64>,
    left: u64,
    cut: u64,
}

/// An upstream with every mood, told by the module's name.
fn upstream(seen: &Seen) -> Reply {
    let reply = match seen.target.rsplit('.').next().unwrap_or_default() {
        "info" => Reply::ok(r#"{"Version":"v1.0.0"}"#),
        "mod" => Reply::ok("module m\n"),
        "zip" => Reply::huge(ZIP),
        _ => Reply::ok("v1.0.0\n"),
    };
    match seen.target.split('/').nth(1).unwrap_or_default() {
        "good.example" => reply.served(),
        "slow.example" => reply.served().delay(Duration::from_millis(20)),
        "missing.example" => Reply::status(404).served(),
        "failing.example" => Reply::status(500).served(),
        "closing.example" => reply.close_before_head(),
        "cutting.example" => reply.close_after(3),
        _ => Reply::ok("<html>").served(),
    }
}

/// One of many requests; `turn` decides which.
fn turn(addr: SocketAddr, turn: u64, books: &mut Books) {
    // A number with all its bits mixed: threads and rounds do not fall into step.
    let mixed = (turn + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let pick = |from: u64, count: u64| (mixed >> from) % count;
    let hosts = ["good", "good", "good", "slow", "missing", "failing", "closing", "cutting", "wrong"];
    let host = hosts[usize::try_from(pick(0, 9)).unwrap()];
    let number = pick(8, 40);
    let (kind, file) =
        [("list", "list"), ("info", "v1.0.0.info"), ("mod", "v1.0.0.mod"), ("zip", "v1.0.0.zip")]
            [usize::try_from(pick(16, 4)).unwrap()];
    let path = format!("/{host}.example/m{number}/@v/{file}");
    match pick(20, 8) {
        0 => {
            let mut conn = Conn::open(addr).unwrap();
            conn.send(&Request::get(&path)).unwrap();
            if pick(24, 2) == 0 {
                // Any answer, or none.
                let _ = conn.skip_some();
            }
            books.left += 1;
        }
        1 => {
            let odd = ["/good.example/%2e%2e/@v/list", "/good.example/m/@v/x.zap", "/%zz/@v/list"];
            let answer = Request::get(odd[usize::try_from(pick(24, 3)).unwrap()]).send(addr);
            *books.answers.entry(("invalid", answer.status / 100)).or_default() += 1;
        }
        _ => match Request::get(&path).try_send(addr) {
            Ok(answer) => *books.answers.entry((kind, answer.status / 100)).or_default() += 1,
            Err(Error::Truncated(part)) if kind == "zip" && host == "cutting" => {
                assert_eq!(part.status, 200);
                *books.answers.entry((kind, 2)).or_default() += 1;
                books.cut += 1;
            }
            Err(error) => panic!("{path}: {error}"),
        },
    }
}

#[test]
fn after_five_seconds_of_everything_the_books_balance() {
    let stack =
        Scripted::with(&json!({"freshness": {"list": "1s", "negative": "1s"}}), |envoy| envoy.concurrency(2));
    stack.upstream.otherwise(upstream);
    let (addr, end) = (stack.envoy.addr(), Instant::now() + Duration::from_secs(5));
    let clients: Vec<_> = (0..8_u64)
        .map(|client| {
            thread::spawn(move || {
                let mut books = Books::default();
                let mut round = 0;
                while Instant::now() < end {
                    turn(addr, client * 1_000_000 + round, &mut books);
                    round += 1;
                }
                books
            })
        })
        .collect();
    let mut total = Books::default();
    for client in clients {
        let books = client.join().unwrap();
        for (key, count) in books.answers {
            *total.answers.entry(key).or_default() += count;
        }
        total.left += books.left;
        total.cut += books.cut;
    }
    stack.envoy.wait_idle(&[UPSTREAM, STORAGE]);
    println!("{total:?}");
    let seen: u64 = total.answers.values().sum();
    assert!(seen > 100 && total.left > 10 && total.cut > 2, "no load: {total:?}");

    // What nobody waited for may have been answered, or not.
    let stats = stack.envoy.stats();
    let counted = |kind: &str, class: u16| -> u64 {
        let (start, end) =
            (format!("wasmcustom.modgate.requests_total.kind.{kind}."), format!(".class.{class}xx"));
        stats
            .iter()
            .filter(|(name, _)| name.starts_with(&start) && name.ends_with(&end))
            .map(|(_, count)| count)
            .sum()
    };
    let mut unseen = 0;
    for kind in ["list", "info", "mod", "zip", "invalid"] {
        for class in 2..=5 {
            let saw = total.answers.get(&(kind, class)).copied().unwrap_or_default();
            let counted = counted(kind, class);
            assert!(counted >= saw, "{kind} {class}xx: clients saw {saw}, the filter counted {counted}");
            unseen += counted - saw;
        }
    }
    assert!(unseen <= total.left, "{unseen} answers that no client asked for; {} left", total.left);
    assert_eq!(seen + unseen, stack.envoy.metrics("requests_total"), "no other kinds");
    assert_eq!(stack.envoy.metrics("refusals_total"), total.answers[&("invalid", 4)]);
    // Each question that was sent was counted, by what came of it.
    let asked = |server: &Faulty, method: &str| {
        server.requests().iter().filter(|seen| seen.method == method).count() as u64
    };
    assert_eq!(
        stack.envoy.metrics("callouts_total.target.storage"),
        asked(&stack.storage, "GET") + asked(&stack.storage, "HEAD") + asked(&stack.storage, "PUT")
    );
    // Of a zip that was to be stored while it was streamed and was not, nothing may have been sent.
    let unsent = ["exists", "flawed", "left", "no_ranges", "not_given", "skipped", "unproven"]
        .map(|outcome| stack.envoy.metric(&format!("storage_writes_total.outcome.{outcome}")));
    assert_eq!(
        stack.envoy.metrics("storage_writes_total") - unsent.iter().sum::<u64>(),
        asked(&stack.storage, "PUT")
    );
    for unwanted in [
        "outcome.broken",
        "outcome.misconfigured",
        "outcome.unavailable",
        "outcome.overloaded",
        "outcome.timed_out",
    ] {
        assert_eq!(
            stack.envoy.metrics(&format!("callouts_total.target.storage.{unwanted}")),
            0,
            "{unwanted}"
        );
    }
    assert_eq!(stack.envoy.get("/good.example/m1/@v/v1.0.0.mod").status, 200);
}
