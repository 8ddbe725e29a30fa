//! What the response to a routed request means: what its client gets, and what the index learns.

use super::Routed;
use crate::{
    config::Config,
    cx::{Cx, Edit, Verdict},
    endpoint::{self, Trail},
    flow::{
        request::refuse,
        respond::{answer, audience},
        search::{ZipHead, discreet, failure_of, objection, same_file, who, with_remedy},
    },
    goproxy::{
        Answer, Asker, Audience, CACHE_HEADER, Failure, FailureKind, Missing, Outcome, Refusal, Validity, Zip,
    },
    http::{Reply, ResponseHead},
    metrics::{Cache, Kind},
    modzip::MAX_ZIP,
    plan::Source,
    policy::Policy,
    shared::Loss,
    store,
    upstream::{self, Presence},
};

/// What the index learns of a zip that did not come. It learns from a plain GET alone, which is what all other clients send: what a server
/// answers to another request may be due to what one client has put into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexUpdate {
    /// Nothing.
    Nothing,
    /// That the source gave no answer, or one that says nothing of the zip (RFC 9110: 404 and 410 alone do): it is asked whether it gives
    /// it before the next is sent there.
    Failed,
    /// That the source has something else in its place, or nothing.
    Lost(Loss),
    /// That there is none.
    Missing(Missing),
    /// That the source redirects to where it is.
    Moved,
}

impl Routed {
    /// The answer where the source redirects although it was not expected to. The client is told to come again, and then the source is
    /// asked where it leads. No client is told so twice in a row.
    pub fn redirected(&self, location: &str, config: &Config) -> (Verdict, IndexUpdate) {
        let who = who(self.source, self.to.as_deref(), config);
        let fail = |why: &str| {
            let reason = format!("{}: {who} {why}", self.zip);
            Failure { kind: FailureKind::Bad, reason, retry_after: None }
        };
        if self.moved {
            let why = "redirects once more, though it was asked a moment ago where it leads; try again";
            return (failed(&fail(why)), IndexUpdate::Failed);
        }
        let Some(endpoint) = self.source.endpoint(config) else {
            return (failed(&fail("redirects")), IndexUpdate::Nothing);
        };
        let sent = endpoint::get(endpoint, &self.zip.path());
        match Trail::default().follow(&sent, location, endpoint, &self.source.describe(config)) {
            Ok(_) => {
                let again = Answer::Again { file: &same_file(&self.zip), cache: Cache::Upstream };
                (answer(&again, &Asker::default(), Kind::Zip, Cache::Upstream), IndexUpdate::Moved)
            }
            Err(why) => (failed(&fail(&why)), IndexUpdate::Failed),
        }
    }

    /// The response headers of the source: a zip goes on under our own headers, a refusal becomes one that a developer can read. Returns
    /// also what the index learns.
    pub fn response(
        &self,
        head: &ResponseHead,
        reply: Reply,
        config: &Config,
        policy: &Policy,
        cx: &Cx<'_>,
    ) -> (Verdict, IndexUpdate) {
        let (verdict, update) = self.judge(head, reply, config, policy, cx);
        (verdict, if self.is_plain() { update } else { IndexUpdate::Nothing })
    }

    /// Whether its source is asked what it is asked for every client.
    fn is_plain(&self) -> bool {
        !self.ask.head_only && (self.is_inspected() || !self.ask.selects)
    }

    fn judge(
        &self,
        head: &ResponseHead,
        reply: Reply,
        config: &Config,
        policy: &Policy,
        cx: &Cx<'_>,
    ) -> (Verdict, IndexUpdate) {
        let cache = self.source.cache();
        let what = self.zip.to_string();
        let who = who(self.source, self.to.as_deref(), config);
        let audience = audience(Some(&self.zip.module), config, policy);
        if self.ask.head_only
            && let Some(verdict) = self.without_head(&reply, audience, config)
        {
            return (verdict, IndexUpdate::Nothing);
        }
        if self.source == Source::Storage
            && let Some(why) = store::redirect(&reply)
        {
            return (failed(&self.bad(&why, config)), IndexUpdate::Failed);
        }
        let reply = match self.to.as_ref().map(|to| discreet(&what, self.source, to, reply.clone(), config)) {
            Some(Ok(reply)) => reply,
            Some(Err(Outcome::Failed(failure))) => return (failed(&failure), IndexUpdate::Failed),
            Some(Err(_)) | None => reply,
        };
        let failure = failure_of(&reply);
        let presence = match upstream::judge_download(&what, &who, reply, self.is_inspected(), cx.now) {
            Presence::NotHere(outcome) => {
                Presence::NotHere(with_remedy(outcome, failure, self.source, self.to.as_deref(), config))
            }
            Presence::Here => Presence::Here,
        };
        match presence {
            // A client alone sees a response that the filter does not read. The page of a 412 or a 416 is about the client's own condition.
            Presence::Here
                if self.source == Source::Storage
                    && matches!(head.status, 200 | 206)
                    && store::is_page(&head.headers) =>
            {
                (failed(&self.bad("it is a web page", config)), IndexUpdate::Failed)
            }
            Presence::Here if let Some(failure) = self.cut(head, config) => {
                (failed(&failure), IndexUpdate::Failed)
            }
            Presence::Here => {
                (self.edit(head, Validity { fresh_for: None, audience }, cache), IndexUpdate::Nothing)
            }
            Presence::NotHere(Outcome::Missing(_)) if let Some(earlier_failure) = &self.earlier_failure => {
                (failed(earlier_failure), IndexUpdate::Lost(Loss::Gone))
            }
            Presence::NotHere(Outcome::Missing(missing)) if !self.may_be_elsewhere(config) => {
                let validity = Validity { fresh_for: Some(config.freshness.negative), audience };
                let answered = Answer::Missing { missing: &missing, validity, cache };
                (answer(&answered, &Asker::default(), Kind::Zip, cache), IndexUpdate::Missing(missing))
            }
            Presence::NotHere(Outcome::Failed(failure)) => (failed(&failure), IndexUpdate::Failed),
            Presence::NotHere(Outcome::Missing(_) | Outcome::Found(_)) => {
                // Storage had it a moment ago, so it was deleted since.
                let reason = format!("{what}: gone from {who}; try again");
                let gone = Failure { kind: FailureKind::Overloaded, reason, retry_after: Some(1) };
                (failed(&gone), IndexUpdate::Lost(Loss::Gone))
            }
        }
    }

