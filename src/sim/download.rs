//! The body of a routed response on its way to a client, as Envoy passes it on: what the filter holds back is kept and shown
//! to it again with the next piece.

use crate::cx::BodyVerdict;

/// What a client got so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Download {
    /// The bytes that reached the client.
    pub(crate) got: Vec<u8>,
    /// What became of it.
    pub(crate) fate: Fate,
    buffer: Vec<u8>,
    ended: bool,
}

/// What became of a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The client waits for more.
    #[default]
    Open,
    /// The client knows that it has all.
    Complete,
    /// The client knows that it has not.
    Reset,
}

impl Download {
    /// More bytes come from the cluster; those that the filter has to be shown, of which it knows the first `known`.
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

    pub(super) fn obey(&mut self, verdict: BodyVerdict) {
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
