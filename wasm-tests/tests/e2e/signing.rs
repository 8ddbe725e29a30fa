//! What Envoy signs, the filter's calls and downloads alike, an object store accepts: for every way of writing a key that
//! Modgate uses, and not for the ways it must not.

use std::time::Duration;

use modgate::config::Config;
use modgate::gomod::{ModulePath, Version};
use modgate::http::{Headers, Reply};
use modgate::store::{Inventory, Stored, Turned};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::fixture::STORAGE;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::s3::{S3, Trouble};
use serde_json::{Value, json};

/// Envoy alone, without Modgate: what is below `/modules` goes to the store, as a download does; with `x-callout`, as a call
/// of a filter.
struct Site {
    envoy: Envoy,
    store: S3,
}

impl Site {
    fn start() -> Self {
        let store = S3::start();
        let envoy = Envoy::gateway()
            .without_filter()
            .cluster_s3(STORAGE, store.addr())
            .route("/", STORAGE)
            .edit(|bootstrap| {
                bootstrap.http_filters().insert(0, calls());
                // Lua's calls have their bodies from a request, which it must hold whole.
                bootstrap.value_mut()["static_resources"]["listeners"][0]["per_connection_buffer_limit_bytes"] =
                    json!(16 << 20);
            })
            .start();
        Self { envoy, store }
    }

    fn ask(&self, way: &str, method: &str, target: &str, body: &[u8], headers: &[(&str, &str)]) -> Response {
        let mut request = Request::new(method, target).header("x-callout", way);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        self.envoy.send(&request)
    }
}

/// Lua's calls go the way of a proxy-wasm filter's: Envoy's asynchronous client.
fn calls() -> Value {
    let code = r#"
        function envoy_on_request(handle)
          local headers = {}
          for name, value in pairs(handle:headers()) do headers[name] = value end
          handle:headers():remove("x-callout")
          if headers["x-callout"] ~= "call" then return end
          headers["x-callout"] = nil
          local body = handle:body()
          if body ~= nil then body = body:getBytes(0, body:length()) end
          local answer, text = handle:httpCall("storage", headers, body, 20000)
          handle:respond(answer, text)
        end"#;
    json!({
        "name": "calls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": code},
        },
    })
}

const WAYS: [&str; 2] = ["call", "download"];

/// Keys as the store has them, and as a request writes them.
const KEYS: [(&str, &str); 5] = [
    ("example.com/m/@v/v1.0.0.zip", "example.com/m/%40v/v1.0.0.zip"),
    (
        "github.com/!azure/a/@v/v1.0.0+incompatible.zip",
        "github.com/%21azure/a/%40v/v1.0.0%2Bincompatible.zip",
    ),
    ("github.com/Azure/a/@v/v1.0.0-RC1.info", "github.com/Azure/a/%40v/v1.0.0-RC1.info"),
    ("example.com/~tilde/_under-score/@v/v1.mod", "example.com/~tilde/_under-score/%40v/v1.mod"),
    ("athens/example.com/a b/v1.0.0/go.mod", "athens/example.com/a%20b/v1.0.0/go.mod"),
];

#[test]
fn every_key_is_written_read_and_deleted() {
    let site = Site::start();
    for way in WAYS {
        for (key, written) in KEYS {
            let target = format!("/{}/{written}", S3::BUCKET);
            let put = site.ask(way, "PUT", &target, b"bytes", &[("content-type", "application/zip")]);
            assert_eq!(put.status, 200, "{way} {key}: {put:?}");
            assert_eq!(site.store.keys(), [key]);
            let got = site.ask(way, "GET", &target, b"", &[]);
            assert_eq!((got.status, got.text().as_str()), (200, "bytes"), "{way} {key}");
            assert_eq!(got.header("content-type"), Some("application/zip"));
            let part = site.ask(way, "GET", &target, b"", &[("range", "bytes=1-3")]);
            assert_eq!((part.status, part.text().as_str()), (206, "yte"), "{way} {key}");
            let head = site.ask(way, "HEAD", &target, b"", &[]);
            assert_eq!(head.status, 200, "{way} {key}");
            assert_eq!(site.ask(way, "DELETE", &target, b"", &[]).status, 204, "{way} {key}");
            assert_eq!(site.ask(way, "GET", &target, b"", &[]).status, 404, "{way} {key}");
        }
    }
}

