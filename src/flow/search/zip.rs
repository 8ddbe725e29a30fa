//! How a zip is asked for, and what the search has learnt of it so far.

use super::{Search, ZipHead};
use crate::{
    endpoint::Address,
    license::Licenses,
    plan::Source,
    policy::{Content, ListedHashes},
};

/// What is known of the zip that is searched for.
#[derive(Debug, Default)]
pub(super) struct ZipState {
    /// Whether it may be fetched into memory, to be stored.
    whole: bool,
    /// Whether fetching it took too long.
    is_slow: bool,
    /// How often the source asked last broke off the whole zip, or sent more than the host lets an answer be.
    broken: u32,
    /// Whether the client wants the head of the answer alone: then the search has to find out how long the zip is.
    head_only: bool,
    /// Whether the waiting clients have already waited for another worker's search.
    hurried: bool,
    /// Whether the zip was found at another address than its own.
    moved: bool,
    /// The head of the zip, as a source answered it.
    head: Option<ZipHead>,
    /// Whether a zip that is read is read for its licences as well.
    reads_licenses: bool,
    /// Whether it is read before any client is given it.
    is_to_be_read: bool,
    /// What licences its files say.
    licenses: Option<Licenses>,
    /// What it holds, once it was read whole and is verified.
    content: Option<Content>,
    /// What is not to be stored.
    listed: ListedHashes,
}

impl ZipState {
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn is_slow(&self) -> bool {
        self.is_slow
    }

    pub(super) fn is_head_only(&self) -> bool {
        self.head_only
    }

    pub(super) fn has_moved(&self) -> bool {
        self.moved
    }

    /// Whether the last upstream is taken for the one that has the zip without being asked: the streamed answer says whether it has it.
    pub(super) fn may_go_unasked(&self) -> bool {
        (self.hurried || self.is_slow) && !self.head_only
    }

    /// Fetching the zip took too long; `redirected` if that was at another address.
    pub(super) fn note_slow(&mut self, redirected: bool) {
        self.is_slow = true;
        self.moved = self.moved || redirected;
    }

    /// The source asked last did not send the whole zip to its end.
    pub(super) fn note_broken(&mut self) {
        self.broken = self.broken.saturating_add(1);
    }

    /// How often the source asked last did not send the whole zip to its end.
    pub(super) fn broken(&self) -> u32 {
        self.broken
    }

    /// Another source is asked.
    pub(super) fn begin_source(&mut self) {
        self.broken = 0;
    }

    pub(super) fn reads_licenses(&self) -> bool {
        self.reads_licenses
    }

    /// Whether it is read before any client is given it.
    pub(super) fn is_to_be_read(&self) -> bool {
        self.is_to_be_read
    }

    /// The zip that was read has these.
    pub(super) fn note_licenses(&mut self, licenses: Option<Licenses>) {
        self.licenses = licenses;
    }

    /// What licences its files say, where it was read for that.
    pub(super) fn licenses(&self) -> Option<Licenses> {
        self.licenses.clone()
    }

    pub(super) fn note_content(&mut self, content: Content) {
        self.content = Some(content);
    }

    /// Whether anything is listed as malicious for what it holds.
    pub(super) fn may_be_listed(&self) -> bool {
        !self.listed.is_empty()
    }

    /// Whether it is listed as malicious for what it holds.
    pub(super) fn is_listed(&self) -> bool {
        self.content.as_ref().is_some_and(|content| self.listed.have(content))
    }

    pub(super) fn note_head(&mut self, head: Option<ZipHead>) {
        self.head = head;
    }

    /// The head as it holds of what the client is given, which is a `copy` in storage or the source's own.
    pub(super) fn head(&self, copy: bool) -> Option<ZipHead> {
        self.head.clone().map(|head| if copy { head.of_a_copy() } else { head })
    }

    /// Whether a zip of `source` that redirected `to` another address, or did not, is one that moved.
    pub(super) fn is_moved(&self, source: Option<Source>, to: Option<&Address>) -> bool {
        matches!(source, Some(Source::Upstream(_))) && (self.moved || to.is_some())
    }
}

impl Search {
    /// What the zip holds, where it was read whole and is what it has to be.
    pub fn content(&self) -> Option<&Content> {
        self.zip.content.as_ref()
    }

    /// Whether the search holds a zip in memory, or may fetch one.
    pub fn is_whole(&self) -> bool {
        self.zip.whole
    }

    /// A zip that is listed is not put into storage, where others than this gateway may take it from.
    pub fn spare_storage_of(&mut self, listed: ListedHashes) {
        self.zip.listed = listed;
    }

    /// The waiting clients have already waited for another worker's search.
    pub fn hurry(&mut self) {
        self.zip.hurried = true;
    }

    /// A client was sent to another address for the zip a moment ago.
    pub fn expect_it_moved(&mut self) {
        self.zip.moved = true;
    }

    /// What the zip holds matters: whether it is read for its `licenses` as well, and whether it is read `first`, as no client is given it
    /// before. What storage has is read then however often it was verified, and not proven once more.
    pub fn read_for(&mut self, licenses: bool, first: bool) {
        (self.zip.reads_licenses, self.zip.is_to_be_read) = (licenses, first);
    }

    /// The client wants the head of the answer alone, so even the last source is asked: what a server answers to a HEAD says too little
    /// of what it answers to a GET for a client to be sent there unasked.
    pub fn for_a_head(&mut self) {
        self.zip.head_only = true;
    }
}
