//! Clients that send a body to a page, from the request's head to its answer.

use super::{
    super::{key::Slice, services::Services},
    Client, Clients,
    room::busy,
};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{Making, Next, Receiving, refuse_page},
    goproxy::{BodyFault, Refusal},
    metrics::Kind,
};

impl Clients {
    /// `stream` sends a body, if there is room for it.
    pub(in crate::worker) fn receive(
        &mut self,
        stream: StreamId,
        receiving: Box<Receiving>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let (bytes, is_open) = (receiving.weight(), receiving.is_open());
        while !self.room.has_room_for_body(bytes, is_open) {
            if !is_open || !self.end_slowest_body(cx) {
                return busy("too many other clients are sending", Kind::Page, cx);
            }
        }
        self.room.sends(stream, bytes, is_open);
        self.streams.insert(stream, Client::Sending(receiving));
        Verdict::Wait
    }

    /// Refuses the body that takes the longest of those that every client may send, for others want its room: few clients that send nothing
    /// would keep everybody out. Whether there was one.
    fn end_slowest_body(&mut self, cx: &mut Cx<'_>) -> bool {
        let slow = self.streams.iter().filter_map(|(stream, client)| match client {
            Client::Sending(receiving) if receiving.is_open() => {
                Some((receiving.slow(cx.now)?, *stream, receiving.came()))
            }
            _ => None,
        });
        let Some((_, stream, came)) = slow.max_by_key(|(slow, ..)| *slow) else { return false };
        self.streams.remove(&stream);
        let reason =
            format!("request timeout: only {came} bytes of the body arrived, and others want to send");
        let refusal = Refusal::Body { fault: BodyFault::Late, reason };
        self.go_on(stream, refuse_page(&refusal, cx), cx);
        true
    }

    /// Whether the body of `stream` is being collected.
    pub(in crate::worker) fn receives(&self, stream: StreamId) -> bool {
        matches!(self.streams.get(&stream), Some(Client::Sending(_)))
    }

    /// Whether a body is on its way, or is there and not answered yet.
    pub(in crate::worker) fn has_bodies(&self) -> bool {
        self.room.has_bodies()
    }

    /// More of the body of `stream` came; what becomes of it, unless it goes on coming.
    pub(in crate::worker) fn take_body(
        &mut self,
        stream: StreamId,
        bytes: &[u8],
        ends: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Next> {
        let Some(Client::Sending(mut receiving)) = self.streams.remove(&stream) else { return None };
        match receiving.push(bytes) {
            Ok(()) if !ends => {
                self.streams.insert(stream, Client::Sending(receiving));
                None
            }
            Ok(()) => Some(Next::received(*receiving, &services.known(), cx)),
            Err(refusal) => Some(Next::Answer(refuse_page(&refusal, cx))),
        }
    }

    /// Refuses the bodies that have had their time.
    pub(in crate::worker) fn end_slow_bodies(&mut self, cx: &mut Cx<'_>) {
        if !self.has_bodies() {
            return;
        }
        let late = self.streams.iter().filter_map(|(stream, client)| match client {
            Client::Sending(receiving) => Some((*stream, receiving.late(cx.now)?)),
            _ => None,
        });
        for (stream, refusal) in late.collect::<Vec<_>>() {
            self.streams.remove(&stream);
            let verdict = refuse_page(&refusal, cx);
            self.go_on(stream, verdict, cx);
        }
    }

    /// `stream` waits until this page is made. Of all who wait for that, one is worked for: only one answer grows at a time.
    pub(in crate::worker) fn make(
        &mut self,
        stream: StreamId,
        making: Box<Making>,
        services: &mut Services,
    ) -> Verdict {
        if self.made.is_empty() {
            services.slices.add(Slice::Making);
        }
        self.made.push_back(stream);
        self.streams.insert(stream, Client::Made(making));
        Verdict::Wait
    }

    /// Makes a page further, for the first who waits for that.
    pub(in crate::worker) fn work(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(stream) = self.made.front().copied() else { return };
        let verdict = match self.streams.get_mut(&stream) {
            Some(Client::Made(making)) => making.work(&mut services.known(), cx),
            // It has left.
            _ => Some(Verdict::Wait),
        };
        if let Some(verdict) = verdict {
            self.made.pop_front();
            if verdict != Verdict::Wait {
                self.streams.remove(&stream);
                self.go_on(stream, verdict, cx);
            }
        }
        if !self.made.is_empty() {
            services.slices.add(Slice::Making);
        }
    }
}