/// What the filter asks to learn what is stored, over several pages.
#[test]
fn every_page_of_a_listing_is_signed() {
    let site = Site::start();
    site.store.list_in_pages_of(4);
    let config =
        json!({"storage": {"cluster": STORAGE, "url": format!("http://s/{}", S3::BUCKET), "dialect": "s3"}});
    let storage = Config::parse(&config.to_string()).unwrap().storage.unwrap();
    let module = ModulePath::parse("github.com/Azure/a").unwrap();
    let versions = ["v0.1.0-RC1", "v1.0.0", "v2.0.0+incompatible", "v3.0.0+incompatible"];
    for version in versions {
        let version = Version::parse(version).unwrap().escaped();
        for extension in ["info", "mod", "zip"] {
            site.store.put(&format!("github.com/!azure/a/@v/{version}.{extension}"), b"x");
        }
    }
    site.store.put("github.com/!azure/a/@v/list", b"x");
    for way in WAYS {
        let before = site.store.hits("GET", "list-type=2");
        let mut inventory = Inventory::of(&storage, &module);
        let list = loop {
            let asked = inventory.callout(&storage);
            let answer = site.ask(way, asked.method, &asked.path, b"", &[]);
            let (status, body) = (answer.status, answer.text().into_bytes());
            match inventory.turn(&Reply::Answered { status, headers: Headers::default(), body }) {
                Turned::More(more) => inventory = more,
                Turned::Over(Stored::Present(list)) => break String::from_utf8(list).unwrap(),
                Turned::Over(other) => panic!("{way}: {other:?}"),
            }
        };
        assert_eq!(list.lines().collect::<Vec<_>>(), versions, "{way}");
        assert_eq!(site.store.hits("GET", "list-type=2") - before, 3, "{way}");
    }
}

#[test]
fn a_path_that_is_escaped_in_part_is_signed_wrong() {
    let site = Site::start();
    for (path, status) in [
        ("github.com/!azure/a/@v/v1.0.0+incompatible.zip", 200),
        ("github.com/%21azure/a/@v/v1.0.0+incompatible.zip", 403),
        ("github.com/%21azure/a/%40v/v1.0.0+incompatible.zip", 403),
        // Lower case.
        ("a%2bb", 403),
    ] {
        for way in WAYS {
            let put = site.ask(way, "PUT", &format!("/{}/{path}", S3::BUCKET), b"bytes", &[]);
            assert_eq!(put.status, status, "{way} {path}: {put:?}");
        }
    }
}

#[test]
fn an_object_is_created_once() {
    let site = Site::start();
    let target = format!("/{}/once", S3::BUCKET);
    for way in WAYS {
        site.store.remove("once");
        let create = |body: &[u8]| site.ask(way, "PUT", &target, body, &[("if-none-match", "*")]).status;
        assert_eq!((create(b"first"), create(b"second")), (200, 412), "{way}");
        assert_eq!(site.store.object("once").as_deref(), Some(&b"first"[..]));
    }
}

