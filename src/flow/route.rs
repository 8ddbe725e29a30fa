//! A zip's way: the filter picks the cluster, Envoy streams, and the filter looks at the head of what comes (`route/response.rs`).

mod response;

pub use self::response::IndexUpdate;
pub(super) use self::response::present;
use super::{advice::Advice, exposed::ledger_name, respond::answer};
use crate::{
    config::{Config, Endpoint},
    cx::{Cx, Given, Route, Verdict},
    endpoint::{self, Address},
    goproxy::{Answer, Asker, Failure, FailureKind, Zip},
    http::{Monitored, Timestamp},
    metrics::{Cache, Kind},
    plan::Source,
    policy::Caller,
    shared::{Capabilities, Day},
    store,
};

/// A request that was routed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// What was asked for.
    pub zip: Zip,
    /// Where it was routed to.
    pub source: Source,
    /// A failure of a source that was asked before: then `source` having no such zip does not mean that there is none.
    pub earlier_failure: Option<Failure>,
    /// Whether it was asked before, and said that it has it: the index knows that by now.
    pub confirmed: bool,
    /// Whether what comes from there is known to be the zip it has to be.
    pub checked: bool,
    /// The address there, where a redirect led to another than its own.
    pub to: Option<Box<Address>>,
    /// Whether it was asked where it is a moment ago, as it redirects: it should not once more.
    pub moved: bool,
    /// Whether what comes from there needs no proof, though it is read.
    pub believed: bool,
    /// What its client wants of it.
    pub ask: Ask,
    /// What would have been decided of the request if all of the policy were enforced.
    pub monitored: Option<Monitored>,
    /// What the author of the module says beside it.
    pub advice: Option<Box<Advice>>,
    /// Who asks, by the name under which that is remembered; `None` where nothing is.
    pub remembered_as: Option<Box<str>>,
    /// Who asks, where what the zip holds may have it refused.
    pub judged_for: Option<Box<Caller>>,
    /// Whether the licences that are read as it passes may.
    pub judges_license: bool,
}

/// What a client wants of a zip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Whether the head alone is asked for.
    pub head_only: bool,
    /// Whether a part of it is asked for, or any of it on a condition.
    pub selects: bool,
    /// Whether a body follows its request's head. The adapter lets none of it go to a source.
    pub has_body: bool,
}

impl Routed {
    /// A request for `zip` that wants this of it, routed to `source`, which was not asked yet.
    pub fn new(zip: Zip, source: Source, ask: Ask) -> Self {
        Self {
            zip,
            source,
            earlier_failure: None,
            confirmed: false,
            checked: false,
            believed: false,
            to: None,
            moved: false,
            ask,
            monitored: None,
            advice: None,
            remembered_as: None,
            judged_for: None,
            judges_license: false,
        }
    }

    /// The answer that redirects the client to where storage can be reached without the gateway, if it is to go there. No client is
    /// redirected to a zip that was not checked, nor for a HEAD: the signed address is one for GET.
    pub fn redirect(&self, config: &Config, cx: &mut Cx<'_>) -> Option<Verdict> {
        let storage = config.storage.as_ref().filter(|_| self.source == Source::Storage)?;
        if !self.checked || self.ask.head_only || !storage.delivery.redirects(&self.zip.module) {
            return None;
        }
        let to = store::public_url(storage, &store::zip_key(storage, &self.zip), cx.now)?;
        // Whether the client goes there is not seen here.
        cx.given.extend(self.given(cx.now));
        let redirect = Answer::Elsewhere { to: &to, cache: Cache::Storage };
        Some(answer(&redirect, &Asker::default(), Kind::Zip, Cache::Storage))
    }

    /// That the client has got it, where that is to be remembered. Whoever asks for the head alone gets nothing.
    pub fn given(&self, now: Timestamp) -> Option<Given> {
        let caller = self.remembered_as.clone().filter(|_| !self.ask.head_only)?;
        let version = ledger_name(&self.zip.module, &self.zip.version);
        Some(Given { version, caller, day: Day::of(now) })
    }

    /// Whether the filter reads the zip as it passes. It then asks for the whole zip, also where the client wants a part.
    pub fn is_inspected(&self) -> bool {
        !self.checked && !self.ask.head_only
    }

    /// Whether a host that can do this may let it pass: what is read along is held back until it is known to be right.
    pub fn may_pass(&self, host: Capabilities) -> bool {
        host.hold_response || !self.is_inspected()
    }

    /// The answer to whom it may not pass: why it could not be fetched whole and stored, where that is known.
    pub fn unread(&self) -> Verdict {
        let unread = || Failure {
            kind: FailureKind::Bad,
            reason: format!(
                "{}: not verified: this host gives only zips that fetch.zip_bytes allows and that storage has",
                self.zip
            ),
            retry_after: None,
        };
        let failure = self.earlier_failure.clone().unwrap_or_else(unread);
        self.refuse(&failure)
    }

    /// The way there. Headers that are not that host's business are removed. Secrets that no other host may see go beside the request, as
    /// the filter cannot see which route takes it.
    pub fn verdict(&self, config: &Config) -> Option<Verdict> {
        let endpoint = self.source.endpoint(config)?;
        let (coding, identity) = endpoint::ACCEPT_ENCODING;
        let (cluster, authority, scheme, path) = match self.to.as_deref() {
            Some(to) => (&to.cluster, &to.authority, to.scheme, to.path.clone()),
            None => (&endpoint.cluster, &endpoint.authority, endpoint.scheme, self.path(endpoint, config)),
        };
        let mut set = vec![
            (config.matching.route_header.clone(), cluster.clone()),
            (config.matching.host_header.clone(), authority.clone()),
            (":scheme".to_owned(), scheme.as_str().to_owned()),
            (":path".to_owned(), path),
            ("user-agent".to_owned(), endpoint::USER_AGENT.to_owned()),
            (coding.to_owned(), identity.to_owned()),
        ];
        if self.to.is_some() {
            set.push((
                SHOWN_PATH.to_owned(),
                endpoint::below(&config.matching.path_prefix, &self.zip.path()),
            ));
        }
        if self.ask.has_body {
            // The host frames what it believes to follow in chunks, and there are stores that take no chunks.
            set.push(("content-length".to_owned(), "0".to_owned()));
        }
        let has_strayed = self.to.as_ref().is_some_and(|to| to.strayed);
        let confided = if has_strayed { Vec::new() } else { endpoint.headers.clone() };
        let cluster = cluster.clone();
        Some(Verdict::Route(Route { set, cluster, confided, selects: !self.is_inspected() }))
    }

    /// The cluster that it was routed to.
    pub fn cluster<'a>(&'a self, config: &'a Config) -> Option<&'a str> {
        let own = || self.source.endpoint(config).map(|endpoint| endpoint.cluster.as_str());
        self.to.as_ref().map(|to| to.cluster.as_str()).or_else(own)
    }

    fn path(&self, to: &Endpoint, config: &Config) -> String {
        match &config.storage {
            Some(storage) if self.source == Source::Storage => {
                store::path(storage, &store::zip_key(storage, &self.zip))
            }
            _ => endpoint::absolute(to, &self.zip.path()),
        }
    }
}

/// The request header that Envoy's access logs and traces show in place of `:path`, where there is one: a signed address is not for
/// them. What it says is the client's own path.
const SHOWN_PATH: &str = "x-envoy-original-path";
