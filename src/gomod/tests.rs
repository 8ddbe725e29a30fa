//! Odd rows with their reasons, messages, and properties that hold for whatever input.

pub(crate) mod golden;

use super::{ModulePath, Query, Version, check, unescape_version};

#[test]
fn odd_paths() {
    for (text, ok, why) in [
        ("example.com/v2", true, "a host may stand directly before the major version"),
        ("example.com/x.v2", true, ".vN means something under gopkg.in only"),
        ("example.com/v.2", false, "a number with a dot after /v"),
        ("1.1", true, "digits are a host too"),
        ("gopkg.in", true, "without its slash it is like any host"),
        ("gopkg.in/yaml.v-unstable", true, "Go sees a suffix here, with which no version agrees"),
        ("gopkg.in/yaml.v0-unstable", false, "though .v0 and .v1-unstable are fine"),
        ("example.com/com0", true, "no device in Go's list"),
        ("example.com/x.con", true, "only what stands before the first dot names a device"),
        ("con.com/x", false, "a host is an element like any other"),
        ("example.com/a.b~1", true, "short names have the tilde before the dot"),
        ("example.com/a~1.b", false, "which this one has"),
        ("xn--bcher-kva.example/x", true, "punycode is plain ASCII"),
    ] {
        assert_eq!(ModulePath::parse(text).is_ok(), ok, "{text}: {why}");
    }
}

#[test]
fn errors_name_the_text_and_the_reason_on_one_line() {
    let path = |text: &str| ModulePath::parse(text).unwrap_err().to_string();
    assert_eq!(path("a.b/c d"), r#"malformed module path "a.b/c d": the character ' ' is not allowed"#);
    assert_eq!(path("a.b/\n"), r#"malformed module path "a.b/\n": the character '\n' is not allowed"#);
    assert_eq!(path("corp/x"), r#"malformed module path "corp/x": the first element "corp" has no dot"#);
    assert_eq!(
        ModulePath::unescape("github.com/Azure/x").unwrap_err().to_string(),
        "malformed module path \"github.com/Azure/x\": it is not escaped (a capital is written as ! and its small \
         letter)"
    );
    let version = |text: &str| Version::parse(text).unwrap_err().to_string();
    assert_eq!(version("master"), r#"invalid version "master": not a semantic version (like v1.2.3)"#);
    assert_eq!(version("v1.2"), r#"invalid version "v1.2": not canonical, that is "v1.2.0""#);
    assert_eq!(
        check(&ModulePath::parse("a.b/c/v2").unwrap(), &Version::parse("v1.0.0").unwrap())
            .unwrap_err()
            .to_string(),
        r#"invalid version "v1.0.0": module "a.b/c/v2" holds "v2" versions only"#
    );
    assert_eq!(
        unescape_version("a/b").unwrap_err().to_string(),
        r#"invalid version "a/b": the character '/' is not allowed"#
    );
    // A hostile request does not make a hostile answer: at most three texts are shown, each of them cut.
    let long = path(&format!("a.b/{}.", "\u{7f}x".repeat(10_000)));
    assert!(long.len() < 600 && long.is_ascii() && !long.contains(char::is_control), "{long}");
}

/// Numbers that look random and are the same in each run (Knuth's MMIX generator).
pub(crate) struct Lcg(pub(crate) u64);

impl Lcg {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    pub(crate) fn text(&mut self, alphabet: &[u8], longest: usize) -> String {
        (0..1 + self.below(longest)).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }
}

#[test]
fn unescaping_undoes_escaping() {
    let mut lcg = Lcg(1);
    let (mut paths, mut queries) = (0, 0);
    for _ in 0..20_000 {
        let text = lcg.text(b"aAzZ09-._~!/+v", 12);
        if let Ok(path) = ModulePath::parse(&format!("x.y/{text}")) {
            paths += 1;
            let escaped = path.escaped();
            assert!(!escaped.contains(|c: char| c.is_ascii_uppercase()), "{escaped}");
            assert_eq!(ModulePath::unescape(&escaped), Ok(path));
        }
        // What unescapes does so from one text only.
        if let Ok(query) = Query::unescape(&text) {
            assert_eq!(query.escaped(), text);
        }
        if let Ok(query) = Query::parse(&text) {
            queries += 1;
            assert_eq!(unescape_version(&query.escaped()).as_deref(), Ok(query.as_str()));
            assert_eq!(Query::unescape(&query.escaped()), Ok(query));
        }
    }
    assert!(paths > 2000 && queries > 2000, "{paths} paths, {queries} queries");
}

#[test]
fn the_order_of_versions_is_total() {
    let mut lcg = Lcg(2);
    let mut versions = Vec::new();
    while versions.len() < 100 {
        let text = format!("v{}.0.{}-{}", lcg.below(2), lcg.text(b"019", 3), lcg.text(b"0019aA-.", 5));
        versions.extend(Version::parse(&text));
        let text = format!("v{}.{}.1+incompatible", lcg.text(b"1", 3), lcg.below(3));
        versions.extend(Version::parse(&text));
    }
    let numbers = |version: &Version| {
        let text = version.as_str().trim_start_matches('v').split(['.', '-', '+']).take(3);
        text.map(|number| (number.len(), number.to_owned())).collect::<Vec<_>>()
    };
    for a in &versions {
        for b in &versions {
            let by_numbers = numbers(a).cmp(&numbers(b));
            assert!(by_numbers.is_eq() || a.precedence(b) == by_numbers, "{a} {b}");
            let is_same = a.as_str().split_once('-') == b.as_str().split_once('-');
            assert!(!is_same || a.precedence(b) == by_numbers, "{a} {b}");
            assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a} {b}");
            assert_eq!(a.cmp(b).is_eq(), a == b, "{a} {b}");
            for c in &versions {
                assert!(!(a <= b && b <= c) || a <= c, "{a} {b} {c}");
            }
        }
    }
}
