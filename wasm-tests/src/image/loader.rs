//! What a mesh's loader makes of an image, by its rules: those of Istio's agent, which Envoy Gateway shares.

use std::io::{Cursor, Read};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::{FILE, LAYER};

/// The filter in an image that consists of `blobs`, by their digests: of the manifest's layers the last, which must be a compressed
/// archive, and in it the first file of that base name, wherever it lies.
///
/// # Errors
/// Says by which rule there is none.
pub fn filter(manifest: &[u8], blob: impl FnOnce(&str) -> Vec<u8>) -> Result<Vec<u8>, String> {
    let manifest: Value = serde_json::from_slice(manifest).map_err(|error| error.to_string())?;
    let layers = manifest["layers"].as_array();
    let layer = layers.and_then(|layers| layers.last()).ok_or("the manifest has no layer")?;
    if layer["mediaType"] != LAYER {
        return Err(format!("the last layer is no {LAYER}: {layer}"));
    }
    let digest = layer["digest"].as_str().ok_or("the layer has no digest")?;
    let mut archive = tar::Archive::new(GzDecoder::new(Cursor::new(blob(digest))));
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let path = entry.path().map_err(|error| error.to_string())?;
        if path.file_name().is_some_and(|name| name == FILE) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            return Ok(bytes);
        }
    }
    Err(format!("the layer has no {FILE}"))
}
