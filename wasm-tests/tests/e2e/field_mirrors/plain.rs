//! A copy of `GOMODCACHE/cache/download` behind a file server. What the go command comes to by way of the gateway is what it comes
//! to straight at it.

use std::fs;
use std::path::Path;

use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{Mirror, Stack, builder};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::tree::Tree;
use serde_json::json;
use tempfile::TempDir;

use super::{explain, explained};

const EARLY: &str = "v0.0.0-20200102030405-aaaaaaaaaaaa";
const LATE: &str = "v0.0.0-20240102030405-bbbbbbbbbbbb";
/// Its name is later than all others, and its time is not.
const HIGH: &str = "v1.0.1-0.20220102030405-cccccccccccc";

/// What a go command has left in its module cache, and modules that were never tagged, as people copy them into one folder.
fn cache() -> TempDir {
    let (from, seeds) = (Nginx::serving(Tree::sample().path()), Nginx::serving(Tree::odd().path()));
    let go = Go::new(&format!("{},{}", url(&from), url(&seeds)));
    go.mod_download(&[
        "example.com/hello@v1.0.0",
        "example.com/hello@v1.1.0",
        "example.com/hello@v1.2.0-rc.1",
        "example.com/Acme/Words@v0.3.0",
        "example.com/odd/untagged@v0.0.0-20240301120000-0123456789ab",
    ])
    .expect_ok();
    let tree = TempDir::new().unwrap();
    copy(&go.cache().join("cache/download"), tree.path());
    for version in [HIGH, LATE, EARLY] {
        Module::new("example.com/several", version).write_to(tree.path());
        Module::new("example.com/timed", version).write_to(tree.path());
    }
    for version in ["v1.0.0", "v1.1.0"] {
        Module::new("example.com/tagged", version).write_to(tree.path());
    }
    // A time as second word: it counts, and not the one in the name.
    let timed = format!("{HIGH} 2021-01-02T03:04:05Z\n{LATE}\n{EARLY} 2025-01-02T03:04:05Z\n");
    write_list(tree.path(), "timed", &timed);
    write_list(tree.path(), "tagged", "v1.1.0 2019-01-02T03:04:05Z\nv1.0.0 2024-01-02T03:04:05Z\n");
    tree
}

