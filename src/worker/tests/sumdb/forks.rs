//! A database that has signed two histories: whoever saw the one is never given the other.

use super::*;

/// The database shows other records than before to everybody from now on, signed as well; it has as many or more.
fn fork(world: &mut World, more: u64) {
    let mut other = Database::new("another history", 20);
    other.publish("example.com/m", "v1.0.0", &h1(&zip_of("")), &H1::of_go_mod(GO_MOD.as_bytes()));
    other.grow("another history", more);
    other.publish("example.com/n", "v1.0.0", &H1([7; 32]), &H1::of_go_mod(b"module example.com/n\n"));
    world.cluster("public").serve("/base/example.com/n/@v/v1.0.0.mod", "module example.com/n\n");
    world.cluster("sum").database = Some(other);
}

const OTHER: &str = "/example.com/n/@v/v1.0.0.mod";

#[track_caller]
fn assert_fork(world: &mut World, workers: usize, path: &str) {
    let forks = counted(world, "sumdb_proofs_total.outcome.fork");
    let answer = get(world, workers, path);
    assert_refused(&answer, &["two histories"]);
    assert!(!body(&answer).contains("go.sum database tree"), "{}", body(&answer));
    assert_eq!(counted(world, "sumdb_proofs_total.outcome.fork"), forks + 1);
    let evidence = world.log.iter().rfind(|line| line.starts_with("ERROR")).unwrap();
    assert_eq!(evidence.matches("go.sum database tree").count(), 2, "{evidence}");
}

#[test]
fn scenario_a_fork_is_refused_by_every_worker_that_shares_the_memory() {
    for workers in WORKERS {
        // As many records, and more; also beyond what one tile holds.
        for more in [0, 5, 300] {
            let mut world = world(workers);
            assert_good(&world.get(0, MOD));
            let head = stored(&world, STORED_HEAD);
            fork(&mut world, more);
            for _ in 0..2 {
                assert_fork(&mut world, workers, OTHER);
                assert_fork(&mut world, workers, "/sumdb/sum.test/latest");
            }
            assert_eq!(stored(&world, "/modules/example.com/n/@v/v1.0.0.mod"), None);
            assert_eq!(stored(&world, STORED_HEAD), head);
            assert_good(&get(&mut world, workers, MOD));
        }
    }
}

/// A fork that is behind what was seen is one too.
#[test]
fn scenario_an_older_fork_is_refused() {
    let mut world = world(2);
    database(&mut world).grow("", 40);
    assert_good(&world.get(0, MOD));
    fork(&mut world, 3);
    assert_fork(&mut world, 2, OTHER);
}

#[test]
fn scenario_a_fork_is_refused_after_a_restart_too() {
    for workers in WORKERS {
        for more in [0, 5] {
            let mut world = world(workers);
            assert_good(&get(&mut world, workers, MOD));
            restart(&mut world, workers);
            fork(&mut world, more);
            assert_fork(&mut world, workers, OTHER);
            assert_good(&get(&mut world, workers, MOD));
        }
    }
}

/// Storage that cannot say which head was the last is asked again, and what is kept there is not written over meanwhile.
#[test]
fn scenario_a_fork_is_refused_once_storage_can_say_what_was_seen() {
    for workers in WORKERS {
        let mut world = world(workers);
        assert_good(&get(&mut world, workers, MOD));
        let head = stored(&world, STORED_HEAD);
        restart(&mut world, workers);
        fork(&mut world, 5);
        world.cluster("storage").fault = Some(crate::http::CallFailure::TimedOut);
        // Nobody remembers the other.
        assert_eq!(get(&mut world, workers, OTHER).status, 200);
        world.cluster("storage").fault = None;
        world.pass(61_000);
        let path = {
            database(&mut world).publish(
                "example.com/o",
                "v1.0.0",
                &H1([7; 32]),
                &H1::of_go_mod(b"module example.com/o\n"),
            );
            world.cluster("public").serve("/base/example.com/o/@v/v1.0.0.mod", "module example.com/o\n");
            "/example.com/o/@v/v1.0.0.mod"
        };
        assert_fork(&mut world, workers, path);
        assert_eq!(stored(&world, STORED_HEAD), head, "the evidence");
    }
}

/// Two heads of one history that come in any order are none.
#[test]
fn scenario_a_cache_that_tells_older_heads_is_no_fork() {
    for workers in WORKERS {
        let mut world = world(workers);
        for number in 0..10 {
            database(&mut world).grow("", 37);
            let module = format!("example.com/n{number}");
            let path = publish(&mut world, &module);
            database(&mut world).grow("", 3);
            let (version, size) = (format!("{module}@v1.0.0"), database(&mut world).size());
            let lookup = database(&mut world).lookup(&version, size - 2);
            world.cluster("sum").serve(&format!("/lookup/{version}"), &lookup);
            assert_eq!(get(&mut world, workers, &path).status, 200);
            assert_eq!(get(&mut world, workers, "/sumdb/sum.test/latest").status, 200);
        }
        assert_eq!(counted(&world, "sumdb_proofs_total.outcome.fork"), 0);
    }
}

/// What another storage remembers, or that it does not, says nothing of this one: of another filter beside, or before a reload.
#[test]
fn scenario_each_storage_is_asked_what_it_remembers() {
    let mut world = world(1);
    assert_good(&get(&mut world, 1, MOD));
    let head = stored(&world, STORED_HEAD);
    restart(&mut world, 1);
    fork(&mut world, 5);
    world.replace(0, &config("").replace(r#""cluster": "storage""#, r#""cluster": "elsewhere""#));
    world.cluster("elsewhere").latency = 1;
    assert_eq!(get(&mut world, 1, OTHER).status, 200, "nobody remembers");
    world.replace(0, &config(""));
    world.pass(61_000);
    let path = publish(&mut world, "example.com/o");
    assert_fork(&mut world, 1, &path);
    assert_eq!(stored(&world, STORED_HEAD), head, "the evidence");
}
