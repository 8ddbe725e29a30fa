//! What a go.sum says, as the go command reads it.

use std::collections::BTreeMap;

use crate::{
    flow::explain::Asked,
    gomod::{ModulePath, Version},
    modzip::H1,
    policy::Caller,
};

/// The versions of a go.sum, in the order in which it first names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GoSum {
    versions: Vec<Listed>,
    /// Where each is among those.
    places: BTreeMap<(String, String), usize>,
}

/// A version that a go.sum lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) module: ModulePath,
    pub(super) version: Version,
    /// The hash of its zip.
    pub(super) zip: Option<H1>,
    /// The hash of its go.mod.
    pub(super) go_mod: Option<H1>,
}

impl GoSum {
    /// Its versions.
    pub(super) fn versions(&self) -> &[Listed] {
        &self.versions
    }

    /// Reads one line. An empty one says nothing, and neither does a hash of a kind that came after `h1:`: the go command passes over both. A
    /// version that has two hashes is refused there as soon as it is downloaded, and here at once.
    pub(super) fn add(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<_> = line.split_ascii_whitespace().take(4).collect();
        let &[module, version, hash] = words.as_slice() else {
            return if words.is_empty() {
                Ok(())
            } else {
                Err("a line of a go.sum is a module, a version and a hash".to_owned())
            };
        };
        let (version, is_go_mod) = match version.strip_suffix("/go.mod") {
            Some(version) => (version, true),
            None => (version, false),
        };
        let asked = Asked::of(module, Some(version), Caller::default())?;
        if hash == OF_NO_GO_MOD && is_go_mod || is_later_kind(hash) {
            return Ok(());
        }
        let hash =
            H1::parse(hash).ok_or_else(|| format!("{hash:?} is not h1: and the base64 of 32 bytes"))?;
        let (module, version) = asked.into_version().ok_or("there is no version")?;
        let key = (module.as_str().to_owned(), version.as_str().to_owned());
        let next = self.versions.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.versions.push(Listed { module, version, zip: None, go_mod: None });
        }
        let Some(listed) = self.versions.get_mut(place) else { return Ok(()) };
        let known = if is_go_mod { &mut listed.go_mod } else { &mut listed.zip };
        if known.is_some_and(|known| known != hash) {
            return Err(format!(
                "a line before it has another hash of {} {}",
                listed.module.as_str(),
                listed.version.as_str()
            ));
        }
        *known = Some(hash);
        Ok(())
    }
}

/// Whether it is a hash of a kind that this filter does not know: `h2:`.
fn is_later_kind(hash: &str) -> bool {
    let kind = hash.split_once(':').map_or("", |(kind, _)| kind);
    let number = kind.strip_prefix('h').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && kind != "h1"
}

/// The hash of no go.mod at all, which an early go command wrote by mistake and every later one passes over (`emptyGoModHash`).
pub(in crate::flow) const OF_NO_GO_MOD: &str = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=";

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=";
    const B: &str = "h1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg=";

    fn read(text: &str) -> Result<GoSum, String> {
        let mut go_sum = GoSum::default();
        text.lines().try_for_each(|line| go_sum.add(line))?;
        Ok(go_sum)
    }

    #[test]
    fn a_version_has_the_hashes_of_all_its_lines() {
        let text = format!(
            "example.com/m v1.0.0 {A}\nexample.com/m v1.0.0/go.mod {B}\n\n\
             example.com/n v2.0.0+incompatible/go.mod {A}\r\n \t\n  example.com/m\tv1.0.0 {A}  \n"
        );
        let read = read(&text).unwrap();
        let got: Vec<_> = read
            .versions()
            .iter()
            .map(|one| {
                let hash = |h1: Option<H1>| h1.map(|h1| h1.to_string()).unwrap_or_default();
                format!(
                    "{}@{} {} {}",
                    one.module.as_str(),
                    one.version.as_str(),
                    hash(one.zip),
                    hash(one.go_mod)
                )
            })
            .collect();
        assert_eq!(
            got,
            [format!("example.com/m@v1.0.0 {A} {B}"), format!("example.com/n@v2.0.0+incompatible  {A}")]
        );
    }

    #[test]
    fn what_go_passes_over_says_nothing() {
        for line in [
            "".to_owned(),
            "example.com/m v1.0.0 h2:anything".to_owned(),
            format!("example.com/m v1.0.0/go.mod {OF_NO_GO_MOD}"),
        ] {
            assert_eq!(read(&line).unwrap(), GoSum::default(), "{line}");
        }
        assert_eq!(read(&format!("example.com/m v1.0.0 {OF_NO_GO_MOD}")).unwrap().versions().len(), 1);
    }

    #[test]
    fn what_is_no_line_of_a_go_sum_is_told() {
        for (line, why) in [
            ("example.com/m".to_owned(), "a module, a version and a hash"),
            ("example.com/m v1.0.0".to_owned(), "a module, a version and a hash"),
            (format!("example.com/m v1.0.0 {A} x"), "a module, a version and a hash"),
            ("example.com/m v1.0.0 h1:short=".to_owned(), "is not h1:"),
            (format!("example.com/m v1.0.0 {}", A.trim_end_matches('=')), "is not h1:"),
            ("example.com/m v1.0.0 md5:1".to_owned(), "is not h1:"),
            ("example.com/m v1.0.0 h:1".to_owned(), "is not h1:"),
            (format!("example.com/m main {A}"), "invalid version"),
            (format!("example.com/m v1.0.0/go.sum {A}"), "invalid version"),
            (format!("example.com/m/v2 v1.0.0 {A}"), "v2"),
            (format!("../m v1.0.0 {A}"), "malformed module path"),
            (format!("example.com/m v1.0.0 {A}\nexample.com/m v1.0.0 {B}"), "another hash"),
        ] {
            let told = read(&line).unwrap_err();
            assert!(told.contains(why), "{line}: {told}");
        }
    }
}
