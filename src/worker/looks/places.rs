//! What of a module may be another because a ref has changed, by the names that the index has for it.

use crate::{
    config::Config,
    gomod::{self, ModulePath, Query, Version},
    goproxy::{Document, File, SumdbFile, Target, Zip},
    hook::{RefName, plain},
    plan::Want,
};

/// What a document that can change says of its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// What one branch or commit stands for.
    Query,
    /// Which versions there are.
    Whole,
}

/// What it says, where it can change.
pub(super) fn sort_of(want: &Want) -> Option<Sort> {
    let Want::Document(Document::Module { file, .. }) = want else { return None };
    match file {
        File::Latest | File::List => Some(Sort::Whole),
        File::Query(_) => Some(Sort::Query),
        File::Info(_) | File::License(_) | File::Mod(_) | File::Stored => None,
    }
}

/// Where below a repository's name the modules are of which `refs` may be versions or queries, and which of them; the root always.
pub(super) fn places(refs: &[RefName]) -> Vec<(String, Vec<&RefName>)> {
    let mut places = vec![(String::new(), Vec::new())];
    for name in refs {
        for place in name.places() {
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, names)) => names.push(name),
                None => places.push((place, vec![name])),
            }
        }
    }
    places
}

/// What `refs` are versions or queries of, where the module is `module`. The record of a version in a checksum database is one of them.
pub(super) fn files(module: &ModulePath, refs: &[&RefName], config: &Config) -> Vec<Want> {
    let mut files = Vec::new();
    for name in refs {
        for version in versions(module, &[name]) {
            let (info, go_mod) = (File::Info(version.clone()), File::Mod(version.clone()));
            files.extend([info, go_mod].map(|file| document(module, file)));
            files.push(Want::Zip(Zip { module: module.clone(), version: version.clone() }));
            files.extend(config.sumdb.iter().map(|sumdb| {
                let file = SumdbFile::Lookup(module.clone(), version.clone());
                Want::Document(Document::Sumdb { sumdb: sumdb.name.clone(), file })
            }));
        }
        // The go command asks no proxy for a branch with a slash.
        let text = match name {
            RefName::Branch(text) => text,
            RefName::Tag(text) => text.rsplit('/').next().unwrap_or_default(),
        };
        files.extend(Query::parse(text).ok().map(|query| document(module, File::Query(query))));
    }
    files
}

/// The versions of `module` that `refs` may be.
pub(super) fn versions(module: &ModulePath, refs: &[&RefName]) -> Vec<Version> {
    let tagged = refs.iter().filter_map(|name| name.version()).flat_map(|(_, version)| {
        let is_early = matches!(version.major(), "v0" | "v1");
        let incompatible = Version::parse(&format!("{version}+incompatible")).ok().filter(|_| !is_early);
        [Some(version), incompatible]
    });
    tagged.flatten().filter(|version| gomod::check(module, version).is_ok()).collect()
}

/// What the index calls `path`, where it is a document of a module.
pub(super) fn want_of(path: &str) -> Option<Want> {
    match Target::parse(path).ok()? {
        Target::Document(document) => Some(Want::Document(document)),
        Target::Supported { .. } | Target::Zip(_) => None,
    }
}

/// The module that `path` is about, a key of the index, as [`plain`] has it. A path of capitals is escaped there, and none has an exclamation
/// mark of its own.
pub(super) fn module_of(path: &str) -> Option<String> {
    let module = match path.strip_prefix("sumdb/") {
        Some(rest) => rest.split_once("/lookup/")?.1.split('@').next()?,
        None => path.split_once("/@")?.0,
    };
    Some(plain(module).replace('!', ""))
}

fn document(module: &ModulePath, file: File) -> Want {
    Want::Document(Document::Module { module: module.clone(), file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_index_says_its_module() {
        for (path, want) in [
            ("github.com/!azure/x/@v/list", Some("github.com/azure/x")),
            ("github.com/acme/x/@latest", Some("github.com/acme/x")),
            ("github.com/acme/x/@statement", Some("github.com/acme/x")),
            ("sumdb/sum.golang.org/lookup/github.com/!azure/x@v1.0.0", Some("github.com/azure/x")),
            ("sumdb/sum.golang.org/latest", None),
            ("sumdb/sum.golang.org/tile/8/0/001", None),
            ("", None),
        ] {
            assert_eq!(module_of(path).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn each_ref_is_looked_for_where_go_would() {
        let refs = ["refs/tags/v1.1.0", "refs/tags/sub/v2.0.0", "refs/heads/main"]
            .map(|name| RefName::of(name).unwrap());
        let [root, sub, branch] = &refs;
        let want = [("", vec![root, branch]), ("/sub", vec![sub]), ("/sub/v2", vec![sub])];
        assert_eq!(places(&refs), want.map(|(place, names)| (place.to_owned(), names)));
        assert_eq!(places(&[]), [(String::new(), Vec::new())]);
    }

    #[test]
    fn a_ref_is_a_version_or_a_query_of_what_fits_it() {
        let config = r#"{"upstreams":[{"cluster":"c","url":"http://h"}]}"#;
        let config = Config::parse(config).unwrap();
        let keys = |module: &str, name: &str| {
            let module = ModulePath::parse(module).unwrap();
            let name = RefName::of(name).unwrap();
            let files = files(&module, &[&name], &config).into_iter().map(|want| want.key());
            files.map(|key| key.replace("a.b/@v/", "")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(keys("a.b", "refs/tags/v1.1.0"), "v1.1.0.info v1.1.0.mod v1.1.0.zip v1.1.0.info");
        let incompatible = ["info", "mod", "zip"].map(|file| format!("v2.1.0+incompatible.{file}")).join(" ");
        assert_eq!(keys("a.b", "refs/tags/sub/v2.1.0"), format!("{incompatible} v2.1.0.info"));
        assert_eq!(keys("a.b", "refs/heads/main"), "main.info");
        assert_eq!(keys("a.b", "refs/heads/feature/x"), "");
        assert_eq!(keys("a.b", "refs/heads/!"), "");
    }
}
