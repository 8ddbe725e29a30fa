//! Records that are looked up while their file is still on its way.

use super::{LOOKUP, MOD, WORKERS, assert_good, assert_settled, get, gets, publish, world};
use crate::{
    http::{Headers, Reply},
    sim::World,
};

/// The lookup as the database is asked it.
const ASKED: &str = "/lookup/example.com/m@v1.0.0";

/// How many lookups ahead a worker makes before it has found a version.
const FREE: usize = 64;

fn missing() -> Reply {
    Reply::Answered { status: 404, headers: Headers::default(), body: b"not found".to_vec() }
}

/// How many lookups the database was asked.
fn lookups(world: &World) -> usize {
    world.clusters["sum"].asked.iter().filter(|asked| asked.contains("/lookup/")).count()
}

#[test]
fn versions_that_do_not_exist_have_the_database_asked_about_few() {
    let mut world = world(1);
    // Of a version that is only asked about, the database hears nothing.
    for number in 0..3 {
        assert_eq!(world.get(0, &format!("/a{number}.example/m/@v/v1.0.0.info")).status, 404);
    }
    assert_eq!(lookups(&world), 0);
    let unknown = |number| format!("/b{number}.example/m/@v/v1.0.0.mod");
    for number in 0..2 * FREE {
        assert_eq!(world.get(0, &unknown(number)).status, 404);
    }
    assert_eq!(lookups(&world), FREE);
    // Its own lookup comes after it, and it pays for another.
    let known = publish(&mut world, "example.com/n");
    assert_eq!(world.get(0, &known).status, 200);
    for number in 2 * FREE..3 * FREE {
        assert_eq!(world.get(0, &unknown(number)).status, 404);
    }
    assert_eq!(lookups(&world), FREE + 2);
    assert_settled(&mut world, 1);
}

/// The database learns of the version between the two questions.
#[test]
fn a_record_that_was_asked_for_too_early_is_asked_for_once_more() {
    for workers in WORKERS {
        let mut world = world(workers);
        world.cluster("sum").latency = 10;
        world.cluster("sum").first(ASKED, [missing()]);
        assert_good(&get(&mut world, workers, MOD));
        assert_eq!(gets(&world, "sum", ASKED), 2);
    }
}

/// The database does not say it of a version that is there: a client that asks for the record is told what the database says then.
#[test]
fn that_a_record_was_asked_for_too_early_is_not_remembered() {
    let mut world = world(1);
    world.cluster("public").remove(&format!("/base{MOD}"));
    world.cluster("sum").first(ASKED, [missing()]);
    assert_eq!(world.get(0, MOD).status, 404);
    assert_eq!(world.get(0, LOOKUP).status, 200);
}
