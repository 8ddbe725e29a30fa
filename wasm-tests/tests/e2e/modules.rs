//! The real go command through the gateway: every module there is, in every shape that a version can have, first from an
//! upstream, then with nothing behind the gateway but its store.

use std::fs;
use std::process::Command;

use modgate_wasm_tests::at_one_and_four_workers;
use modgate_wasm_tests::fixture::Mirror;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::tools::repository;
use modgate_wasm_tests::tree::{Entry, Tree};

at_one_and_four_workers!(
    every_real_module_comes_with_and_then_without_its_upstream,
    every_sample_module_comes_from_the_store_alone,
    versions_of_every_shape_are_resolved_and_downloaded,
);

/// Downloads all of `entries` with an empty module cache and compares their hashes with those the tree was made with.
#[track_caller]
fn download(url: &str, tree: &Tree, entries: &[Entry]) {
    // The go command takes a toolchain with a checksum database only, unless it believes to be that of the public proxy.
    let go = Go::new(url).env("GIT_HTTP_USER_AGENT", "proxy.golang.org");
    let expected = tree.sums();
    let queries: Vec<String> = entries.iter().map(Entry::query).collect();
    let run = go.mod_download(&queries.iter().map(String::as_str).collect::<Vec<_>>()).expect_ok();
    let downloaded = run.jsons();
    assert_eq!(downloaded.len(), queries.len());
    for module in &downloaded {
        let field = |name: &str| module[name].as_str().unwrap_or_default().to_owned();
        let query = format!("{}@{}", field("Path"), field("Version"));
        assert_eq!((field("Sum"), field("GoModSum")), expected[&query], "{query}");
    }
}

/// Whether its zip is more than is fetched whole by default (`fetch.zip_bytes`).
fn is_large(tree: &Tree, entry: &Entry) -> bool {
    fs::metadata(tree.zip(entry)).unwrap().len() > 8 << 20
}

fn every_real_module_comes_with_and_then_without_its_upstream(workers: u32) {
    let tree = Tree::real();
    let entries = tree.entries();
    assert!(entries.len() >= 14, "{entries:?}");
    let mirror = Mirror::of(&tree, workers);
    download(&mirror.envoy.url(), &tree, &entries);
    let (large, usual): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| is_large(&tree, entry));
    assert!(!large.is_empty() && !usual.is_empty(), "{large:?}");
    for entry in usual {
        let zip = format!("/{}", tree.zip(entry).strip_prefix(tree.path()).unwrap().display());
        assert_eq!(mirror.upstream.hits(&zip), 1, "{zip}");
    }
    // A large one is stored once its download, or the copy of another worker, is through.
    mirror.envoy.wait_metric("storage_writes_total.outcome.stored", 3 * entries.len() as u64);
    mirror.upstream.stop();
    download(&mirror.envoy.url(), &tree, &entries);
}

fn every_sample_module_comes_from_the_store_alone(workers: u32) {
    let tree = Tree::sample();
    let entries = tree.entries();
    let mirror = Mirror::of(&tree, workers);
    download(&mirror.envoy.url(), &tree, &entries);
    assert_eq!(
        Go::new(&mirror.envoy.url()).list_versions("example.com/hello"),
        ["v1.0.0", "v1.1.0", "v1.2.0-rc.1"]
    );
    mirror.envoy.wait_metric("storage_writes_total.outcome.stored", 3 * entries.len() as u64 + 1);

    mirror.upstream.stop();
    let another = mirror.another_gateway();
    download(&another.url(), &tree, &entries);
    assert_eq!(Go::new(&another.url()).list_versions("example.com/hello").len(), 3, "the list as it was");
}

