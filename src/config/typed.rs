//! The document as raw sections: every type error and every unknown field, not only the first.

use serde::Deserialize;
use serde::de::value::Error as NamesOnly;
use serde::de::{Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::json_tree::JsonTree;
use super::problems::{Collector, MAX_PROBLEMS, Path, Step, quoted};
use super::raw::{
    RawAdmin, RawBundle, RawBundleDocument, RawCallerSource, RawCallers, RawConfig, RawDelivery,
    RawDeliveryOverride, RawFetch, RawFreshness, RawIndex, RawMatch, RawMissOverride, RawOnMiss, RawPolicy,
    RawPresign, RawPrivate, RawRule, RawSecureLink, RawStorage, RawSumdb, RawUpstream, RawVerify,
    RawVerifyOverride, Section,
};

/// An unknown name this many edits away from a known one is taken for a slip of the pen.
const MAX_EDITS: usize = 2;

/// Fields whose values are not quoted.
const SECRET: [&str; 6] = ["headers", "s3", "secret", "secret_access_key", "session_token", "url"];

/// Reads the document as what it should be. A value of the wrong type is noted, taken for absent, and the reading starts
/// again, until nothing is wrong or too much is: then there is no use in going on.
pub(super) fn read<T: Root>(document: &JsonTree, found: &mut Collector) -> Option<T> {
    for path in &document.repeated {
        found.note(path, "given twice; keep one");
    }
    let mut tree = document.root.clone();
    for _ in 0..MAX_PROBLEMS {
        let (outcome, unknown) = attempt::<T>(&tree);
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
                let path = found_at(&error, &mut tree)?;
                let value = path.find_mut(&mut tree)?;
                found.note(&path, type_error(&path, error.inner(), value));
                *value = Value::Null;
            }
        }
    }
    None
}

type Outcome<T> = Result<Section<T>, serde_path_to_error::Error<serde_json::Error>>;

fn attempt<T: Root>(tree: &Value) -> (Outcome<T>, Vec<Path>) {
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
    format!("expected {expected}, found {found}")
}

fn unknown_field<T: Root>(path: &Path) -> String {
    let name = path.last_key().unwrap_or_default();
    let known = T::fields_of(path.parent().unwrap_or_default().keys());
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

/// A whole document.
pub(super) trait Root: for<'de> Deserialize<'de> {
    /// The fields of the object at `keys` (of the whole, where there are none), as the raw structs name them.
    fn fields_of<'a>(keys: impl Iterator<Item = &'a str>) -> &'static [&'static str];
}

impl Root for RawConfig {
    fn fields_of<'a>(keys: impl Iterator<Item = &'a str>) -> &'static [&'static str] {
        match keys.collect::<Vec<_>>().as_slice() {
            ["admin"] => names::<RawAdmin>(),
            ["callers"] => names::<RawCallers>(),
            ["callers", "principals"] => names::<RawCallerSource>(),
            ["fetch"] => names::<RawFetch>(),
            ["freshness"] => names::<RawFreshness>(),
            ["index"] => names::<RawIndex>(),
            ["match"] => names::<RawMatch>(),
            ["policy"] => names::<RawPolicy>(),
            ["policy", "bundle"] => names::<RawBundle>(),
            ["policy", "on_miss"] => names::<RawOnMiss>(),
            ["policy", "on_miss", "overrides"] => names::<RawMissOverride>(),
            ["policy", "rules"] => names::<RawRule>(),
            ["private"] => names::<RawPrivate>(),
            ["storage"] => names::<RawStorage>(),
            ["storage", "delivery"] => names::<RawDelivery>(),
            ["storage", "delivery", "overrides"] => names::<RawDeliveryOverride>(),
            ["storage", "delivery", "s3"] => names::<RawPresign>(),
            ["storage", "delivery", "secure_link"] => names::<RawSecureLink>(),
            ["sumdb"] => names::<RawSumdb>(),
            ["upstreams"] => names::<RawUpstream>(),
            ["verify"] => names::<RawVerify>(),
            ["verify", "overrides"] => names::<RawVerifyOverride>(),
            _ => names::<Self>(),
        }
    }
}

impl Root for RawBundleDocument {
    fn fields_of<'a>(keys: impl Iterator<Item = &'a str>) -> &'static [&'static str] {
        match keys.collect::<Vec<_>>().as_slice() {
            ["rules"] => names::<RawRule>(),
            _ => names::<Self>(),
        }
    }
}

/// Asks a derived `Deserialize` which fields it knows: it tells the deserializer before reading anything.
fn names<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut names = Names(&[]);
    // It never yields a value: the names are all that is wanted.
    let _ = T::deserialize(&mut names);
    names.0
}

struct Names(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Names {
    type Error = NamesOnly;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, NamesOnly> {
        self.0 = fields;
        Err(NamesOnly::custom("only the names were asked for"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, NamesOnly> {
        Err(NamesOnly::custom("not a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}
