//! What the core wants done, done.

use super::{Download, World, gateway::Seated};
use crate::{
    cx::{CallId, Command, Cx, Verdict},
    http::{CallFailure, Callout, Reply, Timestamp},
    shared::QueueId,
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

    /// An event at `worker`.
    pub(super) fn step<T>(&mut self, worker: usize, event: impl FnOnce(&mut Worker, &mut Cx<'_>) -> T) -> T {
        let Seated { gateway, queue, worker } = &mut self.workers[worker];
        let queue = *queue;
        let mut cx = Cx::new(self.now, &mut self.gateways[*gateway].memory);
        let result = event(worker, &mut cx);
        for command in cx.commands {
            self.obey(queue, command);
        }
        result
    }

    fn obey(&mut self, queue: QueueId, command: Command) {
        match command {
            Command::Call { id, callout } => self.call(queue, id, &callout),
            Command::Count(metric) => *self.counters.entry(metric.to_string()).or_default() += 1,
            Command::Notify { queue, message } => self.messages.push_back((queue, message)),
            Command::Gauge(gauge, value) => drop(self.gauges.insert(gauge.to_string(), value)),
            Command::Log(level, line) => self.log.push(format!("{level} {line}")),
            Command::Release { stream } => self.let_go(stream, Download::release),
            Command::Reset { stream } => self.let_go(stream, Download::reset),
            Command::Resume { stream, verdict } => {
                assert_ne!(verdict, Verdict::Wait, "a stream was resumed to wait");
                let before = self.verdicts.insert(stream, verdict);
                let was_routed = matches!(before, Some(Verdict::Route(_)));
                assert!(
                    before == Some(Verdict::Wait)
                        || was_routed && matches!(self.verdicts[&stream], Verdict::Respond(_)),
                    "{stream:?} did not wait"
                );
            }
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
