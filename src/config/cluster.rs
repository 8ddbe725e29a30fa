//! What an operator does about a cluster that the gateway does not have.
//!
//! A control plane makes names by rules of its own, so that a name says which of its resources is missing. Istio:
//! `outbound|<port>|<subset>|<host>` (`model.BuildSubsetKey`). Envoy Gateway: `httproute/<namespace>/<name>/rule/<index>`
//! (`irRouteDestinationName`).

use crate::http::CallFailure;

/// How a call by way of `cluster` failed, as a person reads it, and what to do about the cluster where it is missing.
pub fn describe_failure(failure: CallFailure, cluster: &str) -> String {
    let failed = failure.describe();
    match failure {
        CallFailure::Misconfigured => format!("{failed}: {}", cluster_remedy(cluster)),
        _ => failed.to_owned(),
    }
}

/// `"proxy_golang_org" has to be ...`: what makes the cluster known to the gateway, and downloads find it.
pub fn cluster_remedy(cluster: &str) -> String {
    let remedy = match cluster.split('|').collect::<Vec<_>>()[..] {
        ["outbound", port, _, host] => format!(
            "needs a ServiceEntry or a Service for {host} with port {port} that this proxy may see (exportTo, Sidecar), and a route that \
             names it"
        ),
        _ => match cluster.split('/').collect::<Vec<_>>()[..] {
            ["httproute", namespace, name, "rule", index] => {
                format!("needs a rule {index}, counted from 0, in the HTTPRoute {namespace}/{name}")
            }
            _ => "has to be a cluster of the gateway's bootstrap or control plane; downloads need the download route in this virtual host too"
                .to_owned(),
        },
    };
    format!("{cluster:?} {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_named_by_the_control_plane_s_own_rules() {
        for (cluster, remedy) in [
            (
                "outbound|443||proxy.golang.org",
                "\"outbound|443||proxy.golang.org\" needs a ServiceEntry or a Service for proxy.golang.org with port 443 that",
            ),
            (
                "httproute/modules/download/rule/2",
                "\"httproute/modules/download/rule/2\" needs a rule 2, counted from 0, in the HTTPRoute modules/download",
            ),
            ("storage", "\"storage\" has to be a cluster of the gateway's bootstrap or control plane"),
            ("inbound|80||", "\"inbound|80||\" has to be a cluster"),
        ] {
            let said = cluster_remedy(cluster);
            assert!(said.starts_with(remedy), "{said}");
        }
    }
}
