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
        let mut reading = BundleReading::new(text.to_owned());
        loop {
            if let Some(read) = reading.work() {
                return read;
            }
        }
    }
}

/// A bundle that is being read, so that no callback has all of it to do: first as JSON, then as rules in the raw, then compiled.
#[derive(Debug)]
pub struct BundleReading(Step);

#[derive(Debug)]
enum Step {
    Text(String),
    Json(JsonTree),
    Raw(JsonTree, Box<RawBundleDocument>),
}

impl BundleReading {
    /// Of this text, of which nothing was read yet.
    pub fn new(text: String) -> Self {
        Self(Step::Text(text))
    }

    /// Reads on for a step; the bundle, or every problem found, once that was the last.
    pub fn work(&mut self) -> Option<Result<Bundle, Problems>> {
        let mut found = Collector::default();
        let next = match std::mem::replace(&mut self.0, Step::Text(String::new())) {
            Step::Text(text) => match JsonTree::read(&text) {
                Ok(tree) => Step::Json(tree),
                Err(error) => return Some(Err(Problems::of_document(format!("not JSON: {error}")))),
            },
            Step::Json(tree) => match typed::read::<RawBundleDocument>(&tree, &mut found) {
                Some(raw) if found.is_empty() => Step::Raw(tree, Box::new(raw)),
                Some(raw) => {
                    compile::bundle(raw, &Path::root(), &mut found);
                    return Some(Err(found.in_order_of(&tree.root)));
                }
                None => return Some(Err(found.in_order_of(&tree.root))),
            },
            Step::Raw(tree, raw) => {
                let bundle = compile::bundle(*raw, &Path::root(), &mut found);
                return Some(if found.is_empty() { Ok(bundle) } else { Err(found.in_order_of(&tree.root)) });
            }
        };
        self.0 = next;
        None
    }
}
