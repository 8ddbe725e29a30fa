//! Redirects of upstreams and checksum databases, followed by the search that met them.
//!
//! Every request begins at the first address: what a redirect led to may be signed, for half a minute and for GET alone. So a HEAD that
//! is sent to another host becomes a GET of the first byte, put to the first address.

use super::{
    End, Failure, FailureKind, Outcome, Search, Source, Step, source_request::Form,
    source_request::SourceRequest,
};
use crate::{
    config::Config,
    cx::Cx,
    endpoint::{Address, Trail, leads_to},
    goproxy::Zip,
    http::Reply,
    plan::Want,
};

impl Search {
    /// The step that `reply` leads on to, where it is a redirect.
    pub(super) fn follow(
        &mut self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Option<Step> {
        let source = request.source;
        let location = leads_to(reply).filter(|_| source != Source::Storage)?;
        let endpoint = source.endpoint(config)?;
        let sent = self.trail.lead(request.callout(&self.want, config)?, endpoint);
        match self.trail.follow(&sent, location, endpoint, &source.describe(config)) {
            Ok(trail) if request.is_head(&self.want) && is_elsewhere(&trail) => {
                Some(self.ask(SourceRequest { form: Form::First, ..request.clone() }, config, cx))
            }
            Ok(trail) => {
                self.trail = trail;
                Some(self.put(request.clone(), config, cx))
            }
            Err(why) => {
                let reason = format!("{}: {} {why}", self.want.describe(), self.who(source, config));
                let failure = Failure { kind: FailureKind::Bad, reason, retry_after: None };
                let after = self.note(source, Outcome::Failed(failure), true, config, cx);
                Some(self.go_on(source, after, config, cx))
            }
        }
    }

    /// Whether the zip is asked for by GET, where its head was not enough: `source` is known to redirect, or may.
    pub(super) fn asks_by_get(&self, source: Source, config: &Config) -> bool {
        let may_redirect = source.endpoint(config).is_some_and(|endpoint| !endpoint.redirects.is_empty());
        self.zip.has_moved() || may_redirect
    }

    /// The address that the request under way was redirected to, where `source` is the one it was sent to.
    pub(super) fn address(&self, source: Option<Source>) -> Option<Address> {
        self.trail.at().filter(|_| matches!(source, Some(Source::Upstream(_)))).cloned()
    }

    /// Whether what `source` answers comes from another host.
    pub fn has_strayed(&self, source: Source) -> bool {
        source != Source::Storage && is_elsewhere(&self.trail)
    }

    /// Who answers where `source` is asked.
    pub(super) fn who(&self, source: Source, config: &Config) -> String {
        let at = self.trail.at().filter(|_| source != Source::Storage);
        who(source, at, config)
    }

    /// The reply as one of `source` itself, where a redirect has led to another address.
    pub(super) fn discreet(&self, source: Source, reply: Reply, config: &Config) -> Result<Reply, Outcome> {
        match self.trail.at().filter(|_| source != Source::Storage) {
            Some(at) => discreet(&self.want.describe(), source, at, reply, config),
            None => Ok(reply),
        }
    }

    /// `end` with where it is, and whether that may be where a redirect led.
    pub(super) fn located(&self, end: End, source: Option<Source>) -> End {
        match (end, &self.want) {
            (End::Zip { confirmed, checked, .. }, Want::Zip(_)) => {
                let to = self.address(source).map(Box::new);
                let moved = self.zip.is_moved(source, to.as_deref());
                let head = self.zip.head(self.storage.was_stored());
                End::Zip { confirmed, checked, moved, to, head, licenses: self.zip.licenses() }
            }
            (end, _) => end,
        }
    }
}

/// Who answers where `source` is asked and a redirect led to `at`.
pub(in crate::flow) fn who(source: Source, at: Option<&Address>, config: &Config) -> String {
    let asked = source.describe(config);
    match at.and_then(Address::elsewhere) {
        Some(host) => format!("{host} ({asked} redirects there)"),
        None => asked,
    }
}

/// A reply of `at`, where `source` had redirected to, without the words in it: they may name the address. That another host refuses
/// it is no word of `source` on who may have it, but on how it was asked.
pub(in crate::flow) fn discreet(
    what: &str,
    source: Source,
    at: &Address,
    reply: Reply,
    config: &Config,
) -> Result<Reply, Outcome> {
    match reply {
        Reply::Answered { status: status @ (401 | 403 | 407 | 451), .. } if at.strayed => {
            let reason = format!("{what}: {} answered {status}", who(source, Some(at), config));
            Err(Outcome::Failed(Failure { kind: FailureKind::Bad, reason, retry_after: None }))
        }
        Reply::Answered { status: status @ (0..=199 | 300..), headers, .. } => {
            let headers = headers.iter().filter(|(name, _)| *name != "content-type").collect();
            Ok(Reply::Answered { status, headers, body: Vec::new() })
        }
        reply => Ok(reply),
    }
}

/// The last element of the path of `zip`: a client may be redirected once more to an address that ends in it.
pub(in crate::flow) fn same_file(zip: &Zip) -> String {
    let path = crate::goproxy::encode(&zip.path());
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

fn is_elsewhere(trail: &Trail) -> bool {
    trail.at().is_some_and(|at| at.strayed)
}
