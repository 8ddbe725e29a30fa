//! `examples/callers`: parts that say who asks, put where their names say they belong.

use std::path::Path;

use serde_json::{Value, json};

use super::{Bootstrap, is_wasm, merge, path, read_yaml};
use crate::tls::Certificate;
use crate::tools;

impl Bootstrap {
    /// Adds the parts of a file of `examples/callers`, such as `jwt.yaml`.
    ///
    /// # Panics
    /// When it cannot be read, or has a part whose place is not known.
    pub fn add_callers(&mut self, file: &str) {
        let file = tools::repository().join("examples/callers").join(file);
        let parts = read_yaml(&file).unwrap_or_else(|error| panic!("{error}"));
        for (place, part) in parts.as_object().expect("parts by their places") {
            match place.as_str() {
                "mutation" => self.mutations().push(part.clone()),
                "http_filter" => self.add_filter_before(part.clone()),
                "http_connection_manager" => merge::merge(self.hcm(), part),
                "transport_socket" => self.filter_chain()["transport_socket"] = part.clone(),
                "configuration" => {
                    let text = part.as_str().expect("the plugin configuration is text");
                    let patch = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"));
                    self.patch_plugin(&patch);
                }
                other => panic!("where does {other} of {} belong? Say it here.", file.display()),
            }
        }
    }

    /// The HTTP filter of that name which stands before ours.
    ///
    /// # Panics
    /// When there is none.
    pub fn authentication(&mut self, name: &str) -> &mut Value {
        let filter = self.http_filters().iter_mut().find(|filter| filter["name"] == name);
        &mut filter.expect("a filter of that name")["typed_config"]
    }

    /// What is changed of a request's headers before anything reads them.
    ///
    /// # Panics
    /// When nothing is.
    pub fn mutations(&mut self) -> &mut Vec<Value> {
        let mutations =
            &mut self.hcm()["early_header_mutation_extensions"][0]["typed_config"]["mutations"];
        mutations.as_array_mut().expect("a list of mutations")
    }

    /// Has the gateway speak TLS, with this certificate, as `examples/callers/README.md` says.
    ///
    /// # Panics
    /// When `mtls.yaml` cannot be read.
    pub fn serve_tls(&mut self, certificate: &Certificate) {
        let file = tools::repository().join("examples/callers/mtls.yaml");
        let mut parts = read_yaml(&file).unwrap_or_else(|error| panic!("{error}"));
        let mut socket = parts["transport_socket"].take();
        let of_clients = json!({"typed_config": {"common_tls_context": {"validation_context": null}}});
        merge::merge(&mut socket, &of_clients);
        socket["typed_config"]["common_tls_context"]["tls_certificates"] = json!([own(certificate)]);
        self.filter_chain()["transport_socket"] = socket;
    }

    /// Puts these files in the place of those of a gateway that speaks TLS.
    pub fn show_own(&mut self, certificate: &Certificate) {
        let context = &mut self.filter_chain()["transport_socket"]["typed_config"]["common_tls_context"];
        context["tls_certificates"] = json!([own(certificate)]);
    }

    /// Has a gateway that speaks TLS speak plain HTTP.
    ///
    /// # Panics
    /// When it does already.
    pub fn speak_plainly(&mut self) {
        let socket = self.filter_chain().as_object_mut().and_then(|chain| chain.shift_remove("transport_socket"));
        socket.expect("TLS");
    }

    /// Puts these files in the place of those of a gateway that asks clients for certificates.
    pub fn serve_mtls(&mut self, certificate: &Certificate, clients: &Path) {
        let context = &mut self.filter_chain()["transport_socket"]["typed_config"]["common_tls_context"];
        context["tls_certificates"] = json!([own(certificate)]);
        context["validation_context"]["trusted_ca"]["filename"] = path(clients);
    }

    /// Has a cluster that speaks TLS show this certificate.
    pub fn show_certificate(&mut self, cluster: &str, certificate: &Certificate) {
        let cluster = self.cluster(cluster, "proxy_golang_org");
        cluster["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"] =
            json!([own(certificate)]);
    }

    fn filter_chain(&mut self) -> &mut Value {
        &mut self.value_mut()["static_resources"]["listeners"][0]["filter_chains"][0]
    }

    fn add_filter_before(&mut self, filter: Value) {
        let filters = self.http_filters();
        let at = filters.iter().position(is_wasm).expect("the wasm filter");
        filters.insert(at, filter);
    }
}

fn own(certificate: &Certificate) -> Value {
    json!({
        "certificate_chain": {"filename": path(&certificate.certificate)},
        "private_key": {"filename": path(&certificate.key)},
    })
}
