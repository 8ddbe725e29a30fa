//! The model against the simulated world: the same requests to the filter's whole workers, and what these asked of the sources.

use modgate::http::Timestamp;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::gateway::{Gateway, Known, Size};
use super::load::{Load, Tiles};
use super::price::{Price, Prices, RECORDS, Site};

/// What the model says, and what was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub(super) requests: u64,
    pub(super) predicted: Price,
    pub(super) counted: Price,
}

/// Gateways of two workers each are asked for so many versions, every 20 ms.
pub(super) fn run(gateways: usize, versions: u64, requests: u64, prices: &Prices) -> Checked {
    let load = Load::of(versions, 1.0).of_tiles(Tiles::Own(RECORDS / 256));
    let mut site = Site::new(WORKERS as usize);
    for _ in 1..gateways {
        site.join(WORKERS as usize);
    }
    // Each in a tile of its own, as in a database that is much larger than what is asked for; the last one fills up a tile.
    site.publish(0..=versions, 255);
    let size = Size { workers: WORKERS, bytes: 128 << 20, scale: 1 };
    let mut model: Vec<Gateway> = (0..gateways).map(|_| Gateway::of(&size, None)).collect();
    let (mut known, mut rng) = (Known::new(), SmallRng::seed_from_u64(5));
    let mut predicted = Price::default();
    for number in 0..requests {
        let ask = load.draw(number, &mut rng);
        let (gateway, worker) = (rng.random_range(0..gateways), rng.random_range(0..WORKERS as usize));
        site.world.pass(20);
        let now = Timestamp(site.world.now.0);
        for (kind, seen) in model[gateway].ask(worker, ask, &load, now, &mut known) {
            predicted = predicted.plus(prices.of(kind, seen), 1.0);
        }
        site.ask(gateway * WORKERS as usize + worker, ask);
    }
    Checked { requests, predicted, counted: site.paid() }
}

const WORKERS: u32 = 2;
