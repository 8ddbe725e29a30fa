//! Envoys that tests take in turn.
//!
//! An Envoy compiles the filter when it starts, which takes two seconds of CPU time; a gateway that is added to an Envoy which
//! has the filter compiled already is there after a twentieth of that. So an Envoy outlives its test: the gateway is taken out of it, and
//! the next test's is put into it. One test at a time has it, and it begins as a new one does. The names in the
//! configuration are the shipped ones, the counters stand at zero, and the index is empty, for the memory of a `vm_id` goes with
//! its last VM.
//!
//! What a gateway's file says beside listeners and clusters an Envoy reads once, so gateways only share one where they agree in
//! that, and in the number of workers. A test that measures the process, stops it or makes it drain says
//! [`Builder::alone`](super::Builder::alone).

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::launch::{self, START};
use crate::bootstrap::Bootstrap;
use crate::http::Request;
use crate::process::{Process, family};
use crate::wait;

/// An Envoy of the pool, with or without a gateway in it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) process: Process,
    pub(super) admin: SocketAddr,
    dir: PathBuf,
    key: String,
    /// VMs that are always there: those of the service that keeps the filter compiled.
    own_vms: u64,
    /// How often either of its files was written.
    version: u64,
    /// When the last gateway was taken out of it.
    emptied: Instant,
}

/// How an Envoy of the pool is started.
pub(super) struct Start<'a> {
    pub(super) wasm: &'a Path,
    pub(super) args: &'a [String],
    pub(super) env: &'a [(String, String)],
}

/// Takes an Envoy that agrees with `bootstrap`, and puts the gateway of `bootstrap` into it: the Envoy, and where that listens.
///
/// # Errors
/// Says why it does not serve, with the end of its log.
pub(super) fn take(bootstrap: &Bootstrap, start: &Start<'_>) -> Result<(Shared, SocketAddr, usize), String> {
    let mut rest = bootstrap.clone();
    let gateway = rest.value_mut()["static_resources"].take();
    let key = format!("{} {:?} {:?} {}", start.wasm.display(), start.args, start.env, rest.value());
    let mut shared = match idle(&key) {
        Some(shared) => shared,
        None => Shared::start(rest, key, start)?,
    };
    // What the last test had logged is written by then.
    sleep(WRITTEN.saturating_sub(shared.emptied.elapsed()));
    let begun = fs::read(shared.process.log_file()).map(|log| log.len()).unwrap_or_default();
    let addr = shared.put(&gateway)?;
    Ok((shared, addr, begun))
}

/// Takes the gateway out of an Envoy, and keeps the Envoy for the next test; unless it does not become as it was.
pub(super) fn give_back(mut shared: Shared) {
    if shared.clear().is_none() {
        return;
    }
    let mut idle = lock();
    idle.push(shared);
    if idle.len() > MOST_IDLE {
        let oldest = idle.remove(0);
        drop(idle);
        drop(oldest);
    }
}

fn idle(key: &str) -> Option<Shared> {
    let mut idle = lock();
    let at = idle.iter().position(|shared| shared.key == key && shared.process.exited().is_none())?;
    Some(idle.remove(at))
}

impl Shared {
    fn start(mut rest: Bootstrap, key: String, start: &Start<'_>) -> Result<Self, String> {
        let dir = FOLDER.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let source = |file: &str| {
            let path = dir.join(file);
            json!({"path_config_source": {"path": path.to_str()}, "resource_api_version": "V3"})
        };
        rest.value_mut()["static_resources"] = json!({});
        rest.value_mut()["dynamic_resources"] = json!({"lds_config": source(LISTENERS), "cds_config": source(CLUSTERS)});
        rest.value_mut()["bootstrap_extensions"] = json!([keeper(start.wasm)]);
        publish(&dir, LISTENERS, 0, &[])?;
        publish(&dir, CLUSTERS, 0, &[])?;
        let args: Vec<&str> = start.args.iter().map(String::as_str).chain(["--drain-time-s", "0"]).collect();
        let (process, admin) = launch::launch(&rest, &dir, &args, start.env)?;
        let mut shared = Self { process, admin, dir, key, own_vms: 0, version: 0, emptied: Instant::now() };
        shared.own_vms = shared.stat(VMS).ok_or("Envoy does not say how many VMs there are")?;
        Ok(shared)
    }

    /// Puts a gateway into it; where that listens.
    fn put(&mut self, gateway: &Value) -> Result<SocketAddr, String> {
        let list = |name: &str| gateway[name].as_array().cloned().unwrap_or_default();
        let (listeners, clusters) = (list("listeners"), list("clusters"));
        self.version += 1;
        publish(&self.dir, CLUSTERS, self.version, &typed(&clusters, CLUSTER))?;
        // A listener whose routes name a cluster that is not there yet is refused.
        let wanted = clusters.len() as u64;
        self.until("takes the clusters", || (self.stat("cluster_manager.active_clusters")? == wanted).then_some(()))?;
        publish(&self.dir, LISTENERS, self.version, &typed(&listeners, LISTENER))?;
        self.until("takes the listener", || launch::listener(&self.ask("/listeners?format=json")?))
    }

