//! The bytes of an upload: those that are in no part yet, and those of the parts that the store has not taken.

use crate::{http::Body, store::multipart::PartTag};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Buffer {
    /// The most bytes that one request takes.
    part: usize,
    /// The most bytes held.
    most: usize,
    /// How many will come, where that is known.
    total: Option<usize>,
    overrun: bool,
    /// What came and is no part yet: at most one part of it.
    pending: Vec<u8>,
    parts: Vec<UploadPart>,
    /// All of it, where it is written by one request.
    whole: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct UploadPart {
    body: Body,
    tries: u32,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Sent,
    Taken(PartTag),
}

impl Buffer {
    /// A buffer for `total` bytes, where that is known, in the memory of `room` as far as that goes.
    pub(super) fn new(part: usize, most: usize, total: Option<usize>, mut room: Vec<u8>) -> Self {
        // What comes in parts is sent before there is too much of it.
        let overrun = part == most && total.is_some_and(|total| total > most);
        let expected = if overrun { 0 } else { total.unwrap_or_default().min(part) };
        room.clear();
        room.reserve_exact(expected);
        Self { part, most, total, overrun, pending: room, parts: Vec::new(), whole: Body::default() }
    }

    /// Takes more for one request: `most` bytes, of which `total` will come, where that is known, in the memory of `room`. Room is made
    /// for all of them now: if it grew as they come, the memory would hold what it had before as well, and memory never shrinks here.
    pub(super) fn widen(&mut self, most: usize, total: Option<usize>, mut room: Vec<u8>) {
        if self.is_in_parts() {
            return;
        }
        (self.part, self.most, self.total) = (most, most, total);
        self.overrun |= total.is_some_and(|total| total > most);
        if !self.overrun {
            room.clear();
            room.reserve_exact(total.unwrap_or(most));
            room.extend_from_slice(&self.pending);
            self.pending = room;
        }
    }

    /// The most bytes that it will hold.
    pub(super) fn most_held(&self) -> usize {
        let total = self.total.filter(|_| self.part == self.most);
        total.map_or(self.most, |total| total.min(self.most))
    }

    /// Takes the next bytes, unless that were more than may be held: then they are lost, and so is the whole.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        self.overrun |= !self.takes(bytes.len());
        while !self.overrun && !bytes.is_empty() {
            // The last part is cut in the end: what is one part in all is no multipart upload.
            if self.pending.len() >= self.part {
                self.cut();
            }
            let room = self.part.saturating_sub(self.pending.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.make_room(now.len());
            self.pending.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Whether so many bytes more can be held.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        self.held().saturating_add(bytes) <= self.most
    }

    pub(super) fn is_overrun(&self) -> bool {
        self.overrun
    }

    pub(super) fn held(&self) -> usize {
        let held = self.pending.len().saturating_add(self.whole.len());
        self.parts.iter().fold(held, |held, part| held.saturating_add(part.body.len()))
    }

    /// Whether at most one part is held.
    pub(super) fn has_room(&self) -> bool {
        self.held() <= self.part
    }

    /// No more comes: what is pending is the last part, or all there is.
    pub(super) fn finish(&mut self) {
        if self.is_in_parts() {
            self.cut();
        } else {
            self.whole = std::mem::take(&mut self.pending).into();
        }
    }

    /// Whether there is more than one request takes.
    pub(super) fn is_in_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// All of it, once it is finished and not in parts.
    pub(super) fn whole(&self) -> Body {
        self.whole.clone()
    }

    /// The first part that is to be sent.
    pub(super) fn waiting(&self) -> Option<usize> {
        self.parts.iter().position(|part| part.state == State::Waiting)
    }

    pub(super) fn part(&self, at: usize) -> Option<Body> {
        self.parts.get(at).map(|part| part.body.clone())
    }

    pub(super) fn sent(&mut self, at: usize) {
        if let Some(part) = self.parts.get_mut(at) {
            part.state = State::Sent;
            part.tries = part.tries.saturating_add(1);
        }
    }

    /// The store has it: it need not be held.
    pub(super) fn taken(&mut self, at: usize, tag: PartTag) {
        if let Some(part) = self.parts.get_mut(at) {
            part.state = State::Taken(tag);
            part.body = Body::default();
        }
    }

    /// It is to be sent again; how often it was.
    pub(super) fn not_taken(&mut self, at: usize) -> Option<u32> {
        let part = self.parts.get_mut(at)?;
        part.state = State::Waiting;
        Some(part.tries)
    }

    /// What the store calls the parts, in order.
    pub(super) fn tags(&self) -> impl Iterator<Item = &PartTag> {
        self.parts.iter().filter_map(|part| match &part.state {
            State::Taken(tag) => Some(tag),
            State::Waiting | State::Sent => None,
        })
    }

    /// Nothing of it is needed any more. [`Self::take_room`] has the memory that the whole stood in.
    pub(super) fn clear(&mut self) {
        self.parts = Vec::new();
        let whole = std::mem::take(&mut self.whole).into_unique().unwrap_or_default();
        if whole.capacity() > self.pending.capacity() {
            self.pending = whole;
        }
        self.pending.clear();
    }

    /// The memory of what came and is no part.
    pub(super) fn take_room(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pending)
    }

    fn cut(&mut self) {
        let body = std::mem::take(&mut self.pending).into();
        self.parts.push(UploadPart { body, tries: 0, state: State::Waiting });
    }

    /// Makes room for some more pending bytes, and never for more than a part: a vector left to itself would take twice that,
    /// and memory never shrinks here.
    fn make_room(&mut self, more: usize) {
        let length = self.pending.len();
        let needed = length.saturating_add(more);
        if needed > self.pending.capacity() {
            let least = if self.is_in_parts() { self.part } else { length.saturating_mul(2) };
            let capacity = least.min(self.part).max(needed);
            self.pending.reserve_exact(capacity.saturating_sub(length));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_widened_takes_its_room_at_once_and_no_more_later() {
        for (total, most) in [(Some(900), 900), (None, 1_000)] {
            let mut buffer = Buffer::new(100, 100, None, Vec::new());
            buffer.push(&[7; 90]);
            buffer.widen(1_000, total, Vec::new());
            assert_eq!(buffer.most_held(), most);
            let room = buffer.pending.capacity();
            assert!(room >= most && room <= 1_000, "{room}");
            for _ in 0..81 {
                buffer.push(&[7; 10]);
                assert_eq!(buffer.pending.capacity(), room);
            }
            assert!(!buffer.is_overrun() && !buffer.is_in_parts());
            buffer.push(&[7; 101]);
            assert!(buffer.is_overrun());
        }
        let mut too_large = Buffer::new(100, 100, None, Vec::new());
        too_large.widen(1_000, Some(1_001), Vec::new());
        assert!(too_large.is_overrun() && too_large.pending.capacity() == 0);
    }

    #[test]
    fn one_after_the_other_stands_in_the_same_memory() {
        let mut room = Vec::with_capacity(1_000);
        let at = room.as_ptr();
        for (length, is_good) in [(1_000, true), (10, false), (700, true), (0, true)] {
            let mut buffer = Buffer::new(100, 100, None, Vec::new());
            buffer.push(&vec![7; length.min(90)]);
            buffer.widen(1_000, None, room);
            buffer.push(&vec![7; length - length.min(90)]);
            if is_good {
                buffer.finish();
                assert_eq!(*buffer.whole(), vec![7; length]);
            }
            buffer.clear();
            room = buffer.take_room();
            assert_eq!((room.as_ptr(), room.len(), room.capacity()), (at, 0, 1_000), "{length}");
        }
        // What somebody else has of it is not taken away.
        let mut buffer = Buffer::new(100, 100, Some(10), Vec::new());
        buffer.push(&[7; 10]);
        buffer.finish();
        let whole = buffer.whole();
        buffer.clear();
        assert_eq!((&*whole, buffer.take_room().capacity()), (&[7; 10][..], 0));
    }

    #[test]
    fn no_more_memory_is_taken_than_is_held() {
        for (total, length) in [(None, 10), (Some(10), 10), (None, 250), (Some(250), 250)] {
            let mut buffer = Buffer::new(100, 400, total, Vec::new());
            for _ in 0..length / 10 {
                buffer.push(&[7; 10]);
                assert!(buffer.pending.capacity() <= 100, "{total:?}");
            }
            assert_eq!((buffer.held(), buffer.parts.len()), (length, length / 101));
        }
    }
}
