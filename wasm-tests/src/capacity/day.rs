//! What the day of ten million requests should see.

use super::gateway::{self, Counts, Run, SEEN, Seen, Size};
use super::load::Load;
use super::parameters::{Kind, REQUESTS, WORKERS};
use super::price::{KINDS, Price, Prices};
use super::sources;

/// How long the day took whose figures stand in [`MEASURED`], in seconds: the more time, the more often a list grows old in it.
pub(super) const SECONDS: f64 = 2112.0;

/// What was measured, row by row of [`Day::rows`]; nothing where it was not yet. The first is 88.8 % of all requests, of which zips and
/// `supported` are none of the documents.
pub(super) const MEASURED: [Option<f64>; 8] = [
    Some(96.5),
    Some(82_580.0),
    Some(29_970.0),
    Some(29_998.0),
    Some(27_012.0),
    Some(190_188.0),
    Some(30_000.0),
    Some(1_381_162.0),
];

/// The day, as predicted.
pub(super) struct Day {
    counts: Counts,
    price: Price,
}

/// Runs it, for so many seconds.
pub(super) fn predict(seconds: f64, prices: &Prices) -> Day {
    let size = Size { workers: WORKERS, bytes: 128 << 20, scale: SCALE };
    let run = Run { rate: REQUESTS as f64 / seconds, warm: 0.0, counted: seconds, seed: 1 };
    let counts = gateway::run(&Load::of_day(), &size, run, None);
    let price = Price::default().plus(sources::alone(&counts, prices), SCALE.into());
    Day { counts, price }
}

impl Day {
    /// What is compared: its name, and the prediction.
    pub(super) fn rows(&self) -> Vec<(&'static str, f64)> {
        let sum = |kinds: &[Kind], of: &[Seen]| -> f64 {
            let all = kinds.iter().flat_map(|kind| of.iter().map(|seen| self.counts.of(*kind, *seen)));
            all.sum::<f64>() * f64::from(SCALE)
        };
        let (new, asked) = (&[Seen::New][..], &SEEN[1..]);
        let documents: Vec<Kind> =
            KINDS.into_iter().filter(|kind| !matches!(kind, Kind::Zip | Kind::Supported)).collect();
        vec![
            ("documents answered from the index, of a hundred", 100.0 * self.counts.hits(&documents)),
            ("upstream: lists and `@latest`", sum(&[Kind::List, Kind::Latest], asked)),
            ("upstream: `.info`", sum(&[Kind::Info], new)),
            ("upstream: `.mod`", sum(&[Kind::Mod], new)),
            ("upstream: zips", sum(&[Kind::Zip], new)),
            ("upstream: unknown names", sum(&[Kind::UnknownModule, Kind::UnknownVersion], asked)),
            ("checksum database: lookups", sum(&[Kind::Lookup], new)),
            ("storage: requests, zips on their way to clients included", self.price.reads + self.price.writes),
        ]
    }
}

/// One of so many names and requests is simulated.
const SCALE: u32 = 4;
