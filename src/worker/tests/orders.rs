//! Every order in which two workers' fetch of one thing can happen: arrivals, the answer, the message, time, a crash.
//!
//! What happens between single reads and writes of shared data is enumerated where leases are (`shared`); here a worker's
//! step is one event.

use std::collections::BTreeSet;

use super::{body, world};
use crate::{
    cx::{StreamId, Verdict},
    sim::{Happening, World},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client asks this worker.
    Ask(usize),
    /// A callout ends.
    Call,
    /// A message arrives.
    Message,
    /// A second passes, half a lease.
    Second,
    /// Worker 0 dies.
    Crash,
}

use Event::{Ask, Call, Crash, Message, Second};

/// What a run of events came to: who asked which worker and was not lost with it, and the world after everything.
struct Run {
    world: World,
    alive: Vec<StreamId>,
}

fn run(events: &[Event], path: &str) -> Run {
    let mut world = world(2);
    let mut asked = Vec::new();
    for event in events {
        match event {
            Ask(worker) => asked.push((*worker, world.begin(*worker, path))),
            Call => world.happen(Happening::Call),
            Message => world.happen(Happening::Message),
            Second => world.happen(Happening::Time(1_000)),
            Crash => {
                world.crash(0);
                asked.retain(|(worker, stream)| *worker != 0 || *world.verdict(*stream) != Verdict::Wait);
            }
        }
    }
    world.settle();
    Run { world, alive: asked.into_iter().map(|(_, stream)| stream).collect() }
}

/// Every order of `events`, equal ones not told apart.
fn orders(events: &[Event]) -> BTreeSet<Vec<Event>> {
    if events.is_empty() {
        return [Vec::new()].into();
    }
    let mut all = BTreeSet::new();
    for (at, first) in events.iter().enumerate() {
        if events[..at].contains(first) {
            continue;
        }
        let mut rest = events.to_vec();
        rest.remove(at);
        all.extend(orders(&rest).into_iter().map(|order| [vec![*first], order].concat()));
    }
    all
}

#[test]
fn in_every_order_all_are_answered_and_one_asks() {
    let mut runs = 0;
    for path in ["/example.com/m/@v/list", "/example.com/m/@v/v1.0.0.mod"] {
        for order in orders(&[Ask(0), Ask(1), Ask(1), Call, Message, Second, Second]) {
            let run = run(&order, path);
            for stream in &run.alive {
                assert_eq!(run.world.response(*stream).status, 200, "{path} {order:?}");
            }
            let fetched = run.world.clusters["public"].asked.len();
            assert_eq!(fetched, 1, "{path} {order:?}: a lease that is renewed is not taken");
            assert!(run.world.is_idle(), "{path} {order:?}");
            runs += 1;
        }
    }
    println!("{runs} orders");
}

#[test]
fn in_every_order_a_crash_costs_one_more_fetch_at_most_and_no_answer_elsewhere() {
    let mut runs = 0;
    for order in orders(&[Ask(0), Ask(1), Call, Message, Second, Second, Second, Crash]) {
        let run = run(&order, "/example.com/m/@v/list");
        let mut bodies: Vec<_> =
            run.alive.iter().map(|stream| body(&run.world.response(*stream)).to_owned()).collect();
        bodies.dedup();
        assert!(bodies.len() <= 1, "{order:?}");
        let fetched = run.world.clusters["public"].asked.len();
        assert!(fetched <= 2, "{order:?}: {fetched} fetches");
        assert!(run.world.is_idle(), "{order:?}");
        runs += 1;
    }
    println!("{runs} orders");
}
