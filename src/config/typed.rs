//! The document as raw sections: every type error and every unknown field, not only the first.

use serde::Deserialize;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::json_tree::JsonTree;
use super::problems::{Collector, MAX_PROBLEMS, Path, Step, quoted};
use super::raw::{BETWEEN_NAMES, OBJECT_WITH, RawIndex, RawRule, Section};

/// An unknown name this many edits away from a known one is taken for a slip of the pen.
const MAX_EDITS: usize = 2;

/// Fields whose values are not quoted.
const SECRET: [&str; 6] = ["headers", "s3", "secret", "secret_access_key", "session_token", "url"];

/// Reads the document as what it should be. A value of the wrong type is noted, taken for absent, and the reading starts
/// again, until nothing is wrong or too much is: then there is no use in going on.
pub(super) fn read<T: for<'de> Deserialize<'de>>(document: &JsonTree, found: &mut Collector) -> Option<T> {
    for path in &document.repeated {
        found.note(path, "given twice; keep one");
    }
    // A document without a type error is read as it stands: ten thousand rules are a tree that takes long to copy.
    let mut without: Option<Value> = None;
    for _ in 0..MAX_PROBLEMS {
        let (outcome, unknown) = attempt::<T>(without.as_ref().unwrap_or(&document.root));
        match outcome {
            Ok(raw) => {
                for path in &unknown {
                    found.note(path, unknown_field::<T>(path));
                }
                for path in &document.nulls {
                    found.note(path, "null says nothing: give a value, or leave it out for the default");
                }
                return raw.0;
            }
            Err(error) => {
                let tree = without.get_or_insert_with(|| document.root.clone());
                let path = found_at(&error, tree)?;
                let value = path.find_mut(tree)?;
                found.note(&path, type_error(&path, error.inner(), value));
                *value = Value::Null;
            }
        }
    }
    None
}

/// Reads a list of rules with which nothing is wrong straight from its text: what [`read`] would make of it, in a fifth of the time and
/// without a tree of all its values. `None` where anything may be wrong; what, [`read`] tells.
pub(super) fn read_rules(text: &str) -> Option<Vec<Section<RawRule>>> {
    if may_hold_null(text) {
        return None;
    }
    let mut is_known = true;
    let mut json = serde_json::Deserializer::from_str(text);
    let mut note = |_: serde_ignored::Path<'_>| is_known = false;
    // A field given twice is an error of its struct.
    let rules = Deserialize::deserialize(serde_ignored::Deserializer::new(&mut json, &mut note)).ok()?;
    json.end().ok()?;
    is_known.then_some(rules)
}

/// Whether a null stands in JSON text: a field that is left out and one that is null are the same to a struct. It may take a piece of a
/// string for one, as in `"a, null, b"`.
fn may_hold_null(text: &str) -> bool {
    text.match_indices("null").any(|(at, null)| {
        let before = text.get(..at).unwrap_or_default().trim_ascii_end();
        let after = text.get(at.saturating_add(null.len())..).unwrap_or_default().trim_ascii_start();
        (before.is_empty() || before.ends_with([':', ',', '[']))
            && (after.is_empty() || after.starts_with([',', ']', '}']))
    })
}

type Outcome<T> = Result<Section<T>, serde_path_to_error::Error<serde_json::Error>>;

fn attempt<T: for<'de> Deserialize<'de>>(tree: &Value) -> (Outcome<T>, Vec<Path>) {
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(ignored_at(&path));
    let outcome = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(tree, &mut note));
    (outcome, unknown)
}

/// The innermost place of the error that holds a value to take away. Taking one away each time is what ends the rounds.
fn found_at(error: &serde_path_to_error::Error<serde_json::Error>, tree: &mut Value) -> Option<Path> {
    let mut path: Path = error
        .path()
        .iter()
        .map_while(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone().into())),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    while path.find_mut(tree).is_none_or(|value| value.is_null()) {
        path = path.parent()?;
    }
    Some(path)
}

fn ignored_at(path: &serde_ignored::Path<'_>) -> Path {
    match path {
        serde_ignored::Path::Root => Path::root(),
        serde_ignored::Path::Seq { parent, index } => ignored_at(parent).index(*index),
        serde_ignored::Path::Map { parent, key } => ignored_at(parent).key(key.clone()),
        serde_ignored::Path::Some { parent }
        | serde_ignored::Path::NewtypeStruct { parent }
        | serde_ignored::Path::NewtypeVariant { parent } => ignored_at(parent),
    }
}

/// serde says what it expected; what it found is said here, from the tree, so that no header value is quoted, and no URL
/// (it may carry credentials), be it where a whole section belongs.
fn type_error(path: &Path, error: &serde_json::Error, value: &Value) -> String {
    let error = error.to_string();
    let Some((_, expected)) = error.rsplit_once(", expected ") else { return error };
    let expected = match expected {
        "a string" => "text",
        "a sequence" => "a list",
        "a map" => "an object",
        section if section.starts_with(OBJECT_WITH) => "an object",
        "a boolean" => "true or false",
        "string or map" => "text",
        other => other,
    };
    let secret = matches!(expected, "a list" | "an object") || path.keys().any(|key| SECRET.contains(&key));
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) if !secret => value.to_string(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(value) if !secret => quoted(value),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    let hint = value.as_bool().filter(|_| takes_words(expected)).map(bare_word).unwrap_or_default();
    format!("expected {expected}, found {found}{hint}")
}

/// Whether it is text that was expected, one of some words for example.
fn takes_words(expected: &str) -> bool {
    !matches!(expected, "a list" | "an object" | "true or false") && !expected.contains("number")
}

/// Where a truth value in place of text comes from: by YAML 1.1, which Kubernetes reads, words are truth values unless they are quoted.
const fn bare_word(value: bool) -> &'static str {
    if value {
        "; YAML has made it of a bare on, yes or y: write the word in quotes"
    } else {
        "; YAML has made it of a bare off, no or n: write the word in quotes, as in \"off\""
    }
}

fn unknown_field<T: for<'de> Deserialize<'de>>(path: &Path) -> String {
    let name = path.last_key().unwrap_or_default();
    if let Some(instead) = replaced(path) {
        return format!("there is no such field any more; {instead}");
    }
    let known = fields_of::<T>(&path.parent().unwrap_or_default());
    let known: Vec<&str> = known.split(BETWEEN_NAMES).collect();
    let nearest = known
        .iter()
        .map(|field| (strsim::osa_distance(name, field), field))
        .filter(|(edits, field)| *edits <= MAX_EDITS && *edits < field.len())
        .min();
    match nearest {
        Some((_, field)) => format!("unknown field; did you mean {field:?}?"),
        None => format!("unknown field; known here: {}", known.join(", ")),
    }
}

/// What is to be written in place of a field that there was once.
fn replaced(path: &Path) -> Option<&'static str> {
    let [section, name] = path.keys().collect::<Vec<_>>().try_into().ok()?;
    let fields = RawIndex::REPLACED.iter().filter(|_| section == "index");
    fields.into_iter().find_map(|(field, instead)| (*field == name).then_some(*instead))
}

/// The names of the fields of the section at `path`: those that it tells where it is given something else than an object.
fn fields_of<T: for<'de> Deserialize<'de>>(path: &Path) -> String {
    let (outcome, _) = attempt::<T>(&path.holding(Value::Bool(true)));
    let told = outcome.err().map(|error| error.inner().to_string()).unwrap_or_default();
    told.split_once(OBJECT_WITH).map(|(_, names)| names.to_owned()).unwrap_or_default()
}
