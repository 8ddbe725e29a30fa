//! The harness itself: what the other suites rely on, seen to work, and seen to fail where it must.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{STORAGE, Stack, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{self, Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::process::family::runs;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::wait;
use serde_json::json;
use tempfile::TempDir;

fn files(named: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in named {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }
    dir
}

#[test]
fn envoy_streams_from_nginx_and_counts() {
    let tree = files(&[("plain/hello.txt", "hello\n")]);
    let nginx = Nginx::serving(tree.path());
    let envoy =
        Envoy::gateway().without_filter().cluster(STORAGE, nginx.addr()).route("/plain/", STORAGE).start();

    let answer = envoy.get("/plain/hello.txt");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello\n"));
    assert_eq!(answer.header("server"), Some("modgate"));
    assert_eq!(nginx.hits("/plain/hello.txt"), 1);
    assert_eq!(envoy.stat("cluster.storage.upstream_rq_200"), 1);
    assert!(envoy.prometheus().contains("envoy_cluster_upstream_rq_xx"));

    let other = envoy.get("/");
    assert_eq!(other.status, 404);
    assert!(other.text().contains("Go modules"), "{}", other.text());
    wait::until("both requests are in the access log", Duration::from_secs(5), || {
        envoy.access_log().len() == 2
    });
    assert_eq!(envoy.access_log()[0]["path"], "/plain/hello.txt");
    assert!(envoy.usage().rss > 10 << 20);
}

#[test]
fn the_whole_stack_serves_the_go_command() {
    let stack = Stack::with(&json!({}), |envoy| envoy.concurrency(2));
    let module = Module::new("example.com/Capital/m", "v1.2.3").padded(3 << 20);
    stack.upstream.serve(&module);
    let run = Go::new(&stack.envoy.url()).mod_download(&[&module.query()]).expect_ok();
    assert_eq!(run.json()["Version"], "v1.2.3");
    assert_eq!(stack.upstream.hits(&module.url("zip")), 1);
    assert_eq!(stack.get("/not-a-module").status, 404);
}

#[test]
fn the_download_route_tells_an_upstream_nothing_of_us() {
    let upstream = Faulty::start();
    upstream.on("/a", Reply::ok("a"));
    let asked = Request::get("/a").header("x-modgate-cluster", UPSTREAM);

    // As it is, nobody outside picks a cluster.
    let gateway = || Envoy::gateway().without_filter().cluster(UPSTREAM, upstream.addr());
    assert_eq!(gateway().start().send(&asked).status, 404);
    assert_eq!(upstream.requests().len(), 0);

    // Nor where the header comes through: the route demands what the filter alone can say.
    let through = |bootstrap: &mut Bootstrap| {
        bootstrap.hcm().as_object_mut().unwrap().remove("early_header_mutation_extensions").unwrap();
    };
    assert_eq!(gateway().edit(through).start().send(&asked).status, 404);

    // In the filter's stead, the client names the cluster.
    let open = gateway().edit(through).edit(|bootstrap| {
        bootstrap.routes()[0]["match"].as_object_mut().unwrap().remove("filter_state").unwrap();
    });
    assert_eq!(open.start().send(&asked).status, 200);
    let seen = &upstream.requests_for("/a")[0];
    for name in
        ["x-modgate-cluster", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "x-envoy-internal"]
    {
        assert_eq!(seen.header(name), None, "{name} in {:?}", seen.headers);
    }
}

#[test]
fn an_abort_reaches_the_client_at_once() {
    let upstream = Faulty::start();
    upstream.on("/cut", Reply::huge(300_000).close_after(100_000));
    let envoy =
        Envoy::gateway().without_filter().cluster(UPSTREAM, upstream.addr()).route("/cut", UPSTREAM).start();
    let begun = Instant::now();
    let Err(Error::Truncated(part)) = Request::get("/cut").discard_body().try_send(envoy.addr()) else {
        panic!("a whole response")
    };
    assert_eq!((part.status, part.length), (200, 100_000));
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "after {:?}: delayed_close_timeout?",
        begun.elapsed()
    );
}

#[test]
fn envoy_checks_the_certificate_of_an_upstream() {
    let (good, other) =
        (Certificate::for_hosts(&["127.0.0.1"]), Certificate::for_hosts(&["proxy.golang.org"]));
    let tree = files(&[("a", "a")]);
    let (nginx, wrong) = (Nginx::serving_tls(tree.path(), &good), Nginx::serving_tls(tree.path(), &other));
    let envoy = Envoy::gateway()
        .without_filter()
        .cluster_tls(UPSTREAM, nginx.addr(), &good.certificate)
        .cluster_tls("other-ca", nginx.addr(), &other.certificate)
        .cluster_tls("other-name", wrong.addr(), &other.certificate)
        .route("/a", UPSTREAM)
        .route("/other-ca", "other-ca")
        .route("/other-name", "other-name")
        .start();
    // The name demanded is that of the request's host, here the address.
    assert_eq!(envoy.get("/a").status, 200);
    assert_eq!(envoy.get("/other-ca").status, 503);
    assert_eq!(envoy.get("/other-name").status, 503, "a good certificate of another host");
    let named = Request::get("/other-name").header("host", "proxy.golang.org");
    assert_eq!(envoy.send(&named).status, 404, "with its own name it is trusted");
}

