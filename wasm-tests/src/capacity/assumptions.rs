//! Everything that is assumed and not computed, each with its reason. The mix of requests is that of the day of ten million requests
//! (`day/parameters.rs`).

/// Module versions that clients ask for in all: the public checksum database has some forty million records, and most of these were never
/// asked for twice.
pub(super) const CATALOGUE: u64 = 10_000_000;
/// The exponent of Zipf's law. Caches of the web, of packages and of containers were measured between 0.7 and 1.1.
pub(super) const EXPONENT: f64 = 1.0;
/// Versions for each module: the same for all, as only the number of lists follows from it.
pub(super) const VERSIONS_OF_A_MODULE: u64 = 20;
/// Records of the public checksum database, in tiles of 256.
pub(super) const TREE_RECORDS: u64 = 40_000_000;
/// Versions that are published in the world in a day, and asked for by somebody in each region.
pub(super) const PUBLISHED_A_DAY: f64 = 20_000.0;

/// go.mods: the median of a company of two hundred repositories, as in the tests of the index.
pub(super) const MOD_MEDIAN_BYTES: f64 = 300.0;
/// Of the logarithm of sizes: one in ten has more than 1,400 bytes.
pub(super) const MOD_SIGMA: f64 = 1.2;
/// One in so many documents of text is of [`LARGE_TEXT_BYTES`].
pub(super) const LARGE_ONE_IN: u32 = 1000;
/// See [`LARGE_ONE_IN`].
pub(super) const LARGE_TEXT_BYTES: usize = 30_000;
/// A list of some twenty versions.
pub(super) const LIST_MEDIAN_BYTES: f64 = 200.0;
/// An `.info` with its origin.
pub(super) const INFO_BYTES: usize = 180;
/// Two lines of hashes and a signed head.
pub(super) const LOOKUP_BYTES: usize = 450;
/// 256 hashes.
pub(super) const TILE_BYTES: usize = 8192;
/// A zip, by request: half of all are below 100 KB, a few are of tens of MB.
pub(super) const ZIP_BYTES: f64 = 500_000.0;

/// Microseconds of CPU for a `direct_response` of Envoy on the machine that `make bench` ran on (one core of an AMD EPYC, shared): 58,000 a
/// second and core.
pub(super) const DIRECT_MICROS: f64 = 17.0;
/// What requests cost in multiples of that, by `make bench`: an answer that the worker gave a moment ago.
pub(super) const COST_HOT: f64 = 1.5;
/// One from the index. By `make bench-core` it takes six times the instructions of the filter that the one before takes.
pub(super) const COST_INDEX: f64 = 2.2;
/// An answer that waits for a callout, for each callout (`miss: 404 of upstream and storage`).
pub(super) const COST_CALLOUT: f64 = 4.0;
/// A zip that Envoy streams, without its bytes.
pub(super) const COST_ZIP: f64 = 3.5;
/// Microseconds for each MB of a zip that Envoy streams.
pub(super) const MICROS_A_MB: f64 = 550.0;

/// Workers, and cores, of one gateway.
pub(super) const CORES: u32 = 8;
/// Bytes a second that a gateway's network takes in each direction: 25 Gbit/s.
pub(super) const NETWORK: f64 = 25e9 / 8.0;
/// The share of a resource that is planned for; the rest is for peaks and for the gateway that is being replaced.
pub(super) const PLANNED: f64 = 0.6;
/// Gateways of a region at least: one may be replaced.
pub(super) const LEAST_GATEWAYS: u64 = 2;
/// Requests a second that the storage of one region takes: ten partitions of an S3 bucket, 5,500 reads a second each as its vendor says. An
/// nginx with files takes as many with one core.
pub(super) const STORAGE_READS: f64 = 55_000.0;
/// Writes alike: 3,500 a second and partition.
pub(super) const STORAGE_WRITES: f64 = 35_000.0;
/// Bytes a second from the storage of one region: 400 Gbit/s.
pub(super) const STORAGE_BYTES: f64 = 400e9 / 8.0;
/// Requests a second that upstreams take from all gateways together before they say 429. No public mirror publishes its limit.
pub(super) const UPSTREAM: f64 = 2_000.0;
/// Connections that a gateway takes: `global_downstream_max_connections` of the shipped gateway.
pub(super) const CONNECTIONS: f64 = 50_000.0;
/// Connections for each request a second: a build asks some two hundred times over one connection, which stays for two minutes.
pub(super) const CONNECTIONS_A_REQUEST: f64 = 0.65;
/// MB of memory of an idle Envoy with one worker, and of each further worker: see the table of attacks.
pub(super) const IDLE_MB: f64 = 130.0;
/// See [`IDLE_MB`].
pub(super) const WORKER_MB: f64 = 25.0;
/// MB that each thousand connections take in Envoy.
pub(super) const CONNECTIONS_MB: f64 = 40.0;
