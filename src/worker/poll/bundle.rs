//! The policy bundle as a polled document: one file, whole each time, known by its entity tag.

use super::polled::{Content, Installed, PollSource, Polled, Progress, entity_tag, if_none_match};
use crate::{
    config::{Bundle, BundleReading, BundleSource, limits::MAX_BUNDLE_BYTES},
    endpoint,
    goproxy::Etag,
    http::{Body, Callout, Headers, Timestamp},
    policy::InForce,
};

/// The policy bundle.
#[derive(Debug)]
pub(super) struct BundleDocument {
    source: PollSource,
    /// The tag of what is being read.
    tag: Vec<u8>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing is being read.
    Idle,
    Taken(Body),
    Reading(BundleReading),
    Read(Bundle),
}

impl BundleDocument {
    pub(super) fn new(source: &BundleSource) -> Self {
        let source = PollSource {
            name: Bundle::NAME.into(),
            title: "policy bundle".to_owned(),
            section: "policy.bundle".to_owned(),
            variant: "",
            endpoint: source.endpoint.clone(),
            interval: source.interval,
            most_bytes: MAX_BUNDLE_BYTES,
            stale_after: None,
        };
        Self { source, tag: Vec::new(), state: State::Idle }
    }
}

impl Polled for BundleDocument {
    fn source(&self) -> &PollSource {
        &self.source
    }

    fn begin(&mut self, cursor: &[u8], _: Timestamp) -> Callout {
        self.state = State::Idle;
        let endpoint = &self.source.endpoint;
        let path = if endpoint.path_prefix.is_empty() { "/" } else { &endpoint.path_prefix };
        if_none_match(endpoint::request(endpoint, "GET", path.to_owned()), cursor)
    }

    fn take(&mut self, headers: &Headers, body: Body, _: &Etag) {
        (self.tag, self.state) = (entity_tag(headers), State::Taken(body));
    }

    fn recall(&mut self, snapshot: Body) {
        self.state = State::Taken(snapshot);
    }

    fn work(&mut self) -> Progress {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Progress::Wrong(vec!["nothing was read".to_owned()]),
            State::Taken(body) => match std::str::from_utf8(&body) {
                Ok(text) => {
                    self.state = State::Reading(BundleReading::new(text.to_owned()));
                    Progress::More
                }
                Err(error) => Progress::Wrong(vec![format!("not JSON: {error}")]),
            },
            State::Reading(mut reading) => match reading.work() {
                None => {
                    self.state = State::Reading(reading);
                    Progress::More
                }
                Some(Ok(bundle)) => {
                    self.state = State::Read(bundle);
                    Progress::Read { cursor: std::mem::take(&mut self.tag), content: Content::AsItCame }
                }
                Some(Err(problems)) => {
                    Progress::Wrong(problems.to_string().lines().map(str::to_owned).collect())
                }
            },
            State::Read(bundle) => {
                self.state = State::Read(bundle);
                Progress::Read { cursor: self.tag.clone(), content: Content::AsItCame }
            }
        }
    }

    fn install(&mut self, in_force: &mut InForce) -> Installed {
        let State::Read(mut bundle) = std::mem::replace(&mut self.state, State::Idle) else {
            return Installed::default();
        };
        let (version, extent) = (bundle.version, format!("of {} rules", bundle.rules.rules().len()));
        let warnings = std::mem::take(&mut bundle.warnings);
        bundle.install(in_force);
        Installed { version, extent, warnings }
    }
}
