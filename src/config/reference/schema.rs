//! The JSON Schema of the configuration.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value, json};

use crate::config::raw::RawConfig;

pub(super) fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawConfig>();
    WithoutNulls.transform(&mut schema);
    schema.insert("title".to_owned(), json!("Modgate configuration"));
    schema.to_value()
}

/// Every raw field is an `Option`, so that Modgate itself can say what is missing; null is refused all the same.
struct WithoutNulls;

impl Transform for WithoutNulls {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        let is_null = |schema: &Value| schema["type"] == "null";
        if object.get("anyOf").and_then(Value::as_array).is_some_and(|any| any.iter().any(is_null))
            && let Some(Value::Array(mut alternatives)) = object.remove("anyOf")
        {
            alternatives.retain(|schema| !is_null(schema));
            let [Value::Object(only)] = alternatives.as_slice() else {
                panic!("a choice of types: {alternatives:?}")
            };
            for (name, value) in only {
                object.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}
