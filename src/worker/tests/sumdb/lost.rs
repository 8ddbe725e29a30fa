//! What the index has lost: storage has it, and neither an upstream nor a checksum database is asked again.

use super::{super::tiny_index, *};

#[test]
fn scenario_what_was_proven_once_is_asked_of_no_database_again() {
    const MODULES: usize = 60;
    for workers in [1, 2] {
        let mut world = world(workers);
        world.resize_index(tiny_index(16, 4));
        let paths: Vec<_> =
            (0..MODULES).map(|number| publish(&mut world, &format!("example.com/n{number}"))).collect();
        for round in ["first", "again", "after a restart"] {
            if round == "after a restart" {
                restart(&mut world, workers);
            }
            for cluster in ["public", "sum"] {
                world.cluster(cluster).asked.clear();
            }
            let streams: Vec<_> =
                paths.iter().enumerate().map(|(n, path)| world.begin(n % workers, path)).collect();
            world.settle();
            assert!(streams.iter().all(|stream| world.response(*stream).status == 200), "{round}");
            let asked: Vec<_> =
                ["public", "sum"].iter().flat_map(|name| &world.clusters[*name].asked).collect();
            if round == "first" {
                assert!(asked.len() > 2 * MODULES, "{asked:?}");
            } else {
                // The newest head alone can change.
                let immutable: Vec<_> = asked.iter().filter(|asked| !asked.ends_with("/latest")).collect();
                assert!(immutable.is_empty(), "{round}: {immutable:?}");
            }
        }
        assert_settled(&mut world, workers);
    }
}