    /// Why a zip that the filter does not read is not given, where a client could not see that it is cut short.
    fn cut(&self, head: &ResponseHead, config: &Config) -> Option<Failure> {
        let is_unread = !self.is_inspected() && !self.ask.head_only;
        is_unread.then(|| objection(&self.zip.to_string(), self.source, head, config)).flatten()
    }

    /// The answer to a HEAD that its source may have refused because it knows none: that the zip is there, where the source had said
    /// so when it was asked otherwise.
    fn without_head(&self, reply: &Reply, audience: Audience, config: &Config) -> Option<Verdict> {
        let Reply::Answered { status, .. } = *reply else { return None };
        let (cache, may_be_headless) = match self.source {
            Source::Storage => (Cache::Storage, matches!(status, 405 | 501)),
            _ => (Cache::Upstream, upstream::may_be_headless(status)),
        };
        if !may_be_headless {
            return None;
        }
        Some(if self.confirmed {
            present(None, cache, audience)
        } else {
            failed(&self.bad(&format!("it answered {status} to a HEAD, and may not support HEAD"), config))
        })
    }

    fn bad(&self, why: &str, config: &Config) -> Failure {
        let who = who(self.source, self.to.as_deref(), config);
        let reason = format!("{}: bad answer from {who}: {why}", self.zip);
        Failure { kind: FailureKind::Bad, reason, retry_after: None }
    }

    /// Why a zip that begins with this head cannot be read along, if it cannot.
    pub fn objection(&self, head: &ResponseHead, config: &Config) -> Option<Failure> {
        let why = if head.headers.coding().is_some() {
            "it is encoded, which the gateway did not ask for".to_owned()
        } else if head.ends {
            "it is empty".to_owned()
        } else if self.source == Source::Storage && store::is_page(&head.headers) {
            "it is a web page".to_owned()
        } else if head.content_length().is_some_and(|length| length > MAX_ZIP) {
            format!("it is larger than {MAX_ZIP} bytes, and no module zip is")
        } else {
            return None;
        };
        Some(self.bad(&why, config))
    }

    /// The answer in place of a zip that is not given.
    pub fn refuse(&self, failure: &Failure) -> Verdict {
        failed(failure)
    }

    /// The answer to a client that may not have it, as it turned out.
    pub fn forbid(&self, refusal: &Refusal, cx: &mut Cx<'_>) -> Verdict {
        refuse(Kind::Zip, refusal, cx)
    }

    /// Whether others were not asked because the source had said that it has it.
    fn may_be_elsewhere(&self, config: &Config) -> bool {
        let mut upstreams = upstream::chain(config, &self.zip.module).map(Source::Upstream);
        self.source == Source::Storage || self.confirmed && upstreams.any(|other| other != self.source)
    }

    /// Other headers of the source (cookies, its own caching, its internals) are not for the client.
    fn edit(&self, head: &ResponseHead, validity: Validity, cache: Cache) -> Verdict {
        // A range would not reach the source.
        let stays = |name: &str| KEPT.contains(&name) && !(self.is_inspected() && name == "accept-ranges");
        let mut remove: Vec<_> =
            head.headers.names().filter(|name| !stays(name)).map(str::to_owned).collect();
        remove.dedup();
        // That one client's condition or range did not fit says nothing to another.
        let cache_control =
            if matches!(head.status, 412 | 416) { "no-store".to_owned() } else { validity.cache_control() };
        let mut set = vec![
            ("cache-control".to_owned(), cache_control),
            (CACHE_HEADER.to_owned(), cache.as_str().to_owned()),
        ];
        let kind = head.headers.first("content-type").unwrap_or_default();
        if matches!(head.status, 200 | 206) && kind != Zip::CONTENT_TYPE && !kind.starts_with("multipart/") {
            set.push(("content-type".to_owned(), Zip::CONTENT_TYPE.to_owned()));
        }
        Verdict::Edit(Edit { remove, set })
    }
}

/// The answer to a HEAD: that `zip` is there, and what is known of it.
pub(in crate::flow) fn present(head: Option<&ZipHead>, cache: Cache, audience: Audience) -> Verdict {
    let validity = Validity { fresh_for: None, audience };
    let unknown = ZipHead::default();
    let ZipHead { length, etag, last_modified } = head.unwrap_or(&unknown);
    let present = Answer::Present {
        validity,
        cache,
        length: *length,
        etag: etag.as_deref(),
        last_modified: last_modified.as_deref(),
    };
    answer(&present, &Asker::default(), Kind::Zip, cache)
}

fn failed(failure: &Failure) -> Verdict {
    answer(&Answer::Failed(failure), &Asker::default(), Kind::Zip, Cache::None)
}

/// Headers of a source that a client gets.
const KEPT: [&str; 10] = [
    "accept-ranges",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "server",
    "transfer-encoding",
];
