//! A source that is reached through a proxy: who could not be reached, where no connection came about.
//!
//! Envoy gives the filter one and the same answer whether the proxy refused, is down or did not get there, or the server at the other
//! end did: what the proxy said stands in the log of Envoy's own listener for it alone.

use super::{Outcome, Source};
use crate::{
    config::Config,
    http::{CallFailure, Reply},
};

/// Whether `reply` is that no connection came about.
pub(in crate::flow) fn is_unconnected(reply: &Reply) -> bool {
    matches!(reply, Reply::Failed(CallFailure::Unreachable))
}

/// Names in a failure to connect to `source` the proxy on the way there, if it has one.
pub(in crate::flow) fn by_way_of(outcome: Outcome, source: Source, config: &Config) -> Outcome {
    let Some(egress) = source.endpoint(config).and_then(|endpoint| endpoint.egress.as_deref()) else {
        return outcome;
    };
    match outcome {
        Outcome::Failed(mut failure) => {
            failure.reason.push_str(&format!(
                " by way of the egress proxy {egress}, which refused, is down, or did not get there; the gateway's log says which"
            ));
            Outcome::Failed(failure)
        }
        other => other,
    }
}
