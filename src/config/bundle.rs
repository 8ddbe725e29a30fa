//! A policy bundle: rules that come from a URL, read as strictly as the configuration.

use serde_json::{Map, Value};

use super::compile::{self, RuleList};
use super::json_tree::JsonTree;
use super::problems::{Collector, Path, Problems};
use super::raw::RawBundleDocument;
use super::typed;
use crate::policy::{InForce, Origin, Rule};

/// A bundle that was checked and compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The number that its author gave it.
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
    /// With every problem found, up to a number that no author fixes in one go.
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
    /// The fields of so many rules were read, with the rest of the document.
    Fields(usize, Box<RawBundleDocument>),
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
                    Step::Fields(0, Box::default())
                }
                Err(error) => return Some(Err(Problems::of_document(format!("not JSON: {error}")))),
            },
            Step::Fields(at, mut raw) => match read_fields(&self.tree, at, &mut raw) {
                Some(false) => Step::Fields(at.saturating_add(SLICE_RULES), raw),
                Some(true) => Step::compile(*raw, found),
                // Something is wrong: it is told as of a whole document, at once. Such a bundle is not read twice.
                None => match typed::read::<RawBundleDocument>(&self.tree, found) {
                    Some(raw) => Step::compile(raw, found),
                    None => return Some(Err(self.problems())),
                },
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

impl Step {
    fn compile(raw: RawBundleDocument, found: &mut Collector) -> Self {
        let (version, rules) = compile::bundle(raw, &Path::root(), found);
        Self::Rules(version, Box::new(rules))
    }
}

/// Adds to `raw` the fields of a slice of the rules, from the one at `at`, and with the first of them what stands beside the rules;
/// whether that was all. Nothing where anything is wrong with it.
fn read_fields(tree: &JsonTree, at: usize, raw: &mut RawBundleDocument) -> Option<bool> {
    let fields = tree.root.as_object().filter(|_| tree.repeated.is_empty() && tree.nulls.is_empty())?;
    let rules = fields.get("rules")?.as_array()?;
    let end = at.saturating_add(SLICE_RULES).min(rules.len());
    let slice = Value::Array(rules.get(at..end)?.to_vec());
    let beside = fields.iter().filter(|(name, _)| at == 0 && *name != "rules");
    let mut root: Map<_, _> = beside.map(|(name, value)| (name.clone(), value.clone())).collect();
    root.insert("rules".to_owned(), slice);
    let slice = JsonTree { root: Value::Object(root), ..JsonTree::default() };
    let mut found = Collector::default();
    let read = typed::read::<RawBundleDocument>(&slice, &mut found).filter(|_| found.is_empty())?;
    raw.version = raw.version.take().or(read.version);
    raw.rules.get_or_insert_default().extend(read.rules.unwrap_or_default());
    Some(end == rules.len())
}

/// Rules that are read or compiled at once: of 200 bytes each, a hundred kilobytes of JSON.
const SLICE_RULES: usize = 500;
