//! All orders in which the operations of several workers can happen, none left out.
//!
//! A worker's program is a function that is called for each of its events, with what came of those before; as in the
//! filter, nothing else is left of them. An event that is under way is called anew for each of its steps: what it did
//! before is answered from its log, its next operation is done, and at the one after that it is abandoned. So the state
//! between two steps is the memory, the clock, the notes and the logs: it can be copied, and gone on from with every
//! worker in turn. A state that was reached by another way is not gone into again.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt::Debug,
    hash::Hash as _,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::{
    http::{SKEW, Timestamp},
    shared::{Conflict, Expected, Memory, SharedKv, Versioned},
};

/// What a worker does next after what its notes say, and what came of it; nothing when it is at its end.
pub(in crate::shared) type Program<'p, N> = &'p dyn Fn(&mut Running, &[N]) -> Option<N>;

/// Everything there is between two steps.
#[derive(Clone, Debug)]
pub(in crate::shared) struct State<N> {
    pub(in crate::shared) memory: Memory,
    pub(in crate::shared) now: Timestamp,
    pub(in crate::shared) workers: Vec<Progress<N>>,
    /// How often the clock goes on yet, and by how many milliseconds each time.
    ticks: Vec<u64>,
}

/// How far a worker is.
#[derive(Clone, Debug)]
pub(in crate::shared) struct Progress<N> {
    /// What came of its events.
    pub(in crate::shared) notes: Vec<N>,
    /// What came of the operations of the event that is under way.
    log: Vec<Answer>,
    is_done: bool,
}

#[derive(Clone, Debug)]
enum Answer {
    Began(Timestamp),
    Read(Option<Versioned>),
    Written(Result<(), Conflict>),
}

impl<N: Clone + Debug> State<N> {
    pub(in crate::shared) fn new(memory: Memory, now: Timestamp, ticks: &[u64]) -> Self {
        Self { memory, now, workers: Vec::new(), ticks: ticks.to_vec() }
    }

    /// Whether every worker is at its end.
    pub(in crate::shared) fn is_over(&self) -> bool {
        self.workers.iter().all(|worker| worker.is_done)
    }

