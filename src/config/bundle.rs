//! A policy bundle: rules, and what stands above them, that come from a URL, read as strictly as the configuration.

use std::fmt::Write;

use serde_json::value::RawValue;

use super::compile::{self, BesideRules, RuleList};
use super::json_tree::JsonTree;
use super::problems::{Collector, Path, Problems};
use super::raw::RawBundleDocument;
use super::typed;
use crate::policy::{InForce, Origin, Ruleset, RulesetBuilder, Waivers};

/// A bundle that was checked and compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The number that its author gave it.
    pub version: u64,
    /// Its rules, in their order.
    pub rules: Ruleset,
    /// What is malicious, as rules that deny.
    pub malicious: Ruleset,
    /// What operators have decided to live with.
    pub waivers: Waivers,
    /// What is odd and no problem: for the log.
    pub warnings: Vec<String>,
}

impl Bundle {
    /// What shared data and metrics call it.
    pub const NAME: &str = "policy_bundle";

    /// Puts it in force, in place of the one before.
    pub fn install(self, in_force: &mut InForce) {
        in_force.replace(Origin::Bundle, self.rules);
        in_force.replace_malicious(Origin::Bundle, self.malicious);
        in_force.replace_waivers(Origin::Bundle, self.waivers);
        in_force.note_version(Self::NAME, self.version);
    }

    /// Reads a bundle: a JSON object with `version` and `rules`, and perhaps `malicious` and `waivers`.
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

/// A bundle that is being read, so that no callback has all of it to do: where its rules stand, then their fields, each rule, the tree
/// of all of them, and what is odd about them.
#[derive(Debug)]
pub struct BundleReading {
    text: String,
    step: Step,
    found: Collector,
}

#[derive(Debug)]
enum Step {
    Text,
    /// Some rules are still text; the fields of those before them were read, with what stands beside the rules.
    Fields(Outline, Box<RawBundleDocument>),
    Rules(BesideRules, Box<RuleList>),
    Tree(BesideRules, Box<RulesetBuilder>),
    Whole(Bundle),
}

impl BundleReading {
    /// Of this text, of which nothing was read yet.
    pub fn new(text: String) -> Self {
        Self { text, step: Step::Text, found: Collector::default() }
    }

    /// Reads on for a step; the bundle, or every problem found, once that was the last.
    pub fn work(&mut self) -> Option<Result<Bundle, Problems>> {
        let found = &mut self.found;
        self.step = match std::mem::replace(&mut self.step, Step::Text) {
            Step::Text => match Outline::read(&self.text) {
                Ok(outline) => Step::Fields(outline, Box::default()),
                Err(_) => return self.read_whole(),
            },
            Step::Fields(mut outline, mut raw) => match outline.read_fields(&mut raw) {
                Some(Rest::Some) => Step::Fields(outline, raw),
                Some(Rest::None) => Step::compile(*raw, found),
                None => return self.read_whole(),
            },
            Step::Rules(beside, mut rules) => match rules.work(SLICE_NAMES, found) {
                false => Step::Rules(beside, rules),
                true if !found.is_empty() => return Some(Err(self.problems())),
                true => Step::Tree(beside, Box::new(RulesetBuilder::new(rules.rules()))),
            },
            Step::Tree(beside, mut tree) => match tree.work(SLICE_NAMES) {
                None => Step::Tree(beside, tree),
                Some(rules) => Step::Whole(Bundle {
                    version: beside.version,
                    rules,
                    malicious: Ruleset::new(beside.malicious),
                    waivers: Waivers::new(beside.waivers),
                    warnings: Vec::new(),
                }),
            },
            Step::Whole(bundle) => {
                let warnings = compile::overshadowed_rules(bundle.rules.rules());
                return Some(Ok(Bundle { warnings, ..bundle }));
            }
        };
        None
    }

    /// Something is odd about the text: it is read as a whole document, at once, so that all that is wrong with it is told.
    /// The poller does not read such a bundle twice.
    fn read_whole(&mut self) -> Option<Result<Bundle, Problems>> {
        let tree = match JsonTree::read(&self.text) {
            Ok(tree) => tree,
            Err(error) => return Some(Err(Problems::of_document(format!("not JSON: {error}")))),
        };
        match typed::read::<RawBundleDocument>(&tree, &mut self.found) {
            Some(raw) => {
                self.step = Step::compile(raw, &mut self.found);
                None
            }
            None => Some(Err(self.problems())),
        }
    }

    fn problems(&mut self) -> Problems {
        let tree = JsonTree::read(&self.text).unwrap_or_default();
        std::mem::take(&mut self.found).in_order_of(&tree.root)
    }
}

impl Step {
    fn compile(raw: RawBundleDocument, found: &mut Collector) -> Self {
        let (beside, rules) = compile::bundle(raw, &Path::root(), found);
        Self::Rules(beside, Box::new(rules))
    }
}

/// A bundle of which only the rules' places are known: each rule is still JSON text.
///
/// To find where a rule ends takes a tenth of the time that it takes to read it.
#[derive(Debug)]
struct Outline {
    /// All of it but the rules.
    beside: String,
    rules: std::vec::IntoIter<Box<RawValue>>,
}

/// Whether rules are left to be read.
enum Rest {
    Some,
    None,
}

impl Outline {
    /// Of a bundle that has exactly what a bundle should have.
    fn read(text: &str) -> serde_json::Result<Self> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            version: Box<RawValue>,
            rules: Vec<Box<RawValue>>,
            malicious: Option<Box<RawValue>>,
            waivers: Option<Box<RawValue>>,
        }
        let Fields { version, rules, malicious, waivers } = serde_json::from_str(text)?;
        let mut beside = format!(r#"{{"version":{version},"rules":[]"#);
        for (name, list) in [("malicious", malicious), ("waivers", waivers)] {
            if let Some(list) = list {
                let _ = write!(beside, r#","{name}":{list}"#);
            }
        }
        beside.push('}');
        Ok(Self { beside, rules: rules.into_iter() })
    }

    /// Reads a slice of the rules into `raw`. Nothing where anything is wrong with it.
    fn read_fields(&mut self, raw: &mut RawBundleDocument) -> Option<Rest> {
        if raw.rules.is_none() {
            let tree = JsonTree::read(&self.beside).ok()?;
            let mut found = Collector::default();
            *raw = typed::read::<RawBundleDocument>(&tree, &mut found).filter(|_| found.is_empty())?;
        }
        let rules = typed::read_rules(&format!("[{}]", self.next_slice()))?;
        raw.rules.get_or_insert_default().extend(rules);
        Some(if self.rules.as_slice().is_empty() { Rest::None } else { Rest::Some })
    }

    /// The text of as many rules as a slice has, with commas between them: at least one, if there are any.
    fn next_slice(&mut self) -> String {
        let mut slice = String::new();
        while slice.len() < SLICE_BYTES
            && let Some(rule) = self.rules.next()
        {
            if !slice.is_empty() {
                slice.push(',');
            }
            slice.push_str(rule.get());
        }
        slice
    }
}

/// JSON of rules that is read at once: five hundred rules of 200 bytes each.
const SLICE_BYTES: usize = 100 << 10;

/// What is compiled, or goes into the tree, at once: so many rules, or as many names in the lists of fewer.
const SLICE_NAMES: usize = 500;
