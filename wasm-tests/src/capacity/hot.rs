//! The share of requests that a worker answers again from what it answered within the last second: 512 places, one answer each
//! (`worker/clients/hot.rs`).

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::load::Load;
use super::parameters::Kind;

/// At so many requests a second to one worker, of which a part is in the index.
pub(super) fn share(load: &Load, rate: f64) -> f64 {
    let mut places: Vec<Option<(usize, u64, f64)>> = vec![None; PLACES];
    let mut rng = SmallRng::seed_from_u64(3);
    let (mut hot, all) = (0_u32, 100_000_u32);
    for number in 0..all {
        let now = f64::from(number) / rate;
        let ask = load.draw(number.into(), &mut rng);
        if matches!(ask.kind, Kind::Zip | Kind::Supported) {
            continue;
        }
        let mut place = SmallRng::seed_from_u64(ask.name.wrapping_mul(11) + ask.kind as u64);
        let place = &mut places[place.random_range(0..PLACES)];
        match place {
            Some((kind, name, since)) if (*kind, *name) == (ask.kind as usize, ask.name) && now - *since < 1.0 => {
                hot += 1;
            }
            _ => *place = Some((ask.kind as usize, ask.name, now)),
        }
    }
    f64::from(hot) / f64::from(all)
}

const PLACES: usize = 512;
