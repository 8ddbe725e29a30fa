//! What a search makes of a reply, and how it goes on by that.

use super::{End, Search, Source, Step};
use crate::{config::Config, cx::Cx, http::Reply};

/// What a reply to a request says of what is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Heard {
    /// Nothing that ends the search, and what it does say is noted: the next source is asked.
    AskNext,
    /// The search comes to this.
    End(End),
}

/// What is done with a reply before it is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Taken {
    /// It is worked on in slices: [`Step::Work`].
    InSlices,
    /// Nothing: it can be heard as it is.
    AtOnce(Reply),
}

impl Search {
    /// The step after what was heard of `source`.
    pub(super) fn go_on(&mut self, source: Source, heard: Heard, config: &Config, cx: &Cx<'_>) -> Step {
        match heard {
            Heard::AskNext => self.advance(config, cx),
            Heard::End(end) => self.done(end, Some(source)),
        }
    }
}
