//! An answer that may be cut short is no file.
//!
//! Over HTTP/1 an answer can end where the connection does (`http/end.rs`), and `module example` may be the beginning of
//! `module example.com/m22`. What shows its end itself is taken nevertheless: JSON, a signed note, a zip, a tile of hashes, whose
//! readers refuse every beginning of one. So is a go.mod that a checksum database proves.

use super::{AfterReply, Failure, FailureKind, Outcome, Search, Source};
use crate::{
    config::Config,
    cx::Cx,
    http::{Reply, ResponseHead},
    plan::Want,
};

impl Search {
    /// Whether nothing but `reply` itself shows that it is all of what `source` sent. What another host speaks is not configured.
    pub(super) fn shows_no_end(&self, source: Source, reply: &Reply, config: &Config) -> bool {
        reply.may_be_cut(speaks_http2(source, config) && !self.has_strayed(source))
    }

    /// Whether `reply` of `source` may be a part of what was asked for.
    pub(super) fn may_be_cut(&self, source: Source, reply: &Reply, config: &Config) -> bool {
        let Want::Document(document) = &self.want else { return false };
        // What a checksum database gives is proven, or is not given.
        if matches!(source, Source::Sumdb(_)) {
            return false;
        }
        matches!(reply, Reply::Answered { status: 200, .. })
            && !document.shows_its_end()
            && self.shows_no_end(source, reply, config)
    }

    /// `source` gave what may be cut short.
    pub(super) fn fail_cut(&mut self, source: Source, config: &Config, cx: &mut Cx<'_>) -> AfterReply {
        if source == Source::Storage {
            self.storage.fail(CUT);
            return AfterReply::AskNext;
        }
        let failure = cut(&self.want.describe(), &self.who(source, config));
        self.note(source, Outcome::Failed(failure), true, config, cx)
    }
}

/// Why a download with these headers is not given unless the filter reads it: the client could not see that it was cut short.
pub(in crate::flow) fn objection(
    what: &str,
    source: Source,
    head: &ResponseHead,
    config: &Config,
) -> Option<Failure> {
    let has_body = matches!(head.status, 200 | 206) && !head.ends;
    (has_body && head.may_be_cut(speaks_http2(source, config))).then(|| cut(what, &source.describe(config)))
}

fn cut(what: &str, who: &str) -> Failure {
    let reason = format!("{what}: bad answer from {who}: {CUT}");
    Failure { kind: FailureKind::Bad, reason, retry_after: None }
}

fn speaks_http2(source: Source, config: &Config) -> bool {
    source.endpoint(config).is_some_and(|endpoint| endpoint.http2)
}

/// What the operator has to do about it.
const CUT: &str = "it came without a length, so that it may be cut short; have the server send Content-Length, or chunks, or \
                   say `\"http2\": true` where its cluster speaks HTTP/2";
