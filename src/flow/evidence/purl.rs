//! The package URL of a Go module version.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::gomod::{ModulePath, Version};

/// `pkg:golang/`, the path, `@` and the version. Capitals stay as they are: to the go command, paths that differ in them are different modules.
pub(super) fn purl(module: &ModulePath, version: &Version) -> String {
    let elements: Vec<_> = module.as_str().split('/').map(escaped).collect();
    format!("pkg:golang/{}@{}", elements.join("/"), escaped(version.as_str()))
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, &ESCAPED).to_string()
}

/// All but letters, digits, and the marks that a package URL has as they are.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_url_escapes_what_has_a_meaning_in_it() {
        for (module, version, want) in [
            ("example.com/m", "v1.0.0", "pkg:golang/example.com/m@v1.0.0"),
            (
                "github.com/Azure/go-autorest",
                "v14.2.0+incompatible",
                "pkg:golang/github.com/Azure/go-autorest@v14.2.0%2Bincompatible",
            ),
            (
                "gopkg.in/yaml.v3",
                "v3.0.0-20200313102051-9f266ea9e77c",
                "pkg:golang/gopkg.in/yaml.v3@v3.0.0-20200313102051-9f266ea9e77c",
            ),
            ("example.com/~a/b_c/v2", "v2.0.0-rc.1", "pkg:golang/example.com/~a/b_c/v2@v2.0.0-rc.1"),
        ] {
            let (path, parsed) = (ModulePath::parse(module).unwrap(), Version::parse(version).unwrap());
            assert_eq!(purl(&path, &parsed), want);
        }
    }
}