fn versions_of_every_shape_are_resolved_and_downloaded(workers: u32) {
    let tree = Tree::odd();
    let mirror = Mirror::of(&tree, workers);
    let go = Go::new(&mirror.envoy.url());
    for (query, version) in [
        ("example.com/odd/unmodular@latest", "v3.2.0+incompatible"),
        ("example.com/odd/untagged@latest", "v0.0.0-20240301120000-0123456789ab"),
        ("example.com/odd/between@master", "v1.0.1-0.20240302120000-123456789abc"),
        ("example.com/odd/between@v1", "v1.0.0"),
        ("example.com/odd/no-latest@latest", "v1.0.0"),
        ("example.com/odd/many@latest", "v1.0.2999"),
        ("example.com/odd/many@<v1.0.1000", "v1.0.999"),
        ("gopkg.in/widget.v2@latest", "v2.1.0"),
    ] {
        assert_eq!(go.resolve(query), version, "{query}");
    }
    let many = go.list_versions("example.com/odd/many");
    let expected: Vec<String> = (0..3000).map(|patch| format!("v1.0.{patch}")).collect();
    assert!(many == expected, "{} versions", many.len());
    assert!(go.list_versions("example.com/odd/untagged").is_empty());

    let shapes: Vec<Entry> =
        tree.entries().into_iter().filter(|entry| !entry.module.ends_with("/many")).collect();
    for shape in [
        "+incompatible",
        "v0.0.0-2024",
        "v1.0.1-0.2024",
        "v1.1.0-rc.1.0.2024",
        "-RC1",
        "toolchain@v0.0.1-go1.99.0",
    ] {
        assert!(shapes.iter().any(|entry| entry.query().contains(shape)), "{shape} in {shapes:?}");
    }
    download(&mirror.envoy.url(), &tree, &shapes);

    // What a proxy knows beside version and time goes through to the byte.
    for info in ["v1.0.0.info", "v1.1.0-!r!c1.info"] {
        let path = format!("example.com/odd/origin/@v/{info}");
        let answer = mirror.envoy.get(&format!("/{path}"));
        assert_eq!(answer.body, fs::read(tree.path().join(&path)).unwrap(), "{path}");
    }
    assert!(mirror.envoy.get("/example.com/odd/origin/@v/v1.0.0.info").text().contains("\"Origin\""));

    let refused = Go::new(&mirror.envoy.url()).mod_download(&["example.com/odd/no-zip@v1.0.0"]);
    assert!(!refused.ok());
    assert!(refused.stdout.contains("not found: example.com/odd/no-zip@v1.0.0"), "{}", refused.stdout);
}

#[test]
fn a_program_with_ordinary_dependencies_is_got_built_and_run() {
    let tree = Tree::real();
    let mirror = Mirror::of(&tree, 4);
    let go = Go::new(&mirror.envoy.url());
    let client = repository().join("wasm-tests/client");
    for file in ["go.mod", "main.go"] {
        fs::copy(client.join(file), go.work().join(file)).unwrap();
    }
    go.get(".").expect_ok();
    // Without our temporary folders in them the compiled packages serve the next run too.
    go.run(&["build", "-trimpath", "-o", "client", "."]).expect_ok();
    assert_eq!(
        output(Command::new(go.work().join("client"))),
        "toml yaml 17241709254077376921 5MB 00000000-0000-0000-0000-000000000000 none nl\n"
    );
}

#[test]
fn a_command_is_installed_and_a_module_got_at_its_latest_version() {
    let mirror = Mirror::of(&Tree::sample(), 4);
    let go = Go::new(&mirror.envoy.url());
    go.run(&["install", "-trimpath", "example.com/greet@v1.0.0"]).expect_ok();
    let mut greet = Command::new(go.bin().join("greet"));
    greet.arg("Gopher");
    assert_eq!(output(greet), "Good day, Gopher!\nGood day, Gopher!\n");

    go.get("example.com/hello@latest").expect_ok();
    go.get("example.com/hello/v2@latest").expect_ok();
    go.get("example.com/Acme/Words@latest").expect_ok();
    let required = fs::read_to_string(go.work().join("go.mod")).unwrap();
    for line in ["example.com/hello v1.1.0", "example.com/hello/v2 v2.0.0", "example.com/Acme/Words v0.3.0"] {
        assert!(required.contains(line), "{line} in {required}");
    }
    // The rest of a build's life: no upstream, and the documents still come.
    mirror.upstream.stop();
    assert_eq!(go.resolve("example.com/hello@latest"), "v1.1.0");
}

#[track_caller]
fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