#[test]
fn an_upload_in_parts_is_completed_once_or_aborted() {
    let site = Site::start();
    let target = format!("/{}/github.com/%21a/%40v/v1.zip", S3::BUCKET);
    let first = vec![b'1'; 5 << 20];
    for way in WAYS {
        site.store.remove("github.com/!a/@v/v1.zip");
        let begin =
            || between(&site.ask(way, "POST", &format!("{target}?uploads="), b"", &[]).text(), "UploadId");
        let upload = |id: &str| {
            let put = |number: u32, body: &[u8]| {
                let query = format!("{target}?partNumber={number}&uploadId={id}");
                let put = site.ask(way, "PUT", &query, body, &[]);
                assert_eq!(put.status, 200, "{way}: {put:?}");
                put.header("etag").unwrap().to_owned()
            };
            let part = |number: u32, tag: String| {
                format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
            };
            let parts = part(1, put(1, &first)) + &part(2, put(2, b"2"));
            let list = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
            let headers = [("if-none-match", "*"), ("content-type", "application/xml")];
            site.ask(way, "POST", &format!("{target}?uploadId={id}"), list.as_bytes(), &headers).status
        };
        let (one, two) = (escaped(&begin()), escaped(&begin()));
        assert_eq!(site.store.open_uploads().len(), 2);
        assert_eq!((upload(&one), upload(&two)), (200, 412), "{way}");
        assert_eq!(site.store.object("github.com/!a/@v/v1.zip").unwrap().len(), (5 << 20) + 1);
        assert_eq!(site.store.open_uploads().len(), 1, "the second is still there");
        let abort = || site.ask(way, "DELETE", &format!("{target}?uploadId={two}"), b"", &[]).status;
        assert_eq!((abort(), abort()), (204, 404), "{way}");
        assert_eq!(site.store.open_uploads(), [""; 0]);
    }
}

#[test]
fn who_does_not_sign_is_refused() {
    let site = Site::start();
    site.store.put("key", b"bytes");
    let target = format!("/{}/key", S3::BUCKET);
    assert_eq!(Request::get(&target).send(site.store.addr()).status, 403);
    assert_eq!(site.ask("download", "GET", &target, b"", &[("authorization", "Bearer mine")]).status, 200);
    assert_eq!(site.ask("download", "GET", "/other-bucket/key", b"", &[]).status, 404);
}

#[test]
fn what_a_request_of_a_browser_brings_along_does_not_spoil_its_signature() {
    let site = Site::start();
    site.store.put("key", b"bytes");
    let headers = [
        ("x-request-id", "1"),
        ("x-forwarded-for", "192.0.2.1"),
        ("accept-encoding", "gzip, deflate"),
        ("cookie", "a=b; c=d"),
        ("x-two", "  a   b  "),
        ("if-none-match", "\"other\""),
        ("user-agent", "GoCommand/1 (+https://go.dev/cmd/go)"),
    ];
    for way in WAYS {
        let got = site.ask(way, "GET", &format!("/{}/key", S3::BUCKET), b"", &headers);
        assert_eq!(got.status, 200, "{way}: {got:?}");
    }
}

#[test]
fn trouble_is_as_told() {
    let site = Site::start();
    let target = format!("/{}/key", S3::BUCKET);
    let put = || site.ask("call", "PUT", &target, b"bytes", &[]).status;
    site.store.trouble(|asked| asked.is("PUT", "key").then(|| Trouble::error(503, "SlowDown")));
    assert_eq!((put(), site.store.keys().len()), (503, 0));
    site.store.trouble(|_| Some(Trouble::Dropped));
    assert_eq!((put(), site.store.keys().len()), (503, 0));
    site.store.trouble(|_| Some(Trouble::AnswerLost));
    assert_eq!((put(), site.store.keys().len()), (503, 1), "it was carried out");
    site.store.trouble(|_| Some(Trouble::Delay(Duration::from_millis(300))));
    assert_eq!(put(), 200);
    site.store.no_trouble();
    assert_eq!(put(), 200);
    let statuses: Vec<_> = site.store.requests().iter().map(|asked| asked.status).collect();
    assert_eq!(statuses, [Some(503), None, None, Some(200), Some(200)]);
    assert_eq!(site.store.hits("PUT", "key"), 5);
}

fn between(text: &str, tag: &str) -> String {
    let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap_or_else(|| panic!("no {tag} in {text}"));
    rest.split('<').next().unwrap().to_owned()
}

fn escaped(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
