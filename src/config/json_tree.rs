//! JSON text as a tree, with the two things a plain `Value` would hide: keys given twice and nulls.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::problems::Path;

/// A JSON document that was parsed.
#[derive(Debug, Default)]
pub(super) struct JsonTree {
    pub(super) root: Value,
    /// Keys given more than once in one object. JSON leaves open which one counts: a trap in a policy.
    pub(super) repeated: Vec<Path>,
    /// Explicit nulls. YAML makes one of every key left empty, and "no list" is not what its author meant.
    pub(super) nulls: Vec<Path>,
}

impl JsonTree {
    /// Reads JSON text; of a key given twice the tree holds the first value.
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        let mut tree = Self::default();
        let mut json = serde_json::Deserializer::from_str(text);
        tree.root = Node { at: &Trail::Root, tree: &mut tree }.deserialize(&mut json)?;
        json.end()?;
        Ok(tree)
    }
}

/// Where the reading is. Only what is noted becomes a path: a policy has as many places as it has values.
#[derive(Clone, Copy)]
enum Trail<'a> {
    Root,
    Index(&'a Self, usize),
    Key(&'a Self, &'a str),
}

impl Trail<'_> {
    fn path(self) -> Path {
        match self {
            Self::Root => Path::root(),
            Self::Index(around, index) => around.path().index(index),
            Self::Key(around, key) => around.path().key(key.to_owned()),
        }
    }
}

/// Reads the value at one place, noting what it meets.
struct Node<'a> {
    at: &'a Trail<'a>,
    tree: &'a mut JsonTree,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.tree.nulls.push(self.at.path());
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) =
            items.next_element_seed(Node { at: &Trail::Index(self.at, list.len()), tree: &mut *self.tree })?
        {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let at = Trail::Key(self.at, &key);
            let value = entries.next_value_seed(Node { at: &at, tree: &mut *self.tree })?;
            if object.contains_key(&key) {
                self.tree.repeated.push(at.path());
            } else {
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}
