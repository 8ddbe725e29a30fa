//! Which application gets a download: whatever the gateway's other routes and virtual hosts are, modules come from where the
//! filter sends them, and a secret goes nowhere else.

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{Scripted, UPSTREAM};
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

const SECRETS: [(&str, &str); 7] = [
    ("authorization", "Bearer s3cret"),
    ("private-token", "glpat-s3cret"),
    ("deploy-token", "s3cret-1"),
    ("job-token", "s3cret-2"),
    ("x-jfrog-art-api", "s3cret-3"),
    ("x-api-key", "s3cret-4"),
    // Nothing in the shipped route adds it.
    ("x-own-token", "s3cret-5"),
];

/// The host of the upstream, which is that of another application of the same gateway, too.
const GITLAB: &str = "gitlab.corp.example.com";
const MODULES: &str = "goproxy.corp.example.com";

/// Another application, whatever it is asked.
struct Site {
    stack: Scripted,
    application: Faulty,
    module: Module,
}

/// A gateway whose upstream wants secrets, beside another application; `edit` lays out its virtual hosts.
fn site(edit: impl FnOnce(&mut Bootstrap)) -> Site {
    let application = Faulty::start();
    application.otherwise(|_| Reply::ok("another application").served());
    let secrets: serde_json::Map<String, Value> =
        SECRETS.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let plugin = json!({
        "fetch": {"zip_bytes": 0},
        "upstreams": [{"name": "gitlab", "cluster": UPSTREAM, "url": format!("http://{GITLAB}"), "headers": secrets}],
    });
    let stack =
        Scripted::with(&plugin, |builder| builder.cluster("application", application.addr()).edit(edit));
    let module = Module::new("corp.example.com/s", "v1.0.0");
    stack.upstream.serve(&module);
    Site { stack, application, module }
}

impl Site {
    fn zip(&self, host: &str) -> Response {
        self.stack.envoy.send(&Request::get(&self.module.url("zip")).header("host", host))
    }

    /// Whatever became of the request, the other application has seen no secret.
    #[track_caller]
    fn assert_discreet(&self) {
        for seen in self.application.requests() {
            assert!(!format!("{seen:?}").contains("s3cret"), "another application was told: {seen:?}");
        }
    }

    /// The zip comes from the upstream, which is told everything that the route has a line for.
    #[track_caller]
    fn assert_downloads(&self, host: &str) {
        let answer = self.zip(host);
        assert_eq!((answer.status, answer.body), (200, self.module.zip().to_vec()), "{host}");
        assert!(self.application.requests().is_empty(), "{:?}", self.application.requests());
        let asked = self.stack.upstream.requests_for(&self.module.url("zip"));
        let seen = asked.last().expect("the upstream was asked");
        assert_eq!(seen.header("host"), Some(GITLAB));
        for (name, value) in SECRETS {
            assert_eq!(seen.header(name), Some(value).filter(|_| name != "x-own-token"), "{name}");
        }
        assert_eq!(seen.header("x-modgate-cluster"), None);
    }
}

fn application(domains: &[&str]) -> Value {
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "application"}});
    json!({"name": domains.join("-"), "domains": domains, "routes": [route]})
}

fn virtual_hosts(bootstrap: &mut Bootstrap) -> &mut Vec<Value> {
    bootstrap.hcm()["route_config"]["virtual_hosts"].as_array_mut().unwrap()
}

#[test]
fn modules_of_a_named_virtual_host_come_from_the_upstream() {
    for others in
        [vec![], vec![application(&["*"])], vec![application(&[GITLAB])], vec![application(&[GITLAB, "*"])]]
    {
        let others_shown = json!(others).to_string();
        let site = site(|bootstrap| {
            let hosts = virtual_hosts(bootstrap);
            hosts[0]["domains"] = json!([MODULES]);
            hosts.extend(others);
        });
        eprintln!("beside {others_shown}");
        site.assert_downloads(MODULES);
        // Once more, by what the index has learnt.
        site.assert_downloads(MODULES);
    }
}

#[test]
fn modules_of_several_virtual_hosts_come_from_the_upstream() {
    let site = site(|bootstrap| {
        let hosts = virtual_hosts(bootstrap);
        let mut second = hosts[0].clone();
        (hosts[0]["domains"], second["domains"]) =
            (json!([MODULES]), json!(["*.mods.example.com", "mods.example.com:8443"]));
        second["name"] = json!("second");
        hosts.extend([second, application(&["*"])]);
    });
    for host in [MODULES, "a.mods.example.com", "mods.example.com:8443"] {
        site.assert_downloads(host);
    }
}

