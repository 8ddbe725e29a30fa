//! A list that is too long to be read at once, read while the search waits.

use super::{
    End, Heard, Search, Source, Step, Taken, decode::Decoding, source_request::Form,
    source_request::SourceRequest,
};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{BadBody, Document, Failure, FailureKind, Found, ListReader, Outcome},
    http::{Headers, Reply, Timestamp},
    plan::Want,
    store, upstream,
};

/// A list that a source gave, being read.
#[derive(Debug)]
pub(super) struct Long {
    source: Source,
    headers: Headers,
    reader: ListReader,
    /// When it came.
    since: Timestamp,
}

impl Search {
    /// Bytes of the list that it reads, or of what it decodes.
    pub fn list_bytes(&self) -> usize {
        let decoded = self.decoding.as_ref().map_or(0, Decoding::bytes);
        self.long.as_ref().map_or(decoded, |long| long.reader.bytes())
    }

    /// Takes the list that a reply is, where it is to be read in slices.
    pub(super) fn begin_long(&mut self, request: &SourceRequest, reply: Reply, cx: &Cx<'_>) -> Taken {
        match (&self.want, &request.form, reply) {
            (Want::Document(document), Form::Plain, Reply::Answered { status: 200, headers, body }) => {
                match ListReader::of_long(document, body) {
                    Ok(reader) => {
                        let (source, since) = (request.source, cx.now);
                        self.long = Some(Long { source, headers, reader, since });
                        Taken::InSlices
                    }
                    Err(body) => Taken::AtOnce(Reply::Answered { status: 200, headers, body }),
                }
            }
            (_, _, reply) => Taken::AtOnce(reply),
        }
    }

    /// Reads on for a few milliseconds; nothing where there is no list to be read.
    pub(super) fn read_on(&mut self, config: &Config, cx: &mut Cx<'_>) -> Option<Step> {
        let mut long = self.long.take()?;
        let Some(read) = long.reader.work() else {
            self.long = Some(long);
            return Some(Step::Work);
        };
        let read = read.map(|(body, tag)| Found::tagged(body, tag, long.since));
        let (source, headers) = (long.source, long.headers);
        let heard = self.hear_list(source, &headers, read, config, cx);
        Some(self.go_on(source, heard, config, cx))
    }

    /// The list that it is to read, or what it is to decode, is one too many.
    pub fn leave_list(&mut self, config: &Config, cx: &mut Cx<'_>) -> Step {
        let decoding = self.decoding.take().map(|decoding| decoding.source());
        let Some(source) = self.long.take().map(|long| long.source).or(decoding) else {
            return self.advance(config, cx);
        };
        let reason = format!("{}: too many others as long are being read", self.want.describe());
        let heard = if source == Source::Storage {
            self.unavailable = Some(reason);
            Heard::AskNext
        } else {
            let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
            self.note(source, Outcome::Failed(failure), false, config, cx)
        };
        self.go_on(source, heard, config, cx)
    }

    fn hear_list(
        &mut self,
        source: Source,
        headers: &Headers,
        read: Result<Found, BadBody>,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Heard {
        let Want::Document(document @ Document::Module { .. }) = &self.want else { return Heard::AskNext };
        if source == Source::Storage {
            let stored = self.as_left(store::judge_read(read), false);
            return self.take_in(stored.map(End::Document), cx);
        }
        let outcome = upstream::judge_read(document, &self.who(source, config), headers, read);
        self.note(source, outcome, true, config, cx)
    }
}
