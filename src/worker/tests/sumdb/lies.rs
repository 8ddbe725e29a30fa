//! Upstreams, storage and databases that lie: none is believed, nothing of it is kept, and the next truth is.

use super::{super::header, *};
use crate::cx::Verdict;

const LIE: &str = "module example.com/m // a lie\n";

fn lying(workers: usize) -> World {
    let mut world = world(workers);
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", LIE);
    world
}

#[test]
fn scenario_an_upstream_that_lies_is_refused_and_nothing_of_it_is_kept() {
    for workers in WORKERS {
        let mut world = lying(workers);
        let (want, got) = (H1::of_go_mod(GO_MOD.as_bytes()), H1::of_go_mod(LIE.as_bytes()));
        let answer = get(&mut world, workers, MOD);
        assert_refused(&answer, &["upstream public", &want.to_string(), &got.to_string()]);
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(stored(&world, STORED_MOD), None);
        assert_eq!(counted(&world, "verifications_total.outcome.mismatch"), 1);
        assert!(world.log.iter().any(|line| line.starts_with("ERROR") && line.contains(&got.to_string())));
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", GO_MOD);
        assert_good(&get(&mut world, workers, MOD));
        assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
        assert_eq!(gets(&world, "sum", "v1.0.0"), 1, "the proof itself was good");
    }
}

#[test]
fn scenario_a_zip_that_lies_is_refused_and_not_stored() {
    for workers in WORKERS {
        for lie in
            [zip_of("// a lie"), b"PK\x03\x04 PK\x05\x06 and whatever else there may be in it".to_vec()]
        {
            let mut world = world(workers);
            world.cluster("public").serve_bytes("/base/example.com/m/@v/v1.0.0.zip", lie);
            assert_refused(&get(&mut world, workers, ZIP), &["upstream public"]);
            assert_eq!(stored(&world, "/modules/example.com/m/@v/v1.0.0.zip"), None);
            world.cluster("public").serve_bytes("/base/example.com/m/@v/v1.0.0.zip", zip_of(""));
            assert_eq!(route(&mut world, workers, ZIP), "storage");
        }
    }
}

#[test]
fn scenario_the_next_upstream_is_asked_where_the_rule_says_so() {
    for (fallback, is_asked) in [("any_error", true), ("not_found", false)] {
        for path in [MOD, ZIP] {
            let one = r#""url": "https://proxy.test/base""#;
            let two = format!(
                r#"{one}, "fallback": "{fallback}"}}, {{"name": "two", "cluster": "two", "url": "https://two.test""#
            );
            let config = config("").replace(one, &two);
            let mut world = world_of(2, &config);
            world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", LIE);
            world.cluster("public").serve_bytes("/base/example.com/m/@v/v1.0.0.zip", zip_of("lie"));
            world.cluster("two").serve(MOD, GO_MOD).serve_bytes(ZIP, zip_of(""));
            let stream = world.begin(0, path);
            world.settle();
            assert_eq!(gets(&world, "two", path), usize::from(is_asked), "{fallback} {path}");
            match world.verdict(stream) {
                Verdict::Respond(answer) if !is_asked => assert_refused(answer, &["upstream public"]),
                Verdict::Respond(answer) => assert_good(answer),
                _ => assert_eq!((routed_to(&world, stream), is_asked), ("storage", true)),
            }
            world.leave(0, stream);
            assert_settled(&mut world, 2);
        }
    }
}

#[test]
fn scenario_a_copy_in_storage_that_lies_is_fetched_anew_and_left_for_a_person_to_see() {
    for workers in WORKERS {
        let mut world = world(workers);
        world.cluster("storage").serve(STORED_MOD, LIE);
        assert_good(&get(&mut world, workers, MOD));
        assert_eq!(counted(&world, "verifications_total.outcome.mismatch"), 1);
        assert!(world.log.iter().any(|line| line.starts_with("ERROR") && line.contains("storage")));
        for _ in 0..3 {
            world.pass(61_000);
            assert_good(&get(&mut world, workers, MOD));
        }
        assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(LIE));
        assert_eq!(gets(&world, "public", MOD), 1, "the index has it");
    }
}

