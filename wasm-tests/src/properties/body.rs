//! Bodies: what is taken from an upstream or a store as a document.
//!
//! Input: a digit that chooses the document, and the body on the lines below.

use std::sync::LazyLock;

use modgate::gomod::{self, ModulePath, Version};
use modgate::goproxy::{Document, File, Target, accept};

use super::{choice, first_line};

static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    [
        "example.com/m/@v/list",
        "example.com/m/v2/@v/list",
        "gopkg.in/yaml.v3/@v/list",
        "example.com/m/@v/v1.0.0.info",
        "example.com/m/@v/v1.0.0.mod",
        "example.com/m/@v/master.info",
        "example.com/m/@latest",
        "sumdb/sum.golang.org/latest",
        "sumdb/sum.golang.org/lookup/example.com/m@v1.0.0",
        "sumdb/sum.golang.org/tile/8/0/000",
    ]
    .map(|path| match Target::parse(path) {
        Ok(Target::Document(document)) => document,
        other => panic!("{path}: {other:?}"),
    })
    .into()
});

/// No body panics, none is accepted that is a web page, and what is accepted is accepted again as it is.
pub fn check(input: &[u8]) {
    let (line, body) = first_line(input);
    let Some((chosen, _)) = choice(&line, DOCUMENTS.len()) else { return };
    let document = &DOCUMENTS[chosen];
    let served = match accept(document, body.to_vec()) {
        Ok(served) => served,
        Err(bad) => {
            assert!(bad.to_string().starts_with("it "), "it ends a sentence: {bad}");
            return;
        }
    };
    assert_eq!(accept(document, served.clone()).as_ref(), Ok(&served));
    assert!(!served.trim_ascii_start().starts_with(b"<"));
    match document {
        Document::Module { module, file: File::List } => is_list(module, &served, body),
        _ => assert_eq!(served, body, "what is signed or hashed elsewhere is not touched"),
    }
}

/// Canonical versions of this module, none a pseudo-version, in Go's order, none twice, and each one given.
fn is_list(module: &ModulePath, served: &[u8], given: &[u8]) {
    let text = std::str::from_utf8(served).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let given = std::str::from_utf8(given).unwrap();
    let versions: Vec<Version> = text.lines().map(|line| Version::parse(line).unwrap()).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{text}");
    for version in &versions {
        assert!(!version.is_pseudo() && gomod::check(module, version).is_ok(), "{version}");
        assert!(
            given.lines().any(|line| line.split_whitespace().next() == Some(version.as_str())),
            "{version}"
        );
    }
}
