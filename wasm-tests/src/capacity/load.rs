//! Who asks for what: popularity, kinds, names.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Zipf};

use super::assumptions::{
    INFO_BYTES, LARGE_ONE_IN, LARGE_TEXT_BYTES, LIST_MEDIAN_BYTES, LOOKUP_BYTES, MOD_MEDIAN_BYTES, MOD_SIGMA,
    TILE_BYTES, TREE_RECORDS, VERSIONS_OF_A_MODULE,
};
use super::parameters::{Kind, MIX, MODULE_EXPONENT, MODULES, VERSION_EXPONENT, VERSIONS};

/// A catalogue of names with their popularity. Its parts are drawn independently.
#[derive(Clone, Debug)]
pub(super) struct Load {
    popularity: Popularity,
    unknown: Option<Zipf<f64>>,
    tiles: Tiles,
    /// So many names of neighbouring ranks are one, of their mean popularity.
    merged: u64,
}

/// In which tile of the checksum database the record of a version stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tiles {
    /// In any of so many: records are in the order of time, not of popularity.
    Any(u64),
    /// Each in one of its own, from this one on.
    Own(u64),
}

#[derive(Clone, Copy, Debug)]
enum Popularity {
    /// Zipf over all versions, and over all modules.
    Flat { versions: Zipf<f64>, modules: Zipf<f64> },
    /// Zipf over the modules, and over the versions of each.
    Nested { modules: Zipf<f64>, versions: Zipf<f64> },
}

/// A request: what it asks for, and a number for the name. The number of a module, for what is asked of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    pub(super) name: u64,
}

impl Load {
    /// The public catalogue: so many versions, asked for by Zipf's law with this exponent.
    pub(super) fn of(versions: u64, exponent: f64) -> Self {
        let modules = versions / VERSIONS_OF_A_MODULE;
        let popularity = Popularity::Flat { versions: zipf(versions, exponent), modules: zipf(modules, exponent) };
        Self { popularity, unknown: Some(zipf(modules, exponent)), tiles: Tiles::Any(TREE_RECORDS / 256), merged: 1 }
    }

    /// What is asked for on the day of ten million requests, where each unknown name is asked for once.
    pub(super) fn of_day() -> Self {
        let popularity = Popularity::Nested {
            modules: zipf(MODULES as u64, MODULE_EXPONENT),
            versions: zipf(VERSIONS as u64, VERSION_EXPONENT),
        };
        Self { popularity, unknown: None, tiles: Tiles::Any((MODULES * VERSIONS) as u64 / 256), merged: 1 }
    }

    /// The same load over so many times fewer names, each as popular as those it stands for are on average.
    pub(super) fn merged(self, names: u64) -> Self {
        Self { merged: self.merged * names, ..self }
    }

    /// The same load with another checksum database.
    pub(super) fn of_tiles(self, tiles: Tiles) -> Self {
        Self { tiles, ..self }
    }

    /// One request. `number` is its own, for names that are asked for once.
    pub(super) fn draw(&self, number: u64, rng: &mut SmallRng) -> Ask {
        let kind = Kind::at(rng.random_range(0..1000));
        let name = match kind {
            Kind::Info | Kind::Mod | Kind::Zip | Kind::Lookup => self.version(rng),
            Kind::List | Kind::Latest => match self.popularity {
                Popularity::Flat { modules, .. } | Popularity::Nested { modules, .. } => rank(modules, rng),
            },
            Kind::Tile => {
                let name = self.version(rng) / self.merged;
                return self.tile(Ask { kind, name });
            }
            Kind::Head | Kind::Supported => return Ask { kind, name: 0 },
            Kind::UnknownModule | Kind::UnknownVersion => self.unknown.map_or(number, |names| rank(names, rng)),
        };
        let is_once = self.unknown.is_none() && matches!(kind, Kind::UnknownModule | Kind::UnknownVersion);
        Ask { kind, name: if is_once { name } else { name / self.merged } }
    }

