//! `docs/capacity.md`.

use std::fmt::Write;

use super::assumptions::*;
use super::check::Checked;
use super::day::{Day, MEASURED, SECONDS};
use super::parameters::{Kind, MIX};
use super::price::{KINDS, Prices};
use super::gateway::Seen;
use super::scan::Scanned;
use super::sizing::Plan;

/// Hits of a gateway under another assumption.
pub(super) type Sensed = (String, f64);

/// Everything that the page shows.
pub(super) struct Results {
    pub(super) prices: Prices,
    pub(super) plans: Vec<Plan>,
    pub(super) relieved: Vec<(String, Plan)>,
    pub(super) sensed: Vec<Sensed>,
    pub(super) scales: Vec<(u32, f64)>,
    pub(super) checked: Checked,
    pub(super) day: Day,
    pub(super) scanned: Scanned,
}

/// The page.
pub(super) fn page(results: &Results) -> String {
    let Results { prices, plans, relieved, sensed, scales, checked, day, scanned } = results;
    let mut page = introduction();
    let _ = write!(page, "\n## Sizes\n\n{SIZES}\n");
    page += &sizes(plans);
    let _ = write!(page, "\n{WAYS}\n");
    page += "| at 10,000,000 requests a second | hits | gateways | reads a region | writes a region | upstreams | first gives way |\n|---|---|---|---|---|---|---|\n";
    for (name, plan) in relieved {
        let (first, used) = plan.first();
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} | {} | {} | {first}, {} |",
            percent(plan.counts.hits(&KINDS)),
            number(plan.gateways as f64 * plan.wish.regions),
            number(plan.load.reads),
            number(plan.load.writes),
            number(plan.load.upstream),
            percent(used)
        );
    }
    page += "\n## Sensitivity\n\nOne gateway at 15,000 requests a second: requests answered from the index.\n\n| assumed | hits |\n|---|---|\n";
    for (name, hits) in sensed {
        let _ = writeln!(page, "| {name} | {} |", percent(*hits));
    }
    let _ = write!(page, "\n## What a request asks of the sources\n\n{PRICES}\n");
    page += &price_table(prices);
    let _ = write!(page, "\n## How it was checked\n\n{CHECKS}\n");
    page += "| part of a gateway | hits |\n|---|---|\n";
    for (scale, hits) in scales {
        let _ = writeln!(page, "| 1/{scale} | {:.2} % |", hits * 100.0);
    }
    let _ = write!(
        page,
        "\n**The simulated world.** {} requests to two gateways of two whole workers each, with storage, an upstream and a checksum \
         database.\n\n| | predicted | counted |\n|---|---|---|\n",
        number(checked.requests as f64)
    );
    for (name, of) in [
        ("storage: reads", (|price| price.reads) as fn(super::price::Price) -> f64),
        ("storage: writes", |price| price.writes),
        ("upstream", |price| price.upstream),
        ("checksum database", |price| price.sumdb),
    ] {
        let _ = writeln!(page, "| {name} | {} | {} |", number(of(checked.predicted)), number(of(checked.counted)));
    }
    let _ = write!(page, "\n{DAY}\n| in a day of {SECONDS} seconds | predicted | measured |\n|---|---|---|\n");
    for ((name, predicted), measured) in day.rows().into_iter().zip(MEASURED) {
        let shown = |value: f64| if name.ends_with("hundred") { format!("{value:.1}") } else { number(value) };
        let _ = writeln!(page, "| {name} | {} | {} |", shown(predicted), measured.map_or_else(|| "-".to_owned(), shown));
    }
    let _ = write!(page, "\n## A scan\n\n{}\n", scan(*scanned));
    page
}

/// What does not depend on a run: the beginning, with every assumption.
pub(super) fn introduction() -> String {
    let mut page = format!("{INTRODUCTION}\n| assumed | is | in `assumptions.rs` |\n|---|---|---|\n");
    for (what, is, name) in assumed() {
        let _ = writeln!(page, "| {what} | {is} | `{name}` |");
    }
    let mut kinds: Vec<String> = MIX.iter().map(|(kind, share)| format!("{} {}", word(*kind), *share as f64 / 10.0)).collect();
    kinds.dedup();
    let _ = writeln!(page, "\nOf a hundred requests: {}.", kinds.join(", "));
    page
}

