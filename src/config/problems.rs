//! What is wrong with a configuration: every problem, each at its place in the document.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// The most problems listed at once: more than anyone fixes in one go, few enough for one log record.
///
/// It also bounds the work: every round of the typed reading finds one type error and reads the document again.
pub(super) const MAX_PROBLEMS: usize = 64;

/// Longest piece of the configuration quoted in a message, in characters: enough to recognise it.
const MAX_QUOTED: usize = 60;

/// Everything found wrong with one configuration, in document order.
///
/// It prints one line per problem: `$.upstreams[1].timeout: "5 parsecs" is not a duration ...`. No line quotes a header
/// value or the credentials of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// One problem: where it is and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: Path,
    message: String,
}

impl Problems {
    /// The problems in document order; there is at least one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// A configuration that could not be read at all has one problem, at its root.
    pub(super) fn of_document(message: impl Into<String>) -> Self {
        let mut found = Collector::default();
        found.note(&Path::root(), message);
        Self(found.problems)
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        if self.0.len() >= MAX_PROBLEMS {
            write!(f, "\n(no more than {MAX_PROBLEMS} problems are listed)")?;
        }
        Ok(())
    }
}

impl Problem {
    /// Where it is, as a JSON path: `$.upstreams[1].timeout`.
    pub fn path(&self) -> String {
        self.path.to_string()
    }

    /// What is wrong, on one line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Collects problems while a document is read; a place already complained about is left alone.
#[derive(Debug, Default)]
pub(super) struct Collector {
    problems: Vec<Problem>,
    /// Where they are. A generated list of rules may have thousands, and every one is looked up for every other.
    places: BTreeSet<Path>,
}

impl Collector {
    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Notes a problem, unless its place or one around it has one already.
    pub(super) fn note(&mut self, at: &Path, message: impl Into<String>) {
        if !self.covers(at) {
            let message = message.into().replace(char::is_control, "?");
            self.problems.push(Problem { path: at.clone(), message });
            self.places.insert(at.clone());
        }
    }

    /// Whether `at`, or a place around it, has a problem already.
    pub(super) fn covers(&self, at: &Path) -> bool {
        self.places.contains(at) || self.cover_around(at)
    }

    fn cover_around(&self, at: &Path) -> bool {
        (0..at.0.len()).filter_map(|depth| at.0.get(..depth)).any(|around| self.places.contains(around))
    }

    /// The verdict: what was found, in the order of `document`.
    pub(super) fn in_order_of(mut self, document: &Value) -> Problems {
        let mut problems = std::mem::take(&mut self.problems);
        problems.retain(|problem| !self.cover_around(&problem.path));
        problems.sort_by_cached_key(|problem| problem.path.place_in(document));
        problems.truncate(MAX_PROBLEMS);
        Problems(problems)
    }
}

/// A place in a JSON document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Index(usize),
    Key(Cow<'static, str>),
}

impl Path {
    pub(super) fn root() -> Self {
        Self::default()
    }

    /// The names of fields cost nothing: a path is made for every field there is, whether it has a problem or not.
    pub(super) fn key(&self, key: impl Into<Cow<'static, str>>) -> Self {
        self.step(Step::Key(key.into()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    pub(super) fn parent(&self) -> Option<Self> {
        let (_, parent) = self.0.split_last()?;
        Some(Self(parent.to_vec()))
    }

    pub(super) fn last_key(&self) -> Option<&str> {
        match self.0.last()? {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        }
    }

    /// The names on the way, indexes left out.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_ref()),
            Step::Index(_) => None,
        })
    }

    /// The value at this place, where there is one.
    pub(super) fn find_mut<'a>(&self, document: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(document, |value, step| match step {
            Step::Index(index) => value.get_mut(*index),
            Step::Key(key) => value.get_mut(key.as_ref()),
        })
    }

    /// The smallest document that has `value` at this place, wherever in its lists that is.
    pub(super) fn holding(&self, value: Value) -> Value {
        self.0.iter().rev().fold(value, |inner, step| match step {
            Step::Index(_) => Value::Array(vec![inner]),
            Step::Key(key) => Value::Object([(key.clone().into_owned(), inner)].into_iter().collect()),
        })
    }

    /// Sorts by document order. What is missing sorts before what its object holds.
    fn place_in(&self, document: &Value) -> Vec<usize> {
        let mut value = Some(document);
        let mut place = Vec::with_capacity(self.0.len());
        for step in &self.0 {
            let (position, inner) = match (step, value) {
                (Step::Index(index), Some(Value::Array(items))) => (index + 1, items.get(*index)),
                (Step::Key(key), Some(Value::Object(fields))) => {
                    let position = fields.keys().position(|name| name == key);
                    (position.map_or(0, |position| position + 1), fields.get(key.as_ref()))
                }
                _ => (0, None),
            };
            place.push(position);
            value = inner;
        }
        place
    }
}

/// It is ordered as its steps are.
impl Borrow<[Step]> for Path {
    fn borrow(&self) -> &[Step] {
        &self.0
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if is_word(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{}]", quoted(key))?,
            }
        }
        Ok(())
    }
}

/// A piece of the configuration as messages show it: quoted, escaped, never long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && key.len() <= MAX_QUOTED
}
