//! What is measured: one Envoy with three listeners, alike but for the filter and its rules, and the nginx they both fetch from.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::pin::Cores;
use crate::bootstrap::Bootstrap;
use crate::envoy::Envoy;
use crate::fixture::{self, STORAGE};
use crate::http::Request;
use crate::module::Module;
use crate::nginx::Nginx;
use crate::{tools, wait};

/// All of it, running.
#[derive(Debug)]
pub(super) struct Site {
    envoy: Envoy,
    plain: SocketAddr,
    ruled: SocketAddr,
    version: String,
    _nginx: [Nginx; 2],
    dir: TempDir,
}

/// Which way into Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listener {
    /// With the filter.
    Filter,
    /// Without.
    Plain,
    /// With the filter, and ten thousand rules.
    Ruled,
}

impl Site {
    pub(super) fn start(cores: Option<&Cores>) -> Result<Self, String> {
        let dir = tempfile::Builder::new().prefix("modgate-bench-").tempdir();
        let dir = dir.map_err(|error| error.to_string())?;
        let at = |name: &str| dir.path().join(name);
        let (store, tree) = (at("store"), at("tree"));
        for folder in [&store, &tree, &at("envoy")] {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        lay_out(&store, &tree).map_err(|error| format!("{}: {error}", dir.path().display()))?;
        let storage = Nginx::storage_in(&at("nginx"), &store)?;
        let upstream = Nginx::serving_in(&at("nginx"), &tree, None)?;
        let filter = tools::find("MODGATE_WASM")?;
        let envoy = fixture::builder(upstream.addr(), storage.addr())
            .patch_plugin(&configuration())
            .edit(|bootstrap| arrange(bootstrap, &filter))
            .dir(&at("envoy"))
            .try_start()?;
        if let Some(cores) = cores {
            cores.pin_envoy(envoy.process().pid())?;
            for nginx in [&storage, &upstream] {
                cores.pin_other(nginx.process().pid())?;
            }
        }
        let admin = |target: &str| {
            let answer = Request::get(target).try_send(envoy.admin());
            answer.map(|answer| answer.json()).map_err(|error| format!("Envoy's admin page: {error}"))
        };
        let listeners = admin("/listeners?format=json")?;
        let at = |name| listener(&listeners, name).ok_or_else(|| format!("Envoy has no {name} listener"));
        let (plain, ruled) = (at(PLAIN)?, at(RULED)?);
        // <commit>/<version>/<state>/<build>/<TLS library>
        let info = admin("/server_info")?;
        let version = info["version"].as_str().and_then(|text| text.split('/').nth(1)).unwrap_or_default();
        Ok(Self { version: version.to_owned(), envoy, plain, ruled, _nginx: [storage, upstream], dir })
    }

    pub(super) fn envoy(&self) -> &Envoy {
        &self.envoy
    }

    /// Envoy's version.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn addr(&self, listener: Listener) -> SocketAddr {
        match listener {
            Listener::Filter => self.envoy.addr(),
            Listener::Plain => self.plain,
            Listener::Ruled => self.ruled,
        }
    }

    /// Waits until nothing is asked of storage or upstream any more: a document's way into storage goes on when the client
    /// has its answer, and so does what wrk no longer waited for.
    pub(super) fn settle(&self) -> Result<(), String> {
        let active = |(name, value): &(String, u64)| *value > 0 && name.ends_with(".upstream_rq_active");
        let quiet = || (!self.envoy.stats_now().into_iter().any(|stat| active(&stat))).then_some(());
        wait::poll(PATIENCE, quiet).ok_or_else(|| format!("Envoy is not idle within {PATIENCE:?}"))
    }

    /// A folder for files of this run.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The file that storage has under a request's path.
    pub(super) fn stored(&self, target: &str) -> Result<Vec<u8>, String> {
        read(&self.dir().join("store"), target)
    }

