//! What holds of the model.

use std::fs;

use super::gateway::{self, Counts, Run, SEEN, Seen, Size};
use super::load::Load;
use super::parameters::Kind;
use super::price::{KINDS, Price, Prices};
use super::{check, page, scan, sources};
use crate::tools;

/// A small gateway.
fn hits(bytes: u32, scale: u32) -> f64 {
    let run = Run { rate: 400.0, warm: 40.0, counted: 20.0, seed: 1 };
    gateway::run(&Load::of(100_000, 1.0), &Size { workers: 4, bytes, scale }, run, None).hits(&KINDS)
}

#[test]
fn a_larger_index_has_more_and_a_part_says_what_the_whole_says() {
    let [small, large] = [1, 16].map(|mib| hits(mib << 20, 1));
    assert!(small + 0.05 < large, "{small} and {large}");
    let part = hits(4 << 20, 4);
    let whole = hits(4 << 20, 1);
    assert!((part - whole).abs() < 0.03, "{part} and {whole}");
}

/// Lists that are asked for all the time: each gateway asks for each as often as its freshness says.
#[test]
fn two_gateways_ask_an_upstream_twice_for_what_changes() {
    let prices = Prices::asked();
    let asked = |gateways: f64| {
        let run = Run { rate: 2_000.0 / gateways, warm: 60.0, counted: 60.0, seed: 2 };
        let size = Size { workers: 2, bytes: 16 << 20, scale: 1 };
        let counts = gateway::run(&Load::of(200, 0.5), &size, run, None);
        let lists: f64 =
            [Kind::List, Kind::Latest].iter().flat_map(|kind| SEEN[1..].iter().map(|seen| counts.of(*kind, *seen))).sum();
        assert!(prices.of(Kind::List, Seen::Stale).upstream == 1.0 && prices.of(Kind::List, Seen::Fresh) == Price::default());
        gateways * lists
    };
    let [one, two] = [1.0, 2.0].map(asked);
    // Ten lists and ten `@latest`, about once a minute.
    assert!((15.0..30.0).contains(&one) && (1.8..2.2).contains(&(two / one)), "{one} and {two}");
}

#[test]
fn what_storage_has_no_upstream_hears_of_again() {
    let prices = Prices::asked();
    for kind in [Kind::Info, Kind::Mod, Kind::Zip, Kind::Lookup] {
        let [new, lost] = [Seen::New, Seen::Lost].map(|seen| prices.of(kind, seen));
        assert!(new.upstream + new.sumdb >= 1.0 && new.writes >= 1.0, "{kind:?}: {new:?}");
        assert!(lost.upstream + lost.sumdb + lost.writes == 0.0 && lost.reads >= 1.0, "{kind:?}: {lost:?}");
    }
    let nothing = Counts::default();
    assert_eq!(sources::alone(&nothing, &prices), Price::default());
}

/// The same requests to whole workers: this is what a model that went wrong would fail.
#[test]
fn the_simulated_world_is_asked_what_the_model_predicts() {
    let checked = check::run(2, 100, 1_500, &Prices::asked());
    let pairs = [
        ("reads", checked.predicted.reads, checked.counted.reads),
        ("writes", checked.predicted.writes, checked.counted.writes),
        ("upstream", checked.predicted.upstream, checked.counted.upstream),
        ("sumdb", checked.predicted.sumdb, checked.counted.sumdb),
    ];
    for (name, predicted, counted) in pairs {
        assert!((predicted / counted - 1.0).abs() < 0.15, "{name}: {predicted} predicted, {counted} counted");
    }
}

/// A sixteenth of what `make scan` runs.
#[test]
fn a_scan_leaves_what_is_used() {
    let scanned = scan::run(3_125, 30_000, 8 << 20);
    assert!(scanned.before >= 3_000 && scanned.after * 100 >= scanned.before * 99, "{scanned:?}");
    assert!(scanned.bytes[1] <= scanned.bound, "{scanned:?}");
}

/// The page is written by a run of minutes; what needs no run is held here.
#[test]
fn the_page_says_what_is_assumed() {
    let text = fs::read_to_string(tools::repository().join("docs/capacity.md")).unwrap();
    assert!(text.starts_with(&page::introduction()), "run make capacity");
}

#[test]
fn numbers_are_written_to_three_digits() {
    let cases = [(0.0, "0"), (1.25, "1.2"), (3.0, "3"), (12.6, "13"), (999.0, "999"), (1_234.0, "1,230"), (9_999_999.0, "10,000,000")];
    for (value, text) in cases {
        assert_eq!(page::number(value), text);
    }
}
