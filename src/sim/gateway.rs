//! Gateways and their workers. Workers are numbered throughout, in the order in which they came.

use super::{World, parsed};
use crate::{
    config::{self, Config},
    cx::Command,
    shared::{Capabilities, Memory, QueueId, Seat},
    worker::Worker,
};

/// A process with workers that share memory: an Envoy, or a host that can do less.
pub struct Gateway {
    /// What it can do.
    pub(super) host: Capabilities,
    /// What its workers share.
    pub memory: Memory,
    /// What its next worker is configured with.
    config: Config,
}

/// A worker and its queue; another one in the same place has another queue.
pub(super) struct Seated {
    pub(super) gateway: usize,
    pub(super) queue: QueueId,
    pub(super) worker: Worker,
    /// Commands for the next call of the worker's root, on a host without queues.
    pub(super) outbox: Vec<Command>,
}

impl World {
    /// One more gateway, of so many workers; it shares the clusters with those that are there, and nothing else. The number of its
    /// first worker.
    pub fn join(&mut self, workers: usize, config: Config) -> usize {
        self.join_on(Capabilities::ALL, workers, config)
    }

    /// As [`World::join`], on a host that can do this.
    pub fn join_on(&mut self, host: Capabilities, workers: usize, config: Config) -> usize {
        self.gateways.push(Gateway { host, memory: Memory::default(), config });
        let first = self.workers.len();
        for _ in 0..workers {
            let seated = self.seat(self.gateways.len() - 1);
            self.workers.push(seated);
        }
        first
    }

    /// One more worker of the first gateway, configured otherwise: of another filter in the same Envoy. Its number.
    pub fn add(&mut self, config: &str) -> usize {
        let config = std::mem::replace(&mut self.gateways[0].config, parsed(config));
        let seated = self.seat(0);
        self.workers.push(seated);
        self.gateways[0].config = config;
        self.workers.len() - 1
    }

    /// Configures `worker` anew, and those of its gateway that come after.
    pub fn replace(&mut self, worker: usize, config: &str) {
        let gateway = self.workers[worker].gateway;
        self.gateways[gateway].config = parsed(config);
        self.workers[worker] = self.seat(gateway);
    }

    /// Has the first gateway begin anew with an index of another size: smaller than a configuration can say.
    pub fn resize_index(&mut self, index: config::Index) {
        self.gateways[0].config.index = index;
        for worker in 0..self.workers.len() {
            if self.workers[worker].gateway == 0 {
                self.workers[worker] = self.seat(0);
            }
        }
    }

    /// `worker` dies with everything it had under way, and another takes its place.
    pub fn crash(&mut self, worker: usize) {
        let seated = self.seat(self.workers[worker].gateway);
        let dead = std::mem::replace(&mut self.workers[worker], seated).queue;
        self.calls.retain(|call| call.queue != dead);
        self.messages.retain(|(queue, _)| *queue != dead);
    }

    fn seat(&mut self, number: usize) -> Seated {
        self.seats += 1;
        let queue = QueueId(self.seats);
        let Gateway { host, memory, config } = &self.gateways[number];
        let worker = Worker::new(config.clone(), Seat { queue, seed: seed(number), host: *host }, memory);
        Seated { gateway: number, queue, worker, outbox: Vec::new() }
    }
}

/// What the first worker of each process draws.
fn seed(gateway: usize) -> u64 {
    7 + gateway as u64
}
