//! What an explanation is asked for: by a query, or by a line of a body.

use percent_encoding::percent_decode_str;

use crate::{
    gomod::{ModulePath, Version, check},
    goproxy::Refusal,
    modzip::H1,
    policy::Caller,
};

/// What an explanation is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Asked {
    pub(super) module: ModulePath,
    pub(super) version: Option<Version>,
    pub(super) caller: Caller,
    /// The hash of the version's zip, where whoever asks has one.
    pub(super) zip: Option<H1>,
}

impl Asked {
    /// Reads the query of `path`: `module`, `version` if one is meant, and a `principal` for each name of a caller.
    pub(super) fn read(path: &str) -> Result<Self, Refusal> {
        let (mut module, mut version, mut principals) = (None, None, Vec::new());
        for (name, value) in query(path) {
            match name {
                "module" if module.is_none() => module = Some(value),
                "version" if version.is_none() => version = Some(value),
                "principal" => principals.push(value),
                _ => return Err(unknown(name, "module and version, each once, and principal")),
            }
        }
        let module = module.ok_or_else(|| malformed("which module?"))?;
        let version = version.filter(|version| !version.is_empty());
        Self::of(&module, version.as_deref(), Caller::new(principals)).map_err(|why| malformed(&why))
    }

    /// Reads a line as `go list -m all` prints it: a module and its version; the main module has none. Of a module that is replaced, what
    /// it is replaced by. Nothing for what is not asked of a proxy: an empty line, and a replacement that is a directory.
    pub(in crate::flow) fn line(line: &str, caller: &Caller) -> Result<Option<Self>, String> {
        let (named, replacement) = match line.split_once("=>") {
            Some((_, replacement)) => (replacement, true),
            None => (line, false),
        };
        let mut words = named.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Ok(None),
            (Some(_), None, _) if replacement => Ok(None),
            (Some(module), version, None) => Self::of(module, version, caller.clone()).map(Some),
            (_, _, Some(more)) => Err(format!("{more:?} follows a module and its version")),
        }
    }

    /// This version of this module, whose zip has this hash, as to `caller`.
    pub(in crate::flow) fn about(
        module: &ModulePath,
        version: &Version,
        zip: Option<H1>,
        caller: &Caller,
    ) -> Self {
        Self { module: module.clone(), version: Some(version.clone()), caller: caller.clone(), zip }
    }

    /// The module and the version, if one is meant.
    pub(in crate::flow) fn into_version(self) -> Option<(ModulePath, Version)> {
        Some((self.module, self.version?))
    }

    /// This version of this module as to `caller`, by their names, if there can be such.
    pub(in crate::flow) fn of(module: &str, version: Option<&str>, caller: Caller) -> Result<Self, String> {
        let module = ModulePath::parse(module).map_err(|error| error.to_string())?;
        let version = version
            .map(|version| {
                let version = Version::parse(version)?;
                check(&module, &version).map(|()| version)
            })
            .transpose()
            .map_err(|error| error.to_string())?;
        Ok(Self { module, version, caller, zip: None })
    }
}

/// The caller whom the query of `path` names, where modules are named by a body.
pub(in crate::flow) fn principals(path: &str) -> Result<Caller, Refusal> {
    let principal =
        |(name, value)| if name == "principal" { Ok(value) } else { Err(unknown(name, "principal")) };
    query(path).map(principal).collect::<Result<Vec<_>, _>>().map(Caller::new)
}

/// The names and values of a query. A plus is a plus, as in v2.0.0+incompatible.
pub(in crate::flow) fn query(path: &str) -> impl Iterator<Item = (&str, String)> {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name, percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}

pub(in crate::flow) fn malformed(why: &str) -> Refusal {
    Refusal::Malformed(format!("malformed query: {why}"))
}

pub(in crate::flow) fn unknown(name: &str, known: &str) -> Refusal {
    malformed(&format!("{name:?} is not one of {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_what_a_build_asks_for() {
        for (line, want) in [
            ("example.com/m v1.2.3", Ok(Some("example.com/m v1.2.3"))),
            (" example.com/m\tv2.0.0+incompatible \r", Ok(Some("example.com/m v2.0.0+incompatible"))),
            ("example.com/main", Ok(Some("example.com/main -"))),
            ("", Ok(None)),
            (" \t", Ok(None)),
            ("example.com/a v1.0.0 => example.com/b v1.1.0", Ok(Some("example.com/b v1.1.0"))),
            ("example.com/a v1.0.0 => ../b", Ok(None)),
            ("example.com/m v1.2.3 h1:abc=", Err(())),
            ("example.com/m main", Err(())),
            ("example.com/m/v2 v1.0.0", Err(())),
            ("go: downloading", Err(())),
            ("not a path", Err(())),
        ] {
            let read = Asked::line(line, &Caller::default());
            let shown = read.map_err(|_| ()).map(|asked| {
                asked.map(|asked| {
                    let version = asked.version.as_ref().map_or("-", Version::as_str);
                    format!("{} {version}", asked.module)
                })
            });
            assert_eq!(shown, want.map(|want| want.map(str::to_owned)), "{line:?}");
        }
    }
}
