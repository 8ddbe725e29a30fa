//! Bytes that came and wait here: some are read and may not go on yet, the others are to be read.

/// The bytes, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldBytes {
    bytes: Vec<u8>,
    /// How many of `bytes` left. Moving the rest up each time would cost the square of what waits.
    left: usize,
    /// How many of `bytes` left or are read.
    read: usize,
}

impl HeldBytes {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.left)
    }

    /// How many are read and did not leave.
    pub(super) fn read(&self) -> usize {
        self.read.saturating_sub(self.left)
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        if self.is_empty() {
            *self = Self { bytes, left: 0, read: 0 };
        } else {
            self.bytes.extend(bytes);
        }
    }

    /// The next `count` are read.
    pub(super) fn note_read(&mut self, count: usize) {
        self.read = self.read.saturating_add(count).min(self.bytes.len());
    }

    /// The first `count` leave, and are no more than those that are read.
    pub(super) fn leave(&mut self, count: usize) {
        self.left = self.left.saturating_add(count).min(self.read);
        if self.left > self.bytes.len() / 2 {
            self.bytes.drain(..self.left);
            self.read = self.read();
            self.left = 0;
        }
    }

    /// The first `count`, copied.
    pub(super) fn first(&self, count: usize) -> Vec<u8> {
        let here = self.bytes.get(self.left..).unwrap_or_default();
        here.get(..count).unwrap_or(here).to_vec()
    }
}
