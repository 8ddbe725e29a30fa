//! The only way out is an HTTP proxy: `examples/egress-proxy` before a proxy that opens ways by CONNECT, and one that does not.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::egress::{Egress, Manner};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::wait;
use serde_json::json;
use tempfile::TempDir;

const PROXY: &str = "egress_proxy";
const SUMDB: &str = "sum_golang_org";
/// What the gateway shows the proxy.
const CREDENTIALS: &str = "Basic bW9kZ2F0ZTpDUkVERU5USUFM";
/// Instead of 5 s: how long the whole way may take.
const CONNECT: Duration = Duration::from_secs(1);
/// What every reason says.
const WAY: &str = "it could not be reached by way of the egress proxy http-proxy.internal:3128, which refused, is down, or did \
not get there; the gateway's log says which";

/// Of the servers. Making one takes the go command a while.
static CERTIFICATE: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::for_hosts(&["proxy.golang.org", "sum.golang.org"]));

/// A gateway whose upstream and checksum database speak TLS at the other end of a proxy.
struct Site {
    egress: Egress,
    upstream: Faulty,
    sumdb: Sumdb,
    storage: Nginx,
    envoy: Envoy,
    tree: TempDir,
    _fronts: [Nginx; 2],
}

impl Site {
    fn new() -> Self {
        Self::with(&CERTIFICATE, None)
    }

    /// The servers have this certificate; the proxy listens there, unless it does.
    fn with(certificate: &Certificate, proxy: Option<SocketAddr>) -> Self {
        let tree = TempDir::new().unwrap();
        let (upstream, sumdb, storage) = (Faulty::start(), Sumdb::of(tree.path()), Nginx::storage());
        let fronts = [upstream.addr(), sumdb.addr()].map(|server| Nginx::tls_before(server, certificate));
        let egress = Egress::to(&[
            ("proxy.golang.org:443", fronts[0].addr()),
            ("sum.golang.org:443", fronts[1].addr()),
        ]);
        egress.set(Manner::For(CREDENTIALS.to_owned()));
        let envoy = Envoy::gateway()
            .edit(|bootstrap| {
                *bootstrap = Bootstrap::example("egress-proxy/gateway.yaml");
                bootstrap.trust(&certificate.certificate);
                for name in [UPSTREAM, SUMDB] {
                    bootstrap.cluster(name, name)["connect_timeout"] = json!(format!("{}s", CONNECT.as_secs()));
                }
            })
            .cluster_as_written(UPSTREAM)
            .cluster_as_written(SUMDB)
            .cluster(PROXY, proxy.unwrap_or_else(|| egress.addr()))
            .cluster(STORAGE, storage.addr())
            .env("EGRESS_PROXY_AUTHORIZATION", CREDENTIALS)
            .patch_plugin(&json!({
                "fetch": {"zip_bytes": 1 << 20},
                "sumdb": [{
                    "name": Sumdb::NAME, "key": sumdb.key(), "cluster": SUMDB, "url": "https://sum.golang.org",
                    "egress": "http-proxy.internal:3128",
                }],
            }))
            .concurrency(2)
            .start();
        Self { egress, upstream, sumdb, storage, envoy, tree, _fronts: fronts }
    }

    /// From now on the upstream serves this module, and the database knows it.
    fn has(&self, module: &Module) {
        module.write_to(self.tree.path());
        self.upstream.serve(module);
    }

    fn go(&self) -> Go {
        Go::new(&self.envoy.url()).env("GOSUMDB", self.sumdb.key())
    }

    /// Asks for something of every kind: no answer may be the 404 that the go command takes for "no such module".
    #[track_caller]
    fn asks_in_vain(&self, name: &str) -> Vec<(String, Response)> {
        let base = format!("/example.com/{name}");
        let lookup = format!("/sumdb/{}/lookup/example.com/{name}@v1.0.0", Sumdb::NAME);
        let files =
            ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/main.info"];
        let paths = files.iter().map(|file| format!("{base}/{file}")).chain([lookup]);
        let asked = paths.map(|path| {
            let begun = Instant::now();
            let answer = self.envoy.send(&Request::get(&path).deadline(Duration::from_secs(60)));
            // The upstream itself may take 30 s for an answer: who gets no connection waits for less.
            assert!(begun.elapsed() < Duration::from_secs(25), "{path}: {:?}", begun.elapsed());
            assert_eq!(answer.status, 502, "{path}: {}", answer.text());
            assert!(answer.text().contains(WAY), "{path}: {}", answer.text());
            assert!(answer.header("retry-after").is_some(), "{path}");
            (path, answer)
        });
        let answers = asked.collect();
        assert_eq!(self.upstream.count(), 0, "nothing reached it");
        self.keeps_secrets();
        answers
    }

    /// Neither credentials nor what the proxy says of itself are told to anybody.
    #[track_caller]
    fn keeps_secrets(&self) {
        for secret in ["SECRET", "CREDENTIAL", CREDENTIALS] {
            assert!(!self.envoy.log_contains(secret), "{secret}");
        }
    }

    /// Waits for a line of the log that is about the way to this host and says this of it.
    #[track_caller]
    fn logs(&self, host: &str, key: &str, value: &str) {
        wait::until(&format!("{key} {value} of {host}"), Duration::from_secs(10), || {
            let log = self.envoy.access_log();
            log.iter().any(|line| {
                line["egress"] == host && line[key].as_str().is_some_and(|said| said.contains(value))
            })
        });
    }
}

