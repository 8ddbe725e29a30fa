//! What is made in slices is what is made at once.

use super::{Ruleset, RulesetBuilder};
use crate::policy::Action;
use crate::policy::tests::{module, rule};

#[test]
fn in_slices_or_at_once() {
    let rules: Vec<_> = (0..50)
        .map(|n| rule([&*format!("a{}.com/*/b{n}", n % 7), &*format!("*.c{n}.com")], Action::Deny))
        .collect();
    let whole = Ruleset::new(rules.clone());
    for slice in [1, 7, 50, 200] {
        let mut builder = RulesetBuilder::new(rules.clone());
        let mut turns = 1;
        let ruleset = loop {
            if let Some(ruleset) = builder.work(slice) {
                break ruleset;
            }
            turns += 1;
        };
        assert_eq!(ruleset, whole, "{slice} at a time");
        assert!(turns > rules.len().div_ceil(slice), "{turns} turns of {slice}");
    }
    assert_eq!(whole.naming(&module("a3.com/x/b10")).collect::<Vec<_>>(), [&rules[10]]);
    assert_eq!(Ruleset::new(Vec::new()), Ruleset::default());
}