    /// The file that the upstream has under a request's path.
    pub(super) fn fetched(&self, target: &str) -> Result<Vec<u8>, String> {
        read(&self.dir().join("tree"), target)
    }
}

/// The base address of the measured module, whose go.mod has about 2 KB.
pub(super) const MODULE: &str = "/bench.example.com/module";
/// One with the same go.mod, which a rule gives to [`MEMBER`] alone.
pub(super) const OF_TEAM: &str = "/bench.example.com/team";
/// The header by which a caller has a name.
pub(super) const MEMBER: (&str, &str) = ("x-user", "ada");
/// What the last rule but one refuses.
pub(super) const RULED_OUT: &str = "/bench.example.com/module/@v/v0.9.0.mod";
/// A zip of 200 KB.
pub(super) const SMALL_ZIP: &str = "/bench.example.com/small/@v/v1.0.0.zip";
/// A zip of 5 MB.
pub(super) const LARGE_ZIP: &str = "/bench.example.com/large/@v/v1.0.0.zip";
/// A zip of source text, too large to be fetched whole: it is streamed from the upstream and checked each time.
pub(super) const CHECKED_ZIP: &str = "/bench.example.com/checked/@v/v1.0.0.zip";
/// The same bytes in storage.
pub(super) const PLAIN_ZIP: &str = "/plain/checked.zip";
/// What Envoy answers itself, on both listeners: [`go_mod`], like the filter's largest small document.
pub(super) const DIRECT: &str = "/direct";
/// What the filter refuses.
pub(super) const DENIED: &str = "/sumdb/sum.example.com/lookup/private.example.com/module@v1.0.0";

/// A go.mod of the size that real ones with a few dozen requirements have.
pub(super) fn go_mod() -> String {
    let require =
        |number| format!("\tdependency-{number}.example.com/some/longer/path v1.{number}.0 // indirect\n");
    format!(
        "module bench.example.com/module\n\ngo 1.21\n\nrequire (\n{})\n",
        (10..38).map(require).collect::<String>()
    )
}

/// So many bytes that deflate about as source code does, to a fourth: words out of a few thousand, by chance.
pub(super) fn text(length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    let mut state: u64 = 1;
    while text.len() < length {
        // Knuth's MMIX; its high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = state >> 52;
        text.push_str(&format!("word{word}"));
        text.push(if state >> 40 & 7 == 0 { '\n' } else { ' ' });
    }
    text
}

/// What never changes lies in the store, what changes at the upstream: each where it is asked for first.
fn lay_out(store: &Path, tree: &Path) -> std::io::Result<()> {
    let module = Module::new("bench.example.com/module", "v1.0.0");
    module.write_to(store);
    fs::write(store.join(&module.url("mod")[1..]), go_mod())?;
    module.write_to(tree);
    let of_team = Module::new("bench.example.com/team", "v1.0.0");
    of_team.write_to(store);
    fs::write(store.join(&of_team.url("mod")[1..]), go_mod())?;
    let versions: String = (0..20).map(|minor| format!("v1.{minor}.0\n")).collect();
    fs::write(tree.join(&module.list_url()[1..]), versions)?;
    fs::write(tree.join(&MODULE[1..]).join("@latest"), module.info())?;
    Module::new("bench.example.com/small", "v1.0.0").padded(200_000).write_to(store);
    Module::new("bench.example.com/large", "v1.0.0").padded(5_000_000).write_to(store);
    let text = Module::new("bench.example.com/checked", "v1.0.0").file("text.go", text(2_000_000)).deflated();
    text.write_to(tree);
    fs::create_dir_all(store.join("plain"))?;
    fs::copy(tree.join(&CHECKED_ZIP[1..]), store.join(&PLAIN_ZIP[1..]))?;
    Ok(())
}