    /// The tile in which the record of a version stands.
    pub(super) fn tile(&self, version: Ask) -> Ask {
        let name = match self.tiles {
            Tiles::Any(tiles) => mixed(version.name) % (tiles / self.merged).max(1),
            Tiles::Own(first) => first + version.name,
        };
        Ask { kind: Kind::Tile, name }
    }

    fn version(&self, rng: &mut SmallRng) -> u64 {
        match self.popularity {
            Popularity::Flat { versions, .. } => rank(versions, rng),
            Popularity::Nested { modules, versions } => {
                rank(modules, rng) * VERSIONS as u64 + rank(versions, rng)
            }
        }
    }
}

fn zipf(names: u64, exponent: f64) -> Zipf<f64> {
    Zipf::new(names.max(1) as f64, exponent).unwrap()
}

/// From 0, the most popular first.
fn rank(zipf: Zipf<f64>, rng: &mut SmallRng) -> u64 {
    zipf.sample(rng) as u64 - 1
}

/// The share of all requests that are of this kind.
pub(super) fn share(kind: Kind) -> f64 {
    MIX.iter().filter(|(of, _)| *of == kind).map(|(_, share)| *share as f64 / 1000.0).sum()
}

impl Ask {
    /// The number of the module that it is about.
    fn module(self) -> u64 {
        match self.kind {
            Kind::Info | Kind::Mod | Kind::Zip | Kind::Lookup => self.name / VERSIONS_OF_A_MODULE,
            _ => self.name,
        }
    }

    /// What a client asks for, after the slash: the key of the index, for a name as long as most are.
    pub(super) fn path(self) -> String {
        let (module, version) = (self.module(), self.name % VERSIONS_OF_A_MODULE);
        let of = |file: &str| format!("github.com/organisation/repository-{module}/{file}");
        match self.kind {
            Kind::Info => of(&format!("@v/v1.{version}.0.info")),
            Kind::Mod => of(&format!("@v/v1.{version}.0.mod")),
            Kind::Zip => of(&format!("@v/v1.{version}.0.zip")),
            Kind::List => of("@v/list"),
            Kind::Latest => of("@latest"),
            Kind::Lookup => {
                format!("sumdb/{SUMDB}/lookup/github.com/organisation/repository-{module}@v1.{version}.0")
            }
            Kind::Tile if self.name < 1000 => format!("sumdb/{SUMDB}/tile/8/0/{:03}", self.name),
            Kind::Tile => format!("sumdb/{SUMDB}/tile/8/0/x{:03}/{:03}", self.name / 1000, self.name % 1000),
            Kind::Head => format!("sumdb/{SUMDB}/latest"),
            Kind::Supported => format!("sumdb/{SUMDB}/supported"),
            Kind::UnknownModule => format!("github.com/organisation/unknown-{}/@v/list", self.name),
            Kind::UnknownVersion => {
                format!("github.com/organisation/repository-{}/@v/v1.{}.7.info", self.name % 1000, self.name)
            }
        }
    }

    /// The bytes of its document, the same each time.
    pub(super) fn bytes(self) -> usize {
        let mut rng = SmallRng::seed_from_u64(self.name.wrapping_mul(11) + self.kind as u64);
        let mut text = |median: f64| {
            if rng.random_range(0..LARGE_ONE_IN) == 0 {
                return LARGE_TEXT_BYTES;
            }
            let size: f64 = LogNormal::new(median.ln(), MOD_SIGMA).unwrap().sample(&mut rng);
            (size as usize).clamp(20, LARGE_TEXT_BYTES)
        };
        match self.kind {
            Kind::Mod => text(MOD_MEDIAN_BYTES),
            Kind::List => text(LIST_MEDIAN_BYTES),
            Kind::Lookup => LOOKUP_BYTES,
            Kind::Tile => TILE_BYTES,
            Kind::Info | Kind::Latest | Kind::Head => INFO_BYTES,
            Kind::Zip | Kind::Supported | Kind::UnknownModule | Kind::UnknownVersion => 0,
        }
    }
}

/// Numbers as a hash would spread them (`SplitMix64`).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The one database of the model.
pub(super) const SUMDB: &str = "sum.test";
