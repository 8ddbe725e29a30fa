//! The body of a routed response on its way to a client, as Envoy passes it on: Envoy keeps the bytes that the filter holds back, and shows
//! them again with the next piece.

use super::World;
use crate::{
    cx::{BodyVerdict, StreamId},
    http::{BodyEnd, Ending},
};

/// What a client got so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Download {
    /// The bytes that reached the client.
    pub got: Vec<u8>,
    /// What became of it.
    pub fate: Fate,
    buffer: Vec<u8>,
    ended: bool,
}

/// What became of a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// The client waits for more.
    #[default]
    Open,
    /// The client knows that it has all.
    Complete,
    /// The client knows that it has not.
    Reset,
}

impl Download {
    /// More bytes come from the cluster. Returns those that the filter has not seen: it knows the first `known` of the buffer.
    pub(super) fn arrive(&mut self, bytes: &[u8], ends: bool, known: usize) -> Vec<u8> {
        assert_eq!(self.fate, Fate::Open, "nothing comes after the end");
        assert!(!self.ended, "nothing comes after the end");
        self.buffer.extend(bytes);
        self.ended = ends;
        self.buffer[known..].to_vec()
    }

    /// The trailers come.
    pub(super) fn end(&mut self) {
        assert!(!self.ended, "nothing comes after the end");
        self.ended = true;
    }

    pub(super) fn carry_out(&mut self, verdict: BodyVerdict) {
        match verdict {
            BodyVerdict::Pass(bytes) => {
                self.buffer = bytes.unwrap_or_else(|| std::mem::take(&mut self.buffer));
                self.release();
            }
            BodyVerdict::Hold(bytes) => {
                self.buffer = bytes.unwrap_or_else(|| std::mem::take(&mut self.buffer));
            }
            BodyVerdict::Reset => self.reset(),
        }
    }

    pub(super) fn release(&mut self) {
        assert_eq!(self.fate, Fate::Open);
        self.got.append(&mut self.buffer);
        if self.ended {
            self.fate = Fate::Complete;
        }
    }

    pub(super) fn reset(&mut self) {
        assert_eq!(self.fate, Fate::Open);
        self.buffer.clear();
        self.fate = Fate::Reset;
    }
}

impl World {
    /// A piece of a routed response's body comes; `ends` says that nothing follows.
    pub fn body(&mut self, worker: usize, stream: StreamId, bytes: &[u8], ends: bool) {
        let known = self.workers[worker].worker.inspects(stream);
        let download = self.downloads.entry(stream).or_default();
        let new = download.arrive(bytes, ends, known.unwrap_or_default());
        let verdict = match known {
            None => BodyVerdict::Pass(None),
            Some(_) => self.stream_step(worker, |worker, cx| worker.response_body(stream, new, ends, cx)),
        };
        self.carry_out_body(worker, stream, verdict);
    }

    /// The trailers of a routed response come.
    pub fn trailers(&mut self, worker: usize, stream: StreamId) {
        self.downloads.entry(stream).or_default().end();
        let verdict = self.stream_step(worker, |worker, cx| worker.response_trailers(stream, cx));
        if let BodyVerdict::Pass(bytes) | BodyVerdict::Hold(bytes) = &verdict {
            assert_eq!(*bytes, None, "nothing can be put before trailers");
        }
        self.carry_out_body(worker, stream, verdict);
    }

    fn carry_out_body(&mut self, worker: usize, stream: StreamId, verdict: BodyVerdict) {
        let holds = self.host_of(worker).hold_response;
        assert!(holds || !matches!(verdict, BodyVerdict::Hold(_)), "the host holds nothing back");
        let download = self.downloads.entry(stream).or_default();
        download.carry_out(verdict);
        if download.fate != Fate::Open {
            self.leave(worker, stream);
        }
    }

    /// The host says how the response of `stream` ended, if it has begun. Of a reset by the filter the host knows only that the response is
    /// not whole.
    pub(super) fn end_response(&mut self, worker: usize, stream: StreamId) {
        if !self.workers[worker].worker.is_sending(stream) {
            return;
        }
        let Some(Download { got, fate, .. }) = self.downloads.get(&stream) else { return };
        let how = if *fate == Fate::Complete { Ending::Whole } else { Ending::Aborted };
        let end = BodyEnd { bytes: got.len().try_into().unwrap(), how };
        self.step(worker, |worker, _| worker.response_ended(stream, end));
    }

    /// What the client of `stream` has of the body of its response.
    pub fn download(&self, stream: StreamId) -> &Download {
        &self.downloads[&stream]
    }

    pub(super) fn release_or_reset(&mut self, stream: StreamId, end: impl FnOnce(&mut Download)) {
        end(self.downloads.entry(stream).or_default());
        for worker in 0..self.workers.len() {
            self.leave(worker, stream);
        }
    }
}
