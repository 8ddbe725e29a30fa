//! The clock, and what happens as it moves: callouts end, messages arrive, workers tick.

use super::{World, gateway::Seated};
use crate::{cx::Cx, http::Timestamp, shared::QueueId, worker::Worker};

/// What [`World::happen`] has happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A callout ends.
    Call,
    /// A message arrives.
    Message,
    /// So many milliseconds pass, and all workers tick.
    Time(u64),
}

impl World {
    /// Lets time pass until no callout is out and nothing is waited for.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            self.deliver();
            let next = self.calls.iter().map(|call| call.due).min();
            match next.or_else(|| self.needs_ticks().then(|| self.next_tick())) {
                Some(at) => self.pass_to(at),
                None => return,
            }
        }
        panic!("it never settles");
    }

    /// Lets so many milliseconds pass; callouts that fall due end.
    pub fn pass(&mut self, millis: u64) {
        self.pass_to(Timestamp(self.now.0 + millis));
    }

    /// Sets the clock. Callouts under way take as long as they would have.
    pub fn set_clock(&mut self, now: Timestamp) {
        for call in &mut self.calls {
            let left = u64::try_from(call.due.since(self.now).as_millis()).unwrap();
            call.due = Timestamp(now.0 + left);
        }
        (self.now, self.ticked) = (now, now);
    }

    /// One thing happens, out of turn, where it can: nothing else does, be it due or not.
    pub fn happen(&mut self, event: Happening) {
        match event {
            Happening::Call => {
                if let Some(at) = (0..self.calls.len()).min_by_key(|at| self.calls[*at].due) {
                    self.end_call(at);
                }
            }
            Happening::Message => {
                if let Some((queue, message)) = self.messages.pop_front() {
                    self.hand_over(queue, &message);
                }
            }
            Happening::Time(millis) => {
                let at = Timestamp(self.now.0 + millis);
                self.tick(at);
            }
        }
    }

    /// One slice of the work that `worker` has left to do; whether there was any.
    pub fn work(&mut self, worker: usize) -> bool {
        let has_work = self.workers[worker].worker.has_work();
        if has_work {
            self.step(worker, Worker::work);
        }
        has_work
    }

    /// An event that no method here stands for.
    pub fn event<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        self.step(worker, event)
    }

    /// An event of which nobody carries out what the worker commands and measures: to count what the worker alone does.
    pub fn unheeded<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let Seated { gateway, worker, .. } = &mut self.workers[worker];
        let (result, _) = worker.step(self.now, &mut self.gateways[*gateway].memory, event);
        let _ = worker.tell();
        result
    }

    fn pass_to(&mut self, until: Timestamp) {
        loop {
            self.deliver();
            let call = (0..self.calls.len()).min_by_key(|at| self.calls[*at].due);
            let call = call.filter(|at| self.calls[*at].due <= until);
            let tick = Some(self.next_tick()).filter(|at| *at <= until && self.has_clock());
            match (call, tick) {
                (Some(at), tick) if tick.is_none_or(|tick| self.calls[at].due <= tick) => self.end_call(at),
                (_, Some(tick)) => self.tick(tick),
                _ => break,
            }
        }
        self.now = self.now.max(until);
        self.ticked = self.ticked.max(self.now);
    }

    /// What is routed is under way until a test answers it.
    fn needs_ticks(&self) -> bool {
        self.workers.iter().any(|seated| seated.worker.is_at_work() || !seated.outbox.is_empty())
    }

    fn has_clock(&self) -> bool {
        self.workers.iter().any(is_ticked)
    }

    fn next_tick(&self) -> Timestamp {
        Timestamp(self.ticked.0 + 100)
    }

    fn tick(&mut self, at: Timestamp) {
        (self.now, self.ticked) = (self.now.max(at), at);
        for worker in 0..self.workers.len() {
            if is_ticked(&self.workers[worker]) {
                self.step(worker, Worker::tick);
            }
        }
    }

    /// Delivers what workers wrote each other; to one that died it is lost. What they have left to do is done.
    fn deliver(&mut self) {
        for worker in 0..self.workers.len() {
            while self.workers[worker].worker.has_work() {
                self.step(worker, Worker::work);
            }
        }
        while let Some((queue, message)) = self.messages.pop_front() {
            self.hand_over(queue, &message);
        }
    }

    fn hand_over(&mut self, queue: QueueId, message: &[u8]) {
        if let Some(worker) = self.workers.iter().position(|seated| seated.queue == queue) {
            self.step(worker, |worker, cx| worker.message(message, cx));
        }
    }

    fn end_call(&mut self, at: usize) {
        let call = self.calls.remove(at);
        self.now = self.now.max(call.due);
        if let Some(worker) = self.workers.iter().position(|seated| seated.queue == call.queue) {
            self.step(worker, |worker, cx| worker.call_done(call.id, call.reply, cx));
        }
    }
}

/// Whether the host's clock runs for it; that it runs slower where nothing is under way makes no difference here.
fn is_ticked(seated: &Seated) -> bool {
    seated.worker.needs_ticks() || seated.worker.watches() || !seated.outbox.is_empty()
}
