//! How much it takes: a model of gateways, storage and upstreams under a load. `make capacity` runs it and writes `docs/capacity.md`.
//!
//! ```text
//!   assumptions, day/parameters ─▶ load ─▶ gateway: the index, its hits ─┐
//!                                  price: the workers, their callouts ───┼─▶ sources ─▶ sizing ─▶ page
//!                                  hot: what a worker gives again ───────┘
//!   check: the same requests to whole workers;  scan: the index in full;  day: the prediction for ten million requests
//! ```
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and rates of a model"
)]

mod assumptions;
mod check;
mod day;
mod gateway;
mod hot;
mod load;
mod page;
mod price;
mod scan;
mod sizing;
mod sources;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::{env, fs};

use self::assumptions::EXPONENT;
use self::gateway::{Run, Size};
use self::load::Load;
use self::page::Results;
use self::price::{KINDS, Prices};
use self::sizing::{Sizer, Wish};
use crate::day::parameters;
use crate::tools;
use crate::variable::number;

/// Writes the page; or prints what was asked for: `scan`, `day`, or the sizes for other numbers. The process's exit code.
#[must_use]
pub fn main() -> ExitCode {
    let said = match env::args().nth(1).as_deref() {
        Some("scan") => Ok(page::scan(scan::run(50_000, 1_000_000, 128 << 20))),
        Some("day") => predicted(),
        _ => own().and_then(|wish| wish.map_or_else(write, |wish| Ok(sized(wish)))),
    };
    match said {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("capacity: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the variables ask for, if one is set.
fn own() -> Result<Option<Wish>, String> {
    let var = |name: &str| env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let names = ["CAPACITY_RATE", "CAPACITY_REGIONS", "CAPACITY_INDEX_MIB", "CAPACITY_EXPONENT"];
    if names.iter().all(|name| var(name).is_none()) {
        return Ok(None);
    }
    let [rate, regions, index, exponent] = names;
    let hundredths = (EXPONENT * 100.0) as u32;
    let wish = Wish::of(
        number(rate, var(rate), 1_000, 1..=1_000_000_000)?.into(),
        number(regions, var(regions), 1, 1..=1_000)?.into(),
    );
    Ok(Some(Wish {
        index: number(index, var(index), 128, 1..=2_048)? << 20,
        exponent: f64::from(number(exponent, var(exponent), hundredths, 10..=300)?) / 100.0,
        ..wish
    }))
}

fn sized(wish: Wish) -> String {
    let mut sizer = Sizer::new(Prices::asked());
    page::sizes(&[sizer.plan(wish), sizer.plan(Wish { redirects: true, ..wish })])
}

fn predicted() -> Result<String, String> {
    let var = "CAPACITY_DAY_SECONDS";
    let seconds = number(var, env::var(var).ok().filter(|text| !text.is_empty()), day::SECONDS as u32, 10..=100_000)?;
    let rows = day::predict(seconds.into(), &Prices::asked()).rows();
    let lines: Vec<String> = rows.iter().map(|(name, predicted)| format!("{predicted:>12.1}  {name}")).collect();
    Ok(lines.join("\n"))
}

fn write() -> Result<String, String> {
    let prices = Prices::asked();
    let mut sizer = Sizer::new(prices.clone());
    let wishes = [(1e3, 1.0), (1e5, 2.0), (1e7, 10.0)].map(|(rate, regions)| Wish::of(rate, regions));
    let both = |wish| [wish, Wish { redirects: true, ..wish }];
    let plans = wishes.into_iter().flat_map(both).map(|wish| sizer.plan(wish)).collect();
    let most = Wish { redirects: true, ..Wish::of(1e7, 10.0) };
    let relieved = [
        ("zips redirected", most),
        ("lists and `@latest` fresh ten times longer", Wish { fresher: 10, ..most }),
        ("gateways by module", Wish { by_module: true, ..most }),
        ("both", Wish { fresher: 10, by_module: true, ..most }),
    ];
    let relieved = relieved.map(|(name, wish)| (name.to_owned(), sizer.plan(wish))).into();
    let results = Results {
        plans,
        relieved,
        sensed: sensed(&mut sizer),
        scales: [1, 4, 16].map(|scale| (scale, small(scale))).into(),
        checked: check::run(2, 2_000, 20_000, &prices),
        day: day::predict(day::SECONDS, &prices),
        scanned: scan::run(50_000, 1_000_000, 128 << 20),
        prices,
    };
    let to = tools::repository().join("docs/capacity.md");
    fs::write(&to, page::page(&results)).map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(format!("written: {}", to.display()))
}

fn sensed(sizer: &mut Sizer) -> Vec<page::Sensed> {
    let usual = Wish::of(1e5, 1.0);
    let exponents = [0.8, 1.0, 1.2].map(|exponent| (format!("exponent {exponent}"), Wish { exponent, ..usual }));
    let indices = [32, 512].map(|mib| (format!("`index.bytes` of {mib} MiB"), Wish { index: mib << 20, ..usual }));
    let all = exponents.into_iter().chain(indices);
    all.map(|(name, wish)| {
        let load = Load::of(assumptions::CATALOGUE, wish.exponent);
        (name, sizer.run(&load, wish, 1, 15_000.0).hits(&KINDS))
    })
    .collect()
}

/// Hits of a small gateway, of which one of so many parts is simulated.
fn small(scale: u32) -> f64 {
    let run = Run { rate: 1_000.0, warm: 300.0, counted: 200.0, seed: 1 };
    let size = Size { workers: 4, bytes: 8 << 20, scale };
    gateway::run(&Load::of(400_000, EXPONENT), &size, run, None).hits(&KINDS)
}
