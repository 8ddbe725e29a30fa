//! Values as types, with the place of what they have no field for.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// `value` as a `T`, whose types refuse fields they do not know.
///
/// # Errors
/// Names `place`, the path below it, and what is wrong there.
pub(super) fn strict<T: DeserializeOwned>(value: Value, place: &str) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        format!("{place}: {path}: {}", error.into_inner())
    })
}
