//! The types of single values: what may stand in the JSON, before it is checked for sense.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// A duration as text.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(title = "duration"))]
pub(in crate::config) struct RawDuration(pub(in crate::config) String);

/// A whole number. `4096.0` is one too: a protobuf Struct, which is what Istio keeps, has no other numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(title = "whole number"))]
pub(in crate::config) struct RawCount(pub(in crate::config) u64);

/// A JSON object, where a derived struct alone would take an array of its fields as well.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Section<T>(pub(in crate::config) Option<T>);

impl<T> Default for Section<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de> Deserialize<'de> for RawDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = RawDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration as text, such as \"30s\" or \"1h 30m\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawDuration, E> {
                Ok(RawDuration(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl<'de> Deserialize<'de> for RawCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = RawCount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, not negative")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<RawCount, E> {
                Ok(RawCount(number))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<RawCount, E> {
                // Far more than any bound, and exact in a double.
                let largest = f64::from(u32::MAX);
                if number.fract() == 0.0 && (0.0..=largest).contains(&number) {
                    Ok(RawCount(number as u64))
                } else {
                    Err(E::invalid_value(Unexpected::Float(number), &self))
                }
            }
        }

        deserializer.deserialize_any(Number)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Section<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Given<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Given<T> {
            type Value = Section<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Section<T>, D::Error> {
                T::deserialize(Object(deserializer)).map(|fields| Section(Some(fields)))
            }

            fn visit_none<E: Error>(self) -> Result<Section<T>, E> {
                Ok(Section(None))
            }
        }

        deserializer.deserialize_option(Given(PhantomData))
    }
}

/// The beginning of the error of a section that is no object. The names of its fields follow: the derived `Deserialize` of its struct alone
/// knows them, and it tells them to a deserializer alone.
pub(in crate::config) const OBJECT_WITH: &str = "an object with ";

/// What stands between these names.
pub(in crate::config) const BETWEEN_NAMES: &str = ", ";

/// Gives a derived struct objects alone.
struct Object<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Object<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, Entries { fields, visitor })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

/// Takes the entries of an object.
struct Entries<V> {
    fields: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Entries<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OBJECT_WITH}{}", self.fields.join(BETWEEN_NAMES))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(entries)
    }
}

/// To the schema a section is what it holds.
#[cfg(not(target_arch = "wasm32"))]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Section<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}
