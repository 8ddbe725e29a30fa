//! A build as a client posts it: a go.sum, a go.mod, or a list of module versions, recognised by its first line.

use std::collections::BTreeMap;

use super::{Build, Files, Format, Wish};
use crate::{
    flow::{
        evidence::OF_NO_GO_MOD,
        explain::Asked,
        receiving::{malformed, too_long},
    },
    gomod::{InvalidRequirement, ModulePath, Requirements, Version},
    goproxy::Refusal,
    policy::Caller,
};

/// A body, while it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    text: String,
    format: Format,
    /// How much of it is read.
    done: usize,
    line: usize,
    wishes: Vec<Wish>,
    /// Where each version is among those.
    places: BTreeMap<(String, String), usize>,
}

/// All that a body wishes for.
///
/// # Errors
/// With the refusal of a body that names no versions.
pub fn read_body(text: String, format: Option<Format>) -> Result<Build, Refusal> {
    let mut body = Body::new(text, format);
    loop {
        if let Some(build) = body.read()? {
            return Ok(build);
        }
    }
}

impl Body {
    pub(super) fn new(text: String, format: Option<Format>) -> Self {
        let format = format.unwrap_or_else(|| recognised(&text));
        Self { text, format, done: 0, line: 0, wishes: Vec::new(), places: BTreeMap::new() }
    }

    /// Reads some more; all of it, where that was the rest.
    pub(super) fn read(&mut self) -> Result<Option<Build>, Refusal> {
        if self.format == Format::GoMod {
            let required = Requirements::read(&self.text).map_err(|why| match why {
                InvalidRequirement::Line(..) => malformed(&why.to_string()),
                InvalidRequirement::TooLarge => too_long(&why.to_string()),
            })?;
            for (module, version) in required.versions {
                self.add(module, version, Files::Whole)?;
            }
            let passed_over = required.toolchain.map(|(line, name)| {
                let name = quoted(&name);
                format!(
                    "line {line}: toolchain {name}: a go.mod does not say for which platform; \
                     name it as golang.org/toolchain@v0.0.1-go1.22.3.linux-amd64 in a list"
                )
            });
            return Ok(Some(Build { wishes: std::mem::take(&mut self.wishes), passed_over }));
        }
        for _ in 0..AT_ONCE {
            let Some(rest) = self.text.get(self.done..).filter(|rest| !rest.is_empty()) else {
                return Ok(Some(Build { wishes: std::mem::take(&mut self.wishes), passed_over: None }));
            };
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            let length = line.len();
            self.line = self.line.saturating_add(1);
            let wish = if self.format == Format::GoSum { summed(line) } else { listed(line) };
            let wish = wish.map_err(|why| malformed(&format!("line {}: {why}", self.line)))?;
            self.done = self.done.saturating_add(length);
            if let Some(Wish { module, version, files }) = wish {
                self.add(module, version, files)?;
            }
        }
        Ok(None)
    }

    /// Each version is wished for once.
    fn add(&mut self, module: ModulePath, version: Version, files: Files) -> Result<(), Refusal> {
        let key = (module.as_str().to_owned(), version.as_str().to_owned());
        let next = self.wishes.len();
        let place = *self.places.entry(key).or_insert(next);
        match self.wishes.get_mut(place) {
            Some(known) if files == Files::Whole => known.files = files,
            Some(_) => {}
            None if next >= MAX_VERSIONS => {
                return Err(too_long(&format!("the body names more than {MAX_VERSIONS} versions")));
            }
            None => self.wishes.push(Wish { module, version, files }),
        }
        Ok(())
    }
}

/// What a text is, by its first line that says anything. No module path is a word of a go.mod, and the third word of a line is a hash in a go.sum
/// alone.
fn recognised(text: &str) -> Format {
    let says = |line: &&str| !line.is_empty() && !line.starts_with("//");
    let first = text.lines().map(str::trim).find(says).unwrap_or_default();
    let mut words = first.split([' ', '\t', '(']);
    let is_of_go_mod = words.next().is_some_and(|word| GO_MOD_WORDS.contains(&word));
    let is_hash = |word: &str| word.split_once(':').is_some_and(|(kind, _)| kind.starts_with('h'));
    if is_of_go_mod {
        Format::GoMod
    } else if first.split_ascii_whitespace().nth(2).is_some_and(is_hash) {
        Format::GoSum
    } else {
        Format::List
    }
}

/// What a line of a go.sum wishes for. What the hash is says the checksum database.
fn summed(line: &str) -> Result<Option<Wish>, String> {
    let words: Vec<_> = line.split_ascii_whitespace().take(4).collect();
    let &[module, version, hash] = words.as_slice() else {
        return match words.as_slice() {
            [] => Ok(None),
            _ => Err("a line of a go.sum is a module, a version and a hash".to_owned()),
        };
    };
    if !hash.contains(':') {
        return Err(format!("{} is no hash", quoted(hash)));
    }
    let (version, files) = match version.strip_suffix("/go.mod") {
        // Of a version without a go.mod an early go command wrote this.
        Some(_) if hash == OF_NO_GO_MOD => return Ok(None),
        Some(version) => (version, Files::GoMod),
        None => (version, Files::Whole),
    };
    Ok(wish(Asked::of(module, Some(version), Caller::default())?, files))
}