/// Where the download route was forgotten, stands too low, or stands in another virtual host, there is no download. What the
/// application gets of it holds no secret.
#[test]
fn where_another_route_takes_a_download_no_secret_goes_with_it() {
    let own = || json!({"match": {"prefix": "/"}, "route": {"cluster": "application"}});
    type Edit = Box<dyn FnOnce(&mut Bootstrap)>;
    let layouts: [(&str, Edit); 4] = [
        ("forgotten", Box::new(move |bootstrap| *bootstrap.routes() = vec![own()])),
        ("too low", Box::new(move |bootstrap| bootstrap.routes().insert(0, own()))),
        (
            "elsewhere",
            Box::new(move |bootstrap| {
                let hosts = virtual_hosts(bootstrap);
                hosts[0]["domains"] = json!(["other.example.com"]);
                hosts.push(application(&[MODULES, GITLAB, "*"]));
            }),
        ),
        (
            "taken by the secret's own name",
            Box::new(move |bootstrap| {
                let headers = SECRETS.map(|(name, _)| json!({"name": name, "present_match": true}));
                for header in headers {
                    let by_name = json!({"match": {"prefix": "/", "headers": [header]}, "route": {"cluster": "application"}});
                    bootstrap.routes().insert(0, by_name);
                }
                *bootstrap.routes().last_mut().unwrap() = own();
            }),
        ),
    ];
    for (layout, edit) in layouts {
        let site = site(edit);
        let answer = site.zip(MODULES);
        site.assert_discreet();
        if layout == "taken by the secret's own name" {
            site.assert_downloads(MODULES);
        } else {
            assert_eq!(answer.status, 502, "{layout}: {}", answer.text());
            assert!(answer.text().contains("no route to it"), "{layout}: {}", answer.text());
            assert!(!site.application.requests().is_empty(), "{layout}: the layout is as it was meant");
        }
    }
}

/// What a client writes into the headers that carry the route chooses nothing.
#[test]
fn no_client_chooses_cluster_or_host() {
    for early in [true, false] {
        let site = site(|bootstrap| {
            if !early {
                bootstrap.hcm().as_object_mut().unwrap().remove("early_header_mutation_extensions").unwrap();
            }
            virtual_hosts(bootstrap)[0]["domains"] = json!([MODULES]);
            virtual_hosts(bootstrap).push(application(&["*"]));
        });
        for path in [site.module.url("zip"), site.module.list_url(), "/".to_owned(), "/-/readyz".to_owned()] {
            for method in ["GET", "HEAD", "POST"] {
                let request = Request::new(method, &path)
                    .header("host", MODULES)
                    .header("X-Modgate-Cluster", "application")
                    .header("x-modgate-host", "evil.example.com")
                    .header("x-modgate-cluster", "application");
                let _ = site.stack.envoy.send(&request);
            }
        }
        assert!(site.application.requests().is_empty(), "{early}: {:?}", site.application.requests());
        let told = |seen: &modgate_wasm_tests::faulty::Seen| seen.header("host") != Some(GITLAB);
        assert!(!site.stack.upstream.requests().iter().any(told), "{early}");
        site.assert_downloads(MODULES);
    }
}

/// Filters before Modgate look at the route that a request has then. A client who could have it be the download route would pass
/// what stands at the route he is going to.
#[test]
fn no_client_passes_what_stands_at_a_route() {
    let forbidden = json!({"envoy.filters.http.rbac": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute",
        "rbac": {"rules": {"action": "DENY", "policies": {"all": {"permissions": [{"any": true}], "principals": [{"any": true}]}}}},
    }});
    let site = site(|bootstrap| {
        // As where nothing of the connection manager's is Modgate's.
        bootstrap.hcm().as_object_mut().unwrap().remove("early_header_mutation_extensions").unwrap();
        bootstrap.http_filters().insert(
            0,
            json!({
                "name": "envoy.filters.http.rbac",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"},
            }),
        );
        let guarded = json!({"match": {"prefix": "/admin"}, "route": {"cluster": "application"}, "typed_per_filter_config": forbidden});
        let modules = json!({"match": {"prefix": "/corp.example.com"}, "direct_response": {"status": 404}, "typed_per_filter_config": forbidden});
        bootstrap.routes().insert(1, guarded);
        bootstrap.routes().insert(2, modules);
    });
    for path in ["/admin/x".to_owned(), site.module.list_url(), site.module.url("zip")] {
        for header in ["x-none", "x-modgate-cluster", "X-Modgate-Host"] {
            let answer = site
                .stack
                .envoy
                .send(&Request::get(&path).header("host", MODULES).header(header, "application"));
            assert_eq!(answer.status, 403, "{path} with {header}: {}", answer.text());
        }
    }
    assert!(site.application.requests().is_empty() && site.stack.upstream.requests().is_empty());
}
