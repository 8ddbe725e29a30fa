//! Where two mechanisms meet: the index and a search, a lease and another configuration, a zip and a slow source.

use super::{CONFIG, header};
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