fn assumed() -> Vec<(&'static str, String, &'static str)> {
    vec![
        ("module versions that are asked for, 20 of each module", number(CATALOGUE as f64), "CATALOGUE"),
        ("exponent of Zipf's law, for versions and for modules", format!("{EXPONENT}"), "EXPONENT"),
        ("versions published in a day", number(PUBLISHED_A_DAY), "PUBLISHED_A_DAY"),
        ("bytes of a go.mod, the median", number(MOD_MEDIAN_BYTES), "MOD_MEDIAN_BYTES"),
        ("bytes of a zip, by request", number(ZIP_BYTES), "ZIP_BYTES"),
        ("CPU of Envoy's `direct_response`, microseconds", number(DIRECT_MICROS), "DIRECT_MICROS"),
        ("an answer given a moment ago, in multiples of that", format!("{COST_HOT}"), "COST_HOT"),
        ("one from the index (derived from `make bench-core`)", format!("{COST_INDEX}"), "COST_INDEX"),
        ("each callout (derived)", format!("{COST_CALLOUT}"), "COST_CALLOUT"),
        ("a zip that is streamed, without its bytes", format!("{COST_ZIP}"), "COST_ZIP"),
        ("microseconds for each MB of it", number(MICROS_A_MB), "MICROS_A_MB"),
        ("cores, and workers, of a gateway", CORES.to_string(), "CORES"),
        ("Gbit/s of a gateway, each way", number(NETWORK * 8.0 / 1e9), "NETWORK"),
        ("share of a gateway that is planned for", percent(PLANNED), "PLANNED"),
        ("gateways of a region, at least", LEAST_GATEWAYS.to_string(), "LEAST_GATEWAYS"),
        ("reads a second of one region's storage", number(STORAGE_READS), "STORAGE_READS"),
        ("writes a second", number(STORAGE_WRITES), "STORAGE_WRITES"),
        ("Gbit/s from it", number(STORAGE_BYTES * 8.0 / 1e9), "STORAGE_BYTES"),
        ("requests a second that upstreams take from all", number(UPSTREAM), "UPSTREAM"),
        ("connections of a gateway", number(CONNECTIONS), "CONNECTIONS"),
    ]
}

pub(super) fn sizes(plans: &[Plan]) -> String {
    let mut table = String::from("| |");
    let heads: Vec<String> = plans
        .iter()
        .map(|plan| format!(" {}{} |", number(plan.wish.rate), if plan.wish.redirects { ", zips redirected" } else { "" }))
        .collect();
    table += &heads.concat();
    table += "\n|---|";
    table += &"---|".repeat(plans.len());
    table.push('\n');
    type Cell = fn(&Plan) -> String;
    let rows: [(&str, Cell); 17] = [
        ("regions", |plan| number(plan.wish.regions)),
        ("gateways in each", |plan| number(plan.gateways as f64)),
        ("requests a second of each", |plan| number(plan.rate)),
        ("from the index: all", |plan| percent(plan.counts.hits(&KINDS))),
        ("`.info`, `.mod`", |plan| percent(plan.counts.hits(&[Kind::Info, Kind::Mod]))),
        ("lists, `@latest`", |plan| percent(plan.counts.hits(&[Kind::List, Kind::Latest]))),
        ("CPU of a request, microseconds", |plan| number(plan.micros)),
        ("cores in use, all gateways", |plan| number(plan.wish.rate * plan.micros / 1e6)),
        ("MB of memory of a gateway", |plan| number(plan.memory_mb)),
        ("storage of a region: reads a second", |plan| number(plan.load.reads)),
        ("writes a second", |plan| number(plan.load.writes)),
        ("Gbit/s of zips", |plan| number(plan.storage_bytes * 8.0 / 1e9)),
        ("TB after thirty days", |plan| number(plan.stored_tb)),
        ("upstreams, requests a second: in the first hour", |plan| number(plan.first_hour)),
        ("after thirty days", |plan| number(plan.load.upstream)),
        ("a gateway is full by", |plan| format!("{}, {}", plan.full_by().0, percent(plan.full_by().1))),
        ("gives way first, however many gateways", |plan| format!("{}, {}", plan.first().0, percent(plan.first().1))),
    ];
    for (name, cell) in rows {
        let cells: Vec<String> = plans.iter().map(|plan| format!(" {} |", cell(plan))).collect();
        let _ = writeln!(table, "| {name} |{}", cells.concat());
    }
    table
}

fn price_table(prices: &Prices) -> String {
    let mut table = String::from("| | never asked for before | storage has it, the index not | too old | stale | known |\n|---|---|---|---|---|---|\n");
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Supported) {
        let cells: Vec<String> = [Seen::New, Seen::Lost, Seen::Expired, Seen::Stale, Seen::Fresh]
            .map(|seen| {
                let price = prices.of(kind, seen);
                format!("{}/{}/{}/{}", price.reads, price.writes, price.upstream, price.sumdb)
            })
            .into();
        let _ = writeln!(table, "| {} | {} |", word(kind), cells.join(" | "));
    }
    table
}