    /// Takes the gateway out of it; nothing where that does not succeed.
    fn clear(&mut self) -> Option<()> {
        self.version += 1;
        publish(&self.dir, LISTENERS, self.version, &[]).ok()?;
        wait::poll(GONE, || (self.stat(VMS)? == self.own_vms).then_some(()))?;
        publish(&self.dir, CLUSTERS, self.version, &[]).ok()?;
        wait::poll(GONE, || (self.stat("cluster_manager.active_clusters")? == 0).then_some(()))?;
        let reset = Request::new("POST", "/reset_counters").try_send(self.admin).ok()?;
        self.emptied = Instant::now();
        (reset.status == 200).then_some(())
    }

    /// Waits until Envoy does something; an error when it has refused to.
    fn until<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> Result<T, String> {
        let begun = Instant::now();
        let refused = || REFUSALS.iter().any(|name| self.stat(name).is_some_and(|count| count > 0));
        let seen = wait::poll(START, || match ready() {
            Some(value) => Some(Ok(value)),
            None if self.process.exited().is_some() => Some(Err("ended".to_owned())),
            None if refused() => Some(Err(format!("{what}: it refused"))),
            None => None,
        });
        seen.unwrap_or_else(|| Err(format!("{what}: not within {:?}", begun.elapsed())))
            .map_err(|failure| format!("Envoy {failure}:\n{}", self.process.log_tail(30)))
    }

    /// A counter or a gauge; nothing where Envoy does not answer, or does not have it.
    fn stat(&self, name: &str) -> Option<u64> {
        let answer = self.ask(&format!("/stats?format=json&filter=^{name}$"))?;
        answer["stats"].as_array()?.iter().find(|stat| stat["name"] == name)?["value"].as_u64()
    }

    fn ask(&self, target: &str) -> Option<Value> {
        let answer = Request::get(target).deadline(Duration::from_secs(5)).try_send(self.admin).ok()?;
        (answer.status == 200).then(|| answer.json())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.process.stop();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Something that has the filter compiled while no gateway is there: Envoy forgets what it has compiled with the last VM of it.
fn keeper(wasm: &Path) -> Value {
    let configuration = json!({
        "mode": "offline", "storage": {"cluster": "nowhere", "url": "http://storage.test"},
    });
    json!({
        "name": "envoy.bootstrap.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
            "singleton": true,
            "config": {
                "name": "keeper",
                "vm_config": {
                    "vm_id": "keeper",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": wasm.to_str()}},
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": configuration.to_string(),
                },
            },
        },
    })
}

fn typed(resources: &[Value], kind: &str) -> Vec<Value> {
    let typed = |resource: &Value| {
        let mut resource = resource.clone();
        resource["@type"] = kind.into();
        resource
    };
    resources.iter().map(typed).collect()
}

/// Envoy looks again when another file takes the name, and must never see half of one.
fn publish(dir: &Path, file: &str, version: u64, resources: &[Value]) -> Result<(), String> {
    let next = dir.join("next");
    let response = json!({"version_info": version.to_string(), "resources": resources});
    fs::write(&next, response.to_string())
        .and_then(|()| fs::rename(&next, dir.join(file)))
        .map_err(|error| format!("{}: {error}", dir.display()))
}

fn lock() -> MutexGuard<'static, Vec<Shared>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those that no test has, the oldest first. Nobody drops them: the kernel ends them with this process ([`crate::process`]).
static IDLE: Mutex<Vec<Shared>> = Mutex::new(Vec::new());
/// 150 MB each.
const MOST_IDLE: usize = 14;

/// Where the Envoys of this process have their files. Those of processes that are gone are removed.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let all = std::env::temp_dir().join("modgate-envoys");
    for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
        let owner = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if owner.is_none_or(|pid| !family::runs(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    all.join(process::id().to_string())
});
static NEXT: AtomicU32 = AtomicU32::new(0);

const LISTENERS: &str = "listeners.json";
const CLUSTERS: &str = "clusters.json";
const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
const CLUSTER: &str = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

const VMS: &str = "wasm.envoy.wasm.runtime.v8.active";
const REFUSALS: [&str; 2] = ["listener_manager.lds.update_rejected", "cluster_manager.cds.update_rejected"];

/// A gateway that is not gone by then has somebody hold it, and its Envoy is not used again.
const GONE: Duration = Duration::from_secs(5);
/// Envoy writes its access log every 200 ms ([`launch::launch`]).
const WRITTEN: Duration = Duration::from_millis(300);
