//! Which module versions a build needs, by the go.mod of its main module.
//!
//! Since Go 1.17 a go.mod names all of them. What is replaced by a version is asked of a proxy in its place; what is replaced by a directory
//! is asked of none. An older go.mod names the direct ones alone.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    super::{ModulePath, Version, check},
    MAX_BYTES, string,
    syntax::{self, Line},
};

/// What a go.mod requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The module versions that a proxy is asked for, in their order.
    pub versions: Vec<(ModulePath, Version)>,
    /// The toolchain that it names, and the number of that line. For which platform it is wanted a go.mod does not say.
    pub toolchain: Option<(usize, String)>,
}

/// Why the requirements of a go.mod are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequirement {
    /// A line is wrong.
    #[error("line {0}: {1}")]
    Line(usize, String),
    /// It is larger than what is read at once.
    #[error("a go.mod of more than {MAX_BYTES} bytes is not read")]
    TooLarge,
}

/// What a module is replaced by: this version, or a directory.
type Replacement = Option<(ModulePath, Version)>;

impl Requirements {
    /// Reads the go.mod of a main module.
    ///
    /// # Errors
    /// With the first line that says of no module version which it is.
    pub fn read(go_mod: &str) -> Result<Self, InvalidRequirement> {
        if go_mod.len() > MAX_BYTES {
            return Err(InvalidRequirement::TooLarge);
        }
        let (mut required, mut toolchain) = (Vec::new(), None);
        let mut replaced: BTreeMap<(String, Option<String>), Replacement> = BTreeMap::new();
        let mut wrong = None;
        syntax::read_numbered(go_mod, |line| {
            let told = match line.verb {
                "require" => required_by(line).map(|version| required.push(version)),
                "replace" => replaced_by(line).map(|(what, by)| drop(replaced.insert(what, by))),
                "toolchain" => {
                    toolchain = line.args.first().map(|name| (line.number, (*name).to_owned()));
                    Ok(())
                }
                _ => Ok(()),
            };
            told.map_err(|why| {
                wrong = Some(why);
                ""
            })
        })
        .map_err(|(number, why)| match wrong.take() {
            // A visited line was read to its end.
            Some((number, why)) => InvalidRequirement::Line(number, why),
            None => InvalidRequirement::Line(number, why.to_owned()),
        })?;
        let in_place = |(module, version): (ModulePath, Version)| {
            let path = module.as_str().to_owned();
            let this = replaced.get(&(path.clone(), Some(version.as_str().to_owned())));
            match this.or_else(|| replaced.get(&(path, None))) {
                Some(replacement) => replacement.clone(),
                None => Some((module, version)),
            }
        };
        Ok(Self { versions: required.into_iter().filter_map(in_place).collect(), toolchain })
    }
}

/// The module version that a line requires.
fn required_by(line: &Line<'_, '_>) -> Result<(ModulePath, Version), (usize, String)> {
    let [module, version] = line.args else {
        return Err((line.number, "require expects a module path and a version".to_owned()));
    };
    named(module, version).map_err(|why| (line.number, why))
}

/// What a line replaces: all versions of a module, or one; and by what.
#[expect(clippy::type_complexity, reason = "it is a pair of an entry of a map, for one caller")]
fn replaced_by(line: &Line<'_, '_>) -> Result<((String, Option<String>), Replacement), (usize, String)> {
    let fail = |why: &str| (line.number, why.to_owned());
    let arrow = line.args.iter().position(|word| *word == "=>");
    let Some((old, [_, new @ ..])) = arrow.and_then(|at| line.args.split_at_checked(at)) else {
        return Err(fail("replace expects =>"));
    };
    let text = |word: &str| string(word).map(Cow::into_owned).ok_or_else(|| fail("malformed string"));
    let what = match old {
        [module] => (text(module)?, None),
        [module, version] => (text(module)?, Some(text(version)?)),
        _ => return Err(fail("replace expects a module path, and a version if one is meant")),
    };
    let by = match new {
        // A directory.
        [_] => None,
        [module, version] => Some(named(module, version).map_err(|why| (line.number, why))?),
        _ => return Err(fail("replace expects a directory, or a module path and a version")),
    };
    Ok((what, by))
}

fn named(module: &str, version: &str) -> Result<(ModulePath, Version), String> {
    let [module, version] = [module, version].map(string);
    let (Some(module), Some(version)) = (module, version) else { return Err("malformed string".to_owned()) };
    let module = ModulePath::parse(&module).map_err(|error| error.to_string())?;
    let version = Version::parse(&version).map_err(|error| error.to_string())?;
    check(&module, &version).map_err(|error| error.to_string())?;
    Ok((module, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(go_mod: &str) -> Result<String, String> {
        let read = Requirements::read(go_mod).map_err(|error| error.to_string())?;
        let versions = read.versions.iter().map(|(module, version)| format!("{module}@{version}"));
        Ok(versions.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_a_build_needs_is_what_is_required_and_what_that_is_replaced_by() {
        let go_mod = "module example.com/main // main\n\ngo 1.22\ntoolchain go1.22.3\n\n\
            require example.com/a v1.0.0\n\
            require (\n\texample.com/b/v2 v2.1.0 // indirect\n\t\"example.com/c\" v0.0.0-20200101000000-abcdefabcdef\n\n\
            \texample.com/d v1.0.0\n\texample.com/e v1.0.0\n)\n\
            exclude example.com/a v0.9.0\n\
            replace example.com/d => ../d\n\
            replace (\n\texample.com/e v1.0.0 => example.com/fork v1.2.0\n\texample.com/a v1.5.0 => ../a\n)\n\
            retract v1.0.0\n";
        let want = "example.com/a@v1.0.0 example.com/b/v2@v2.1.0 \
                    example.com/c@v0.0.0-20200101000000-abcdefabcdef example.com/fork@v1.2.0";
        assert_eq!(shown(go_mod).as_deref(), Ok(want));
        let read = Requirements::read(go_mod).unwrap();
        assert_eq!(read.toolchain, Some((4, "go1.22.3".to_owned())));
        assert_eq!(shown("module a.b\n").as_deref(), Ok(""));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (go_mod, want) in [
            ("module a.b\nrequire example.com/a", "line 2: require expects a module path and a version"),
            (
                "module a.b\n\n// why\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b main\n)\n",
                "line 6: ",
            ),
            ("require example.com/a/v2 v1.0.0", "line 1: "),
            ("require ../a v1.0.0\n", "line 1: malformed module path"),
            ("module a.b\nrequire (\n\texample.com/a v1.0.0\n", "line 4: a block has no end"),
            ("module a.b\nreplace example.com/a ../a\n", "line 2: replace expects =>"),
            ("module a.b\nreplace a.c => a.d master\n", "line 2: "),
            ("module a.b\n/* x */\n", "line 2: comments begin with //"),
        ] {
            let told = shown(go_mod).unwrap_err();
            assert!(told.starts_with(want), "{go_mod:?}: {told}");
        }
        let large = format!("module a.b\n{}", "// long\n".repeat(MAX_BYTES / 8));
        assert_eq!(Requirements::read(&large), Err(InvalidRequirement::TooLarge));
    }
}
