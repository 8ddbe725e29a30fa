//! The day in numbers: how many requests of which kind, for how many versions of how many modules, and when what happens.
//!
//! Constants, and which kind a share of the mix falls to: the day is drawn from them, and so is the model of capacity.

/// Requests of the day; `TEN_MILLION_REQUESTS` asks for another number.
pub const REQUESTS: u64 = 10_000_000;
/// Of the draw of all of them; `TEN_MILLION_SEED` asks for another.
pub const SEED: u64 = 1;

/// Modules that a large company uses in a day: its own, those it imports, and those that these import.
pub const MODULES: usize = 1_500;
/// Versions of each module that somebody asks for.
pub const VERSIONS: usize = 20;
/// Module number r (from 1) is asked for in proportion to 1 / r^s.
pub const MODULE_EXPONENT: f64 = 1.0;
/// So is the r-th newest version of a module.
pub const VERSION_EXPONENT: f64 = 1.0;

/// What is asked for, in thousandths of all requests. A build asks for the go.mod of every module of its graph, for the `.info` of what it
/// has no go.sum line of, for lists and `@latest` where it updates, and for zips where its own cache is empty. Lookups and tiles are
/// what the go command asks a checksum database for through the gateway.
pub const MIX: [(Kind, u64); 11] = [
    (Kind::Mod, 380),
    (Kind::Info, 250),
    (Kind::List, 100),
    (Kind::Zip, 60),
    (Kind::Lookup, 60),
    (Kind::Latest, 50),
    (Kind::Tile, 50),
    (Kind::Supported, 20),
    (Kind::Head, 10),
    (Kind::UnknownModule, 14),
    (Kind::UnknownVersion, 6),
];
/// Requests for a document that the clients have already and ask for with its tag, in thousandths of those that could.
pub const CONDITIONAL: u64 = 150;

/// Bytes of padding in a zip, one for each version, all as frequent; beside it there are a go.mod and a package.
pub const ZIP_BYTES: [u64; 16] = [
    1_000, 2_000, 3_000, 5_000, 8_000, 10_000, 13_000, 16_000, 20_000, 25_000, 32_000, 45_000, 64_000, 90_000,
    130_000, 190_000,
];
/// A go.mod requires at most so many modules, of some forty bytes each, all numbers as frequent.
pub const REQUIREMENTS: u64 = 40;

/// Clients, each with a connection of its own and one request under way.
pub const CLIENTS: usize = 256;
/// Of the gateway.
pub const WORKERS: u32 = 2;

/// When what happens, in hundredths of the requests: rules that refuse nothing which is asked for.
pub const FIRST_DEPLOYMENT: u64 = 30;
/// The upstream refuses connections.
pub const OUTAGE: u64 = 45;
/// It takes them again, and answers 503.
pub const OUTAGE_HALF: u64 = 47;
/// It serves.
pub const OUTAGE_OVER: u64 = 50;
/// A rule refuses [`REFUSED_MODULE`].
pub const SECOND_DEPLOYMENT: u64 = 60;
/// Memory is compared with what it was at this hundredth.
pub const WARM: u64 = 20;

/// The module, by its number from 0, that is refused in the end.
pub const REFUSED_MODULE: usize = 7;
/// Rules of the first deployment.
pub const RULES: usize = 200;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `@v/VERSION.info`.
    Info,
    /// `@v/VERSION.mod`.
    Mod,
    /// `@v/VERSION.zip`.
    Zip,
    /// `@v/list`.
    List,
    /// `@latest`.
    Latest,
    /// `sumdb/NAME/lookup/MODULE@VERSION`.
    Lookup,
    /// `sumdb/NAME/tile/8/0/NUMBER`, a whole tile.
    Tile,
    /// `sumdb/NAME/latest`.
    Head,
    /// `sumdb/NAME/supported`.
    Supported,
    /// The list of a module that nobody has, each once.
    UnknownModule,
    /// The `.info` of a version that a known module does not have, each once.
    UnknownVersion,
}

impl Kind {
    /// What is asked for at this place of the mix, from 0 to 999.
    ///
    /// # Panics
    /// From 1000 on.
    #[must_use]
    pub fn at(mut thousandth: u64) -> Self {
        for (kind, share) in MIX {
            if thousandth < share {
                return kind;
            }
            thousandth -= share;
        }
        unreachable!("the mix is a thousand thousandths")
    }
}
