//! Readiness: a client that asks whether this gateway is ready waits until all sources that could serve it were asked.

use super::{key::Owner, services::Services};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{PROBE_ROUND, Probe, readiness},
    http::Timestamp,
};

/// The questions about readiness, of one worker.
#[derive(Debug, Default)]
pub(super) struct Probes {
    /// When those unseen were last asked.
    asked: Timestamp,
    round: Option<Round>,
}

/// One question each to the sources that were not seen yet, and the clients that wait for the answers.
#[derive(Debug)]
struct Round {
    probe: Probe,
    waiting: Vec<StreamId>,
}

impl Probes {
    /// Whether no source is being asked.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.round.is_none()
    }

    /// Whether it is being asked who is there.
    pub(super) fn is_asking(&self) -> bool {
        self.round.is_some()
    }

    /// What `stream` is answered that asks for readiness; `None` where it waits, and is named by [`Probes::on_reply`].
    pub(super) fn ask(
        &mut self,
        stream: StreamId,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        if !cx.now.is_within(PROBE_ROUND, self.asked) {
            self.begin(services, cx);
        }
        // A gateway that can serve says so at once, even if some sources have not answered yet.
        if !services.source_health.is_ready(&services.config, &services.in_force, cx.kv)
            && let Some(round) = &mut self.round
            && round.waiting.len() < MAX_PROBING
        {
            round.waiting.push(stream);
            return None;
        }
        Some(readiness(&services.source_health, &services.config, &services.in_force, cx))
    }

    /// Asks those unseen, unless they are being asked.
    fn begin(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        if self.round.is_some() {
            return;
        }
        self.asked = cx.now;
        let (probe, questions) = Probe::begin(&services.source_health, &services.config, cx.kv);
        if questions.is_empty() {
            return;
        }
        for (source, callout) in questions {
            let permit = services.budget.take(source, cx);
            services.call(Owner::Probe, permit, callout, cx);
        }
        self.round = Some(Round { probe, waiting: Vec::new() });
    }

    /// One of them has answered. Returns the clients that wait no longer.
    pub(super) fn on_reply(&mut self, services: &Services, cx: &mut Cx<'_>) -> Vec<StreamId> {
        let Some(round) = &mut self.round else { return Vec::new() };
        let is_over = round.probe.end_one();
        let is_said = is_over || services.source_health.is_ready(&services.config, &services.in_force, cx.kv);
        let waiting = if is_said { std::mem::take(&mut round.waiting) } else { Vec::new() };
        if is_over {
            self.round = None;
        }
        waiting
    }
}

/// Who wait for one round of questions, in one worker: more than any fleet of load balancers, and no room for a flood.
const MAX_PROBING: usize = 256;