#[test]
fn the_store_takes_and_gives() {
    let store = Nginx::storage();
    let put = Request::new("PUT", "/example.com/m/@v/v1.0.0.info").body("{}");
    assert_eq!(put.send(store.addr()).status, 201);
    assert_eq!(http::get(store.addr(), "/example.com/m/@v/v1.0.0.info").text(), "{}");
    assert_eq!(store.hits_with("PUT", "/example.com/m/@v/v1.0.0.info"), 1);
    assert_eq!(store.hits("/example.com/m/@v/v1.0.0.info"), 2);
    assert!(store.data().join("example.com/m/@v/v1.0.0.info").is_file());
}

/// What `nginx/storage.conf` says of folders, which a gateway without upstreams goes by.
#[test]
fn the_store_lists_folders_and_nothing_is_put_in_their_place() {
    let store = Nginx::storage();
    let send = |method: &str, path: &str| Request::new(method, path).body("{}").send(store.addr());
    let names = |path: &str| {
        let entries = http::get(store.addr(), path).json();
        let names =
            entries.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("/"), [""; 0], "an empty store lists nothing");
    assert_eq!(send("PUT", "/example.com/!m/@v/v2.0.0+incompatible.info").status, 201);
    assert_eq!(send("PUT", "/example.com/!m/@v/list").status, 201);
    assert_eq!(names("/example.com/%21m/@v/"), ["list", "v2.0.0+incompatible.info"]);
    assert_eq!(names("/example.com/"), ["!m"]);
    for path in ["/example.com/!m/@v", "/example.com/n/@v/", "/example.com/n/@v/list"] {
        assert_eq!(http::get(store.addr(), path).status, 404, "{path}");
    }
    for path in ["/example.com/.git/", "/example.com/%2e%2e/"] {
        assert_eq!(http::get(store.addr(), path).status, 403, "{path}");
    }
    for path in ["/example.com/!m/@v/", "/example.com/!m/@v", "/example.com/n/"] {
        let status = send("PUT", path).status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    assert_eq!(names("/example.com/%21m/@v/"), ["list", "v2.0.0+incompatible.info"], "as it was");
    assert_eq!(names("/"), ["example.com"]);
}

#[test]
fn a_test_finds_nothing_of_the_last_one_in_an_envoy_that_both_had() {
    let module = Module::new("example.com/turns", "v1.0.0");
    let path = module.url("mod");
    let mut admins = BTreeSet::new();
    for _ in 0..3 {
        // Three workers: nobody else's Envoy.
        let stack = Stack::with(&json!({}), |envoy| envoy.concurrency(3));
        admins.insert(stack.envoy.admin());
        assert!(
            stack.envoy.stats().iter().all(|(name, value)| !name.starts_with("wasmcustom.") || *value == 0)
        );
        assert!(!stack.envoy.log_contains(&path) && stack.envoy.access_log().is_empty());
        stack.upstream.serve(&module);
        for cache in ["upstream", "hit"] {
            assert_eq!(stack.get(&path).header("x-modgate-cache"), Some(cache));
        }
        assert_eq!(stack.upstream.hits(&path), 1);
        wait::until("both are in the access log", Duration::from_secs(5), || {
            stack.envoy.access_log().len() == 2
        });
        assert_eq!(stack.envoy.metric("requests_total.kind.mod.cache.hit.class.2xx"), 1);
        assert_eq!(stack.envoy.stat(&format!("cluster.{UPSTREAM}.upstream_rq_200")), 1);
    }
    assert_eq!(admins.len(), 1, "the same process each time");
}

#[test]
fn processes_are_gone_after_drop() {
    let tree = files(&[("a", "a")]);
    let nginx = Nginx::serving(tree.path());
    let envoy = Envoy::gateway().without_filter().start();
    let (pids, addrs) = ([nginx.process().pid(), envoy.process().pid()], [nginx.addr(), envoy.addr()]);
    assert!(pids.iter().all(|pid| runs(*pid)));
    drop((nginx, envoy));
    assert!(!pids.iter().any(|pid| runs(*pid)));
    for addr in addrs {
        assert!(matches!(Request::get("/").try_send(addr), Err(Error::Connect(_))), "{addr} still answers");
    }
}

#[test]
fn a_bootstrap_that_envoy_refuses_says_why() {
    let spoilt =
        Envoy::gateway().without_filter().edit(|bootstrap| bootstrap.hcm()["stat_prefix"] = "".into());
    let error = spoilt.try_start().unwrap_err();
    assert!(error.contains("ended while starting") && error.contains("StatPrefix"), "{error}");
}

#[test]
fn no_test_leaves_the_machine() {
    let envoy = Envoy::gateway().without_filter().route("/out", UPSTREAM).start();
    let answer = envoy.get("/out");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("connection refused") || answer.text().contains("connection failure"));
}
