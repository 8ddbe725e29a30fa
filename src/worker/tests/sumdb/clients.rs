//! What clients ask of a checksum database: proven before it is kept, refused where it is forged.

use super::{super::header, *};

const LATEST: &str = "/sumdb/sum.test/latest";

fn large(workers: usize) -> World {
    let mut world = world(workers);
    database(&mut world).grow("", 600);
    world
}

fn honest(world: &mut World, path: &str) -> Vec<u8> {
    let stream = world.cluster("sum").database.as_ref().unwrap().answer(path);
    stream.unwrap()
}

const FILES: [&str; 8] = [
    "/latest",
    "/lookup/example.com/m@v1.0.0",
    "/tile/8/0/000",
    "/tile/8/0/001",
    "/tile/8/0/002.p/109",
    "/tile/8/1/000.p/2",
    "/tile/8/data/001",
    "/tile/8/data/002.p/44",
];

#[test]
fn scenario_files_are_given_as_the_database_has_them_and_asked_for_once() {
    for workers in WORKERS {
        for path in FILES {
            let mut world = large(workers);
            let honest = honest(&mut world, path);
            let ours = format!("/sumdb/sum.test{path}");
            let streams = crowd(&mut world, workers, 3, &ours);
            world.settle();
            assert_settled(&mut world, workers);
            for stream in streams {
                let answer = world.response(stream);
                assert_eq!(answer.status, 200, "{path}: {}", body(&answer));
                assert_eq!(answer.body.to_vec(), honest, "{path}");
            }
            assert_eq!(gets(&world, "sum", path), 1, "{path}");
            let answer = get(&mut world, workers, &ours);
            assert_eq!(header(&answer, "x-modgate-cache"), "hit", "{path}");
            if path != "/latest" {
                let stored = world.clusters["storage"].bytes(&format!("/modules/sumdb/sum.test{path}"));
                assert_eq!(stored, Some(&honest[..]), "{path}");
            }
        }
    }
}

#[test]
fn scenario_forged_files_are_refused_and_not_kept() {
    for workers in WORKERS {
        for path in FILES {
            let mut world = large(workers);
            let honest = honest(&mut world, path);
            let ours = format!("/sumdb/sum.test{path}");
            let mut lie = honest.clone();
            let at = lie.len() / 3;
            // Of a text, a digit or a letter.
            lie[at] = if lie[at] == b'A' { b'B' } else { b'A' };
            world.cluster("sum").serve_bytes(path, lie);
            let answer = get(&mut world, workers, &ours);
            assert_eq!(answer.status, 502, "{path}: {}", body(&answer));
            assert_eq!(world.clusters["storage"].bytes(&format!("/modules{ours}")), None);
            assert_eq!(counted(&world, "sumdb_proofs_total.outcome.proven"), 0);
            world.cluster("sum").remove(path);
            let answer = get(&mut world, workers, &ours);
            assert_eq!((answer.status, answer.body.to_vec()), (200, honest), "{path}");
        }
    }
}

#[test]
fn scenario_a_tile_beyond_the_known_head_is_proven_by_a_newer_one() {
    for workers in WORKERS {
        let mut world = world(workers);
        get(&mut world, workers, MOD);
        database(&mut world).grow("", 600);
        let answer = get(&mut world, workers, "/sumdb/sum.test/tile/8/0/001");
        assert_eq!(answer.status, 200, "{}", body(&answer));
        assert_eq!(gets(&world, "sum", "/latest"), 1);
        // Nobody has that one yet.
        let answer = get(&mut world, workers, "/sumdb/sum.test/tile/8/0/003");
        assert_eq!(answer.status, 404, "{}", body(&answer));
        database(&mut world).grow("", 600);
        world.pass(61_000);
        assert_eq!(get(&mut world, workers, "/sumdb/sum.test/tile/8/0/003").status, 200);
    }
}

/// A part of a tile that the database has no longer, as the tile has grown: the go command asks for the whole then.
#[test]
fn scenario_a_part_that_was_outgrown_is_404_and_the_whole_is_given() {
    let mut world = large(2);
    world.cluster("sum").answer("/tile/8/0/000.p/21", 404, &[], "");
    assert_eq!(get(&mut world, 2, "/sumdb/sum.test/tile/8/0/000.p/21").status, 404);
    assert_eq!(get(&mut world, 2, "/sumdb/sum.test/tile/8/0/000").status, 200);
    assert_good(&get(&mut world, 2, MOD));
}

/// A cache before the database says what was true an hour ago.
#[test]
fn scenario_an_older_head_replaces_no_newer_one() {
    for workers in WORKERS {
        let mut world = large(workers);
        get(&mut world, workers, MOD);
        let (newest, older) = (database(&mut world).head(621), database(&mut world).head(300));
        world.cluster("sum").serve("/latest", &older);
        assert_eq!(get(&mut world, workers, LATEST).status, 200);
        assert_eq!(stored(&world, STORED_HEAD), Some(newest));
    }
}

#[test]
fn scenario_the_newest_head_is_written_at_most_once_a_minute() {
    let mut world = world(1);
    for number in 0..5 {
        let path = publish(&mut world, &format!("example.com/n{number}"));
        get(&mut world, 1, &path);
    }
    let writes = |world: &World| {
        world.clusters["storage"].asked.iter().filter(|asked| *asked == &format!("PUT {STORED_HEAD}")).count()
    };
    assert_eq!(writes(&world), 1);
    world.pass(61_000);
    let path = publish(&mut world, "example.com/last");
    get(&mut world, 1, &path);
    assert_eq!(writes(&world), 2);
    assert_eq!(stored(&world, STORED_HEAD), Some(database(&mut world).head(27)));
}
