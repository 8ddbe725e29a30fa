//! A document that came encoded although the filter did not ask for that, decoded while the search waits.

use super::{Form, Reading, Search, SourceRequest, Step, Taken};
use crate::{
    config::Config,
    cx::Cx,
    flow::SLICE,
    http::{Decoder, Headers, Reply},
    plan::{Source, Want},
    shared::Loss,
};

/// A document that is being decoded.
#[derive(Debug)]
pub(super) struct Decoding {
    request: SourceRequest,
    status: u16,
    headers: Headers,
    decoder: Decoder,
}

impl Decoding {
    /// What it takes, where that is worth counting.
    pub(super) fn bytes(&self) -> usize {
        let weight = self.decoder.weight();
        if weight > LIGHT { weight } else { 0 }
    }

    pub(super) fn source(&self) -> Source {
        self.request.source
    }
}

impl Search {
    /// Takes the reply that a document is in, where that has to be decoded.
    pub(super) fn begin_decoding(&mut self, request: &SourceRequest, reply: Reply) -> Taken {
        let most = match (&self.want, &request.form) {
            (Want::Document(document), Form::Plain) => document.most_bytes(),
            (_, Form::Listing(_)) => MAX_PAGE,
            _ => return Taken::AtOnce(reply.said_plainly(MAX_SAID)),
        };
        // 207 is what a WebDAV server lists a folder with.
        let Reply::Answered { status: status @ (200 | 207), headers, body } = &reply else {
            return Taken::AtOnce(reply.said_plainly(MAX_SAID));
        };
        match Decoder::of(headers, body, most) {
            Ok(Some(decoder)) => {
                let (request, headers) = (request.clone(), headers.clone());
                let decoding = Box::new(Decoding { request, status: *status, headers, decoder });
                self.reading = Some(Reading::Encoded(decoding));
                Taken::InSlices
            }
            Ok(None) | Err(_) => Taken::AtOnce(reply),
        }
    }

    /// Decodes on for a few milliseconds.
    pub(super) fn decode_on(
        &mut self,
        mut decoding: Box<Decoding>,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Step {
        match decoding.decoder.work(SLICE) {
            Ok(false) => {
                self.reading = Some(Reading::Encoded(decoding));
                Step::Work
            }
            Ok(true) => {
                let body = decoding.decoder.finish();
                let headers = decoding.headers.decoded(body.len());
                let reply = Reply::Answered { status: decoding.status, headers, body };
                self.on_plain_reply(decoding.request, reply, config, cx)
            }
            Err(why) if matches!(decoding.request.form, Form::Listing(_)) => {
                self.storage.fail(why.to_string());
                self.advance(config, cx)
            }
            Err(why) => {
                let source = decoding.source();
                let after = self.fail_wrong(source, Loss::NoZip, &why.to_string(), config, cx);
                self.go_on(source, after, config, cx)
            }
        }
    }
}

/// Bytes that are no burden however many documents take them at once.
const LIGHT: usize = 64 << 10;

/// Bytes of one page of a listing: a thousand keys of a kilobyte, with what is said of each.
const MAX_PAGE: usize = 4 << 20;

/// Bytes of what is said of a failure: a person reads a few lines of it.
const MAX_SAID: usize = 16 << 10;
