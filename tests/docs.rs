//! What is written down, held to: paths, headings and tests that documents name exist, configurations they show are ones the filter takes,
//! and `make` has the targets they speak of.
//!
//! A block fenced as exactly ```` ```json ```` is a whole configuration. Any other JSON says so: ```` ```json fragment ````. A block
//! fenced as ```` ```yaml envoy/filter.yaml ```` shows lines of that file, in their order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod docs {
    pub(crate) mod markdown;
}

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use docs::markdown::{Fence, Page};
use modgate::config::Config;

/// File names that stand for any file, in rules about how to name files.
const EXAMPLES: [&str; 2] = ["foo.rs", "mod.rs"];

/// A name with one of these is checked to be that of a file here.
const EXTENSIONS: [&str; 10] = ["conf", "go", "json", "jsonl", "md", "rs", "sh", "toml", "yaml", "yml"];

#[test]
fn documents_say_what_is() {
    let repository = Repository::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let documents: Vec<&PathBuf> = repository.files.iter().filter(|file| is_document(file)).collect();
    assert!(documents.len() >= 5, "{documents:?}");
    let mut faults = Vec::new();
    for document in documents {
        let text = fs::read_to_string(repository.root.join(document)).unwrap();
        faults.extend(repository.judge(document, &text));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Sources and scripts name targets too, in what they say when a tool is missing.
#[test]
fn sources_speak_of_targets_that_exist() {
    let repository = Repository::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let mut faults = Vec::new();
    for file in repository.files.iter().filter(|file| is_source(file)) {
        let text = fs::read_to_string(repository.root.join(file)).unwrap();
        for (n, line) in text.lines().enumerate() {
            for command in line.split('`').skip(1).step_by(2) {
                let unknown = repository.unknown_targets(command);
                faults.extend(unknown.iter().map(|target| format!("{}:{}: {target}", file.display(), n + 1)));
            }
        }
    }
    assert!(faults.is_empty(), "make has no such target\n{}", faults.join("\n"));
}

/// A promise names the test that holds it: `suite::test` of the end-to-end suites, or a test of the core by its name alone.
#[test]
fn promises_are_held_by_tests_that_exist() {
    let repository = Repository::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let text = fs::read_to_string(repository.root.join("SECURITY.md")).unwrap();
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| ") && line.contains("::")).collect();
    assert!(rows.len() >= 15, "{rows:?}");
    let held_by = |row: &&str| row.trim_end_matches('|').rsplit('|').next().unwrap().to_owned();
    let tests = rows
        .iter()
        .map(held_by)
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    let unknown: Vec<_> = tests.filter(|test| !repository.has_test(test)).collect();
    assert!(unknown.is_empty(), "no such tests: {unknown:#?}");
    assert!(!repository.has_test("routing::nothing_of_the_kind") && !repository.has_test("none::x"));
}

/// It can fail: everything that is checked is wrong here once.
#[test]
fn what_is_not_so_is_named_with_its_line() {
    let repository = Repository::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    for (text, want) in [
        ("See `src/nowhere.rs`.", "1: src/nowhere.rs does not exist"),
        ("\n`nginx/nowhere/`", "2: nginx/nowhere/ does not exist"),
        ("`nowhere.yaml`", "1: nowhere.yaml does not exist"),
        ("`docs/nowhere.md`", "1: docs/nowhere.md does not exist"),
        ("[x](nowhere.md#y)", "1: nowhere.md does not exist"),
        ("```json\n{}\n```\n", "1: not a configuration: $.upstreams: "),
        ("a\n\n```json\n{,}\n```\n", "3: not a configuration: $: not JSON"),
        ("`make nothing`", "1: make has no target nothing"),
        ("```sh\ncd x\n$ make test nothing\n```", "3: make has no target nothing"),
        ("```\nmake wasm && make nothing # that\n```", "2: make has no target nothing"),
        ("# Here\n[x](#there)", "2: #there leads to no heading"),
        ("[x](docs/glossary.md#nowhere)", "1: docs/glossary.md#nowhere leads to no heading"),
        ("`routing::nothing_of_the_kind`", "1: there is no test routing::nothing_of_the_kind"),
        ("`scenario_nothing_of_the_kind`", "1: there is no test scenario_nothing_of_the_kind"),
        ("```sh\ncargo test --test nothing\n```", "2: there is no suite nothing"),
        ("```yaml envoy/nowhere.yaml\na: b\n```", "1: envoy/nowhere.yaml does not exist"),
        (
            "```yaml envoy/filter.yaml\n# Once more:\nhttp_filter:\n  name: another\n```",
            "4: envoy/filter.yaml does not go on with:   name: another",
        ),
        (
            "```yaml envoy/filter.yaml\nroute:\nhttp_filter:\n```",
            "3: envoy/filter.yaml does not go on with: http_filter:",
        ),
    ] {
        let faults = repository.judge(Path::new("README.md"), text);
        assert!(
            faults.len() == 1 && faults[0].starts_with(&format!("README.md:{want}")),
            "{text}: {faults:?}"
        );
    }
}

/// And it lets pass what names no file, no configuration and no target.
#[test]
fn what_is_no_claim_passes() {
    let repository = Repository::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    for text in [
        "`src/config.rs:12`, `src/host/`, `host/envoy.rs`, `gateway.yaml`, `.ci/setup.d`, `Makefile`, ``a`b``",
        "`@v/list`, `/goproxy`, `github.com/acme/x.go`, `text/plain`, `wasm-tests/tests/e2e/NAME.rs`, `<version>.mod`",
        "`target/wasm32-unknown-unknown/release/modgate.wasm`, `.tools/env`, `src/*.rs`, `foo.rs`",
        "# Here\n[a](https://example.com/x.md), [b](#here), [c](src/lib.rs), `v1.0.0.mod`",
        "## What `is` here, and: there\n[d](#what-is-here-and-there), [e](docs/configuration.md#policyrules)",
        "`policy`, `nothing::nothing`, `policy::what_is_refused_has_no_other_name`",
        "```yaml envoy/filter.yaml\nhttp_filter: # here\n  disabled: true\n```",
        "```sh\ncargo test -p modgate --test docs\ncargo test --test NAME\n```",
        "```json fragment\n{\n```\n```yaml\nx: y\n```\n",
        "make sure of it. `make`, `make run PORT=8080`, `make -j2 test`, `make fuzz FUZZ_SECONDS=600`",
        "```sh\nmake run \\\n  PORT=1\n# make nothing\n```",
    ] {
        assert_eq!(repository.judge(Path::new("README.md"), text), Vec::<String>::new(), "{text}");
    }
}

/// Markdown everywhere, and the comments of what is copied from `nginx/`.
fn is_document(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md") || file.starts_with("nginx")
}

/// All but this file, which is wrong on purpose.
fn is_source(file: &Path) -> bool {
    let is_text = file.extension().is_some_and(|extension| EXTENSIONS.contains(&extension.to_str().unwrap()));
    is_text && !file.ends_with("tests/docs.rs")
}

struct Repository {
    root: PathBuf,
    /// Relative to the root; what is ignored and what is hidden (but for `.ci`) is not among them.
    files: BTreeSet<PathBuf>,
    /// What `.gitignore` names: made here, and not there in a fresh clone.
    ignored: Vec<String>,
    targets: BTreeSet<String>,
}

impl Repository {
    fn read(root: &Path) -> Self {
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        let ignored = read(".gitignore").lines().map(|line| line.trim_matches('/').to_owned()).collect();
        let targets = read("Makefile").lines().filter_map(target).collect();
        let mut repository = Self { root: root.to_owned(), files: BTreeSet::new(), ignored, targets };
        repository.list(Path::new(""));
        repository
    }

    fn list(&mut self, folder: &Path) {
        for entry in fs::read_dir(self.root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if self.is_ignored(&path) || path.starts_with(".git") {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                self.list(&path);
            } else {
                self.files.insert(path);
            }
        }
    }

    fn is_ignored(&self, path: &Path) -> bool {
        self.ignored.iter().any(|ignored| path.starts_with(ignored))
    }

    fn judge(&self, document: &Path, text: &str) -> Vec<String> {
        let page = Page::read(text);
        let mut faults = Vec::new();
        let mut fault =
            |line: usize, what: String| faults.push(format!("{}:{line}: {what}", document.display()));
        for (line, code) in &page.code {
            if !self.is_there(document, code) {
                fault(*line, format!("{code} does not exist"));
            }
            if self.is_test(code) && !self.has_test(code) {
                fault(*line, format!("there is no test {code}"));
            }
            for target in self.unknown_targets(code) {
                fault(*line, format!("make has no target {target}"));
            }
        }
        for (line, link) in page.links.iter().filter(|(_, link)| !link.contains(':')) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = document.with_file_name(path);
            if !(path.is_empty() || self.exists(&file)) {
                fault(*line, format!("{path} does not exist"));
            } else if !anchor.is_empty() {
                let other = (!path.is_empty()).then(|| self.read_page(&file));
                if !other.as_ref().unwrap_or(&page).anchors.contains(anchor) {
                    fault(*line, format!("{link} leads to no heading"));
                }
            }
        }
        for Fence { line, info, text } in &page.fences {
            if info == "json"
                && let Err(problems) = Config::parse(text)
            {
                fault(
                    *line,
                    format!("not a configuration: {problems} (a part of one is fenced as ```json fragment)"),
                );
            }
            if let Some(("yaml", file)) = info.split_once(' ') {
                match self.first_not_in(file, text) {
                    _ if !self.exists(Path::new(file)) => fault(*line, format!("{file} does not exist")),
                    Some((n, part)) => fault(line + 1 + n, format!("{file} does not go on with: {part}")),
                    None => {}
                }
            }
            for (n, command) in text.lines().enumerate() {
                for suite in self.unknown_suites(command) {
                    fault(line + 1 + n, format!("there is no suite {suite}"));
                }
                for target in self.unknown_targets(command.trim_start().trim_start_matches("$ ")) {
                    fault(line + 1 + n, format!("make has no target {target}"));
                }
            }
        }
        faults
    }

    /// Whether `code`, if it looks like a path of this repository, is one.
    fn is_there(&self, document: &Path, code: &str) -> bool {
        let path = code.split_once(':').map_or(code, |(path, _)| path);
        let is_word = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte));
        let Some((name, extension)) = path.rsplit_once('.').filter(|_| is_word) else {
            return !is_word || !self.is_below_a_folder(path) || self.exists(Path::new(path));
        };
        let is_file = EXTENSIONS.contains(&extension) && !name.is_empty();
        let is_placeholder = path.contains("NAME") || EXAMPLES.contains(&path) || path.starts_with('/');
        if is_placeholder || !(is_file || self.is_below_a_folder(path)) || self.is_ignored(Path::new(path)) {
            return true;
        }
        match path.split_once('/') {
            None => self.files.iter().any(|file| file.file_name().is_some_and(|name| name == path)),
            // A host: the path of a module, or of a page on the web.
            Some((first, _)) if first.contains('.') && !first.starts_with('.') => true,
            Some(_) => {
                let bases = [Path::new(""), Path::new("src"), document.parent().unwrap()];
                bases.iter().any(|base| self.exists(&base.join(path)))
            }
        }
    }

    fn read_page(&self, file: &Path) -> Page {
        Page::read(&fs::read_to_string(self.root.join(file)).unwrap())
    }

    /// The first line of `part`, with its number, that `file` does not have behind the lines before it; indentation, empty lines and
    /// comments aside. What a document shows of a file may leave lines out.
    fn first_not_in<'a>(&self, file: &str, part: &'a str) -> Option<(usize, &'a str)> {
        let whole = fs::read_to_string(self.root.join(file)).unwrap_or_default();
        let mut lines = whole.lines().map(bare);
        let mut shown = part.lines().enumerate().filter(|(_, line)| !bare(line).is_empty());
        shown.find(|(_, line)| !lines.any(|other| other == bare(line)))
    }

    /// What a command line names after `--test` that is no file of tests.
    fn unknown_suites<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        let suites =
            words.windows(2).filter(|pair| pair[0] == "--test" && pair[1] != "NAME").map(|pair| pair[1]);
        let is_suite = |suite: &&str| {
            ["tests", "wasm-tests/tests"].iter().any(|folder| {
                let below = Path::new(folder).join(suite);
                self.exists(&below.with_extension("rs")) || self.exists(&below.join("main.rs"))
            })
        };
        suites.filter(|suite| !is_suite(suite)).collect()
    }

    /// Whether there is a test of this name, in its suite where it says one.
    fn has_test(&self, test: &str) -> bool {
        let (suite, name) = test.split_once("::").map_or((None, test), |(suite, name)| (Some(suite), name));
        let is_of_suite = |file: &Path| match suite {
            Some(suite) => {
                let names = |file: &Path| file.file_stem().is_some_and(|stem| stem == suite);
                file.starts_with("wasm-tests/tests/e2e") && file.ancestors().any(names)
            }
            None => file.starts_with("src"),
        };
        let declared = format!("fn {name}(");
        let mut files = self.files.iter().filter(|file| is_of_suite(file));
        files.any(|file| fs::read_to_string(self.root.join(file)).unwrap().contains(&declared))
    }

    /// Whether `code` names a test: one of an end-to-end suite, or a scenario of the core.
    fn is_test(&self, code: &str) -> bool {
        let is_name = code
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte));
        let is_suite = |suite: &str| {
            let below = Path::new("wasm-tests/tests/e2e");
            [below.join(suite), below.join("serial").join(suite)]
                .iter()
                .any(|file| self.exists(&file.with_extension("rs")))
        };
        let is_of_suite = || code.split_once("::").is_some_and(|(suite, _)| is_suite(suite));
        is_name && (code.starts_with("scenario_") || is_of_suite())
    }

    fn is_below_a_folder(&self, path: &str) -> bool {
        path.split_once('/').is_some_and(|(first, _)| {
            !first.is_empty()
                && self
                    .files
                    .iter()
                    .any(|file| file.parent() != Some(Path::new("")) && file.starts_with(first))
        })
    }

    fn exists(&self, path: &Path) -> bool {
        self.is_ignored(path) || self.root.join(path).exists()
    }

    /// Words after `make` in a command line that are no targets.
    fn unknown_targets(&self, line: &str) -> Vec<String> {
        let mut unknown = Vec::new();
        let line = line.split('#').next().unwrap();
        for command in line.split(['&', ';', '|', '(', ')']) {
            let mut words = command.split_whitespace();
            if words.next() != Some("make") {
                continue;
            }
            let is_setting =
                |word: &&str| word.contains('=') || word.starts_with(['-', '\\']) || *word == "NAME";
            let targets = words.filter(|word| !is_setting(word));
            unknown.extend(targets.filter(|word| !self.targets.contains(*word)).map(str::to_owned));
        }
        unknown
    }
}

/// A line of YAML without its indentation and its comment.
fn bare(line: &str) -> &str {
    let text = line.split_once(" #").map_or(line, |(text, _)| text).trim();
    if text.starts_with('#') { "" } else { text }
}

fn target(line: &str) -> Option<String> {
    let (name, _) = line.split_once(':')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is_name.then(|| name.to_owned())
}
