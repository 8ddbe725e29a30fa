//! What is shipped for Istio, as istiod would configure an Envoy with it: modules are served, by the real go command.

mod added;
mod envoyfilter;
mod gateway;
mod ingress;
pub(crate) mod profile;
mod s3;

use std::time::Duration;

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::mesh::{self, Proxy, Rendered};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::wait;
use serde_json::json;
use tempfile::TempDir;

const STORAGE: &str = "outbound|80||storage.modgate.svc.cluster.local";
const GOLANG: &str = "outbound|443||proxy.golang.org";
const CDN: &str = "outbound|443||storage.googleapis.com";
const SUMDB: &str = "outbound|443||sum.golang.org";

/// What the shipped folders make of the gateway that istiod makes of a Gateway.
fn of_its_own(folder: &str) -> Rendered {
    let manifests = [folder, "storage"].map(|folder| mesh::shipped(folder).unwrap()).concat();
    mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap()
}

/// What modules come from.
struct Sources {
    golang: Faulty,
    cdn: Faulty,
    storage: Nginx,
    sumdb: Sumdb,
    tree: TempDir,
}

impl Sources {
    fn start() -> Self {
        let tree = tempfile::tempdir().unwrap();
        let sumdb = Sumdb::of(tree.path());
        Self { golang: Faulty::start(), cdn: Faulty::start(), storage: Nginx::storage(), sumdb, tree }
    }

    /// From now on there is this module, which the database knows.
    fn have(&self, module: &Module) {
        module.write_to(self.tree.path());
        self.golang.serve(module);
    }

    /// A gateway to them.
    fn behind(
        &self,
        rendered: Rendered,
        port: u16,
        dir: &TempDir,
        certificate: Option<&Certificate>,
    ) -> Builder {
        self.behind_others(rendered, port, dir, certificate).cluster(GOLANG, self.golang.addr())
    }

    /// A gateway to all but the first.
    fn behind_others(
        &self,
        mut rendered: Rendered,
        port: u16,
        dir: &TempDir,
        certificate: Option<&Certificate>,
    ) -> Builder {
        rendered.patch_plugin(&json!({"sumdb": [{
            "name": Sumdb::NAME, "key": self.sumdb.key(), "cluster": SUMDB, "url": "https://sum.golang.org",
        }]}));
        Envoy::gateway()
            .bootstrap(rendered.bootstrap(port, dir.path(), certificate))
            .cluster(CDN, self.cdn.addr())
            .cluster(STORAGE, self.storage.addr())
            .cluster(SUMDB, self.sumdb.addr())
    }

    /// Has go download, verified: what is fetched whole and stored, what is stored, what streams, and what is elsewhere.
    #[track_caller]
    fn assert_served(&self, envoy: &Envoy, run: &str, go: impl Fn() -> Go) {
        let go = || go().env("GOSUMDB", self.sumdb.key());
        let module = |kind: &str| Module::new(&format!("{run}.example.com/{kind}"), "v1.0.0");
        let small = module("small").padded(1 << 20);
        let large = module("large").padded(12 << 20);
        let moved = module("moved").padded(10 << 20);
        for module in [&small, &large, &moved] {
            self.have(module);
        }
        let away = format!("/objects/{run}.zip");
        let elsewhere = format!("https://storage.googleapis.com{away}");
        self.golang.on(&moved.url("zip"), Reply::status(302).header("location", &elsewhere));
        self.cdn
            .on(&away, Reply::ok(moved.zip()).header("content-type", "application/zip").served().ranges());

        let versions = go().list_versions(&format!("{run}.example.com/small"));
        assert_eq!(versions, ["v1.0.0"]);
        go().mod_download(&[&small.query(), &large.query(), &moved.query()]).expect_ok();
        // The same once more, from storage.
        wait::until("all are stored", Duration::from_secs(20), || {
            [&small, &large, &moved]
                .iter()
                .all(|module| self.storage.files().contains_key(module.url("zip").trim_start_matches('/')))
        });
        let asked = self.golang.hits(&large.url("zip"));
        go().mod_download(&[&small.query(), &large.query(), &moved.query()]).expect_ok();
        assert_eq!(self.golang.hits(&large.url("zip")), asked, "{}", envoy.log());

        // They were told what they must know, and nothing of us.
        let downloads = [
            (&self.golang, large.url("zip"), "proxy.golang.org"),
            (&self.cdn, away, "storage.googleapis.com"),
        ];
        for (source, path, host) in downloads {
            let seen = source.requests_for(&path);
            assert!(!seen.is_empty(), "{path}");
            for seen in &seen {
                assert_eq!(seen.header("host"), Some(host), "{path}");
                let told = |name: &&String| {
                    name.starts_with("x-modgate")
                        || name.starts_with("x-forwarded")
                        || *name == "x-request-id"
                };
                let told: Vec<_> = seen.headers.iter().map(|(name, _)| name).filter(told).collect();
                assert!(told.is_empty(), "{path}: {told:?}");
            }
        }
    }
}