#[test]
fn everything_comes_through_the_proxy_and_storage_directly() {
    let site = Site::new();
    let small = Module::new("example.com/Acme/small", "v1.0.0");
    let large = Module::new("example.com/large", "v1.2.0").padded(24 << 20);
    site.has(&small);
    site.has(&large);
    let go = site.go();
    go.mod_download(&[&small.query(), &large.query()]).expect_ok();
    assert_eq!(go.resolve("example.com/large@latest"), "v1.2.0");
    assert_eq!(go.list_versions("example.com/Acme/small"), ["v1.0.0"]);
    let zip = large.url("zip");
    assert!(site.upstream.hits_with("GET", &zip) >= 1);
    assert!(site.sumdb.asked().iter().any(|path| path.contains("/lookup/")), "{:?}", site.sumdb.asked());

    let heads = site.egress.heads();
    for head in &heads {
        let host = ["proxy.golang.org:443", "sum.golang.org:443"].into_iter().find(|host| {
            *head
                == format!(
                    "CONNECT {host} HTTP/1.1\r\nhost: {host}\r\nproxy-authorization: {CREDENTIALS}\r\n\r\n"
                )
        });
        assert!(host.is_some(), "the proxy is asked for ways and nothing else: {head:?}");
    }
    assert!(!heads.is_empty() && heads.len() < site.upstream.count() + 20, "ways are used more than once");
    for seen in site.upstream.requests() {
        assert_eq!(seen.header("proxy-authorization"), None, "the proxy's alone: {seen:?}");
    }
    // Storage is reached without it. (Over WebDAV it has what is below `fetch.zip_bytes`.)
    for kind in ["info", "mod", "zip"] {
        let object = site.storage.data().join(small.url(kind)[1..].replace("%21", "!"));
        wait::until("it is stored", Duration::from_secs(20), || object.exists());
    }
    site.keeps_secrets();
    row(
        "lets through what shows credentials, and reads nothing of it",
        "everything, storage's part directly",
        "by TLS to its own end, whose name is checked",
    );
}

#[test]
fn a_large_zip_is_streamed_through_the_proxy() {
    let site = Site::new();
    let large = Module::new("example.com/streamed", "v1.0.0").padded(48 << 20);
    site.has(&large);
    let begun = Instant::now();
    let answer = site.envoy.send(&Request::get(&large.url("zip")).compare_body(large.zip()));
    assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some("upstream")));
    assert_eq!((answer.length, answer.pattern), (large.zip().len(), true));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_proxy_that_refuses_is_told_from_a_module_that_is_not_there() {
    let site = Site::new();
    let module = Module::new("example.com/refused", "v1.0.0");
    site.has(&module);
    for (status, manner) in
        [(407, Manner::For("Basic other".to_owned())), (403, Manner::Refuse(403)), (503, Manner::Refuse(503))]
    {
        site.egress.set(manner);
        site.asks_in_vain("refused");
        for host in ["proxy.golang.org", "sum.golang.org"] {
            site.logs(host, "failure", &format!("tunnel_response:{status}"));
        }
        let fault = format!("answers {status} to CONNECT");
        row(&fault, "502, and the reason names the proxy; the log says what it answered", "nothing");
    }
    let said = site.go().mod_download(&[&module.query()]);
    assert!(
        !said.ok() && said.stdout.contains("by way of the egress proxy"),
        "{}{}",
        said.stdout,
        said.stderr
    );
    // Nothing of it is kept.
    site.egress.set(Manner::Open);
    site.go().mod_download(&[&module.query()]).expect_ok();
}

#[test]
fn a_proxy_that_is_down_is_a_failure_of_the_gateway() {
    // Nobody listens on port 1.
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let site = Site::with(&CERTIFICATE, Some(nowhere));
    site.asks_in_vain("down");
    site.logs("proxy.golang.org", "flags", "UF");
    row("is down", "502, and the reason names the proxy", "nothing");
}

#[test]
fn a_proxy_that_never_answers_is_waited_for_as_long_as_a_connection_is() {
    let site = Site::new();
    site.egress.set(Manner::Hang);
    let begun = Instant::now();
    let answer = site.envoy.get("/example.com/hung/@v/list");
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(begun.elapsed() >= CONNECT, "{:?}", begun.elapsed());
    site.asks_in_vain("hung");
    site.logs("proxy.golang.org", "flags", "UF");
    // Whom nobody waits for any more is let go of, too.
    wait::until("no way is waited for", Duration::from_secs(10), || {
        site.envoy.stat("cluster.egress_proxy.upstream_rq_active") == 0
    });
    assert!(site.egress.heads().len() >= 5);
    row(
        "takes the connection and never answers",
        "502 after `connect_timeout`, and the reason names the proxy",
        "nothing",
    );
}

#[test]
fn the_proxy_cannot_stand_in_for_the_server() {
    let site = Site::with(&Certificate::for_hosts(&["sum.golang.org", "proxy.example.com"]), None);
    site.upstream.serve(&Module::new("example.com/other", "v1.0.0"));
    let answer = site.envoy.get("/example.com/other/@v/v1.0.0.mod");
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(answer.text().contains(WAY), "{}", answer.text());
    assert_eq!(site.upstream.count(), 0);
    assert!(site.envoy.stat("cluster.proxy_golang_org.ssl.fail_verify_san") > 0);
    row(
        "leads to a server with a certificate for another name",
        "502, and the reason names the proxy",
        "nothing",
    );
}

fn row(fault: &str, client: &str, asked: &str) {
    Row { kind: "egress", fault: &format!("the proxy {fault}"), spoken: "CONNECT", client, asked }.seen();
}
