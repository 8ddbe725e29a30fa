//! Folders of manifests as kustomize puts them together: what ours use of it.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::manifest::Manifest;
use super::place;
use crate::bootstrap::merge::merge;

/// `kustomization.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Kustomization {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    resources: Vec<String>,
    #[serde(default)]
    patches: Vec<Patch>,
}

/// A patch, in a file or as text: a manifest that is merged into the one of its kind and name (or takes its place, with `$patch: delete`), or a list of
/// changes to the `target`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    path: Option<String>,
    patch: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    kind: String,
    name: String,
}

/// A change of a JSON patch (RFC 6902): those that ours use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "op", rename_all = "lowercase")]
enum Change {
    Add { path: String, value: Value },
    Replace { path: String, value: Value },
    Remove { path: String },
}

/// The manifests of a folder with a `kustomization.yaml`.
///
/// # Errors
/// What cannot be read, or is not understood.
pub fn folder(dir: &Path) -> Result<Vec<Manifest>, String> {
    let file = dir.join("kustomization.yaml");
    let mut documents = parse(&file, &read(&file)?)?;
    let [document] = documents.as_mut_slice() else {
        return Err(format!("{}: one document", file.display()));
    };
    let kustomization: Kustomization = place::strict(document.take(), &file.display().to_string())?;
    let mut manifests = Vec::new();
    for resource in &kustomization.resources {
        let path = dir.join(resource);
        manifests.extend(if path.is_dir() { folder(&path)? } else { documents_of(&path)? });
    }
    for patch in &kustomization.patches {
        let (path, text) = match (&patch.path, &patch.patch) {
            (Some(path), None) => (dir.join(path), read(&dir.join(path))?),
            (None, Some(text)) => (file.clone(), text.clone()),
            _ => return Err(format!("{}: a patch is a file or a text", file.display())),
        };
        match &patch.target {
            Some(target) => change(&mut manifests, target, &path, &text)?,
            None => parse(&path, &text)?.into_iter().try_for_each(|value| {
                let patch = Manifest::of(&path, value)?;
                lay_over(&mut manifests, patch)
            })?,
        }
    }
    Ok(manifests)
}

/// The manifests of a text.
///
/// # Errors
/// What is not understood.
pub(super) fn documents(file: &Path, text: &str) -> Result<Vec<Manifest>, String> {
    parse(file, text)?.into_iter().map(|value| Manifest::of(file, value)).collect()
}

fn documents_of(file: &Path) -> Result<Vec<Manifest>, String> {
    documents(file, &read(file)?)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn parse(file: &Path, text: &str) -> Result<Vec<Value>, String> {
    let ambiguous = super::yaml::ambiguous(text);
    if let Some(scalar) = ambiguous.first() {
        return Err(format!("{}:{scalar}", file.display()));
    }
    serde_saphyr::from_multiple(text).map_err(|error| format!("{}: {error}", file.display()))
}

fn lay_over(manifests: &mut Vec<Manifest>, mut patch: Manifest) -> Result<(), String> {
    let same = |known: &Manifest| known.kind() == patch.kind() && known.name() == patch.name();
    let at = manifests.iter().position(same).ok_or_else(|| format!("{}: patches nothing", patch.place()))?;
    let delete = patch.value_mut().as_object_mut().and_then(|fields| fields.remove("$patch"));
    match delete {
        Some(word) if word == "delete" => {
            manifests.remove(at);
        }
        Some(word) => return Err(format!("{}: $patch: {word}", patch.place())),
        None => merge(manifests[at].value_mut(), patch.value()),
    }
    Ok(())
}

fn change(manifests: &mut [Manifest], target: &Target, file: &Path, text: &str) -> Result<(), String> {
    let mut found =
        manifests.iter_mut().filter(|known| known.kind() == target.kind && known.name() == target.name);
    let at = || file.display().to_string();
    let manifest = found.next().ok_or_else(|| format!("{}: patches nothing", at()))?;
    let [changes] = <[Value; 1]>::try_from(parse(file, text)?).map_err(|_| format!("{}: one document", at()))?;
    let changes: Vec<Change> = place::strict(changes, &at())?;
    for (n, change) in changes.into_iter().enumerate() {
        change.apply(manifest.value_mut()).ok_or_else(|| format!("{}: [{n}]: there is no such place", at()))?;
    }
    Ok(())
}

impl Change {
    /// Nothing where there is no such place.
    fn apply(self, manifest: &mut Value) -> Option<()> {
        let parent = |path: &str| Some(path.rsplit_once('/')?.0.to_owned());
        let name = |path: &str| Some(path.rsplit_once('/')?.1.to_owned());
        match self {
            Self::Replace { path, value } => *manifest.pointer_mut(&path)? = value,
            Self::Add { path, value } => match (manifest.pointer_mut(&parent(&path)?)?, name(&path)?) {
                (Value::Array(items), end) if end == "-" => items.push(value),
                (Value::Object(fields), name) => {
                    fields.insert(name, value);
                }
                _ => return None,
            },
            Self::Remove { path } => match (manifest.pointer_mut(&parent(&path)?)?, name(&path)?) {
                (Value::Array(items), index) => {
                    let index = index.parse().ok().filter(|index| *index < items.len())?;
                    items.remove(index);
                }
                (Value::Object(fields), name) => {
                    fields.remove(&name)?;
                }
                _ => return None,
            },
        }
        Some(())
    }
}
