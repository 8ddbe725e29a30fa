//! A list that is too long to be read at once, read while the search waits.

use super::{AfterReply, End, Form, Reading, Search, Source, SourceRequest, Step, Taken};
use crate::{
    config::Config,
    cx::Cx,
    goproxy::{BadBody, Document, Found, ListReader},
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

impl Long {
    pub(super) fn source(&self) -> Source {
        self.source
    }

    pub(super) fn bytes(&self) -> usize {
        self.reader.bytes()
    }
}

impl Search {
    /// Takes the list that a reply is, where it is to be read in slices.
    pub(super) fn begin_long(&mut self, request: &SourceRequest, reply: Reply, cx: &Cx<'_>) -> Taken {
        match (&self.want, &request.form, reply) {
            (Want::Document(document), Form::Plain, Reply::Answered { status: 200, headers, body }) => {
                match ListReader::of_long(document, body) {
                    Ok(reader) => {
                        let (source, since) = (request.source, cx.now);
                        let long = Long { source, headers, reader, since };
                        self.reading = Some(Reading::List(long));
                        Taken::InSlices
                    }
                    Err(body) => Taken::AtOnce(Reply::Answered { status: 200, headers, body }),
                }
            }
            (_, _, reply) => Taken::AtOnce(reply),
        }
    }

    /// Reads `long` on for a few milliseconds.
    pub(super) fn read_on(&mut self, mut long: Long, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(read) = long.reader.work() else {
            self.reading = Some(Reading::List(long));
            return Step::Work;
        };
        let read = read.map(|(body, tag)| Found::tagged(body, tag, long.since));
        let (source, headers) = (long.source, long.headers);
        let after = self.on_list(source, &headers, read, config, cx);
        self.go_on(source, after, config, cx)
    }

    fn on_list(
        &mut self,
        source: Source,
        headers: &Headers,
        read: Result<Found, BadBody>,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> AfterReply {
        let Want::Document(document @ Document::Module { .. }) = &self.want else {
            return AfterReply::AskNext;
        };
        if source == Source::Storage {
            let stored = self.as_left(store::judge_read(read), false);
            return self.take_in(stored.map(End::Document), cx);
        }
        let outcome = upstream::judge_read(document, &self.who(source, config), headers, read);
        self.note(source, outcome, true, config, cx)
    }
}
