//! Go's words: module paths, escaping, versions, pseudo-versions and GOPRIVATE-style patterns.
//!
//! A port of the semantics of golang.org/x/mod (`module`, `semver` and `modfile`, as Go 1.27.3 ships them) and of `path.Match`.
//! What Go accepts is accepted and what it refuses is refused, oddities included: the go command decides with the
//! original, and a proxy that disagrees is a hole or an outage. The tables in `testdata` are answers of Go's own code.
//!
//! **Incomplete.** Module paths, versions, the paths of a module's files, and what a go.mod says of its own module: import
//! paths and the making of pseudo-versions are not here.

mod element;
mod escape;
mod file;
mod go_version;
mod gosemver;
mod major;
mod mod_file;
mod path;
mod pattern;
mod pseudo;
mod query;
mod quoted;
mod retraction;
mod unicode;
mod version;

#[cfg(test)]
pub(crate) mod tests;

pub use self::element::is_path_element;
pub use self::escape::escape as escape_prefix;
pub use self::file::{InvalidFilePath, check_file_path};
pub use self::go_version::{TOOLCHAIN, go_name, go_version, toolchain_of, toolchain_version};
pub use self::mod_file::{InvalidModFile, InvalidRequirement, ModFile, Requirements};
pub use self::path::{InvalidPath, ModulePath};
pub use self::pattern::{Glob, InvalidPattern, Pattern, Patterns};
pub use self::pseudo::Pseudo;
pub use self::query::{Query, unescape_version};
pub use self::quoted::{Quoted, is_graphic};
pub use self::retraction::{Retraction, Retractions};
pub use self::unicode::fold;
pub use self::version::{InvalidVersion, Version, check};
