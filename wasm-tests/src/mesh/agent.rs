//! What stands between istiod and Envoy: it downloads modules.

use std::path::Path;

use serde_json::{Value, json};

/// An extension once its module is in `file`. A module that was a file before stays what it was.
#[must_use]
pub fn downloaded(extension: &Value, file: &Path) -> Value {
    let mut extension = extension.clone();
    let Some(vm) = extension["typed_config"]["config"]["vm_config"].as_object_mut() else { return extension };
    if vm["code"].get("remote").is_none() {
        return extension;
    }
    vm.insert("code".to_owned(), json!({"local": {"filename": file.to_str()}}));
    // The variables of its own do not reach Envoy, and there are no others.
    vm.remove("environment_variables");
    extension
}

/// What it gives Envoy in an extension's place when the module cannot be had: a filter that lets nobody pass, or everybody where the
/// extension fails open.
#[must_use]
pub fn refused(extension: &Value) -> Value {
    let open = extension["typed_config"]["config"]["failure_policy"] == "FAIL_OPEN";
    let mut stand_in = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
        "rules_stat_prefix": if open { "wasm-default-allow" } else { "wasm-default-deny" },
    });
    if !open {
        // Rules of which none lets anybody pass.
        stand_in["rules"] = json!({});
    }
    json!({"name": extension["name"], "typed_config": stand_in})
}
