//! What is held against a checksum database, and what if that cannot be asked?

use serde::Deserialize;

use super::Config;
use crate::gomod::{ModulePath, Patterns};

/// What is compared with a checksum database. Modules that no checksum database may hear of never are.
#[derive(Clone, Debug, PartialEq)]
pub struct Verify {
    /// For modules that no override names.
    pub mode: Mode,
    /// In the order written: the first that names a module decides.
    pub overrides: Vec<VerifyOverride>,
}

/// Another mode for some modules.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyOverride {
    /// Which modules.
    pub modules: Patterns,
    /// How they are verified.
    pub mode: Mode,
}

/// What becomes of a version that could not be proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema, serde::Serialize))]
pub enum Mode {
    /// what cannot be proven is not served: 503 or 504 while the database cannot be asked, 502 where it has no record of it
    #[default]
    Require,
    /// where the database cannot be asked or has no record of it, it is served unproven, not stored, and the database is asked
    /// again after a minute
    WhenAvailable,
    /// the database is never asked; clients may ask it through Modgate all the same
    Off,
}

impl Mode {
    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::WhenAvailable => "when_available",
            Self::Off => "off",
        }
    }
}

impl Verify {
    /// How a module is verified, as far as this section decides it.
    pub fn mode(&self, module: &ModulePath) -> Mode {
        let first = self.overrides.iter().find(|one| one.modules.matches(module));
        first.map_or(self.mode, |one| one.mode)
    }
}

impl Config {
    /// Which checksum database (its index in [`Config::sumdb`]) a module is held against, and how strictly: [`Mode::Require`]
    /// or [`Mode::WhenAvailable`]. `None` where it is not verified: there is no database, none may hear of the module, or
    /// it is [`Mode::Off`].
    pub fn verification(&self, module: &ModulePath) -> Option<(usize, Mode)> {
        if self.sumdb.is_empty() || self.private.nosumdb.matches(module) {
            return None;
        }
        let mode = self.verify.mode(module);
        // The first is the one that knows every public module; others are for clients that ask for them.
        (mode != Mode::Off).then_some((0, mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sumdb: &str, module: &str) -> Option<(usize, Mode)> {
        let config = Config::parse(&format!(
            r#"{{"upstreams": [{{"cluster": "c", "url": "http://h"}}],
                "private": {{"modules": ["corp.example.com"], "nosumdb": ["partner.example.com"]}},
                "sumdb": {sumdb},
                "verify": {{"overrides": [
                    {{"modules": ["a.example.com/x", "partner.example.com"], "mode": "when_available"}},
                    {{"modules": ["a.example.com", "b.example.com"], "mode": "off"}},
                    {{"modules": ["b.example.com"], "mode": "require"}}
                ]}}}}"#
        ))
        .unwrap();
        config.verification(&ModulePath::parse(module).unwrap())
    }

    #[test]
    fn the_first_override_decides_and_private_modules_are_never_looked_up() {
        let sumdb = r#"[{"name": "sum.golang.org", "cluster": "s", "url": "http://s"}]"#;
        for (module, want) in [
            ("example.com/m", Some((0, Mode::Require))),
            ("a.example.com/x/y", Some((0, Mode::WhenAvailable))),
            ("a.example.com/y", None),
            ("b.example.com/y", None),
            ("corp.example.com/m", None),
            ("partner.example.com/m", None),
        ] {
            assert_eq!(told(sumdb, module), want, "{module}");
            assert_eq!(told("[]", module), None, "{module}");
        }
    }
}
