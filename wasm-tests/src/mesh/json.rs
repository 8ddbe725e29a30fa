//! JSON as istiod writes a plugin's configuration.

use serde_json::Value;

/// `value` as it comes out of a protobuf Struct in Go: compact, the keys of objects sorted, and without the characters that HTML reads.
#[must_use]
pub fn delivered(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, to: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            to.push('{');
            for (n, (name, value)) in sorted.into_iter().enumerate() {
                if n > 0 {
                    to.push(',');
                }
                write(&Value::from(name.as_str()), to);
                to.push(':');
                write(value, to);
            }
            to.push('}');
        }
        Value::Array(items) => {
            to.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    to.push(',');
                }
                write(item, to);
            }
            to.push(']');
        }
        Value::String(_) => {
            for character in value.to_string().chars() {
                match character {
                    '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => to.push_str(&format!("\\u{:04x}", u32::from(character))),
                    other => to.push(other),
                }
            }
        }
        // A Struct has doubles only, of which whole ones are written without a point up to 10^21.
        Value::Number(number) => match number.as_f64() {
            Some(double) => to.push_str(&double.to_string()),
            None => to.push_str(&number.to_string()),
        },
        Value::Null | Value::Bool(_) => to.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_sorted_compact_and_fit_for_html() {
        let value = json!({"b": [">=v1.2.0 & <v2", true, null], "a": {"z": 8_388_608, "y": 4096.0, "x": "\u{2028}"}});
        assert_eq!(
            delivered(&value),
            r#"{"a":{"x":"\u2028","y":4096,"z":8388608},"b":["\u003e=v1.2.0 \u0026 \u003cv2",true,null]}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&delivered(&json!({"a": "<b>"}))).unwrap(), json!({"a": "<b>"}));
    }
}
