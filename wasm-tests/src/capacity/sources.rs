//! What all gateways together ask of storage and upstreams: what each asks, by what its index has, and what is asked for the first time
//! in a region, by the law of popularity.

use super::assumptions::{CATALOGUE, PUBLISHED_A_DAY, VERSIONS_OF_A_MODULE};
use super::gateway::{Counts, SEEN, Seen};
use super::load::share;
use super::parameters::Kind;
use super::price::{KINDS, Price, Prices};

/// What was counted, at these prices: of one gateway that has storage for itself.
pub(super) fn alone(counts: &Counts, prices: &Prices) -> Price {
    let all = KINDS.iter().flat_map(|kind| SEEN.map(|seen| (*kind, seen)));
    all.fold(Price::default(), |sum, (kind, seen)| sum.plus(prices.of(kind, seen), counts.of(kind, seen)))
}

/// What one request of a client costs where storage has everything that was asked for before.
pub(super) fn stored(counts: &Counts, prices: &Prices) -> Price {
    let all = KINDS.iter().flat_map(|kind| SEEN.map(|seen| (*kind, seen)));
    let price = |kind, seen| prices.of(kind, if seen == Seen::New { Seen::Lost } else { seen });
    let sum = all.fold(Price::default(), |sum, (kind, seen)| sum.plus(price(kind, seen), counts.of(kind, seen)));
    Price::default().plus(sum, 1.0 / counts.all())
}

/// What it costs beside that, each second, that something is asked for the first time in a region, after so many seconds at this rate.
pub(super) fn first(rate: f64, exponent: f64, age: f64, prices: &Prices) -> Price {
    KINDS.iter().fold(Price::default(), |sum, kind| {
        let more = prices.of(*kind, Seen::New).plus(prices.of(*kind, Seen::Lost), -1.0);
        let published = if matches!(kind, Kind::Info | Kind::Mod | Kind::Zip) { PUBLISHED_A_DAY / DAY } else { 0.0 };
        let names = Names::of(*kind, exponent);
        sum.plus(more, names.first(rate * share(*kind), age) + published)
    })
}

/// Names of a kind that were asked for within so many seconds.
pub(super) fn distinct(kind: Kind, rate: f64, exponent: f64, age: f64) -> f64 {
    Names::of(kind, exponent).distinct(rate * share(kind), age)
}

/// Ranks, a few percent of them together: how many, and which share of requests each has.
struct Names(Vec<(f64, f64)>);

impl Names {
    fn of(kind: Kind, exponent: f64) -> Self {
        let names = match kind {
            Kind::Info | Kind::Mod | Kind::Zip | Kind::Lookup => CATALOGUE,
            Kind::List | Kind::Latest => CATALOGUE / VERSIONS_OF_A_MODULE,
            Kind::Tile | Kind::Head | Kind::Supported | Kind::UnknownModule | Kind::UnknownVersion => 0,
        };
        let (mut ranks, mut from) = (Vec::new(), 1.0_f64);
        while from <= names as f64 {
            let to = (from * 1.02).floor().max(from).min(names as f64);
            ranks.push((to - from + 1.0, ((from + to) / 2.0).powf(-exponent)));
            from = to + 1.0;
        }
        let all: f64 = ranks.iter().map(|(names, share)| names * share).sum();
        Self(ranks.into_iter().map(|(names, share)| (names, share / all)).collect())
    }

    /// First requests a second, after so many seconds.
    fn first(&self, rate: f64, age: f64) -> f64 {
        self.0.iter().map(|(names, share)| names * rate * share * (-rate * share * age).exp()).sum()
    }

    fn distinct(&self, rate: f64, age: f64) -> f64 {
        self.0.iter().map(|(names, share)| names * (1.0 - (-rate * share * age).exp())).sum()
    }
}

/// Seconds.
pub(super) const DAY: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_adds_up_to_the_first_requests() {
        let names = Names::of(Kind::Mod, 1.0);
        let (rate, step) = (1000.0, 10.0);
        let firsts: f64 = (0..1000).map(|n| names.first(rate, (f64::from(n) + 0.5) * step) * step).sum();
        let distinct = names.distinct(rate, 10_000.0);
        assert!((firsts / distinct - 1.0).abs() < 0.01, "{firsts} and {distinct}");
        assert!(distinct < CATALOGUE as f64 && distinct > 1_000_000.0, "{distinct}");
    }
}