    /// Calls `check` in every state that can be reached with `programs`, this one included, and counts them.
    pub(in crate::shared) fn explore(
        mut self,
        programs: &[Program<'_, N>],
        mut check: impl FnMut(&Self),
    ) -> usize {
        self.workers = vec![Progress { notes: Vec::new(), log: Vec::new(), is_done: false }; programs.len()];
        let mut seen = BTreeSet::new();
        let mut next = vec![self];
        while let Some(state) = next.pop() {
            if !seen.insert(state.fingerprint()) {
                continue;
            }
            check(&state);
            next.extend(state.ticked());
            for (number, program) in programs.iter().enumerate() {
                if !state.workers[number].is_done {
                    let mut state = state.clone();
                    state.step(number, program);
                    next.push(state);
                }
            }
        }
        seen.len()
    }

    /// The state after the clock has gone on. No event takes longer than the times of workers may lie apart.
    fn ticked(&self) -> Option<Self> {
        let mut state = self.clone();
        state.now.0 += state.ticks.pop()?;
        let is_short = |worker: &Progress<N>| match worker.log.first() {
            Some(Answer::Began(began)) => state.now.since(*began) <= SKEW,
            _ => true,
        };
        state.workers.iter().all(is_short).then_some(state)
    }

    fn step(&mut self, number: usize, program: Program<'_, N>) {
        let worker = &mut self.workers[number];
        let mut running = Running(RefCell::new(Inner {
            memory: std::mem::take(&mut self.memory),
            now: self.now,
            log: std::mem::take(&mut worker.log),
            answered: 0,
            is_stepped: false,
        }));
        // Up to its next operation: that which belongs to the next event, too, or none.
        loop {
            match catch_unwind(AssertUnwindSafe(|| program(&mut running, &worker.notes))) {
                Ok(Some(note)) => {
                    worker.notes.push(note);
                    let inner = running.0.get_mut();
                    assert!(inner.is_stepped, "an event without an operation would be told for ever");
                    (inner.log, inner.answered) = (Vec::new(), 0);
                    continue;
                }
                Ok(None) => worker.is_done = true,
                Err(payload) if payload.is::<Abandoned>() => {}
                Err(failure) => resume_unwind(failure),
            }
            break;
        }
        let inner = running.0.into_inner();
        (self.memory, worker.log) = (inner.memory, inner.log);
    }

    /// Equal where everything that can follow is. A read is told by its version, which no two writes share.
    fn fingerprint(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        for key in self.memory.keys() {
            (key, self.memory.get(key).map(|read| (read.version, read.value))).hash(&mut hasher);
        }
        (self.now.0, self.ticks.len()).hash(&mut hasher);
        for worker in &self.workers {
            (worker.is_done, format!("{:?}", worker.notes)).hash(&mut hasher);
            for answer in &worker.log {
                match answer {
                    Answer::Began(now) => (0, now.0).hash(&mut hasher),
                    Answer::Read(read) => (1, read.as_ref().map(|read| read.version)).hash(&mut hasher),
                    Answer::Written(written) => (2, written.is_ok()).hash(&mut hasher),
                }
            }
        }
        hasher.finish128().as_u128()
    }
}

/// A program's view of the world.
pub(in crate::shared) struct Running(RefCell<Inner>);

struct Inner {
    memory: Memory,
    now: Timestamp,
    log: Vec<Answer>,
    answered: usize,
    is_stepped: bool,
}

/// Carried out of an event that has done its step.
struct Abandoned;

impl Running {
    /// Begins the event: the time that the worker goes by until it is over.
    pub(in crate::shared) fn begin(&mut self) -> Timestamp {
        match self.ask(|inner| Answer::Began(inner.now)) {
            Answer::Began(now) => now,
            other => panic!("an event that does not repeat itself: {other:?}"),
        }
    }

    fn ask(&self, operation: impl FnOnce(&mut Inner) -> Answer) -> Answer {
        let mut inner = self.0.borrow_mut();
        let answer = match inner.log.get(inner.answered).cloned() {
            Some(answer) => answer,
            None if inner.is_stepped => {
                drop(inner);
                resume_unwind(Box::new(Abandoned));
            }
            None => {
                inner.is_stepped = true;
                let answer = operation(&mut inner);
                inner.log.push(answer.clone());
                answer
            }
        };
        inner.answered += 1;
        answer
    }
}

impl SharedKv for Running {
    fn get(&self, key: &str) -> Option<Versioned> {
        match self.ask(|inner| Answer::Read(inner.memory.get(key))) {
            Answer::Read(read) => read,
            other => panic!("an event that does not repeat itself: {other:?}"),
        }
    }

    fn put(&mut self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        match self.ask(|inner| Answer::Written(inner.memory.put(key, value, expected))) {
            Answer::Written(written) => written,
            other => panic!("an event that does not repeat itself: {other:?}"),
        }
    }
}

/// Who writes, and what stands there in the end: of each order of two reads and two writes.
#[test]
fn every_order_happens_and_no_other() {
    let program = |name: &'static str| {
        move |kv: &mut Running, notes: &[bool]| {
            notes.is_empty().then(|| {
                let read = kv.get("k");
                kv.put("k", name.as_bytes(), Expected::unchanged(read.as_ref())).is_ok()
            })
        }
    };
    let mut ends = BTreeSet::new();
    State::new(Memory::default(), Timestamp(0), &[]).explore(&[&program("a"), &program("b")], |state| {
        if state.is_over() {
            let value = String::from_utf8(state.memory.get("k").unwrap().value).unwrap();
            ends.insert((state.workers[0].notes[0], state.workers[1].notes[0], value));
        }
    });
    let all = [(true, false, "a"), (false, true, "b"), (true, true, "a"), (true, true, "b")];
    assert_eq!(ends, all.map(|(a, b, value)| (a, b, value.to_owned())).into());
}
