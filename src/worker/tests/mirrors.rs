//! Plain mirrors: folders behind a file server, as a copy of `GOMODCACHE/cache/download` is one. They know no `@latest`, and their
//! lists name pseudo-versions and times.

use super::{body, gets, header, lasts, world};

const LIST: &str = "/example.com/m/@v/list";
const LATEST: &str = "/example.com/m/@latest";
const OLD: &str = "v0.0.0-20200102030405-abcdefabcdef";
const NEW: &str = "v0.0.0-20240102030405-abcdefabcdef";

#[test]
fn scenario_a_list_is_what_the_go_command_reads_of_it() {
    for (list, expected) in [
        (format!("{NEW}\nv1.0.0\n{OLD}\n"), format!("{OLD}\n{NEW}\nv1.0.0\n")),
        ("v1.0.0 2020-01-02T03:04:05Z\n".to_owned(), "v1.0.0 2020-01-02T03:04:05Z\n".to_owned()),
        (
            format!("v1.0.0 2020-01-02T03:04:05Z more\r\nv1.0.0\n{OLD} x\n{NEW}\t2019-01-02T03:04:05Z\n"),
            format!("{OLD} -\n{NEW} 2019-01-02T03:04:05Z\nv1.0.0 2020-01-02T03:04:05Z\n"),
        ),
        // Nothing but pseudo-versions: the go command takes the one of the latest time.
        (format!("{NEW}\n{OLD}\n"), format!("{OLD}\n{NEW}\n")),
    ] {
        let mut world = world(1);
        world
            .cluster("public")
            .serve("/base/example.com/m/@v/list", &list)
            .remove("/base/example.com/m/@latest");
        for cache in ["upstream", "hit"] {
            let answer = world.get(0, LIST);
            assert_eq!((answer.status, body(&answer)), (200, expected.as_str()), "{list:?}");
            assert_eq!(header(&answer, "x-modgate-cache"), cache);
        }
        // What is stored is a list of a plain mirror as well, and is read as one.
        let stored = world.clusters["storage"].body("/modules/example.com/m/@v/list");
        assert_eq!(stored.as_deref(), Some(expected.as_str()));
        world.gateways[0].memory = Default::default();
        world.crash(0);
        world.cluster("public").fault = Some(crate::http::CallFailure::Unreachable);
        let answer = world.get(0, LIST);
        assert_eq!((body(&answer), header(&answer, "x-modgate-cache")), (expected.as_str(), "stale"));
    }
}

/// The go command takes it from the list then. What is stored is no answer while there is a list.
#[test]
fn scenario_where_there_is_a_list_no_latest_is_made_up() {
    for method in ["GET", "HEAD"] {
        let mut world = world(2);
        world.cluster("public").remove("/base/example.com/m/@latest");
        for file in ["v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"] {
            world.cluster("storage").serve(&format!("/modules/example.com/m/@v/{file}"), "x");
        }
        for turn in 0..4 {
            let stream = world.begin_with(turn % 2, method, LATEST, &[]);
            world.settle();
            let answer = world.response(stream);
            assert!(answer.status == 404 && lasts(&answer, 30), "{method} {turn}: {answer:?}");
            assert!(body(&answer).contains("upstream public"), "{answer:?}");
        }
        assert_eq!(gets(&world, "public", "@latest"), 1);
        assert_eq!(gets(&world, "public", "@v/list"), 1);
        assert_eq!(
            gets(&world, "storage", "@v/"),
            0,
            "nothing is counted: {:?}",
            world.clusters["storage"].asked
        );
        world.pass(31_000);
        world.cluster("public").serve("/base/example.com/m/@latest", r#"{"Version":"v1.1.0"}"#);
        assert_eq!(world.get(0, LATEST).status, 200);
    }
}

/// A list that cannot be had says nothing: who asks for the latest is not sent on to another proxy.
#[test]
fn scenario_where_the_list_fails_that_is_said() {
    let mut world = world(1);
    world.cluster("public").remove("/base/example.com/m/@latest");
    world.cluster("public").answer("/base/example.com/m/@v/list", 503, &[], "");
    assert_eq!(world.get(0, LATEST).status, 503);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\n");
    assert_eq!(world.get(0, LATEST).status, 404);
}
