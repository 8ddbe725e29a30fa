//! A policy bundle: rules that come from a URL, read as strictly as the configuration.

use super::compile;
use super::json_tree::JsonTree;
use super::problems::{Collector, Path, Problems};
use super::raw::RawBundleDocument;
use super::typed;
use crate::policy::{InForce, Origin, Rule};

/// A bundle that was checked and compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The number that whoever made it gave it.
    pub version: u64,
    /// Its rules, in their order.
    pub rules: Vec<Rule>,
    /// What is odd and no problem: for the log.
    pub warnings: Vec<String>,
}

impl Bundle {
    /// What shared data and metrics call it.
    pub const NAME: &str = "policy_bundle";

    /// Puts it in force, in place of the one before.
    pub fn install(self, in_force: &mut InForce) {
        in_force.replace(Origin::Bundle, self.rules);
        in_force.note_version(Self::NAME, self.version);
    }

    /// Reads a bundle: a JSON object with `version` and `rules`.
    ///
    /// # Errors
    /// With every problem found, up to a number nobody fixes in one go.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let document =
            JsonTree::read(text).map_err(|error| Problems::of_document(format!("not JSON: {error}")))?;
        let mut found = Collector::default();
        let bundle = typed::read::<RawBundleDocument>(&document, &mut found)
            .map(|raw| compile::bundle(raw, &Path::root(), &mut found));
        match bundle {
            Some(bundle) if found.is_empty() => Ok(bundle),
            _ => Err(found.in_order_of(&document.root)),
        }
    }
}
