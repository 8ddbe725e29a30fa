//! Where two mechanisms meet: the index and a search, a lease and another configuration, a zip and a slow source.

use super::{CONFIG, header, world};
use crate::sim::World;

/// [`CONFIG`] with one more section in front.
fn with(section: &str) -> String {
    CONFIG.replacen('{', &format!("{{{section},"), 1)
}

/// What one request, its search and its write to storage do to the index together is one ask, and no use.
#[test]
fn scenario_a_scan_evicts_nothing_hot() {
    let mut world = World::new(1, &with(r#""index": {"slots": 64}"#));
    let public = world.cluster("public");
    let hot: Vec<_> = (0..16).map(|number| format!("example.com/hot{number}")).collect();
    let scanned: Vec<_> = (0..1_000).map(|number| format!("example.com/scanned{number}")).collect();
    for module in hot.iter().chain(&scanned) {
        public.serve(&format!("/base/{module}/@v/v1.0.0.mod"), &format!("module {module}\n"));
    }
    let mut ask = |module: &String, millis| {
        world.pass(millis);
        let answer = world.get(0, &format!("/{module}/@v/v1.0.0.mod"));
        usize::from(header(&answer, "x-modgate-cache") == "hit")
    };
    for _ in 0..3 {
        hot.iter().for_each(|module| _ = ask(module, 200));
    }
    let mut hits = 0;
    for (number, module) in scanned.iter().enumerate() {
        ask(module, 5);
        if number % 5 == 0 {
            hits += ask(&hot[number / 5 % 16], 0);
        }
    }
    assert!(hits >= 198, "{hits} of 200");
}

/// GitLab lets nobody keep a list (`max-age=0`), so it is asked each time; the 404 from before the first tag is younger than
/// the freshness of a "not found".
#[test]
fn scenario_a_404_from_before_hides_nothing_that_was_found_since() {
    let mut world = world(2);
    let list = "/example.com/new/@v/list";
    assert_eq!(world.get(0, list).status, 404);
    world.pass(3_000);
    let limit = [("cache-control", "max-age=0, private, must-revalidate")];
    world.cluster("public").answer("/base/example.com/new/@v/list", 200, &limit, "v1.0.0\n");
    let anew = world.begin_with(0, "GET", list, &[("cache-control", "no-cache")]);
    world.settle();
    assert_eq!(world.response(anew).status, 200);
    for worker in 0..2 {
        world.pass(2_000);
        assert_eq!(world.get(worker, list).status, 200);
    }
}
