//! Where the pinned tools are: from the environment, else from `.tools/env`, which `make setup` writes.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The repository this crate was built in.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("wasm-tests stands in the repository")
}

/// The file of the tool that `variable` names, such as `MODGATE_ENVOY`.
///
/// # Errors
/// Says what to run when the variable is nowhere, or what it names does not exist.
pub fn find(variable: &str) -> Result<PathBuf, String> {
    let (value, origin) = match env::var(variable) {
        Ok(value) if !value.is_empty() => (value, "the environment"),
        _ => match FROM_FILE.get(variable) {
            Some(value) => (value.clone(), ".tools/env"),
            None => {
                return Err(format!(
                    "{variable} is set neither in the environment nor in .tools/env: run `make setup wasm wasm-crash`"
                ));
            }
        },
    };
    // Relative to the repository, wherever the test runs.
    let path = repository().join(&value);
    if path.exists() {
        return Ok(path);
    }
    Err(format!("{variable} from {origin} names {value}, which does not exist: run `make setup wasm wasm-crash`"))
}

/// Envoy's binary.
///
/// # Panics
/// When it is missing; so do the functions below.
#[must_use]
pub fn envoy() -> PathBuf {
    expect("MODGATE_ENVOY")
}

/// Its version, as in `(1, 40)`.
///
/// # Errors
/// When it is missing, or says none.
pub fn envoy_version() -> Result<(u32, u32), String> {
    static VERSION: LazyLock<Result<(u32, u32), String>> = LazyLock::new(|| {
        let envoy = find("MODGATE_ENVOY")?;
        let said = Command::new(&envoy).arg("--version").output();
        let said = said.map_err(|error| format!("{}: {error}", envoy.display()))?;
        let said = String::from_utf8_lossy(&said.stdout);
        version(&said).ok_or_else(|| format!("{} --version says {said:?}", envoy.display()))
    });
    VERSION.clone()
}

/// Of a line such as `envoy  version: 6eb0d2d9/1.39.3/Clean/RELEASE/BoringSSL`.
fn version(line: &str) -> Option<(u32, u32)> {
    let (_, said) = line.split_once("version: ")?;
    let mut numbers = said.split('/').nth(1)?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// nginx's binary.
#[must_use]
pub fn nginx() -> PathBuf {
    expect("MODGATE_NGINX")
}

/// The go command.
#[must_use]
pub fn go() -> PathBuf {
    expect("MODGATE_GO")
}

/// The checksum database of `wasm-tests/sumdb`.
#[must_use]
pub fn sumdb() -> PathBuf {
    expect("MODGATE_SUMDB")
}

/// Garage.
#[must_use]
pub fn garage() -> PathBuf {
    expect("MODGATE_GARAGE")
}

/// The registry of images.
#[must_use]
pub fn registry() -> PathBuf {
    expect("MODGATE_REGISTRY")
}

/// skopeo.
#[must_use]
pub fn skopeo() -> PathBuf {
    expect("MODGATE_SKOPEO")
}

/// The filter under test.
#[must_use]
pub fn wasm() -> PathBuf {
    expect("MODGATE_WASM")
}

/// The filter that crashes when a source tells it to (`crash-hook`).
#[must_use]
pub fn wasm_crash() -> PathBuf {
    expect("MODGATE_WASM_CRASH")
}

/// The folder of static GOPROXY trees.
#[must_use]
pub fn modules() -> PathBuf {
    expect("MODGATE_MODULES")
}

fn expect(variable: &str) -> PathBuf {
    find(variable).unwrap_or_else(|error| panic!("{error}"))
}

static FROM_FILE: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let text = fs::read_to_string(repository().join(".tools/env")).unwrap_or_default();
    text.lines().filter_map(key_value).collect()
});

/// `KEY=value`, also as a shell would write it: with `export`, with quotes.
fn key_value(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    (!key.starts_with('#'))
        .then(|| (key.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_env_file() {
        let pair = |key: &str, value: &str| Some((key.to_owned(), value.to_owned()));
        assert_eq!(key_value("MODGATE_GO=/a/go"), pair("MODGATE_GO", "/a/go"));
        assert_eq!(key_value(" export MODGATE_GO=\"/a b/go\" "), pair("MODGATE_GO", "/a b/go"));
        assert_eq!(key_value("# MODGATE_GO=/a/go"), None);
        assert_eq!(key_value(""), None);
    }

    #[test]
    fn the_version_that_envoy_says() {
        let line = "\nenvoy  version: 6eb0d2d97489ec1b4e/1.39.3/Clean/RELEASE/BoringSSL\n\n";
        assert_eq!(version(line), Some((1, 39)));
        assert_eq!(version("envoy  version: 6eb0d2d9/1.41.0-dev/Modified/DEBUG"), Some((1, 41)));
        assert_eq!(version("command not found"), None);
    }

    #[test]
    fn a_missing_tool_says_what_to_run() {
        let error = find("MODGATE_NO_SUCH_TOOL").unwrap_err();
        assert!(error.contains("MODGATE_NO_SUCH_TOOL") && error.contains("make setup"), "{error}");
    }
}
