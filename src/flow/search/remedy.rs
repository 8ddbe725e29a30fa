//! What an operator can do about a source that no request reached.
//!
//! Where a source is reached through a proxy, Envoy gives the filter one and the same answer whether the proxy refused, is down or did not
//! get there, or the server at the other end did: what the proxy said stands in the log of Envoy's own listener for it alone.

use super::{Outcome, Source};
use crate::{
    config::{Config, cluster_remedy},
    endpoint::Address,
    http::{CallFailure, Reply},
};

/// How a request failed that got no answer.
pub(in crate::flow) fn failure_of(reply: &Reply) -> Option<CallFailure> {
    match reply {
        Reply::Failed(failure) => Some(*failure),
        Reply::Answered { .. } => None,
    }
}

/// Names what is in the way to `source`, or to `at`, where a redirect of the source led: the proxy on the way there, or the cluster that the
/// gateway does not have.
pub(in crate::flow) fn with_remedy(
    outcome: Outcome,
    failure: Option<CallFailure>,
    source: Source,
    at: Option<&Address>,
    config: &Config,
) -> Outcome {
    let Some(endpoint) = source.endpoint(config) else { return outcome };
    let remedy = match failure {
        Some(CallFailure::Unreachable) => endpoint.egress.as_ref().map(|egress| {
            format!(
                " by way of the egress proxy {egress}, which refused, is down, or did not get there; the gateway's log says which"
            )
        }),
        Some(CallFailure::Misconfigured) => {
            let cluster = at.map_or(&endpoint.cluster, |at| &at.cluster);
            Some(format!(": {}", cluster_remedy(cluster)))
        }
        _ => None,
    };
    match (outcome, remedy) {
        (Outcome::Failed(mut failure), Some(remedy)) => {
            failure.reason.push_str(&remedy);
            Outcome::Failed(failure)
        }
        (outcome, _) => outcome,
    }
}
