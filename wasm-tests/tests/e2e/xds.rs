//! The gateway that is shipped for Istio, with everything from a control plane as istiod and its agent deliver it: the filter by
//! discovery, in a VM without a name of its own.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::http::{self, Request, Response};
use modgate_wasm_tests::mesh::{self, Proxy, delivered};
use modgate_wasm_tests::port::Port;
use modgate_wasm_tests::xds::agent::Agent;
use modgate_wasm_tests::xds::resources::Resources;
use modgate_wasm_tests::xds::{Control, Kind};
use modgate_wasm_tests::{tools, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const KNOWN: &str = "/known.example/m/@v/v1.0.0.mod";
const GOOD: &str = "module known.example/m\n";

pub(crate) struct Mesh {
    pub(crate) envoy: Envoy,
    pub(crate) upstream: Faulty,
    pub(crate) storage: Faulty,
    pub(crate) control: Control,
    pub(crate) resources: Resources,
    agent: Agent,
    /// Where the object has the module from.
    image: String,
    /// What the filter's configuration is called.
    name: String,
    edits: u64,
    _dir: TempDir,
    _port: Port,
}

impl Mesh {
    /// One whose Envoy has everything but the filter.
    fn begin(workers: u32, crashing: bool) -> Self {
        let manifests = ["gateway", "storage"].map(|folder| mesh::shipped(folder).unwrap()).concat();
        let mut rendered = mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap();
        rendered.patch_plugin(&json!({"sumdb": []}));
        let extension = rendered.extensions[0].clone();
        let text = |pointer: &str| extension.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let image = text("/typed_config/config/vm_config/code/remote/http_uri/uri");
        let name = text("/name");

        let (upstream, storage, port) = (Faulty::start(), Faulty::store(), Port::reserve());
        upstream.on(KNOWN, Reply::ok(GOOD));
        let (control, dir) = (Control::start(), tempfile::tempdir().unwrap());
        let mut agent = Agent::new(dir.path());
        agent.publish(&image, &if crashing { tools::wasm_crash() } else { tools::wasm() });
        let mut builder = Envoy::gateway()
            .bootstrap(rendered.bootstrap(80, dir.path(), None))
            .cluster("outbound|443||proxy.golang.org", upstream.addr())
            .cluster("outbound|80||storage.modgate.svc.cluster.local", storage.addr())
            .concurrency(workers)
            .at(port.addr());
        if crashing {
            builder = builder.may_crash();
        }
        let (envoy, resources) = builder.start_controlled(&extension, &control);
        Self {
            envoy,
            upstream,
            storage,
            control,
            resources,
            agent,
            image,
            name,
            edits: 0,
            _dir: dir,
            _port: port,
        }
    }

    /// One that serves.
    pub(crate) fn start(workers: u32, crashing: bool) -> Self {
        let mut mesh = Self::begin(workers, crashing);
        mesh.push().unwrap();
        mesh.wait_ready();
        mesh
    }

    /// Has Envoy have the filter's configuration as it is now, as after an edit of the object it was made from.
    pub(crate) fn push(&mut self) -> Result<(), String> {
        self.edits += 1;
        let variables = &mut self.resources.plugin()["vm_config"]["environment_variables"];
        variables["key_values"]["ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"] = self.edits.to_string().into();
        self.control.push(Kind::Extension, &self.agent.hand_on(&self.resources.extension))
    }

    pub(crate) fn configure(&mut self, configuration: &Value) {
        self.resources.plugin()["configuration"]["value"] = delivered(configuration).into();
    }

    pub(crate) fn configuration(&mut self) -> Value {
        self.resources.plugin()["configuration"]["value"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn is_ready(&self) -> bool {
        http::get(self.envoy.admin(), "/ready").status == 200
    }

    pub(crate) fn wait_ready(&self) {
        wait::until("Envoy is ready", Duration::from_secs(30), || self.is_ready());
    }

    fn withdraw(&mut self) {
        self.agent.withdraw(&self.image);
    }

    fn publish(&mut self) {
        self.agent.publish(&self.image, &tools::wasm());
    }

    fn get(&self, path: &str) -> Response {
        self.envoy.get(path)
    }

    #[track_caller]
    fn assert_hit(&self) {
        assert_eq!(self.get(KNOWN).header("x-modgate-cache"), Some("hit"));
    }
}

#[test]
fn nothing_is_served_before_the_filter_is_there_and_right() {
    let mut mesh = Mesh::begin(1, false);
    wait::until("Envoy asks for it", Duration::from_secs(30), || {
        mesh.control.wanted(Kind::Extension).contains(&mesh.name)
    });
    thread::sleep(Duration::from_millis(300));
    assert!(!mesh.is_ready());
    assert!(Request::get(KNOWN).try_send(mesh.envoy.addr()).is_err(), "nobody listens there");

    // A first configuration that the filter refuses has Envoy listen, and fail every request: never one that passes by the filter.
    let good = mesh.configuration();
    mesh.configure(&json!({"storge": {}}));
    mesh.push().unwrap_err();
    mesh.wait_ready();
    assert_eq!(mesh.get(KNOWN).status, 500);
    mesh.configure(&good);
    mesh.push().unwrap();
    assert_eq!(mesh.get(KNOWN).text(), GOOD);
    mesh.control.assert_understood();
}

#[test]
fn a_refused_configuration_is_reported_and_the_one_before_serves() {
    let mut mesh = Mesh::start(1, false);
    assert_eq!(mesh.get(KNOWN).text(), GOOD);
    let good = mesh.configuration();
    mesh.configure(&json!({"upstreams": [{"cluster": "", "url": "ftp://x"}], "storge": {}}));
    // That is all Envoy tells its control plane. What is wrong is in its log.
    assert_eq!(mesh.push().unwrap_err(), "Unable to create Wasm plugin modgate.modgate");
    for problem in ["$.upstreams[0].cluster", "$.upstreams[0].url", "$.storge"] {
        assert!(mesh.envoy.log_contains(&format!("configuration refused: {problem}")), "{problem}");
    }
    mesh.assert_hit();
    mesh.configure(&good);
    mesh.push().unwrap();
    mesh.assert_hit();

    // One that is taken away before the listener lets go of it: an error, and never a request that passes by the filter.
    mesh.control.remove(Kind::Extension, &mesh.name);
    wait::until("it is gone", Duration::from_secs(10), || mesh.get(KNOWN).status == 500);
    mesh.push().unwrap();
    assert_eq!(mesh.get(KNOWN).text(), GOOD);
    mesh.control.assert_understood();
}

/// Where the agent cannot fetch the module it has Envoy deny everything, until the object is edited once more.
#[test]
fn a_filter_that_cannot_be_fetched_is_403_and_heals() {
    let mut mesh = Mesh::begin(1, false);
    mesh.withdraw();
    mesh.push().unwrap();
    mesh.wait_ready();
    let denied = mesh.get(KNOWN);
    assert_eq!((denied.status, denied.text().as_str()), (403, "RBAC: access denied"));
    assert_eq!(mesh.upstream.hits(KNOWN), 0);
    mesh.publish();
    mesh.push().unwrap();
    assert_eq!(mesh.get(KNOWN).text(), GOOD);

    // With the last VM the index goes: storage and upstreams are asked anew.
    mesh.withdraw();
    mesh.push().unwrap();
    assert_eq!(mesh.get(KNOWN).status, 403);
    mesh.publish();
    mesh.push().unwrap();
    assert_eq!(mesh.get(KNOWN).header("x-modgate-cache"), Some("upstream"));
    mesh.control.assert_understood();
}

/// The agent deletes modules that no push has named for a day, though they are in use (`WASM_MODULE_EXPIRY`).
#[test]
fn a_module_that_was_deleted_keeps_the_next_listener_out() {
    let mut mesh = Mesh::start(1, false);
    assert_eq!(mesh.get(KNOWN).text(), GOOD);
    fs::remove_file(mesh.agent.file(&mesh.image).unwrap()).unwrap();
    let mut listener = mesh.resources.listeners[0].clone();
    manager(&mut listener)["max_request_headers_kb"] = 32.into();
    let refusal = mesh.control.push(Kind::Listener, &listener).unwrap_err();
    assert!(refusal.contains("Invalid path: "), "{refusal}");
    mesh.assert_hit();
    // The next edit of the object has the agent fetch it again.
    mesh.push().unwrap();
    manager(&mut listener)["max_request_headers_kb"] = 33.into();
    mesh.control.push(Kind::Listener, &listener).unwrap();
    mesh.assert_hit();

    // A listener with a filter that is not there yet waits, and the one before serves.
    let filters = manager(&mut listener)["http_filters"].as_array_mut().unwrap();
    let at = filters.iter().position(|filter| filter["name"] == *mesh.name).unwrap();
    let mut another = filters[at].clone();
    another["name"] = "another".into();
    filters.insert(at, another);
    mesh.control.push(Kind::Listener, &listener).unwrap();
    wait::until("Envoy asks for it", Duration::from_secs(10), || {
        mesh.control.wanted(Kind::Extension).contains("another")
    });
    mesh.assert_hit();
    mesh.control.assert_understood();
}

/// With Istio's own backoff of a second.
#[test]
fn a_trap_recovers() {
    let mesh = Mesh::start(2, true);
    let path = "/crash.example/m/@v/v1.0.0.mod";
    mesh.upstream.on_each(path, [Reply::ok(GOOD).header("x-modgate-crash", "yes"), Reply::ok(GOOD).served()]);
    assert_eq!(mesh.get(KNOWN).text(), GOOD);
    let (begun, addr) = (Instant::now(), mesh.envoy.addr());
    // Who asked for it hangs for as long as streams may be idle.
    thread::spawn(move || Request::get(path).deadline(Duration::from_secs(30)).try_send(addr));
    // The next request of that worker that comes after the backoff replaces it. Workers take connections as it comes.
    wait::until("the VM is replaced", Duration::from_secs(20), || {
        let _ = mesh.get(KNOWN);
        mesh.envoy.stat("wasm.modgate.modgate.vm_reload_success") > 0
    });
    for _ in 0..40 {
        mesh.assert_hit();
    }
    println!("replaced within {:?}", begun.elapsed());
    assert_eq!(mesh.get(path).text(), GOOD);
    assert_eq!(mesh.upstream.hits(KNOWN), 1, "the index survives");
}

/// A listener's connection manager.
fn manager(listener: &mut Value) -> &mut Value {
    &mut listener["filter_chains"][0]["filters"][0]["typed_config"]
}
