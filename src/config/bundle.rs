//! A policy bundle: rules that come from a URL, read as strictly as the configuration.

use super::compile::{self, RuleList};
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

/// A bundle that is being read, so that no callback has all of it to do: as JSON, as fields, rule by rule, and as a list.
#[derive(Debug)]
pub struct BundleReading {
    step: Step,
    found: Collector,
    /// What it is read from, once that is JSON: problems are told in its order.
    tree: JsonTree,
}

#[derive(Debug)]
enum Step {
    Text(String),
    Fields,
    Rules(u64, Box<RuleList>),
    Whole(Bundle),
}

impl BundleReading {
    /// Of this text, of which nothing was read yet.
    pub fn new(text: String) -> Self {
        Self { step: Step::Text(text), found: Collector::default(), tree: JsonTree::default() }
    }

    /// Reads on for a step; the bundle, or every problem found, once that was the last.
    pub fn work(&mut self) -> Option<Result<Bundle, Problems>> {
        let found = &mut self.found;
        self.step = match std::mem::replace(&mut self.step, Step::Text(String::new())) {
            Step::Text(text) => match JsonTree::read(&text) {
                Ok(tree) => {
                    self.tree = tree;
                    Step::Fields
                }
                Err(error) => return Some(Err(Problems::of_document(format!("not JSON: {error}")))),
            },
            Step::Fields => match typed::read::<RawBundleDocument>(&self.tree, found) {
                Some(raw) => {
                    let (version, rules) = compile::bundle(raw, &Path::root(), found);
                    Step::Rules(version, Box::new(rules))
                }
                None => return Some(Err(self.problems())),
            },
            Step::Rules(version, mut rules) => {
                if rules.work(SLICE_RULES, found) {
                    Step::Whole(Bundle { version, rules: rules.rules(), warnings: Vec::new() })
                } else {
                    Step::Rules(version, rules)
                }
            }
            Step::Whole(_) if !found.is_empty() => return Some(Err(self.problems())),
            Step::Whole(bundle) => {
                return Some(Ok(Bundle { warnings: compile::overshadowed_rules(&bundle.rules), ..bundle }));
            }
        };
        None
    }

    fn problems(&mut self) -> Problems {
        std::mem::take(&mut self.found).in_order_of(&self.tree.root)
    }
}

/// Rules that are compiled at once: of 200 bytes each, a hundred kilobytes of JSON.
const SLICE_RULES: usize = 500;
