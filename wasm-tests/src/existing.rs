//! `examples/existing-gateway`: the gateway of a company, with the parts of `envoy/filter.yaml` pasted into it and without.

use serde_json::{Value, json};

use crate::bootstrap::Bootstrap;
use crate::bootstrap::shared::{MODULES_HOST, Place};
use crate::envoy::{Builder, Envoy};
use crate::nginx::Nginx;
use crate::tls::Certificate;
use crate::tree::Tree;

pub mod pasting;

/// The host of the site.
pub const SITE: &str = "www.corp.example.com";
/// The host of the API.
pub const API: &str = "api.corp.example.com";
/// The key that the API takes, as `x-api-key`.
pub const KEY: &str = "open sesame";

/// What stands behind the gateway, and what modules come from.
#[derive(Debug)]
pub struct Company {
    /// The site, the API, and who says whether a key may use it.
    pub applications: Nginx,
    /// An upstream with the sample modules.
    pub upstream: Nginx,
    /// An empty store.
    pub storage: Nginx,
    /// The gateway's, if it is to speak TLS.
    pub certificate: Option<Certificate>,
}

impl Company {
    /// Starts all but the gateway.
    ///
    /// # Panics
    /// When a part of it does not start.
    #[must_use]
    pub fn start() -> Self {
        let certificate = Certificate::for_hosts(&["*.corp.example.com"]);
        Self { certificate: Some(certificate), ..Self::without_tls() }
    }

    /// As [`Company::start`], and the gateway speaks plain HTTP, for clients that know nothing else.
    ///
    /// # Panics
    /// As that does.
    #[must_use]
    pub fn without_tls() -> Self {
        Self {
            applications: Nginx::applications(),
            upstream: Nginx::serving(Tree::sample().path()),
            storage: Nginx::storage(),
            certificate: None,
        }
    }

    /// The gateway as it was.
    #[must_use]
    pub fn before(&self) -> Builder {
        self.gateway("before.yaml").without_filter()
    }

    /// The gateway with Modgate.
    #[must_use]
    pub fn after(&self) -> Builder {
        self.gateway("after.yaml")
            .cluster("proxy_golang_org", self.upstream.addr())
            .cluster("storage", self.storage.addr())
            .patch_plugin(&json!({"sumdb": []}))
    }

    fn gateway(&self, file: &str) -> Builder {
        let applications = ["site", "api", "authz"].into_iter();
        let gateway = Envoy::gateway().edit(|slot| {
            *slot = Bootstrap::example(&format!("existing-gateway/{file}"));
            match &self.certificate {
                Some(certificate) => slot.show_own(certificate),
                None => slot.speak_plainly(),
            }
        });
        applications.fold(gateway, |gateway, name| gateway.cluster(name, self.applications.addr()))
    }

    /// The variables with which a go command, or curl, asks the gateway at `tunnel` by its names.
    ///
    /// # Panics
    /// When it speaks plain HTTP.
    #[must_use]
    pub fn client(&self, tunnel: &str) -> [(&'static str, String); 4] {
        let certificate = self.certificate.as_ref().expect("it speaks TLS").certificate.display().to_string();
        [
            ("HTTPS_PROXY", tunnel.to_owned()),
            ("SSL_CERT_FILE", certificate),
            ("GOPROXY", format!("https://{MODULES_HOST}")),
            // The sample modules stand in no checksum database.
            ("GOSUMDB", "off".to_owned()),
        ]
    }
}

/// `before.yaml` with the parts of `envoy/filter.yaml` pasted into it, as data.
#[must_use]
pub fn pasted() -> Bootstrap {
    let mut bootstrap = Bootstrap::example("existing-gateway/before.yaml");
    let hosts = &mut bootstrap.hcm()["route_config"]["virtual_hosts"];
    let modules: Value = json!({"name": "goproxy", "domains": [MODULES_HOST], "routes": []});
    hosts.as_array_mut().expect("virtual hosts").push(modules);
    bootstrap.paste(Place::Host);
    bootstrap
}
