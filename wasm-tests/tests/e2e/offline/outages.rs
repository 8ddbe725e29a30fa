//! A storage that does not say what it has: that is no empty one.

use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::s3::Trouble;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::{Site, Store};

const OF_MODULE: [&str; 2] = ["/example.com/hello/@v/list", "/example.com/hello/@latest"];

#[test]
fn a_folder_that_is_not_listed_is_said_to_be_not_listed() {
    let nginx = Nginx::storage_without_listing();
    let site = with_a_version(Store::Files(nginx));
    let heard = site.heard();
    let envoy = site.offline();
    for path in OF_MODULE {
        let answer = envoy.get(path);
        assert_eq!(answer.status, 502, "{path}: {}", answer.text());
        assert!(answer.text().contains("autoindex on"), "{path}: {}", answer.text());
    }
    // The go command shows it, and what is asked for by its version is served all the same.
    let go = site.go(&envoy);
    let run = go.run(&["list", "-m", "-versions", "example.com/hello"]);
    assert!(!run.ok() && run.stderr.contains("autoindex on"), "{}{}", run.stdout, run.stderr);
    go.mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
    assert_eq!(site.heard(), heard);
}

#[test]
fn a_bucket_that_may_not_be_listed_or_is_in_trouble_is_no_empty_one() {
    let site = with_a_version(Store::objects());
    let Store::Objects(store) = &site.store else { unreachable!("it was made one") };
    for (trouble, said) in [
        (Trouble::error(403, "AccessDenied"), "s3:ListBucket"),
        (Trouble::error(404, "NoSuchBucket"), "NoSuchBucket"),
        (Trouble::error(503, "SlowDown"), "SlowDown"),
        (Trouble::error(200, "InternalError"), "no list of objects"),
        (Trouble::Answer(200, "<ListBucketResult><Contents>".to_owned()), "no list of objects"),
        (Trouble::Dropped, "storage"),
    ] {
        let envoy = site.offline();
        let shown = format!("{trouble:?}");
        store.trouble(move |asked| asked.is("GET", "list-type=2").then(|| trouble.clone()));
        for path in OF_MODULE {
            let answer = envoy.get(path);
            assert_eq!(answer.status, 502, "{path}: {shown}: {}", answer.text());
            assert!(answer.text().contains(said), "{path}: {shown}: {}", answer.text());
        }
        site.go(&envoy).mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
        store.no_trouble();
        for path in OF_MODULE {
            assert_eq!(envoy.get(path).status, 200, "{path} after {shown}");
        }
    }
}

#[test]
fn while_storage_is_down_what_is_known_is_served_and_nothing_is_said_to_be_missing() {
    let mut site = with_a_version(Store::files());
    let patch = json!({"mode": "offline", "freshness": {"list": "1s", "latest": "1s", "negative": "1s"}});
    let (knows, fresh) = (site.another(&patch), site.another(&patch));
    site.go(&knows).mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
    let heard = site.heard();
    let list = |envoy: &Envoy| envoy.get(OF_MODULE[0]);
    assert_eq!(list(&knows).text(), "v1.1.0\n");
    let latest = knows.get(OF_MODULE[1]).text();
    files(&mut site).stop();

    wait::until("what was listed is stale", Duration::from_secs(20), || {
        let answer = list(&knows);
        assert_eq!((answer.status, answer.text().as_str()), (200, "v1.1.0\n"));
        answer.header("x-modgate-cache") == Some("stale")
    });
    assert_eq!(knows.get(OF_MODULE[1]).text(), latest);
    for kind in ["info", "mod"] {
        assert_eq!(knows.get(&format!("/example.com/hello/@v/v1.1.0.{kind}")).status, 200, "{kind}");
    }
    for path in [
        "/example.com/hello/@v/list",
        "/example.com/hello/@latest",
        "/example.com/hello/@v/v1.1.0.info",
        "/example.com/hello/@v/v1.1.0.mod",
        "/example.com/hello/@v/v1.1.0.zip",
        "/example.com/none/@v/list",
        "/example.com/none/@latest",
        "/sumdb/sum.test/lookup/example.com/hello@v1.1.0",
    ] {
        let answer = fresh.get(path);
        assert!(matches!(answer.status, 502 | 503), "{path}: {} {}", answer.status, answer.text());
        assert!(answer.text().contains("storage"), "{path}: {}", answer.text());
    }

    files(&mut site).start_again();
    wait::until("it is back", Duration::from_secs(20), || list(&fresh).status == 200);
    assert_eq!(site.go(&fresh).list_versions("example.com/hello"), ["v1.1.0"]);
    site.go(&fresh).mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
    assert_eq!(site.heard(), heard);
}

fn files(site: &mut Site) -> &mut Nginx {
    match &mut site.store {
        Store::Files(nginx) => nginx,
        Store::Objects(_) => unreachable!("it was made of files"),
    }
}

/// A site that has stored v1.1.0 of example.com/hello.
fn with_a_version(store: Store) -> Site {
    let site = Site::new(store, &json!({}), 2);
    site.go(&site.envoy).mod_download(&["example.com/hello@v1.1.0"]).expect_ok();
    wait::until("it is stored", Duration::from_secs(10), || {
        site.store.keys().contains(&"example.com/hello/@v/v1.1.0.info".to_owned())
    });
    let _ = site.envoy.stats();
    site.envoy.wait_idle(&[super::STORAGE, super::UPSTREAM, Site::SUMDB]);
    site
}