fn write_list(tree: &Path, module: &str, list: &str) {
    fs::write(tree.join(format!("example.com/{module}/@v/list")), list).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::write(to, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn url(server: &Nginx) -> String {
    format!("http://{}", server.addr())
}

/// What a go command with this GOPROXY comes to: whether it succeeds, what it prints, and what it writes into go.mod.
fn outcome(proxy: &str, arguments: &[&str]) -> (bool, String, String) {
    let go = Go::new(proxy);
    let run = go.run(arguments);
    (run.ok(), run.stdout, fs::read_to_string(go.work().join("go.mod")).unwrap())
}

const MODULES: [&str; 6] = [
    "example.com/hello",
    "example.com/Acme/Words",
    "example.com/odd/untagged",
    "example.com/several",
    "example.com/timed",
    "example.com/tagged",
];

#[test]
fn the_go_command_comes_to_the_same_as_without_the_gateway() {
    let tree = cache();
    let mirror = Mirror::of(&Tree::at(tree.path()), 2);
    let straight = url(&mirror.upstream);
    let mut found = Vec::new();
    for module in MODULES {
        let latest = format!("{module}@latest");
        let show = "{{.Path}} {{.Version}} {{.Time}}";
        for arguments in [
            &["list", "-m", "-f", show, &latest][..],
            &["list", "-m", "-f", show, &format!("{module}@v0")],
            &["list", "-m", "-f", show, &format!("{module}@<v1.1.0")],
            &["list", "-m", "-versions", module],
            &["get", &latest],
        ] {
            let expected = outcome(&straight, arguments);
            for turn in ["cold", "from the index"] {
                assert_eq!(outcome(&mirror.envoy.url(), arguments), expected, "{arguments:?} {turn}");
            }
            found.push((arguments.join(" "), expected));
        }
    }
    // What is compared is not nothing.
    let came_to = |query: &str, version: &str| {
        let (_, (ok, printed, _)) = found.iter().find(|(asked, _)| asked.ends_with(query)).unwrap();
        assert!(*ok && printed.contains(version), "{query}: {printed}");
    };
    came_to("example.com/hello@latest", "v1.1.0");
    came_to("example.com/odd/untagged@latest", "v0.0.0-20240301120000-0123456789ab");
    came_to("example.com/several@latest", LATE);
    came_to("example.com/timed@latest", EARLY);
    came_to("example.com/tagged@latest", "v1.1.0");

    // What the gateway has stored is a plain mirror again, to Go without any gateway and to a gateway that begins.
    mirror.envoy.wait_idle(&[modgate_wasm_tests::fixture::STORAGE]);
    let stored = mirror.storage.data().to_owned();
    let (static_server, again) = (Nginx::serving(&stored), mirror.another_gateway());
    for module in ["example.com/several", "example.com/timed", "example.com/odd/untagged"] {
        let latest = format!("{module}@latest");
        let arguments = ["list", "-m", "-f", "{{.Version}}", &latest];
        let expected = outcome(&straight, &arguments);
        assert_eq!(outcome(&again.url(), &arguments), expected, "{module}");
        assert_eq!(outcome(&url(&static_server), &arguments).1, expected.1, "{module}: what is stored");
    }
    Row {
        kind: "mirrors",
        fault: "a copy of `GOMODCACHE/cache/download` behind a file server: no `@latest`, pseudo-versions and times in `@v/list`",
        spoken: "HTTP/1.1",
        client: "what it gets straight from the mirror: `go list -m m@latest`, `go list -m -versions m`, `go get m@latest`",
        asked: "once for each file",
    }
    .seen();
}

/// What a rule refuses is not offered: neither by the list nor in place of the latest.
#[test]
fn of_a_list_the_go_command_is_offered_nothing_that_is_refused() {
    let tree = cache();
    let (upstream, storage) = (Nginx::serving(tree.path()), Nginx::storage());
    let gateway = |rule: serde_json::Value| {
        let plugin = json!({"policy": {"rules": [rule]}});
        let builder = builder(upstream.addr(), storage.addr()).patch_plugin(&explained());
        builder.patch_plugin(&plugin).concurrency(2).start()
    };
    let refuse = |version: &str| json!({"modules": ["*"], "versions": [version], "action": "deny", "reason": "because"});
    for (version, module, next) in [
        (LATE, "example.com/several", HIGH),
        (EARLY, "example.com/timed", LATE),
        ("v1.1.0", "example.com/tagged", "v1.0.0"),
        ("v1.1.0", "example.com/hello", "v1.0.0"),
    ] {
        let envoy = gateway(refuse(version));
        assert_eq!(Go::new(&envoy.url()).resolve(&format!("{module}@latest")), next, "without {version}");
        let list = envoy.get(&format!("/{module}/@v/list")).text();
        assert!(!list.contains(version) && list.contains(next), "{list}");
        let explained = explain(&envoy, &format!("module={module}&version={version}"));
        assert!(explained["refusal"].as_str().is_some_and(|why| why.contains("because")), "{explained:#}");
    }
    let envoy = gateway(refuse("pseudo"));
    let run = Go::new(&envoy.url()).get("example.com/several@latest");
    assert!(!run.ok() && run.stderr.contains("because"), "{}", run.stderr);
    Row {
        kind: "mirrors",
        fault: "the version that the go command would take from a mirror's list is refused by a rule",
        spoken: "HTTP/1.1",
        client: "the next one; where none is left, 403 with the rule's reason",
        asked: "once for each file",
    }
    .seen();
}

/// The same from a gateway that stores nothing.
#[test]
fn without_storage_it_is_the_same() {
    let tree = cache();
    let upstream = Nginx::serving(tree.path());
    let envoy = builder(upstream.addr(), upstream.addr())
        .patch_plugin(&json!({"storage": null}))
        .concurrency(2)
        .start();
    for module in MODULES {
        let query = format!("{module}@latest");
        assert_eq!(Go::new(&envoy.url()).resolve(&query), Go::new(&url(&upstream)).resolve(&query));
    }
    // Nothing else is asked of an upstream that knows no latest version.
    let stack = Stack::with(&json!({"storage": null}), |builder| builder);
    assert_eq!(stack.get("/example.com/none/@latest").status, 404);
    assert_eq!(stack.upstream.requests().len(), 1);
}
