//! What the index gives up for something else is counted.

use super::{CONFIG, world};
use crate::{
    config::{self, Pages},
    sim::World,
};

#[test]
fn scenario_what_is_evicted_is_counted_by_what_it_was() {
    let mut world = World::new(1, CONFIG);
    // Room for one record of each kind.
    world.resize_index(config::Index {
        found: Pages { count: 1, bytes: 150 },
        large: Pages { count: 0, bytes: 0 },
        missing: Pages { count: 1, bytes: 250 },
    });
    world.cluster("storage");
    let public = world.cluster("public");
    for module in ["a", "b", "c"] {
        public.serve(&format!("/base/example.com/{module}/@v/list"), "v1.0.0\n");
    }
    let counted = |world: &World, kind: &str| {
        world.counters.get(&format!("modgate.index_evictions_total.kind.{kind}")).copied().unwrap_or_default()
    };
    world.get(0, "/example.com/a/@v/list");
    assert_eq!(counted(&world, "found"), 0, "there was room");
    world.get(0, "/example.com/b/@v/list");
    world.get(0, "/example.com/c/@v/list");
    assert_eq!((counted(&world, "found"), counted(&world, "missing")), (2, 0));
    world.get(0, "/example.com/x/@v/v1.0.0.mod");
    world.get(0, "/example.com/y/@v/v1.0.0.mod");
    assert_eq!((counted(&world, "found"), counted(&world, "missing")), (2, 1));
}

#[test]
fn scenario_an_index_with_room_evicts_nothing() {
    let mut world = world(1);
    for path in ["@v/list", "@latest", "@v/v1.0.0.mod", "@v/v1.0.0.info"] {
        world.get(0, &format!("/example.com/m/{path}"));
    }
    assert!(world.counters.keys().all(|name| !name.contains("evictions")), "{:?}", world.counters);
}
