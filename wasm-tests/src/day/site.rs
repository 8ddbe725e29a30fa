//! What the day is lived on: the gateway as it is shipped, its storage, an upstream and a checksum database.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::catalogue::Catalogue;
use super::parameters::{REFUSED_MODULE, RULES, WORKERS};
use super::plan::Plan;
use super::upstream::Upstream;
use crate::bootstrap::Bootstrap;
use crate::bootstrap::discovery::Discovery;
use crate::bootstrap::merge::merge;
use crate::envoy::Envoy;
use crate::fixture::{STORAGE, UPSTREAM};
use crate::nginx::Nginx;
use crate::sumdb::Sumdb;

/// All of it, running.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) envoy: Envoy,
    pub(super) upstream: Upstream,
    _storage: Nginx,
    pub(super) sumdb: Sumdb,
    discovery: Discovery,
    pushed: u64,
    // Last, so that what lies in it has ended when it is removed.
    _dir: TempDir,
}

impl Site {
    pub(super) fn start(plan: &Plan, catalogue: &Arc<Catalogue>) -> Result<Self, String> {
        let dir = TempDir::new().map_err(|error| error.to_string())?;
        catalogue.write_records(dir.path())?;
        let upstream = Upstream::start(catalogue);
        // With as many workers as it is shipped with: one alone stands still for as long as a disk does.
        let storage = Nginx::storage_in(&dir.path().join("storage"), &dir.path().join("storage/data"))?;
        let sumdb = Sumdb::grown(dir.path());
        let mut patch = json!({"sumdb": sumdb.configured()});
        merge(&mut patch, &plan.freshness());
        let builder = Envoy::gateway()
            .cluster(UPSTREAM, upstream.addr())
            .cluster(STORAGE, storage.addr())
            .cluster(Sumdb::CLUSTER, sumdb.addr())
            .patch_plugin(&patch)
            .edit(log_to_nowhere)
            .concurrency(WORKERS)
            .alone();
        let (builder, discovery) = builder.discovered(dir.path());
        let envoy = builder.try_start()?;
        Ok(Self { envoy, upstream, _storage: storage, sumdb, discovery, pushed: 1, _dir: dir })
    }

    /// Rules that decide nothing which is asked for.
    pub(super) fn deploy_rules(&mut self) -> Result<(), String> {
        self.push(&rules(RULES))
    }

    /// And one that refuses a module.
    pub(super) fn deploy_refusal(&mut self) -> Result<(), String> {
        let mut all = rules(RULES);
        all.push(json!({"name": "refused", "exact": [Catalogue::path(REFUSED_MODULE)], "action": "deny"}));
        self.push(&all)
    }

    fn push(&mut self, rules: &[Value]) -> Result<(), String> {
        self.discovery.push(&json!({"policy": {"rules": rules}}));
        self.pushed += 1;
        if self.envoy.wait_discovered(self.pushed) { Err("the gateway refused rules".to_owned()) } else { Ok(()) }
    }

    /// Requests so far to storage, the upstream and the checksum database, as Envoy has sent them.
    pub(super) fn sent(&self) -> [u64; 3] {
        let stats = self.envoy.stats_now();
        [STORAGE, UPSTREAM, Sumdb::CLUSTER].map(|cluster| {
            stats.get(&format!("cluster.{cluster}.upstream_rq_total")).copied().unwrap_or_default()
        })
    }

    /// Waits until nothing is under way any more, writes to storage included.
    pub(super) fn settle(&self) {
        std::thread::sleep(Duration::from_millis(300));
        self.envoy.wait_idle(&[STORAGE, UPSTREAM, Sumdb::CLUSTER]);
    }
}

fn rules(count: usize) -> Vec<Value> {
    let rule = |number: usize| {
        json!({
            "name": format!("rule{number}"),
            "modules": [format!("forbidden{number}.example"), format!("*.example{number}.com/forbidden")],
            "action": "deny",
        })
    };
    (0..count).map(rule).collect()
}

/// A record of each request is written as shipped, and thrown away: gigabytes would fill the disk.
fn log_to_nowhere(bootstrap: &mut Bootstrap) {
    let log = &mut bootstrap.hcm()["access_log"][0];
    log["name"] = json!("envoy.access_loggers.file");
    log["typed_config"]["@type"] =
        json!("type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog");
    log["typed_config"]["path"] = json!("/dev/null");
}
