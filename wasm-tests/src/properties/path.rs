//! From a raw `:path` to a target and back.
//!
//! Input: a digit that chooses the configuration with the `:authority` after it, then the raw path on the lines below.

use std::sync::LazyLock;

use modgate::config::Config;
use modgate::goproxy::{Place, Target, encode, is_our_host, may_be_ours, place};
use modgate::http::{Headers, RequestHead};
use modgate::plan::Want;

use super::{choice, first_line};

/// Longer raw paths are refused. What is near it may be longer once it is escaped and encoded, and is then no request any
/// more; it never leads to one that is shorter than what was asked.
const MAX_PATH: usize = 4096;

static CONFIGS: LazyLock<Vec<Config>> = LazyLock::new(|| {
    [
        "{}",
        r#"{"path_prefix": "/goproxy"}"#,
        r#"{"path_prefix": "/a.b/!c/~$&'()*+,;=:", "hosts": ["*.example.com", "goproxy.example.com", "[::1]"]}"#,
        r#"{"path_prefix": "/sumdb/sum.golang.org"}"#,
    ]
    .map(|matching| {
        let text = format!(r#"{{"upstreams": [{{"cluster": "c", "url": "http://h"}}], "match": {matching}}}"#);
        Config::parse(&text).unwrap()
    })
    .into()
});

/// No path panics; the short question whether a path may be ours is answered as the long one; what is accepted stays below the prefix, holds nothing that anybody on the way could resolve, and means
/// the same in its one spelling.
pub fn check(input: &[u8]) {
    let (line, path) = first_line(input);
    let Some((chosen, authority)) = choice(&line, CONFIGS.len()) else { return };
    let config = &CONFIGS[chosen];
    let prefix = &config.matching.path_prefix;
    let ask = |path: String| {
        let authority = authority.to_owned();
        let head = RequestHead {
            method: "GET".to_owned(),
            authority,
            path,
            headers: Headers::default(),
            properties: Vec::new(),
            ends: true,
        };
        let place = place(&head, &config.matching, &config.admin);
        let ours = may_be_ours(&head.path, &config.matching, &config.admin);
        assert_eq!(
            place != Place::Foreign,
            ours && is_our_host(&head.authority, &config.matching),
            "{head:?}"
        );
        place
    };
    let raw = String::from_utf8_lossy(path).into_owned();
    let below = match ask(raw.clone()) {
        Place::Ours(below) => below,
        Place::Catalog(_)
        | Place::Foreign
        | Place::Import(_)
        | Place::Mirror(_)
        | Place::Page { .. }
        | Place::Refused(_) => {
            return;
        }
    };
    assert!(raw.split(['?', '#']).next().unwrap().len() <= MAX_PATH);
    is_plain(&below);
    let again = format!("{prefix}/{}", encode(&below));
    is_sendable(&again);
    if again.len() <= MAX_PATH {
        assert_eq!(ask(again), Place::Ours(below.clone()), "encoded, {below:?} is itself");
    }

    let Ok(target) = Target::parse(&below) else { return };
    let rendered = match &target {
        Target::Document(document) => Want::Document(document.clone()).key(),
        Target::Supported { sumdb } => format!("sumdb/{sumdb}/supported"),
        Target::Zip(zip) => zip.path(),
    };
    is_plain(&rendered);
    let again = format!("{prefix}/{}", encode(&rendered));
    is_sendable(&again);
    assert_eq!(Target::parse(&rendered).as_ref(), Ok(&target), "{below:?} rendered as {rendered:?}");
    if again.len() <= MAX_PATH {
        assert_eq!(ask(again), Place::Ours(rendered.clone()), "{below:?} on its way");
    }
    let module = match &target {
        Target::Document(document) => document.module(),
        Target::Supported { .. } => None,
        Target::Zip(zip) => Some(&zip.module),
    };
    if let Some(module) = module {
        assert!(below.starts_with("sumdb/") || rendered.starts_with(&module.escaped()));
    }
}

/// Nothing is left to merge, to resolve or to split a line at.
fn is_plain(path: &str) {
    assert!(!path.starts_with('/') && !path.contains("//"), "{path:?}");
    assert!(path.split('/').all(|element| !matches!(element, "." | "..")), "{path:?}");
    assert!(!path.chars().any(char::is_control), "{path:?}");
}

/// Fit for a request line: one word of visible ASCII without query and fragment.
fn is_sendable(path: &str) {
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\\"<>".contains(&byte)), "{path:?}");
}
