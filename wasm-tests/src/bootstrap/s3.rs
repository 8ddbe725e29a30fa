//! `envoy/s3.yaml`, the parts that people copy, put where its keys say they belong.

use serde_json::{Value, json};

use super::{Bootstrap, http_options, read_yaml};
use crate::tools;

/// `envoy/s3.yaml` as data.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn parts() -> Value {
    read_yaml(&tools::repository().join("envoy/s3.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

/// What requests are signed with.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The store's region.
    pub region: String,
    /// The access key's identifier.
    pub id: String,
    /// The access key.
    pub secret: String,
}

impl Bootstrap {
    /// Replaces the cluster `storage` by the one for `store` (`aws`, `own`, `google`), with keys from `provider`.
    ///
    /// # Panics
    /// When `envoy/s3.yaml` has no such parts.
    pub fn store_in(&mut self, store: &str, provider: &str) {
        let parts = parts();
        let part = |kind: &str, name: &str| {
            parts[kind].get(name).unwrap_or_else(|| panic!("{kind} has no {name}")).clone()
        };
        let store = part("stores", store);
        *self.cluster("storage", "storage") = store["cluster"].clone();
        self.sign("storage", &part("credential_providers", provider));
        self.signing("storage")["use_unsigned_payload"] = store["use_unsigned_payload"].clone();
    }

    /// Has every request to `cluster` signed with these.
    ///
    /// # Panics
    /// When there is no such cluster.
    pub fn sign_with(&mut self, cluster: &str, keys: &Keys) {
        let inline = json!({"access_key_id": keys.id, "secret_access_key": keys.secret});
        self.sign(cluster, &json!({"custom_credential_provider_chain": true, "inline_credential": inline}));
        self.signing(cluster)["region"] = Value::from(keys.region.as_str());
    }

    /// How requests to a cluster are signed.
    fn signing(&mut self, cluster: &str) -> &mut Value {
        &mut http_options(self.cluster(cluster, "storage"))["http_filters"][0]["typed_config"]
    }

    fn sign(&mut self, cluster: &str, credentials: &Value) {
        let mut filters = parts()["http_filters"].clone();
        filters[0]["typed_config"]["credential_provider"] = credentials.clone();
        http_options(self.cluster(cluster, "storage"))["http_filters"] = filters;
    }
}
