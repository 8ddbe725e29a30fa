//! How often a key was asked for that the index does not have.
//!
//! A count-min sketch: each key has one counter in each of a few rows, which other keys share, and the least of them is at most too high.
//! Only the least are counted up (conservative update), so that a flood of names does not lift all counts. All are halved after a number of
//! counts, so that what was asked long ago is forgotten.
//!
//! The counts are this worker's own: 32 KiB that cost no host call.

/// Counters by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sketch {
    rows: [Vec<u8>; ROWS],
    /// How many counts there were since the last halving.
    counted: usize,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self { rows: std::array::from_fn(|_| vec![0; WIDTH]), counted: 0 }
    }

    /// Counts the key with this hash once.
    pub(super) fn count(&mut self, hash: u64) {
        if self.counted >= WINDOW {
            self.rows.iter_mut().flatten().for_each(|counter| *counter /= 2);
            self.counted = 0;
        }
        self.counted += 1;
        let least = self.asked(hash);
        for (row, place) in self.rows.iter_mut().zip(places(hash)) {
            if let Some(counter) = row.get_mut(place).filter(|counter| **counter == least) {
                *counter = counter.saturating_add(1);
            }
        }
    }

    /// About how often the key with this hash was counted; never too low within one window.
    pub(super) fn asked(&self, hash: u64) -> u8 {
        let counters = self.rows.iter().zip(places(hash)).filter_map(|(row, place)| row.get(place));
        counters.min().copied().unwrap_or(0)
    }
}

/// One place in each row: 16 bits of the hash for each.
fn places(hash: u64) -> [usize; ROWS] {
    let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
    [[a, b], [c, d], [e, f], [g, h]].map(|bits| usize::from(u16::from_le_bytes(bits)) % WIDTH)
}

const ROWS: usize = 4;
const WIDTH: usize = 8192;

/// Counts between two halvings. With half as many names as counters a name that was asked for once seems to have been
/// asked for twice in fewer than one case in fifty.
const WINDOW: usize = WIDTH / 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers as a hash would spread them (`SplitMix64`).
    fn mixed(number: u64) -> u64 {
        let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    #[test]
    fn a_flood_of_names_lifts_nobody() {
        let mut sketch = Sketch::new();
        let twice = (0..100_000).map(mixed).filter(|name| {
            sketch.count(*name);
            sketch.asked(*name) > 1
        });
        let twice = twice.count();
        assert!(twice < 1_000, "{twice} of 100000");
    }

    #[test]
    fn what_is_asked_often_stands_out_of_a_flood_and_is_forgotten() {
        let mut sketch = Sketch::new();
        let often = mixed(u64::MAX);
        for name in 0..20_000 {
            sketch.count(mixed(name));
            if name % 100 == 0 {
                sketch.count(often);
            }
        }
        assert!(sketch.asked(often) >= 16, "{}", sketch.asked(often));
        (20_000..60_000).map(mixed).for_each(|name| sketch.count(name));
        assert!(sketch.asked(often) <= 1, "{}", sketch.asked(often));
    }

    #[test]
    fn counters_saturate() {
        let mut sketch = Sketch::new();
        (0..WINDOW).for_each(|_| sketch.count(7));
        assert_eq!(sketch.asked(7), u8::MAX);
    }
}
