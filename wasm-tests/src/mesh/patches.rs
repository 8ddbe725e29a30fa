//! `EnvoyFilter`: those patches that ours make.

use serde::Deserialize;
use serde_json::Value;

use super::Rendered;
use super::manifest::{Selector, TargetRef, Visible};
use super::merge::merge;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EnvoyFilter {
    #[serde(default)]
    pub(super) target_refs: Vec<TargetRef>,
    workload_selector: Option<Selector>,
    config_patches: Vec<ConfigPatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConfigPatch {
    apply_to: ApplyTo,
    #[serde(default)]
    r#match: Match,
    patch: Patch,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ApplyTo {
    Cluster,
    ExtensionConfig,
    HttpFilter,
    NetworkFilter,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Match {
    context: Option<Context>,
    listener: Option<ListenerMatch>,
    cluster: Option<ClusterMatch>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Context {
    Gateway,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ListenerMatch {
    filter_chain: FilterChainMatch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FilterChainMatch {
    filter: FilterMatch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FilterMatch {
    name: String,
    sub_filter: Option<SubFilter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubFilter {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ClusterMatch {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Patch {
    operation: Operation,
    value: Value,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operation {
    Add,
    InsertBefore,
    Merge,
}

impl EnvoyFilter {
    pub(super) fn selector(&self) -> Option<&Selector> {
        self.workload_selector.as_ref()
    }
}

/// Carries out all patches. One that is for nothing is a mistake: istiod would not say so.
pub(super) fn apply(rendered: &mut Rendered, all: &Visible<'_>) -> Result<(), String> {
    for filter in &all.filters {
        for (n, patch) in filter.spec.config_patches.iter().enumerate() {
            let place = || format!("{}: configPatches[{n}]", filter.place);
            if patch.r#match.context.is_some() && all.proxy.is_waypoint() {
                return Err(format!("{}: a waypoint is no GATEWAY", place()));
            }
            let done = patch.carry_out(rendered).ok_or_else(|| format!("{}: not translated", place()))?;
            if done == 0 {
                return Err(format!("{}: patches nothing", place()));
            }
        }
    }
    Ok(())
}

impl ConfigPatch {
    /// How many places it has changed; nothing where it is not translated.
    fn carry_out(&self, rendered: &mut Rendered) -> Option<usize> {
        let Patch { operation, value } = &self.patch;
        match (self.apply_to, operation, &self.r#match) {
            (ApplyTo::Cluster, Operation::Merge, Match { cluster: Some(ClusterMatch { name }), listener: None, .. }) => {
                let found = rendered.clusters.iter_mut().filter(|cluster| cluster["name"] == name.as_str());
                Some(found.map(|cluster| merge(cluster, value)).count())
            }
            (ApplyTo::ExtensionConfig, Operation::Add, Match { cluster: None, listener: None, .. }) => {
                rendered.extensions.push(value.clone());
                Some(1)
            }
            (ApplyTo::NetworkFilter, Operation::Merge, Match { listener: Some(listener), cluster: None, .. }) => {
                let FilterMatch { name, sub_filter: None } = &listener.filter_chain.filter else { return None };
                let found = network_filters(&mut rendered.listeners).filter(|filter| filter["name"] == name.as_str());
                Some(found.map(|filter| merge(filter, value)).count())
            }
            (ApplyTo::HttpFilter, Operation::InsertBefore, Match { listener: Some(listener), cluster: None, .. }) => {
                let FilterMatch { name, sub_filter: Some(SubFilter { name: before }) } = &listener.filter_chain.filter else {
                    return None;
                };
                let managers = network_filters(&mut rendered.listeners).filter(|filter| filter["name"] == name.as_str());
                let insert = |manager: &mut Value| {
                    let filters = manager["typed_config"]["http_filters"].as_array_mut()?;
                    let at = filters.iter().position(|filter| filter["name"] == before.as_str())?;
                    filters.insert(at, value.clone());
                    Some(())
                };
                Some(managers.filter_map(insert).count())
            }
            _ => None,
        }
    }
}

fn network_filters(listeners: &mut [Value]) -> impl Iterator<Item = &mut Value> {
    let chains = listeners.iter_mut().filter_map(|listener| listener["filter_chains"].as_array_mut()).flatten();
    chains.filter_map(|chain| chain["filters"].as_array_mut()).flatten()
}
