//! Merging as protobuf does it: what EnvoyFilter's MERGE means.

use serde_json::Value;

/// Merges `patch` into `target`: messages field by field, lists one after the other, and maps key by key with the whole of a value in the
/// place of the one before: a map's values are not merged.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                let slot = target.entry(name.clone()).or_insert(Value::Null);
                match (MAPS.contains(&name.as_str()), slot.as_object_mut(), value.as_object()) {
                    (true, Some(known), Some(patch)) => {
                        known.extend(patch.iter().map(|(key, value)| (key.clone(), value.clone())));
                    }
                    _ => merge(slot, value),
                }
            }
        }
        (Value::Array(target), Value::Array(patch)) => target.extend(patch.iter().cloned()),
        (target, patch) => *target = patch.clone(),
    }
}

/// The fields of clusters and connection managers that are maps.
const MAPS: [&str; 2] = ["typed_extension_protocol_options", "filter_metadata"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merging() {
        let mut target = json!({"a": {"b": 1, "l": [1]}, "typed_extension_protocol_options": {"x": {"kept": 1}, "y": {}}});
        let patch = json!({"a": {"c": 2, "l": [2]}, "typed_extension_protocol_options": {"x": {"new": 2}}});
        merge(&mut target, &patch);
        assert_eq!(
            target,
            json!({"a": {"b": 1, "l": [1, 2], "c": 2}, "typed_extension_protocol_options": {"x": {"new": 2}, "y": {}}})
        );
    }
}