/// The lines about a scan, as they stand in two pages.
pub(super) fn scan(scanned: Scanned) -> String {
    let Scanned { documents, names, before, after, bytes, bound } = scanned;
    format!(
        "{} documents are used by Zipf's law through one worker, {} names are asked for once each through the other, half of which\ndo not \
         exist, in an index of {} MiB. Of the {} documents that the index had, {} are gone after it\n({}). The pages have {} MB before and \
         {} MB after, of at most {} MB. (`make scan`)",
        number(documents as f64),
        number(names as f64),
        bound >> 20,
        number(before as f64),
        number((before - after.min(before)) as f64),
        precise((before as f64 - after as f64) / before as f64),
        bytes[0] / 1_000_000,
        bytes[1] / 1_000_000,
        bound / 1_000_000
    )
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Info => "`.info`",
        Kind::Mod => "`.mod`",
        Kind::Zip => "zip",
        Kind::List => "list",
        Kind::Latest => "`@latest`",
        Kind::Lookup => "lookup",
        Kind::Tile => "tile",
        Kind::Head => "tree head",
        Kind::Supported => "`supported`",
        Kind::UnknownModule => "unknown module",
        Kind::UnknownVersion => "unknown version",
    }
}

/// Three digits, with commas.
pub(super) fn number(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = 10_f64.powf((value.max(1.0).log10().floor() - 2.0).max(0.0));
    let whole = ((value / digits).round() * digits) as u64;
    let text = whole.to_string();
    let mut grouped = String::new();
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && (text.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

fn precise(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

const INTRODUCTION: &str = "# Capacity

How many gateways, how much storage, how much of upstreams for so many requests a second, and what gives way first. A model says it; `make
capacity` runs the model and writes this page. For numbers of your own set `CAPACITY_RATE`, `CAPACITY_REGIONS`, `CAPACITY_INDEX_MIB`,
`CAPACITY_EXPONENT` (in hundredths): `make capacity CAPACITY_RATE=5000` prints one column and writes nothing. What else is assumed is one file
of constants.

```text
 law of popularity ─▶ one gateway: the filter's own index and freshness, simulated time ─▶ how often the index has it, by kind
                                                                                                  ×
 the filter's own workers, in the simulated world ───────────────────────────────────▶ what a request asks of the sources, by kind
                                                                                                  ×
 requests a second, gateways, regions ─▶ cores, network, connections, memory;  reads, writes, bytes of storage;  upstreams
```

- Gateways share nothing but their region's storage; regions share nothing.
- Requests are independent draws. In a real day builds begin together: plan for the peak's requests a second.
- What a region's storage lacks is what nobody has asked for in that region before: it follows from the law of popularity and the time.
- Upstreams are asked anew for lists and `@latest` by each gateway, as its freshness says.
- A source answers at once. Requests for the same file meanwhile share one fetch in truth, so that a slow source costs no more.
- The part of CPU is the weakest: the ratios are of a small shared machine, two of them derived. Measure yours with `make bench`, and set
  `DIRECT_MICROS`.
";

const SIZES: &str = "Requests a second, of all clients. Storage was used for thirty days. Percentages behind a resource say how much of it is used: more than
100 % is more than it has.
";

const WAYS: &str = "What to do then:

- **Upstreams.** Longer `freshness.list` and `freshness.latest`; or send a module's requests to the same gateway (a hash of the module's path in
  the load balancer), so that one gateway asks and not all. Or let gateways have a gateway before the upstream: one that they all name
  as their upstream asks for each list once.
- **Storage's reads and writes.** The same hash: each gateway's index then holds its own part of the modules. A larger `index.bytes`. More
  partitions; more regions.
- **Storage's bytes**, and **a gateway's cores and network**. [Send clients to the store](storage.md#delivery), and put a CDN before it.
- **A gateway's connections.** HTTP/2 for clients, or more gateways.
- **Memory** gives way nowhere: it is bounded ([limits.md](limits.md#index)), and a smaller index costs hits.
";

const PRICES: &str = "Requests to storage (reads, then writes), upstreams, the checksum database, as the filter's workers made them in the simulated world. A
verified file asks for its lookup beside that, and a lookup for its tile: the model counts them as requests of their own. The one read of a known zip is the zip, on
its way to the client.
";

const CHECKS: &str = "**A part for the whole.** Where one gateway in full is too much, a part of it is simulated: of its names, requests, bytes and workers. A gateway of
1,000 requests a second, 400,000 versions and an index of 8 MiB:
";

const DAY: &str = "**Ten million requests.** A day of one gateway of two workers, storage empty at first. Its outage of the upstream, and the module that is refused from
the middle on, are not in the model: both save requests.
";
