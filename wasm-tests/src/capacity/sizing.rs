//! From requests a second to gateways, cores, memory, and what gives way first.

use std::collections::BTreeMap;
use std::fmt;

use modgate::config::{self, Config};

use super::assumptions::{
    CATALOGUE, CONNECTIONS, CONNECTIONS_A_REQUEST, CONNECTIONS_MB, CORES, COST_CALLOUT, COST_HOT, COST_INDEX, COST_ZIP,
    DIRECT_MICROS, EXPONENT, IDLE_MB, LEAST_GATEWAYS, MICROS_A_MB, NETWORK, PLANNED, STORAGE_BYTES, STORAGE_READS,
    STORAGE_WRITES, UPSTREAM, WORKER_MB, ZIP_BYTES,
};
use super::gateway::{self, Counts, Run, Size};
use super::load::{Load, share};
use super::parameters::Kind;
use super::price::{KINDS, Price, Prices};
use super::{hot, sources};

/// What is to be sized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    /// Requests a second, from all clients.
    pub(super) rate: f64,
    pub(super) regions: f64,
    pub(super) exponent: f64,
    /// Bytes of the index.
    pub(super) index: u32,
    /// Whether clients get zips from the store itself.
    pub(super) redirects: bool,
    /// How many times longer than by default lists, `@latest` and "not found" are fresh.
    pub(super) fresher: u32,
    /// Whether each gateway gets the requests for its own part of the modules.
    pub(super) by_module: bool,
}

impl Wish {
    pub(super) fn of(rate: f64, regions: f64) -> Self {
        let (exponent, index) = (EXPONENT, 128 << 20);
        Self { rate, regions, exponent, index, redirects: false, fresher: 1, by_module: false }
    }
}

/// What it takes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) wish: Wish,
    /// In each region.
    pub(super) gateways: u64,
    /// Requests a second of each.
    pub(super) rate: f64,
    pub(super) counts: Counts,
    /// Microseconds of CPU for a request.
    pub(super) micros: f64,
    pub(super) memory_mb: f64,
    /// Requests a second: reads and writes of one region's storage, those to upstreams and databases of all regions.
    pub(super) load: Price,
    /// Bytes a second from the storage of one region.
    pub(super) storage_bytes: f64,
    /// Requests to upstreams, from all regions, a second, on average over the first hour.
    pub(super) first_hour: f64,
    /// TB in one region's storage after thirty days.
    pub(super) stored_tb: f64,
    /// How much of each resource is used.
    pub(super) used: Vec<(Resource, f64)>,
}

/// What can give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Cores,
    Network,
    Connections,
    StorageReads,
    StorageWrites,
    StorageBytes,
    Upstreams,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cores => "a gateway's cores",
            Self::Network => "a gateway's network",
            Self::Connections => "a gateway's connections",
            Self::StorageReads => "storage's reads",
            Self::StorageWrites => "storage's writes",
            Self::StorageBytes => "storage's bytes",
            Self::Upstreams => "upstreams",
        })
    }
}

impl Plan {
    /// What is used most of what more gateways do not help.
    pub(super) fn first(&self) -> (Resource, f64) {
        self.most(|resource| resource >= Resource::StorageReads)
    }

    /// What fills a gateway.
    pub(super) fn full_by(&self) -> (Resource, f64) {
        self.most(|resource| resource < Resource::StorageReads)
    }

    fn most(&self, of: impl Fn(Resource) -> bool) -> (Resource, f64) {
        let of = self.used.iter().filter(|(resource, _)| of(*resource));
        of.copied().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap()
    }
}

/// Sizes; gateways that are alike are simulated once.
pub(super) struct Sizer {
    prices: Prices,
    ran: BTreeMap<String, Counts>,
}

impl Sizer {
    pub(super) fn new(prices: Prices) -> Self {
        Self { prices, ran: BTreeMap::new() }
    }

    /// Gateways until none is used by more than is planned for.
    pub(super) fn plan(&mut self, wish: Wish) -> Plan {
        let region = wish.rate / wish.regions;
        let mut gateways = LEAST_GATEWAYS.max((region / START_RATE).ceil() as u64);
        for _ in 0..3 {
            let plan = self.with(wish, gateways);
            let used = plan.full_by().1;
            let wanted = LEAST_GATEWAYS.max((gateways as f64 * used / PLANNED).ceil() as u64);
            if wanted.abs_diff(gateways) * 20 <= gateways {
                return plan;
            }
            gateways = wanted;
        }
        self.with(wish, gateways)
    }