/// What a line of a list wishes for: `module@version`, or as `go list -m all` prints it.
fn listed(line: &str) -> Result<Option<Wish>, String> {
    let line = line.split_once("//").map_or(line, |(line, _)| line).trim();
    let asked = match line.split_once('@') {
        Some((module, version)) if !line.contains([' ', '\t']) => {
            Some(Asked::of(module, Some(version), Caller::default())?)
        }
        _ => Asked::line(line, &Caller::default())?,
    };
    Ok(asked.and_then(|asked| wish(asked, Files::Whole)))
}

/// Of a main module there is no version.
fn wish(asked: Asked, files: Files) -> Option<Wish> {
    let (module, version) = asked.into_version()?;
    Some(Wish { module, version, files })
}

/// What someone has sent, as the text of an answer shows it.
fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(32).collect::<String>())
}

/// The words with which a line of a go.mod begins.
const GO_MOD_WORDS: [&str; 10] =
    ["exclude", "go", "godebug", "ignore", "module", "replace", "require", "retract", "tool", "toolchain"];

/// Lines that are read at one turn: a millisecond or two.
const AT_ONCE: usize = 256;

/// Versions of one build: all that a go.sum of 256 KiB may name, with a go.mod of each alone.
const MAX_VERSIONS: usize = 3000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let build = read_body(text.to_owned(), None).map_err(|refusal| refusal.reason().to_owned())?;
        let shown = build.wishes.iter().map(|wish| {
            let which = if wish.files == Files::GoMod { "/go.mod" } else { "" };
            format!("{}@{}{which}", wish.module, wish.version)
        });
        Ok(shown.collect::<Vec<_>>().join(" "))
    }

    const HASH: &str = "h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=";

    #[test]
    fn a_build_is_read_in_whichever_form_it_comes() {
        let go_sum = format!(
            "example.com/a v1.0.0 {HASH}\r\nexample.com/a v1.0.0/go.mod {HASH}\n\n\
             example.com/b v1.0.0/go.mod {HASH}\nexample.com/c v1.0.0/go.mod {OF_NO_GO_MOD}\nexample.com/d v1.0.0 h2:x\n"
        );
        let first_go_mod = format!("example.com/a v1.0.0/go.mod {HASH}\nexample.com/a v1.0.0 {HASH}\n");
        for (text, want) in [
            (go_sum.as_str(), "example.com/a@v1.0.0 example.com/b@v1.0.0/go.mod example.com/d@v1.0.0"),
            (&first_go_mod, "example.com/a@v1.0.0"),
            (
                "// of this build\nmodule a.b\n\ngo 1.22\n\ntoolchain go1.22.3\n\nrequire (\n\ta.c v1.0.0\n)\n",
                "a.c@v1.0.0",
            ),
            ("require(\n\ta.c v1.0.0\n)\n", "a.c@v1.0.0"),
            ("a.b\na.c v1.0.0\na.d v1.0.0 => a.e v1.1.0\na.f v1.0.0 => ../f\n", "a.c@v1.0.0 a.e@v1.1.0"),
            ("a.c@v1.0.0\n// more\na.d@v1.0.0 // why\na.c v1.0.0\n", "a.c@v1.0.0 a.d@v1.0.0"),
            // For one platform, by its name as a version.
            (
                "golang.org/toolchain@v0.0.1-go1.22.3.linux-amd64\n",
                "golang.org/toolchain@v0.0.1-go1.22.3.linux-amd64",
            ),
            ("", ""),
            ("\n \n", ""),
        ] {
            assert_eq!(read(text).as_deref(), Ok(want), "{text}");
        }
        let told = |text: &str| read_body(text.to_owned(), None).unwrap().passed_over;
        let toolchain = told("module a.b\n\ntoolchain go1.22.3\n").unwrap();
        assert!(toolchain.starts_with("line 3: toolchain \"go1.22.3\": "), "{toolchain}");
        assert_eq!(told("module a.b\n"), None);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, want) in [
            ("a.c@v1.0.0\na.d@main\n", "line 2: "),
            ("a.c v1.0.0\n\na.d v1.0.0 x y\n", "line 3: "),
            ("<html>\n", "line 1: "),
            (
                &format!("a.c v1.0.0 {HASH}\na.c v1.0.0\n"),
                "line 2: a line of a go.sum is a module, a version",
            ),
            (&format!("a.c v1.0.0 {HASH}\na.c v1.0.0 abc\n"), "line 2: \"abc\" is no hash"),
            ("module a.b\nrequire (\n\ta.c latest\n)\n", "line 3: "),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.starts_with(&format!("malformed body: {want}")), "{text:?}: {told}");
        }
        let many: String = (0..=MAX_VERSIONS).map(|n| format!("a.b v1.0.{n}\n")).collect();
        assert!(read(&many).unwrap_err().contains("more than 3000 versions"));
        // As what it is not.
        assert!(read_body("a.c v1.0.0\n".to_owned(), Some(Format::GoSum)).is_err());
    }
}
