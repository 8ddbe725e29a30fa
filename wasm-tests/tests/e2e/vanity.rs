//! Import paths of one's own domain: the go command is told where their repositories are, and the server behind is asked everything else.

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use serde_json::json;

/// With `mod` a domain's modules are had from the gateway itself, though the go command is told of no proxy.
#[test]
fn a_domain_without_a_server_leads_the_go_command_to_the_gateway() {
    let (modules, site) = (Stack::start(), Faulty::start());
    modules.upstream.serve(&Module::new("go.acme.example/widgets", "v1.2.0"));
    site.otherwise(|seen| Reply::ok(format!("the site was asked for {}", seen.target)).served());
    let proxy = modules.envoy.url();
    let domain = Stack::with(
        &json!({
            "match": {"hosts": ["127.0.0.1"]},
            "vanity": [
                {"import": "go.acme.example/*", "vcs": "mod", "repository": format!("{proxy}/?of=*")},
                {"import": "go.acme.example/widgets", "vcs": "mod", "repository": proxy},
            ],
        }),
        |builder| builder.cluster(SITE, site.addr()).route("/", SITE),
    );
    // There is no DNS here: the go command asks the domain's Envoy for the domain as it would ask a forward proxy.
    let go = Go::new("direct").env("HTTP_PROXY", &domain.envoy.url()).env("GOINSECURE", "go.acme.example");
    go.get("go.acme.example/widgets@v1.2.0").expect_ok();
    assert_eq!(go.list_versions("go.acme.example/widgets"), ["v1.2.0"]);

    let ask = |path: &str| domain.envoy.send(&Request::get(path).header("host", "go.acme.example"));
    let told = ask("/other/deeper?go-get=1");
    assert_eq!((told.status, told.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let meta = format!(r#"content="go.acme.example/other mod {proxy}/?of=other""#);
    assert!(told.text().contains(&meta), "{}", told.text());
    // People are for the site, and so is what is asked at other hosts and of other paths.
    for path in ["/widgets", "/?go-get=1", "/widgets/@v/list"] {
        assert_eq!(ask(path).text(), format!("the site was asked for {path}"));
    }
    assert_eq!(domain.get("/widgets?go-get=1").text(), "the site was asked for /widgets?go-get=1");
}

const SITE: &str = "site";
