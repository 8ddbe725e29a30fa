//! What ends where the connection does, so that nobody knows whether it is whole.

use super::{INFO, body, header};
use crate::{
    cx::Verdict,
    goproxy::{Document, File, Target, accept},
    host::envoy::reply::response_head,
    sim::World,
};

/// Nothing is proven of `corp.test`; `two` says that its cluster speaks HTTP/2.
const CONFIG: &str = r#"{
    "upstreams": [
        {"name": "corp", "cluster": "corp", "url": "http://corp.test", "modules": ["corp.test"]},
        {"name": "two", "cluster": "two", "url": "http://two.test", "modules": ["two.test"], "http2": true}],
    "private": {"modules": ["corp.test", "two.test"]},
    "storage": {"cluster": "storage", "url": "http://storage.test", "reverify": "never"}
}"#;

/// Documents of `host`, each cut short where nothing in it shows that.
const CUT: [(&str, &str); 2] = [("@v/v1.0.0.mod", "module example"), ("@v/list", "v1.0.0\nv1.0.1")];

/// A list so long that it is read in slices.
#[test]
fn scenario_a_long_list_may_be_cut_short_too() {
    let mut world = world("corp");
    let list: String = (0..10_000).map(|number| format!("v1.0.{number}\n")).collect();
    world.cluster("corp").serve("/corp.test/m/@v/list", &list);
    assert_eq!(world.get(0, "/corp.test/m/@v/list").status, 502);
    world.cluster("corp").hides_ends = false;
    assert_eq!(world.get(0, "/corp.test/m/@v/list").status, 200);
}

fn world(upstream: &'static str) -> World {
    let mut world = World::new(1, CONFIG);
    for name in ["corp", "two", "storage"] {
        world.cluster(name);
    }
    let module = format!("/{upstream}.test/m");
    let cluster = world.cluster(upstream);
    cluster.hides_ends = true;
    for (file, body) in CUT {
        cluster.serve(&format!("{module}/{file}"), body);
    }
    cluster.serve(&format!("{module}/@v/v1.0.0.info"), INFO).serve(&format!("{module}/@latest"), INFO);
    world
}

#[test]
fn scenario_what_may_be_cut_short_is_neither_given_nor_stored_nor_indexed() {
    for (file, _) in CUT {
        let mut world = world("corp");
        let path = format!("/corp.test/m/{file}");
        for asked in 1..=2 {
            let response = world.get(0, &path);
            let text = body(&response).to_owned();
            assert_eq!(response.status, 502, "{path}: {text}");
            assert!(text.contains("came without a length, so that it may be cut short"), "{text}");
            assert!(text.contains("upstream corp") && text.contains("Content-Length"), "{text}");
            assert_eq!(header(&response, "cache-control"), "no-store");
            let gets = world.clusters["corp"].asked.iter().filter(|gets| gets.ends_with(file)).count();
            assert_eq!(gets, asked, "nothing of it stays");
        }
        assert_eq!(world.clusters["storage"].paths().count(), 0, "{path}");
        // The same with its length is taken.
        world.cluster("corp").hides_ends = false;
        assert_eq!(world.get(0, &path).status, 200, "{path}");
    }
}

#[test]
fn scenario_what_shows_its_end_itself_needs_no_length() {
    let mut world = world("corp");
    for path in ["/corp.test/m/@v/v1.0.0.info", "/corp.test/m/@latest"] {
        let response = world.get(0, path);
        assert_eq!((response.status, body(&response)), (200, INFO), "{path}");
    }
    // And that is so because no beginning of it is taken for it.
    let text = INFO.as_bytes();
    for document in ["example.com/m/@v/v1.0.0.info", "example.com/m/@latest"] {
        let Ok(Target::Document(document)) = Target::parse(document) else { panic!("{document}") };
        assert!(document.shows_its_end() && accept(&document, text.to_vec()).is_ok());
        for end in 0..text.len() {
            assert!(accept(&document, text[..end].to_vec()).is_err(), "{document}: {end}");
        }
        let Document::Module { module, .. } = document else { panic!() };
        assert!(!Document::Module { module, file: File::List }.shows_its_end());
    }
}

/// Where nobody says that a cluster speaks HTTP/2, an answer of it without a length looks like one that was cut.
#[test]
fn scenario_over_http_2_no_answer_needs_a_length() {
    let mut world = world("two");
    for (file, cut) in CUT {
        let response = world.get(0, &format!("/two.test/m/{file}"));
        assert_eq!(response.status, 200, "{file}: {cut}");
    }
    // What says `connection` came over HTTP/1, whatever the configuration says.
    let close = [("connection", "close")];
    world.cluster("two").answer("/two.test/m/@v/v1.1.0.mod", 200, &close, "module two.test/m\n");
    assert_eq!(world.get(0, "/two.test/m/@v/v1.1.0.mod").status, 502);
}

#[test]
fn scenario_storage_that_may_have_cut_it_short_cannot_say() {
    for (file, whole) in [("v1.0.0.mod", "module corp.test/m22\n"), ("list", "v1.0.0\n")] {
        let mut world = world("corp");
        let path = format!("/corp.test/m/@v/{file}");
        let storage = world.cluster("storage");
        storage.hides_ends = true;
        storage.serve(&path, "module corp.test/m");
        // The upstream has it.
        let corp = world.cluster("corp");
        corp.hides_ends = false;
        corp.serve(&path, whole);
        let response = world.get(0, &path);
        assert_eq!((response.status, body(&response)), (200, whole), "{path}");
    }
    // Nobody else has it: an outage, and no 404.
    let mut world = world("corp");
    world.cluster("storage").hides_ends = true;
    world.cluster("storage").serve("/corp.test/other/@v/v1.0.0.mod", "module corp.test/other\n");
    let response = world.get(0, "/corp.test/other/@v/v1.0.0.mod");
    assert_eq!(response.status, 502, "{}", body(&response));
    assert!(
        body(&response).contains("no answer from storage: it came without a length"),
        "{}",
        body(&response)
    );
}

#[test]
fn scenario_a_stored_zip_that_nobody_reads_along_has_a_length() {
    for (headers, given) in [
        (&[("content-length", "5")][..], true),
        (&[("transfer-encoding", "chunked")], true),
        (&[("connection", "close")], false),
        (&[("date", "now")], false),
    ] {
        for status in [200, 206] {
            let mut world = world("corp");
            world.cluster("storage").serve("/corp.test/m/@v/v1.0.0.zip", "PK");
            let stream = world.begin(0, "/corp.test/m/@v/v1.0.0.zip");
            world.settle();
            let headers = headers.iter().copied().collect();
            let head = response_head(status, headers, None, None, false);
            match world.answer_routed_as(0, stream, &head) {
                Verdict::Edit(_) => assert!(given, "{head:?}"),
                Verdict::Respond(response) => {
                    assert!(!given && response.status == 502, "{head:?}: {response:?}");
                    assert!(body(&response).contains("it may be cut short"), "{response:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
