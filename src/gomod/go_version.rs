//! Versions of Go itself, as semantic versions: advisories about `stdlib` and `toolchain` have them so. Semantics of
//! golang.org/x/vuln's `semver.GoTagToSemver`.

use super::Version;

/// The module whose versions are toolchains.
pub const TOOLCHAIN: &str = "golang.org/toolchain";

/// Reads a version of Go, with or without `go` before it: `1.26.5` is `v1.26.5`, `1.27rc3` is `v1.27.0-rc.3`, `1.21` is `v1.21.0`.
/// What follows a dash or a blank, as in `1.21.3-bigcorp` and `1.22.1 X:boringcrypto`, is of another's making, and left out.
pub fn go_version(text: &str) -> Option<Version> {
    let text = text.strip_prefix("go").unwrap_or(text);
    let text = text.split(['-', ' ']).next()?;
    let numbers = text.find(|c: char| c.is_ascii_lowercase()).unwrap_or(text.len());
    let (numbers, prerelease) = text.split_at_checked(numbers)?;
    let dots = numbers.matches('.').count();
    let zeros = match dots {
        0 => ".0.0",
        1 => ".0",
        _ => "",
    };
    let kind = prerelease.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = prerelease.get(kind.len()..)?;
    let dash = match (kind, number) {
        ("", "") => String::new(),
        ("alpha" | "beta" | "rc", number) if !number.is_empty() => format!("-{kind}.{number}"),
        _ => return None,
    };
    Version::parse(&format!("v{numbers}{zeros}{dash}")).ok()
}

/// The version of Go that a version of [`TOOLCHAIN`] is: `v1.26.5` of `v0.0.1-go1.26.5.linux-amd64`.
pub fn toolchain_version(version: &Version) -> Option<Version> {
    let (go, _platform) = version.as_str().strip_prefix("v0.0.1-go")?.rsplit_once('.')?;
    go_version(go)
}

/// The version of [`TOOLCHAIN`] that is `go` for the platform of `like`.
pub fn toolchain_of(go: &Version, like: &Version) -> Option<Version> {
    let (_, platform) = like.as_str().rsplit_once('.')?;
    Version::parse(&format!("v0.0.1-{}.{platform}", go_name(go))).ok()
}

/// What the go command calls a version of Go, from 1.21 on: `go1.26.5`, `go1.27rc3`.
pub fn go_name(go: &Version) -> String {
    let go = go.as_str().trim_start_matches('v');
    match go.split_once(".0-") {
        Some((numbers, prerelease)) => format!("go{numbers}{}", prerelease.replace('.', "")),
        None => format!("go{go}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_semantic_versions() {
        for (go, semver) in [
            ("go1", Some("v1.0.0")),
            ("1.21", Some("v1.21.0")),
            ("go1.26.5", Some("v1.26.5")),
            ("go1.27rc2", Some("v1.27.0-rc.2")),
            ("go1.27rc10", Some("v1.27.0-rc.10")),
            ("go1.4beta1", Some("v1.4.0-beta.1")),
            ("go1.9.2rc2", Some("v1.9.2-rc.2")),
            ("go1.21.3-bigcorp", Some("v1.21.3")),
            ("go1.22.1 X:boringcrypto", Some("v1.22.1")),
            ("", None),
            ("go", None),
            ("go1.2.3.4", None),
            ("go1.27rc", None),
            ("go1.27gamma1", None),
            ("go01.2", None),
            ("v1.2.3", None),
        ] {
            assert_eq!(go_version(go).as_ref().map(Version::as_str), semver, "{go}");
        }
        let ordered = ["1.26.5", "1.26.6", "1.27rc2", "1.27rc3", "1.27rc10", "1.27", "1.27.1"];
        let versions: Vec<_> = ordered.map(|text| go_version(text).unwrap()).to_vec();
        assert!(versions.is_sorted(), "{versions:?}");
    }

    #[test]
    fn a_toolchain_is_a_version_of_go() {
        for (version, go) in [
            ("v0.0.1-go1.26.5.linux-amd64", Some("v1.26.5")),
            ("v0.0.1-go1.27rc3.darwin-arm64", Some("v1.27.0-rc.3")),
            ("v0.0.1-go1.21.linux-amd64", Some("v1.21.0")),
            ("v0.0.1-go1.21.3-bigcorp.windows-386", Some("v1.21.3")),
            ("v0.0.1", None),
            ("v0.0.2-go1.26.5.linux-amd64", None),
            ("v0.0.1-go1", None),
            ("v0.0.1-gopher.linux-amd64", None),
        ] {
            let read = toolchain_version(&Version::parse(version).unwrap());
            assert_eq!(read.as_ref().map(Version::as_str), go, "{version}");
        }
    }

    #[test]
    fn a_version_of_go_is_a_toolchain() {
        let like = Version::parse("v0.0.1-go1.26.5.linux-amd64").unwrap();
        for (go, toolchain) in [
            ("1.26.6", "v0.0.1-go1.26.6.linux-amd64"),
            ("1.27rc3", "v0.0.1-go1.27rc3.linux-amd64"),
            ("1.26.0", "v0.0.1-go1.26.0.linux-amd64"),
        ] {
            let go = go_version(go).unwrap();
            let made = toolchain_of(&go, &like).unwrap();
            assert_eq!(made.as_str(), toolchain);
            assert_eq!(toolchain_version(&made), Some(go));
        }
    }
}