    /// With so many gateways in each region.
    fn with(&mut self, wish: Wish, gateways: u64) -> Plan {
        let region = wish.rate / wish.regions;
        let rate = region / gateways as f64;
        let parts = if wish.by_module { gateways } else { 1 };
        let load = Load::of(CATALOGUE, wish.exponent).merged(parts);
        let counts = self.run(&load, wish, parts, rate);
        let each = sources::stored(&counts, &self.prices);
        let first = |age| sources::first(region, wish.exponent, age, &self.prices);
        let of_region = Price::default().plus(each, region).plus(first(30.0 * sources::DAY), 1.0);
        let zips = share(Kind::Zip) * ZIP_BYTES;
        let streamed = if wish.redirects { 0.0 } else { zips };
        let micros = micros(&load, rate, &counts, each, streamed);
        let connections = rate * CONNECTIONS_A_REQUEST;
        let upstream = of_region.upstream * wish.regions;
        let used = vec![
            (Resource::Cores, rate * micros / 1e6 / f64::from(CORES)),
            (Resource::Network, rate * (streamed + SMALL_ANSWER) / NETWORK),
            (Resource::Connections, connections / CONNECTIONS),
            (Resource::StorageReads, of_region.reads / STORAGE_READS),
            (Resource::StorageWrites, of_region.writes / STORAGE_WRITES),
            (Resource::StorageBytes, region * zips / STORAGE_BYTES),
            (Resource::Upstreams, upstream / UPSTREAM),
        ];
        let distinct = |kind, age| sources::distinct(kind, region, wish.exponent, age);
        let new_in_an_hour: f64 = [Kind::Info, Kind::Mod, Kind::Zip].map(|kind| distinct(kind, HOUR)).iter().sum();
        Plan {
            wish,
            gateways,
            rate,
            micros,
            memory_mb: IDLE_MB
                + f64::from(CORES - 1) * WORKER_MB
                + f64::from(wish.index) / 1e6
                + connections / 1000.0 * CONNECTIONS_MB,
            load: Price { upstream, sumdb: of_region.sumdb * wish.regions, ..of_region },
            storage_bytes: region * zips,
            first_hour: wish.regions * (region * each.upstream + new_in_an_hour / HOUR),
            stored_tb: (distinct(Kind::Zip, 30.0 * sources::DAY) + 30.0 * super::assumptions::PUBLISHED_A_DAY)
                * ZIP_BYTES
                / 1e12,
            used,
            counts,
        }
    }

    /// What the index of a gateway has at this rate.
    pub(super) fn run(&mut self, load: &Load, wish: Wish, parts: u64, rate: f64) -> Counts {
        // Two digits are enough to know a gateway by.
        let digits = 10_f64.powf(rate.log10().floor() - 1.0);
        let rate = (rate / digits).round() * digits;
        let parts_digits = 10_f64.powf((parts as f64).log10().floor() - 1.0).max(1.0);
        let alike = ((parts as f64 / parts_digits).round(), wish.exponent, wish.index, wish.fresher, rate);
        let counts = self.ran.entry(format!("{alike:?}")).or_insert_with(|| {
            let (warm, counted) = ((9e6 / rate).clamp(600.0, 7200.0), (4.5e6 / rate).clamp(300.0, 3600.0));
            let run = Run { rate, warm, counted, seed: 1 };
            let scale = ((rate * (warm + counted) / SIMULATED) as u32).next_power_of_two().clamp(1, 64);
            let size = Size { workers: CORES, bytes: wish.index, scale };
            gateway::run(load, &size, run, Some(freshness(wish.fresher)))
        });
        counts.clone()
    }
}

/// The defaults, or so many times longer.
fn freshness(times: u32) -> config::Freshness {
    let text = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}]}"#;
    let defaults = Config::parse(text).unwrap().freshness;
    let longer = |time: std::time::Duration| time * times;
    config::Freshness {
        list: longer(defaults.list),
        latest: longer(defaults.latest),
        negative: longer(defaults.negative),
        ..defaults
    }
}

/// CPU of a request on average.
fn micros(load: &Load, rate: f64, counts: &Counts, each: Price, zip_bytes: f64) -> f64 {
    let hot = hot::share(load, rate / f64::from(CORES)).min(counts.hits(&KINDS));
    let zips = if zip_bytes > 0.0 { share(Kind::Zip) } else { 0.0 };
    // A zip's own read is Envoy's, and is in the cost of a zip.
    let callouts = (each.callouts() - share(Kind::Zip)).max(0.0);
    let times = hot * COST_HOT + (1.0 - hot - zips) * COST_INDEX + zips * COST_ZIP + callouts * COST_CALLOUT;
    times * DIRECT_MICROS + zip_bytes / 1e6 * MICROS_A_MB
}

/// Of which a search for the number of gateways begins.
const START_RATE: f64 = 15_000.0;
/// Requests that are simulated of a gateway, about.
const SIMULATED: f64 = 200_000.0;
/// Bytes of an answer that is no zip, with its head.
const SMALL_ANSWER: f64 = 1_500.0;
const HOUR: f64 = 3600.0;