/// Nothing grows stale while it is measured. The checksum database is only there to be passed on: it signs nothing.
fn configuration() -> Value {
    let key = "sum.example.com+6815042f+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq";
    json!({
        "sumdb": [{"name": "sum.example.com", "key": key, "cluster": "sumdb", "url": "https://sum.example.com"}],
        "verify": {"mode": "off"},
        // Whatever is larger is streamed and read along; those on their way at once come to their end within a second.
        "fetch": {"zip_bytes": 262_144},
        "private": {"nosumdb": ["private.example.com"]},
        "freshness": {"list": "1day", "latest": "1day", "presence": "1day", "negative": "1h"},
    })
}

/// As many rules as a large organisation has, which are for other modules, and then three for those that are measured.
fn ruled() -> Value {
    let other = |n: usize| match n % 4 {
        0 => json!({"modules": [format!("github.com/owner{n}")], "action": "deny"}),
        1 => json!({"exact": [format!("github.com/owner{}/module{n}", n % 700)], "action": "deny"}),
        2 => json!({"modules": [format!("git.team{n}.example.com/*/internal")], "action": "deny"}),
        _ => json!({"modules": [format!("bench.example.com/other{n}")], "versions": ["<v1.4.0"], "action": "deny"}),
    };
    let module = &MODULE[1..];
    let own = [
        json!({"exact": [&OF_TEAM[1..]], "principals": ["user:ada"], "action": "allow"}),
        json!({"exact": [module], "versions": ["<v1.0.0"], "action": "deny", "reason": "It is old."}),
        json!({"exact": [&OF_TEAM[1..]], "action": "deny"}),
    ];
    let rules: Vec<Value> = (own.len()..RULES).map(other).chain(own).collect();
    json!({
        "callers": {"principals": [{"header": MEMBER.0, "prefix": "user:", "trusted": true}]},
        "policy": {"rules": rules},
    })
}

/// From the gateway people copy: its listener once more without the filter, once more with many rules, and on all a body that
/// Envoy answers itself. None writes an access log, which costs the same with and without the filter and would soon fill a disk.
fn arrange(bootstrap: &mut Bootstrap, filter: &Path) {
    let direct = json!({
        "match": {"prefix": DIRECT},
        "direct_response": {"status": 200, "body": {"inline_string": go_mod()}},
    });
    if let Some(hcm) = bootstrap.hcm().as_object_mut() {
        hcm.remove("access_log");
    }
    // It remembers the path for the access log alone.
    bootstrap.http_filters().retain(|filter| filter["name"] != "envoy.filters.http.set_filter_state");
    bootstrap.routes().insert(1, direct.clone());
    bootstrap.wasm(filter);
    let (mut plain, mut ruled) = (bootstrap.clone(), bootstrap.clone());
    plain.remove_filter();
    *plain.routes() =
        vec![direct, json!({"match": {"prefix": "/"}, "route": {"cluster": STORAGE, "timeout": "0s"}})];
    ruled.patch_plugin(&self::ruled());
    for (mut other, name) in [(plain, PLAIN), (ruled, RULED)] {
        other.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut listener = other.value_mut()["static_resources"]["listeners"][0].take();
        listener["name"] = Value::from(name);
        let listeners = &mut bootstrap.value_mut()["static_resources"]["listeners"];
        listeners.as_array_mut().expect("a list of listeners").push(listener);
    }
}

fn listener(listeners: &Value, name: &str) -> Option<SocketAddr> {
    let mut all = listeners["listener_statuses"].as_array()?.iter();
    let address = &all.find(|listener| listener["name"] == name)?["local_address"]["socket_address"];
    let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
    Some(SocketAddr::new(address["address"].as_str()?.parse().ok()?, port))
}

fn read(root: &Path, target: &str) -> Result<Vec<u8>, String> {
    let file = root.join(target.trim_start_matches('/'));
    fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Longer than storage's timeout.
const PATIENCE: Duration = Duration::from_secs(10);

const PLAIN: &str = "plain";
const RULED: &str = "ruled";
const RULES: usize = 10_000;
