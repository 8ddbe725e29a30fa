//! `EnvoyPatchPolicy`: changes to what was made, found by a path in JSON.

use serde_json::Value;

use super::api::{JsonPatch, Operation};
use super::{All, Rendered, listeners};

pub(super) fn apply(rendered: &mut Rendered, all: &All) -> Result<(), String> {
    for policy in &all.patches {
        for patch in &policy.spec.json_patches {
            change(rendered, patch).map_err(|error| format!("{}: {error}", policy.place))?;
        }
    }
    Ok(())
}

fn change(rendered: &mut Rendered, patch: &JsonPatch) -> Result<(), String> {
    let named = |resource: &&mut Value| resource["name"] == *patch.name;
    let found = match patch.kind.rsplit('.').next() {
        Some("Listener") => rendered.listeners.iter_mut().find(named),
        Some("RouteConfiguration") => rendered.listeners.iter_mut().map(listeners::routes).find(named),
        _ => None,
    };
    let resource = found.ok_or_else(|| format!("there is no {} {}", patch.kind, patch.name))?;
    let Operation::Add { json_path, path, value } = &patch.operation;
    let mut found = Vec::new();
    let place = Place::read(json_path).ok_or_else(|| format!("{json_path}: not of the form that is read here"))?;
    place.find(resource, &mut found);
    if found.is_empty() {
        return Err(format!("{json_path}: there is nothing"));
    }
    for object in found {
        object.insert(path.clone(), value.clone());
    }
    Ok(())
}

/// `..list[?(@.name=='name')].field.field`: wherever a list of that name has an entry of that name, an object in the entry.
/// `..list[*].field`: in every entry that has one.
struct Place<'a> {
    list: &'a str,
    name: Option<&'a str>,
    fields: Vec<&'a str>,
}

impl<'a> Place<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let (list, rest) = path.strip_prefix("..")?.split_once('[')?;
        let (which, fields) = rest.split_once("].")?;
        let name = which.strip_prefix("?(@.name=='").and_then(|name| name.strip_suffix("')"));
        (name.is_some() || which == "*").then(|| Self { list, name, fields: fields.split('.').collect() })
    }

    fn find<'v>(&self, value: &'v mut Value, found: &mut Vec<&'v mut serde_json::Map<String, Value>>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.find(item, found)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name != self.list || !value.is_array() {
                        self.find(value, found);
                        continue;
                    }
                    for item in value.as_array_mut().into_iter().flatten().filter(|item| self.name.is_none_or(|name| item["name"] == name)) {
                        let inner = self.fields.iter().try_fold(item, |value, field| value.get_mut(field));
                        found.extend(inner.and_then(Value::as_object_mut));
                    }
                }
            }
            _ => {}
        }
    }
}
