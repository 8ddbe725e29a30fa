//! Carries out the core's commands.

use super::{Download, Gateway, World, gateway::Seated};
use crate::{
    cx::{CallId, Command, Cx, Verdict},
    http::{CallFailure, Callout, Reply, Timestamp},
    metrics::{Measure, Metric},
    shared::{Capabilities, QueueId},
    worker::Worker,
};

/// A callout under way, and how it will end.
pub(super) struct Call {
    pub(super) cluster: String,
    pub(super) due: Timestamp,
    pub(super) queue: QueueId,
    pub(super) id: CallId,
    pub(super) reply: Reply,
}

impl World {
    /// The callout to `cluster` that ends last fails instead, at once.
    pub fn fail_one(&mut self, cluster: &str) {
        self.fail_one_as(cluster, CallFailure::TimedOut);
    }

    /// As [`World::fail_one`], in this way.
    pub fn fail_one_as(&mut self, cluster: &str, failure: CallFailure) {
        let call = self.calls.iter_mut().filter(|call| call.cluster == cluster).max_by_key(|call| call.due);
        let call = call.expect("a callout to fail");
        (call.due, call.reply) = (self.now, Reply::Failed(failure));
    }

    /// An event of the root of `worker`. The world carries out its commands, and before them those that were left for the root.
    pub(super) fn step<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let (result, commands) = self.ask(worker, event);
        let left = std::mem::take(&mut self.workers[worker].outbox);
        for command in left.into_iter().chain(commands) {
            self.carry_out(worker, command);
        }
        result
    }

    /// An event of a stream at `worker`. Callouts, and commands for other streams, are left for the root. With a queue the worker has the host
    /// call the root at once; without one they wait until the host calls the root of itself.
    pub(super) fn stream_step<T>(
        &mut self,
        worker: usize,
        event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T,
    ) -> T {
        if self.host_of(worker).queue {
            return self.step(worker, event);
        }
        let (result, commands) = self.ask(worker, event);
        for command in commands {
            match command {
                Command::Call { .. }
                | Command::Release { .. }
                | Command::Reset { .. }
                | Command::Resume { .. } => self.workers[worker].outbox.push(command),
                _ => self.carry_out(worker, command),
            }
        }
        result
    }

    /// What the host of `worker` can do.
    pub(super) fn host_of(&self, worker: usize) -> Capabilities {
        self.gateways[self.workers[worker].gateway].host
    }

    /// The commands of `event` but for measures, which a host takes in every callback.
    fn ask<T>(
        &mut self,
        number: usize,
        event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T,
    ) -> (T, Vec<Command>) {
        let Seated { gateway, worker, .. } = &mut self.workers[number];
        let Gateway { host, memory, .. } = &mut self.gateways[*gateway];
        let (result, commands) = worker.step(self.now, memory, event);
        let notifies = commands.iter().any(|command| matches!(command, Command::Notify { .. }));
        assert!(host.queue || !notifies, "the host carries no messages");
        let counted = worker.tell();
        let (measures, rest): (Vec<_>, Vec<_>) =
            commands.into_iter().chain(counted).partition(|command| matches!(command, Command::Measure(_)));
        measures.into_iter().for_each(|measure| self.carry_out(number, measure));
        (result, rest)
    }

    fn carry_out(&mut self, worker: usize, command: Command) {
        let (queue, host) = (self.workers[worker].queue, self.host_of(worker));
        match command {
            Command::Call { id, callout } => self.call(queue, id, &callout),
            Command::Measure(measure) => self.measure(measure),
            Command::Notify { queue, message } => self.messages.push_back((queue, message)),
            Command::Log(level, line) => self.log.push(format!("{level} {line}")),
            Command::Release { stream } => self.release_or_reset(stream, Download::release),
            Command::Reset { stream } => self.release_or_reset(stream, Download::reset),
            Command::Resume { stream, verdict } => {
                assert_ne!(verdict, Verdict::Wait, "a stream was resumed to wait");
                let before = self.verdicts.insert(stream, verdict);
                let was_routed = matches!(before, Some(Verdict::Route(_)));
                assert!(
                    before == Some(Verdict::Wait)
                        || was_routed && matches!(self.verdicts[&stream], Verdict::Respond(_)),
                    "{stream:?} did not wait"
                );
                assert!(host.respond_late || !was_routed, "{stream:?} was routed, and is answered");
            }
        }
    }

    fn measure(&mut self, Measure { metric, value }: Measure) {
        let name = metric.to_string();
        match metric {
            Metric::Counter(_) => *self.counters.entry(name).or_default() += value,
            Metric::Gauge(_) => drop(self.gauges.insert(name, value)),
            Metric::Histogram(_) => self.histograms.entry(name).or_default().push(value),
        }
    }

    fn call(&mut self, queue: QueueId, id: CallId, callout: &Callout) {
        let is_taken = self.calls.iter().any(|call| (call.queue, call.id) == (queue, id));
        assert!(!is_taken, "{id:?} of {queue:?} is under way");
        let (latency, reply) = match (&mut self.script, self.clusters.get_mut(callout.cluster.as_str())) {
            (Some(script), _) => script.ask(callout),
            (None, Some(cluster)) => (cluster.latency, cluster.ask(callout, self.now)),
            (None, None) => (0, Reply::Failed(CallFailure::Misconfigured)),
        };
        let due = Timestamp(self.now.0 + latency);
        self.calls.push(Call { cluster: callout.cluster.clone(), due, queue, id, reply });
    }
}
