//! Vanity import paths: where the go command is told that their repositories are.
//!
//! For an import path of which it knows no repository, the go command asks `https://<import path>?go-get=1` and reads the `go-import` in
//! the head of the page (`go help importpath`, "Remote import paths"). What is not configured passes on: a server behind may know it.

use crate::config::Vanity;
use crate::gomod::is_path_element;

/// The page that tells where the repository of `path` at `authority` is, if that is asked and one of `all` says it.
///
/// `path` is the one of the request, with its query.
pub(super) fn go_import(authority: &str, path: &str, all: &[Vanity]) -> Option<String> {
    let path = asked(path).filter(|_| !all.is_empty())?;
    let elements: Vec<&str> = path.split('/').filter(|element| !element.is_empty()).collect();
    all.iter().find_map(|vanity| {
        let below = strip(&elements, &vanity.elements).filter(|_| vanity.host.matches(authority))?;
        match (vanity.is_open, below.first()) {
            (false, _) => Some(page(vanity, None)),
            (true, Some(element)) if is_path_element(element) => Some(page(vanity, Some(element))),
            (true, _) => None,
        }
    })
}

/// What follows `first` in `elements`, if that is how they begin.
fn strip<'a, 'b>(elements: &'a [&'b str], first: &[String]) -> Option<&'a [&'b str]> {
    let (head, rest) = elements.split_at_checked(first.len())?;
    head.iter().eq(first).then_some(rest)
}

/// The path of a request for a `go-import`. Nothing in an import path needs a percent-escape.
fn asked(path: &str) -> Option<&str> {
    let (path, query) = path.split_once('?')?;
    query.split('&').any(|pair| pair == "go-get=1").then_some(path)
}

/// A page that tells one repository, for `element` where the path is open.
fn page(vanity: &Vanity, element: Option<&str>) -> String {
    let Vanity { root, vcs, repository, subdirectory, .. } = vanity;
    let root = element.map_or_else(|| root.clone(), |element| format!("{root}/{element}"));
    let repository = repository.replace('*', element.unwrap_or("*"));
    let mut content = format!("{root} {} {repository}", vcs.as_str());
    if let Some(folder) = subdirectory {
        content.push(' ');
        content.push_str(folder);
    }
    let (root, content) = (escaped(&root), escaped(&content));
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"go-import\" content=\"{content}\">\n\
         <title>{root}</title>\n</head>\n<body>\n<p>go get {root}</p>\n</body>\n</html>\n"
    )
}

/// As text of HTML, and as the value of an attribute in quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HostPattern, VersionControl};

    fn vanity(import: &str, vcs: VersionControl, repository: &str) -> Vanity {
        let (path, is_open) = import.strip_suffix("/*").map_or((import, false), |path| (path, true));
        let mut elements = path.split('/').map(str::to_owned);
        Vanity {
            host: HostPattern::Exact(elements.next().unwrap()),
            root: path.to_owned(),
            elements: elements.collect(),
            is_open,
            vcs,
            repository: repository.to_owned(),
            subdirectory: None,
        }
    }

    #[test]
    fn the_repository_of_an_import_path_is_told_to_those_who_ask() {
        let all = [
            Vanity {
                subdirectory: Some("src/go".to_owned()),
                ..vanity("go.acme.example/mono/go", VersionControl::Git, "https://git.acme.example/mono")
            },
            vanity("go.acme.example/old", VersionControl::Hg, "https://hg.acme.example/old?a=1&b=2"),
            vanity("go.acme.example/*", VersionControl::Git, "https://git.acme.example/acme/*.git"),
            vanity("mods.example", VersionControl::Mod, "https://goproxy.acme.example"),
        ];
        let widgets = "go.acme.example/widgets git https://git.acme.example/acme/widgets.git";
        let mono = "go.acme.example/mono/go git https://git.acme.example/mono src/go";
        for (authority, path, want) in [
            ("go.acme.example", "/widgets?go-get=1", Some(widgets)),
            ("go.acme.example", "/widgets/deep/er?go-get=1", Some(widgets)),
            ("GO.acme.example.:443", "/widgets/?go-get=1", Some(widgets)),
            ("go.acme.example", "/widgets?x=y&go-get=1", Some(widgets)),
            ("go.acme.example", "/mono/go/v2?go-get=1", Some(mono)),
            (
                "go.acme.example",
                "/mono/golang?go-get=1",
                Some("go.acme.example/mono git https://git.acme.example/acme/mono.git"),
            ),
            (
                "go.acme.example",
                "/old?go-get=1",
                Some("go.acme.example/old hg https://hg.acme.example/old?a=1&amp;b=2"),
            ),
            ("mods.example", "/?go-get=1", Some("mods.example mod https://goproxy.acme.example")),
            // People, and what is not configured, are for others.
            ("go.acme.example", "/widgets", None),
            ("go.acme.example", "/widgets?go-get=2", None),
            ("go.acme.example", "/?go-get=1", None),
            ("other.example", "/widgets?go-get=1", None),
            // No element of an import path.
            ("go.acme.example", "/%3Cscript%3E?go-get=1", None),
            ("go.acme.example", "/\"><script>?go-get=1", None),
            ("go.acme.example", "/..?go-get=1", None),
        ] {
            let page = go_import(authority, path, &all);
            let told =
                page.as_deref().and_then(|page| Some(page.split_once("content=\"")?.1.split_once('"')?.0));
            assert_eq!(told, want, "{authority}{path}");
        }
        assert_eq!(go_import("go.acme.example", "/widgets?go-get=1", &[]), None);
    }
}
