//! The filter's configuration from a file that Envoy watches: how a gateway is reconfigured without a restart (ECDS).

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Bootstrap, merge::merge};

/// The file, and what is in it.
#[derive(Debug)]
pub struct Discovery {
    file: PathBuf,
    filter: Value,
    plugin: Value,
    version: u32,
}

impl Bootstrap {
    /// Moves the filter's configuration into a file in `dir`.
    ///
    /// # Panics
    /// When the file cannot be written; so do the functions below.
    pub fn discover_filter(&mut self, dir: &Path) -> Discovery {
        let plugin = self.plugin();
        let filter = self.wasm_filter();
        let file = dir.join("filter.json");
        let typed_config = filter["typed_config"].take();
        let source =
            json!({"path_config_source": {"path": super::path(&file)}, "resource_api_version": "V3"});
        let discovered = json!({"config_source": source, "type_urls": [typed_config["@type"]]});
        merge(filter, &json!({"typed_config": null, "config_discovery": discovered}));
        let mut discovery = Discovery { file, filter: typed_config, plugin, version: 0 };
        discovery.publish();
        discovery
    }
}

impl Discovery {
    /// Merges `patch` into the plugin configuration and lets Envoy have the result.
    pub fn push(&mut self, patch: &Value) {
        merge(&mut self.plugin, patch);
        self.publish();
    }

    /// Merges `patch` into what the VMs are made of, and lets Envoy have the result: another VM than before.
    pub fn push_vm(&mut self, patch: &Value) {
        merge(&mut self.filter["config"]["vm_config"], patch);
        self.publish();
    }

    /// Lets Envoy have this text as the plugin configuration, once.
    pub fn push_text(&mut self, text: &str) {
        self.filter["config"]["configuration"]["value"] = text.into();
        self.write();
    }

    fn publish(&mut self) {
        let text = self.plugin.to_string();
        self.push_text(&text);
    }

    fn write(&mut self) {
        self.version += 1;
        let resource = json!({
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            "name": "modgate",
            "typed_config": self.filter,
        });
        let response = json!({"version_info": self.version.to_string(), "resources": [resource]});
        // Envoy looks again when another file takes this one's name, and must never see half of one.
        let next = self.file.with_extension("next");
        fs::write(&next, response.to_string()).expect("a file for the filter's configuration");
        fs::rename(&next, &self.file).expect("the file for the filter's configuration");
    }
}
