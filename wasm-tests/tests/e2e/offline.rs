//! Cut off: a gateway that serves what is stored, says what is not, and speaks to nobody but the storage.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use modgate_wasm_tests::bootstrap::discovery::Discovery;
use modgate_wasm_tests::bootstrap::merge::merge;
use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::S3;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::tree::escape;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};
use tempfile::TempDir;

mod athens;
mod builds;
mod missing;
mod outages;
mod stored;

/// What a site has stored: releases, a pre-release, capitals, a second major version with and without a go.mod, versions of
/// commits, and two of three thousand.
const STORED: [&str; 14] = [
    "example.com/Acme/Words@v0.3.0",
    "example.com/greet@v1.0.0",
    "example.com/hello/v2@v2.0.0",
    "example.com/hello@v1.0.0",
    "example.com/hello@v1.1.0",
    "example.com/hello@v1.2.0-rc.1",
    "example.com/odd/between@v1.0.0",
    "example.com/odd/between@v1.0.1-0.20240302120000-123456789abc",
    "example.com/odd/many@v1.0.343",
    "example.com/odd/many@v1.0.21",
    "example.com/odd/origin@v1.0.0",
    "example.com/odd/origin@v1.1.0-RC1",
    "example.com/odd/unmodular@v3.2.0+incompatible",
    "example.com/odd/untagged@v0.0.0-20240301120000-0123456789ab",
];

/// Modules, an upstream and a checksum database that know them, a storage, and a gateway that began online.
struct Site {
    /// Configured by a file.
    envoy: Envoy,
    upstream: Nginx,
    sumdb: Sumdb,
    store: Store,
    discovery: Discovery,
    plugin: Value,
    workers: u32,
    _dirs: [TempDir; 2],
}

enum Store {
    Files(Nginx),
    Objects(S3),
}

impl Site {
    const SUMDB: &str = Sumdb::CLUSTER;

    /// One with an empty storage. `storage` is its section of the configuration, as far as it is not said by `store`.
    fn new(store: Store, storage: &Value, workers: u32) -> Self {
        let (tree, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        gather(tree.path());
        let (upstream, sumdb) = (Nginx::serving(tree.path()), Sumdb::after(FILLER, tree.path()));
        let mut plugin = json!({
            "storage": match &store {
                Store::Files(_) => json!({}),
                Store::Objects(_) => json!({"dialect": "s3", "url": format!("http://s3.test/{}", S3::BUCKET)}),
            },
            "sumdb": sumdb.configured(),
            "verify": {"mode": "require"},
        });
        merge(&mut plugin, &json!({"storage": storage}));
        let (builder, discovery) =
            start(&upstream, &sumdb, &store, workers).patch_plugin(&plugin).discovered(dir.path());
        Self {
            envoy: builder.start(),
            upstream,
            sumdb,
            store,
            discovery,
            plugin,
            workers,
            _dirs: [tree, dir],
        }
    }

    /// One whose storage has what is in [`STORED`], because clients of the gateway asked for it.
    fn filled(store: Store, storage: &Value, workers: u32) -> Self {
        let site = Self::new(store, storage, workers);
        site.go(&site.envoy).mod_download(&STORED).expect_ok();
        // What upstream has, which is more, is in the index then, and in the storage of some layouts.
        let many = site.go(&site.envoy).list_versions("example.com/odd/many");
        assert_eq!(many.len(), 3000);
        let layout = site.layout();
        wait::until("all of it is stored", Duration::from_secs(30), || {
            let keys = site.store.keys();
            let lookups = keys.iter().filter(|key| key.contains("/lookup/")).count();
            lookups >= STORED.len() && STORED.iter().all(|query| keys.contains(&info_key(&layout, query)))
        });
        let _ = site.envoy.stats();
        site.envoy.wait_idle(&[STORAGE, UPSTREAM, Self::SUMDB]);
        site
    }

    fn layout(&self) -> String {
        self.plugin["storage"]["layout"].as_str().unwrap_or("goproxy").to_owned()
    }

    /// Another gateway before the same storage, with `patch` merged into its configuration: it remembers nothing.
    fn another(&self, patch: &Value) -> Envoy {
        let builder = start(&self.upstream, &self.sumdb, &self.store, self.workers);
        builder.patch_plugin(&self.plugin).patch_plugin(patch).start()
    }

    /// One that is offline.
    fn offline(&self) -> Envoy {
        self.another(&json!({"mode": "offline"}))
    }

    /// A go command that knows nothing but this gateway, and verifies what it gets.
    fn go(&self, envoy: &Envoy) -> Go {
        Go::new(&envoy.url()).env("GOSUMDB", self.sumdb.key())
    }

    /// How many requests the upstream and the checksum database have had.
    fn heard(&self) -> [usize; 2] {
        [self.upstream.requests().len(), self.sumdb.asked().len()]
    }
}

impl Store {
    fn files() -> Self {
        Self::Files(Nginx::storage())
    }

    fn objects() -> Self {
        Self::Objects(S3::start())
    }

    /// The names of all objects.
    fn keys(&self) -> Vec<String> {
        match self {
            Self::Files(nginx) => nginx.files().into_keys().collect(),
            Self::Objects(store) => store.keys(),
        }
    }

    /// Puts an object there, not by way of a gateway.
    fn put(&self, key: &str, bytes: &[u8]) {
        match self {
            Self::Files(nginx) => {
                let file = nginx.data().join(key);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
            Self::Objects(store) => store.put(key, bytes),
        }
    }
}

fn start(upstream: &Nginx, sumdb: &Sumdb, store: &Store, workers: u32) -> Builder {
    let builder = Envoy::gateway().cluster(UPSTREAM, upstream.addr()).cluster(Site::SUMDB, sumdb.addr());
    let builder = match store {
        Store::Files(nginx) => builder.cluster(STORAGE, nginx.addr()),
        Store::Objects(objects) => builder.cluster_s3(STORAGE, objects.addr()),
    };
    builder.concurrency(workers)
}

/// The modules of two trees, in one.
fn gather(dir: &Path) {
    let to = dir.join("example.com");
    fs::create_dir(&to).unwrap();
    for tree in [Tree::sample(), Tree::odd()] {
        for entry in fs::read_dir(tree.path().join("example.com")).unwrap().flatten() {
            symlink(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// What is written last of a version, and what it is called.
fn info_key(layout: &str, query: &str) -> String {
    let (module, version) = query.split_once('@').unwrap();
    match layout {
        "athens" => format!("{module}/@v/{version}.info"),
        "athens_flat" => format!("{module}/{version}/{version}.info"),
        _ => format!("{}/@v/{}.info", escape(module), escape(version)),
    }
}

/// Records before all others: a proof then takes tiles of two levels, and more than one of the lowest.
const FILLER: u32 = 300;
