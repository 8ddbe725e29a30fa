//! Streams that were routed, until their response begins. No clock of the host's runs for them: the download route has no timeout,
//! for a download may take as long as it takes, and the host's idle clock is for clients that stall.

use std::time::Duration;

use super::{super::services::Services, Client, Clients};
use crate::{
    cx::{Command, Cx, StreamId},
    flow::{Asked, Routed},
    http::{CallFailure, Headers, Reply, ResponseHead, Timestamp},
};

impl Clients {
    /// A stream goes on its way.
    pub(in crate::worker) fn send_off(&mut self, stream: StreamId, routed: Routed, now: Timestamp) {
        self.routes.insert(stream, now);
        self.streams.insert(stream, Client::Routed(routed));
    }

    /// Whether `stream` was routed and its response is yet to come.
    pub(in crate::worker) fn awaits_response(&self, stream: StreamId) -> bool {
        matches!(self.streams.get(&stream), Some(Client::Routed(_)))
    }

    /// Whether any stream is on its way.
    pub(in crate::worker) fn has_routed(&self) -> bool {
        !self.routes.is_empty()
    }

    /// The response of a stream began, if it was on its way.
    pub(in crate::worker) fn arrive(&mut self, stream: StreamId) -> Option<Routed> {
        self.routes.remove(&stream)?;
        match self.streams.remove(&stream) {
            Some(Client::Routed(routed)) => Some(routed),
            _ => None,
        }
    }

    /// Answers those whose source has had as long as it may take to answer anything.
    pub(in crate::worker) fn end_slow_routes(&mut self, services: &Services, cx: &mut Cx<'_>) {
        let is_late = |(stream, since): (&StreamId, &Timestamp)| {
            let Some(Client::Routed(routed)) = self.streams.get(stream) else { return Some(*stream) };
            let timeout = routed.source.endpoint(&services.config).map_or(Duration::ZERO, |to| to.timeout);
            // What began in the future began before the clock was set back.
            (!cx.now.is_within(timeout + CONNECT, *since)).then_some(*stream)
        };
        if !services.host.respond_late {
            return;
        }
        let late: Vec<_> = self.routes.iter().filter_map(is_late).collect();
        for stream in late {
            let Some(routed) = self.arrive(stream) else { continue };
            let reply = Reply::Failed(CallFailure::TimedOut);
            services.source_health.note(routed.source, Asked::Other, &reply, &services.config, cx);
            let head = ResponseHead {
                status: 504,
                headers: Headers::default(),
                failed: Some(CallFailure::TimedOut),
                cluster: None,
                ends: true,
            };
            // That it did not answer says nothing about what it has.
            let (verdict, _) =
                routed.response(&head, reply, &services.config, services.in_force.policy(), cx);
            self.accounts.decided(stream, &verdict, false, cx);
            cx.commands.push(Command::Resume { stream, verdict });
        }
    }
}

/// What a routed request has beyond its endpoint's `timeout` until the response begins: time to connect, which the host takes before
/// it sends anything (`connect_timeout`: 2 s for the storage of the shipped configurations).
pub(in crate::worker) const CONNECT: Duration = Duration::from_secs(2);
