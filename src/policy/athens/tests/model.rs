//! Random files, decided as the rules do and as Athens does: by a walk down a tree of path elements.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const ELEMENTS: [&str; 4] = ["a", "B", "b", "v2"];
const HOSTS: [&str; 2] = ["x.com", "y.com"];
/// Those that are read as Athens reads them, for the versions below.
const QUALIFIERS: [&str; 13] = [
    "v1", "v1.*", "v1.2", "v1.2.*", "v2", "v0", "~v1.2.3", "^v1.2.3", "^v0.2.0", "<v1.2.3", "<=1.2.3",
    "~v2.0.0", "v1.2.3-*",
];
const VERSIONS: [&str; 16] = [
    "v0.0.0-20200101000000-abcdefabcdef",
    "v0.2.0",
    "v0.3.1",
    "v1.0.0",
    "v1.2.2",
    "v1.2.3",
    "v1.2.3-rc.1",
    "v1.2.30",
    "v1.2.4-0.20200101000000-abcdefabcdef",
    "v1.20.0",
    "v1.3.0",
    "v10.0.0",
    "v2.0.0",
    "v2.0.0+incompatible",
    "v2.0.5",
    "v2.1.0-beta",
];

#[test]
fn decides_random_files_as_athens_does() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut seen = BTreeSet::new();
    for _ in 0..400 {
        let text: String = (0..random.below(12)).map(|_| random.line()).collect();
        let (filter, athens) = (read(&text).unwrap(), Athens::read(&text));
        for _ in 0..8 {
            let (module, depth) = random.path();
            for version in VERSIONS {
                let expected = athens.sign(&module, version);
                assert_eq!(sign(&filter, &module, version), expected, "{module}@{version} under\n{text}");
                seen.insert((expected, depth));
            }
        }
    }
    assert_eq!(seen.len(), 3 * 4, "each sign at each depth: {seen:?}");
}

#[test]
fn takes_or_refuses_any_text_within_bounds() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let pieces = [
        "+",
        "-",
        "D",
        "d",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "#",
        "/",
        "//",
        ",",
        "*",
        "[",
        "]",
        "\\",
        "?",
        "!",
        "~",
        "^",
        "<",
        "<=",
        ">",
        "v",
        "v1",
        "v1.2",
        ".",
        "1.2.3",
        "v1.2.3",
        "-rc",
        "-",
        "+incompatible",
        "x.com",
        "x.com/a",
        "a/b",
        "99999999999999999999",
        "\u{feff}",
        "\u{a0}",
        "é",
        "\u{0}",
        "- x.com/a ",
        "+ x.com ",
    ];
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let text: String = (0..random.below(9)).map(|_| random.of(&pieces)).collect();
        match read(&text) {
            Ok(filter) => {
                taken += 1;
                assert!(filter.rules.len() <= text.lines().count(), "{text:?}");
                assert!(filter.warnings.iter().all(|warning| is_one_line(&warning.to_string())), "{text:?}");
            }
            Err(faults) => {
                refused += 1;
                assert!((1..=MAX_FAULTS).contains(&faults.len()), "{text:?}");
                assert!(faults.iter().all(|fault| is_one_line(&fault.to_string())), "{text:?}: {faults:?}");
            }
        }
    }
    assert!(taken > 1000 && refused > 1000, "{taken} {refused}");
}

fn is_one_line(message: &str) -> bool {
    message.len() < 400 && message.chars().all(|c| (' '..='~').contains(&c))
}

/// A node of the tree. One that no line is for has no sign, and leaves the decision to those above.
#[derive(Default)]
struct Athens {
    sign: Option<char>,
    qualifiers: Vec<String>,
    below: BTreeMap<String, Self>,
}

impl Athens {
    fn read(text: &str) -> Self {
        let mut root = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let mut node = &mut root;
            for element in words.get(1).into_iter().flat_map(|path| path.split('/')) {
                node = node.below.entry(element.to_owned()).or_default();
            }
            node.sign = words[0].chars().next();
            let qualifiers = words.get(2).map(|list| list.split(',').map(ToOwned::to_owned).collect());
            node.qualifiers = qualifiers.unwrap_or_default();
        }
        root
    }

    fn sign(&self, module: &str, version: &str) -> char {
        let mut decided = self.sign.unwrap_or('+');
        let mut node = self;
        for element in module.split('/') {
            let Some(next) = node.below.get(element) else { break };
            node = next;
            let fits = node.qualifiers.is_empty() || node.qualifiers.iter().any(|q| Self::fits(q, version));
            if let (true, Some(sign)) = (fits, node.sign) {
                decided = sign;
            }
        }
        decided
    }

    fn fits(qualifier: &str, version: &str) -> bool {
        if qualifier.starts_with('v') {
            let mut prefix = qualifier.trim_end_matches('*').to_owned();
            if !prefix.ends_with('.') && prefix.matches('.').count() < 2 {
                prefix.push('.');
            }
            return version.starts_with(&prefix);
        }
        let numbers = |text: &str| text.split('.').map(|n| n.parse::<u32>().ok()).collect::<Option<Vec<_>>>();
        let (Some(version), Some(bound)) = (numbers(&version[1..]), numbers(&qualifier[2..])) else {
            return false;
        };
        match &qualifier[..1] {
            "~" => version[..2] == bound[..2] && version >= bound,
            "^" => version[0] == bound[0] && version >= bound,
            _ => version <= bound,
        }
    }
}

/// Xorshift: a failure is the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    /// A module path, and how many elements it has after its host.
    fn path(&mut self) -> (String, usize) {
        let depth = self.below(4);
        let mut path = self.of(&HOSTS).to_owned();
        for n in 0..depth {
            // The last element of a module path is no v2 below another one.
            let known = if n + 1 == depth { 4 } else { 3 };
            path = format!("{path}/{}", self.of(&ELEMENTS[..known]));
        }
        (path, depth)
    }

    fn line(&mut self) -> String {
        let sign = self.of(&["+", "-", "D"]);
        match self.below(6) {
            0 => format!("{sign}\n"),
            1 | 2 => format!("{sign} {}\n", self.path().0),
            _ => {
                let qualifiers: Vec<_> = (0..=self.below(2)).map(|_| self.of(&QUALIFIERS)).collect();
                format!("{sign} {} {}\n", self.path().0, qualifiers.join(","))
            }
        }
    }
}
