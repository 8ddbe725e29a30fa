//! Which request is the n-th. It depends on the number and the seed alone, whichever client sends it.

use super::parameters::{CONDITIONAL, Kind, MODULE_EXPONENT, VERSION_EXPONENT};
use super::plan::Plan;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    /// From 0, the most popular first.
    pub(super) module: usize,
    /// From 0, the oldest first.
    pub(super) version: usize,
    /// What nobody else asks for, where that is asked for.
    pub(super) number: u64,
    /// Whether the client says which answer it has, if it has one.
    pub(super) conditional: bool,
}

/// All requests of a day.
#[derive(Debug)]
pub(super) struct Draw {
    seed: u64,
    modules: Zipf,
    versions: Zipf,
}

impl Draw {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            seed: plan.seed,
            modules: Zipf::new(plan.modules, MODULE_EXPONENT),
            versions: Zipf::new(plan.versions, VERSION_EXPONENT),
        }
    }

    /// Request `number`.
    pub(super) fn ask(&self, number: u64) -> Ask {
        let mut bits = Bits(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number);
        let kind = Kind::at(bits.below(1000));
        let module = self.modules.rank(bits.share());
        let newest = self.versions.rank(bits.share());
        let conditional = bits.below(1000) < CONDITIONAL;
        Ask { kind, module, version: self.versions.len() - 1 - newest, number, conditional }
    }
}

/// Zipf's law over so many ranks, as a table of what stands at or before each.
#[derive(Debug)]
struct Zipf(Vec<f64>);

impl Zipf {
    #[allow(clippy::cast_precision_loss, reason = "ranks are few")]
    fn new(ranks: usize, exponent: f64) -> Self {
        let mut total = 0.0;
        let mut table: Vec<f64> = (1..=ranks)
            .map(|rank| {
                total += (rank as f64).powf(-exponent);
                total
            })
            .collect();
        table.iter_mut().for_each(|share| *share /= total);
        Self(table)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// The rank, from 0, at a share from 0 to 1.
    fn rank(&self, share: f64) -> usize {
        self.0.partition_point(|before| *before <= share).min(self.0.len() - 1)
    }
}

/// Numbers by chance (`SplitMix64`).
#[derive(Debug)]
pub(super) struct Bits(pub(super) u64);

impl Bits {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    #[allow(clippy::cast_precision_loss, reason = "53 bits are what a double has")]
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::day::parameters::MIX;

    #[test]
    fn the_mix_is_whole_and_popularity_is_zipf_s() {
        assert_eq!(MIX.iter().map(|(_, share)| share).sum::<u64>(), 1000);
        let plan = Plan { modules: 100, versions: 4, ..Plan::short() };
        let draw = Draw::of(&plan);
        let asks: Vec<Ask> = (0..100_000).map(|number| draw.ask(number)).collect();
        let of = |module: usize| asks.iter().filter(|ask| ask.module == module).count();
        // 1 / (1 + 1/2 + ... + 1/100) is 19.3 % of them.
        assert!((18_800..19_800).contains(&of(0)), "{}", of(0));
        assert!((9_300..10_000).contains(&of(1)), "{}", of(1));
        let unknown = asks.iter().filter(|ask| matches!(ask.kind, Kind::UnknownModule | Kind::UnknownVersion));
        assert!((1_850..2_150).contains(&unknown.count()));
        let newest = asks.iter().filter(|ask| ask.version == 3).count();
        assert!((47_000..49_000).contains(&newest), "{newest}");
        assert_eq!(draw.ask(77), Draw::of(&plan).ask(77));
        assert_ne!(draw.ask(77), Draw::of(&Plan { seed: 2, ..plan }).ask(77));
    }
}
