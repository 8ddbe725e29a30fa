//! The major version at the end of a module path, and which versions agree with it.
//!
//! Semantics of golang.org/x/mod module.SplitPathVersion and module.CheckPathMajor.

use super::version::Version;

/// The major version suffix of a path: `/v2`, `.v3`, `.v3-unstable` (gopkg.in only) or empty. `None` where the path
/// ends in something that looks like one and must not, e.g. `/v1`, `/v02`, `/v2.1`, or gopkg.in without `.vN`.
///
/// Semantics of module.SplitPathVersion.
pub(super) fn suffix(path: &str) -> Option<&str> {
    if path.starts_with("gopkg.in/") {
        return gopkg_suffix(path);
    }
    let head = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = path.get(head.len()..)?;
    let prefix = match head.strip_suffix("/v") {
        Some(prefix) if !number.is_empty() => prefix,
        _ => return Some(""),
    };
    if number.contains('.') || number.starts_with('0') || number == "1" {
        return None;
    }
    path.get(prefix.len()..)
}

/// Semantics of module.splitGopkgIn, with its oddities: `.v-unstable` passes (no version agrees with it) and
/// `.v0-unstable` does not, though `.v0` does.
fn gopkg_suffix(path: &str) -> Option<&str> {
    let stable = path.strip_suffix("-unstable").unwrap_or(path);
    let prefix = stable.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(".v")?;
    let suffix = path.get(prefix.len()..)?;
    let malformed = suffix == ".v" || (suffix.starts_with(".v0") && suffix != ".v0");
    (!malformed).then_some(suffix)
}

/// Whether a version belongs under a path with this suffix; if not, what the version should be instead.
///
/// Semantics of module.CheckPathMajor. As there, `+incompatible` is not weighed where the path has a suffix, nor
/// refused for v0 and v1.
pub(super) fn agrees<'s>(suffix: &'s str, version: &Version) -> Result<(), &'s str> {
    let suffix =
        if suffix.starts_with(".v") { suffix.strip_suffix("-unstable").unwrap_or(suffix) } else { suffix };
    // gopkg.in's .v1 modules were once given v0.0.0- pseudo-versions, and go.mod files still name them.
    if suffix == ".v1" && version.as_str().starts_with("v0.0.0-") {
        return Ok(());
    }
    let major = version.major();
    let Some(wanted) = suffix.strip_prefix(['/', '.']) else {
        let fits = matches!(major, "v0" | "v1") || version.is_incompatible();
        return if fits { Ok(()) } else { Err("v0 or v1") };
    };
    if major == wanted { Ok(()) } else { Err(wanted) }
}