#[test]
fn scenario_a_zip_in_storage_that_lies_is_streamed_from_the_upstream() {
    for workers in WORKERS {
        let mut world = world(workers);
        let path = "/modules/example.com/m/@v/v1.0.0.zip";
        world.cluster("storage").serve_bytes(path, zip_of("lie"));
        for _ in 0..2 {
            assert_eq!(route(&mut world, workers, ZIP), "public");
        }
        assert_eq!(counted(&world, "verifications_total.outcome.mismatch"), 1);
        assert_eq!(world.clusters["storage"].bytes(path), Some(&zip_of("lie")[..]));
    }
}

/// Each lie of a database, told with the honest rest.
#[test]
fn scenario_a_database_that_lies_is_refused_and_not_kept() {
    let lookup = "/lookup/example.com/m@v1.0.0";
    let other = H1([9; 32]).to_string();
    let honest = {
        let mut world = world(1);
        database(&mut world).lookup("example.com/m@v1.0.0", 21)
    };
    let hash = H1::of_go_mod(GO_MOD.as_bytes()).to_string();
    let at = honest.find("\u{2014} sum.test ").unwrap();
    let lies = [
        ("another hash", lookup, honest.replace(&hash, &other).into_bytes()),
        ("another record", lookup, honest.replacen("20\n", "19\n", 1).into_bytes()),
        ("another signer", lookup, honest.replace("\u{2014} sum.test ", "\u{2014} sum.evil ").into_bytes()),
        ("no signature", lookup, honest.as_bytes()[..at].to_vec()),
        (
            "another signature",
            lookup,
            format!("{}{}", &honest[..at + 30], honest[at + 30..].replacen('A', "B", 1)).into_bytes(),
        ),
        ("another tile", "/tile/8/0/000.p/21", vec![b'x'; 21 * 32]),
        ("a short tile", "/tile/8/0/000.p/21", vec![b'x'; 20 * 32]),
    ];
    for workers in WORKERS {
        for (what, path, lie) in &lies {
            if *lie == honest.as_bytes() {
                continue;
            }
            let mut world = world(workers);
            world.cluster("sum").serve_bytes(path, lie.clone());
            let answer = get(&mut world, workers, MOD);
            assert_eq!(answer.status, 502, "{what}: {}", body(&answer));
            let answer = get(&mut world, workers, LOOKUP);
            assert_eq!(answer.status, 502, "{what}: {}", body(&answer));
            assert_eq!(world.clusters["storage"].paths().count(), 0, "{what}");
            world.cluster("sum").remove(path);
            assert_good(&get(&mut world, workers, MOD));
            assert_eq!(body(&get(&mut world, workers, LOOKUP)), honest, "{what}");
            assert_settled(&mut world, workers);
        }
    }
}

#[test]
fn scenario_a_forged_lookup_is_never_acceptable() {
    let mut world = world_of(2, &config(WHEN_AVAILABLE));
    let honest = database(&mut world).lookup("example.com/m@v1.0.0", 21);
    let lie = honest.replace(&H1::of_go_mod(GO_MOD.as_bytes()).to_string(), &H1([9; 32]).to_string());
    world.cluster("sum").serve("/lookup/example.com/m@v1.0.0", &lie);
    assert_refused(&get(&mut world, 2, MOD), &["sum.test"]);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_refused(&world.response(stream), &["sum.test"]);
}

/// What was spoiled in storage says nothing of the database: it is asked itself.
#[test]
fn scenario_what_is_spoiled_in_storage_is_asked_of_the_database() {
    let tile = "/modules/sumdb/sum.test/tile/8/0/000.p/21";
    for workers in WORKERS {
        for (path, lie) in [
            (STORED_LOOKUP, b"20\nexample.com/m v1.0.0 h1:x\n\ngo.sum database tree\n".to_vec()),
            (STORED_LOOKUP, b"<html>".to_vec()),
            (tile, vec![b'x'; 21 * 32]),
            (tile, vec![b'x'; 7]),
            (STORED_HEAD, b"go.sum database tree\n1\nx\n\n".to_vec()),
        ] {
            let mut world = world(workers);
            get(&mut world, workers, MOD);
            restart(&mut world, workers);
            world.cluster("storage").serve_bytes(path, lie.clone());
            let streams = crowd(&mut world, workers, 3, MOD);
            world.settle();
            streams.iter().for_each(|stream| assert_good(&world.response(*stream)));
            assert_settled(&mut world, workers);
            if path != STORED_HEAD {
                assert_eq!(world.clusters["storage"].bytes(path), Some(&lie[..]), "a person shall see it");
            }
        }
    }
}
