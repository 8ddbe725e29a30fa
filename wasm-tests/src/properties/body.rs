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

/// Canonical versions of this module in Go's order, none twice, and each one given; a time only where the same line gave it.
fn is_list(module: &ModulePath, served: &[u8], given: &[u8]) {
    let text = std::str::from_utf8(served).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let given = String::from_utf8_lossy(given);
    let given: Vec<Vec<&str>> = given.lines().map(|line| line.split_ascii_whitespace().collect()).collect();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let versions: Vec<Version> = lines.iter().map(|words| Version::parse(words[0]).unwrap()).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{text}");
    for (version, words) in versions.iter().zip(&lines) {
        assert!(gomod::check(module, version).is_ok(), "{version}");
        let is_given = |line: &Vec<&str>| match words[..] {
            [version] => line.first() == Some(&version),
            // A second word that is no time still keeps the pseudo-version's own from counting.
            [version, "-"] => line.first() == Some(&version) && line.len() > 1,
            [version, time] => line.starts_with(&[version, time]),
            _ => false,
        };
        assert!(given.iter().any(is_given), "{words:?}");
    }
}
