//! Where a module comes from, as the `.info` of one of its versions says: the go command writes it there since 1.20.

use serde_json::Value;

use crate::{
    cx::Cx,
    goproxy::{Document, File, Found},
    hook::{is_within, plain, repository_of},
    plan::Want,
    shared::{Index, note_root},
};

/// Remembers which repository the module is of, where a document says it and the module's path does not.
pub fn note_origin(want: &Want, found: &Found, index: &Index, cx: &mut Cx<'_>) {
    let Want::Document(Document::Module { module, file: File::Info(_) | File::Latest | File::Query(_) }) =
        want
    else {
        return;
    };
    if let Some((repository, root)) = origin(module.as_str(), module.major_suffix(), &found.body) {
        note_root(cx.kv, index, &repository, &root);
    }
}

/// The repository's name, and the path that its root has as a module; `None` where the path begins with that name, or nothing is said.
fn origin(module: &str, major: &str, info: &[u8]) -> Option<(String, String)> {
    let info: Value = serde_json::from_slice(info).ok()?;
    let origin = info.get("Origin")?;
    let repository = plain(&repository_of(origin.get("URL")?.as_str()?)?);
    if is_within(&plain(module), &repository) {
        return None;
    }
    let directory = origin.get("Subdir").and_then(Value::as_str).filter(|directory| !directory.is_empty());
    let without = |path: &str| {
        let rest = path.strip_suffix(directory?)?.strip_suffix('/')?;
        (!rest.is_empty()).then(|| rest.to_owned())
    };
    // The directory of a major version is a part of the path; one that is in the path alone is not.
    let unversioned = module.strip_suffix(major).filter(|_| major.starts_with('/')).unwrap_or(module);
    let root = without(module).or_else(|| without(unversioned)).unwrap_or_else(|| unversioned.to_owned());
    Some((repository, root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gomod::ModulePath;

    #[test]
    fn a_repository_is_learnt_where_the_path_does_not_say_it() {
        for (module, url, directory, want) in [
            ("gopkg.in/yaml.v3", "https://github.com/go-yaml/yaml", "", Some("gopkg.in/yaml.v3")),
            ("golang.org/x/crypto", "https://go.googlesource.com/crypto", "", Some("golang.org/x/crypto")),
            ("go.acme.example/x/sub", "https://git.acme.example/x", "sub", Some("go.acme.example/x")),
            ("go.acme.example/x/sub/v2", "https://git.acme.example/x", "sub", Some("go.acme.example/x")),
            ("go.acme.example/x/v2", "https://git.acme.example/x", "v2", Some("go.acme.example/x")),
            ("go.acme.example/x/v2", "https://git.acme.example/x", "", Some("go.acme.example/x")),
            // A fourth field of `go-import`: the root of the module is a directory.
            ("go.acme.example/y", "https://git.acme.example/x", "deep/y", Some("go.acme.example/y")),
            ("github.com/acme/x/sub", "https://github.com/Acme/X", "sub", None),
            ("github.com/acme/x", "https://github.com/acme/x.git", "", None),
            ("go.acme.example/x", "", "", None),
        ] {
            let info = format!(
                r#"{{"Version":"v1.0.0","Origin":{{"VCS":"git","URL":"{url}","Subdir":"{directory}"}}}}"#
            );
            let path = ModulePath::parse(module).unwrap();
            let root = origin(path.as_str(), path.major_suffix(), info.as_bytes()).map(|(_, root)| root);
            assert_eq!(root.as_deref(), want, "{module} {url}");
        }
        for odd in ["", "{}", r#"{"Origin":7}"#, r#"{"Origin":{"URL":{}}}"#] {
            assert_eq!(origin("a.example/b", "", odd.as_bytes()), None);
        }
    }
}
