//! What must hold of the core whatever it is given.
//!
//! Each property is a function of bytes that panics where it does not hold. They are asked in three places: by the
//! fuzz targets of `fuzz/`, with whatever libFuzzer comes up with; by `tests/seeds.rs`, with every committed seed
//! and mutations of it; and in wasm32. The input formats are texts, so that a seed can be read and written by a
//! person; zips alone are not.

pub mod body;
pub mod config;
pub mod feed;
pub mod fleet;
pub mod gomod;
pub mod hook;
pub mod lease;
pub mod lookup;
pub mod mod_file;
pub mod note;
pub mod path;
pub mod policy;
pub mod prewarm;
pub mod record;
pub mod request;
pub mod s3;
pub mod tile;
pub mod zip;

/// One property.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// What its fuzz target and the folder of its seeds are called.
    pub name: &'static str,
    /// Panics where it does not hold of an input.
    pub check: fn(&[u8]),
}

/// Every property.
pub const ALL: [Property; 18] = [
    Property { name: "body", check: body::check },
    Property { name: "config", check: config::check },
    Property { name: "feed", check: feed::check },
    Property { name: "fleet", check: fleet::check },
    Property { name: "gomod", check: gomod::check },
    Property { name: "hook", check: hook::check },
    Property { name: "lease", check: lease::check },
    Property { name: "lookup", check: lookup::check },
    Property { name: "mod_file", check: mod_file::check },
    Property { name: "note", check: note::check },
    Property { name: "path", check: path::check },
    Property { name: "policy", check: policy::check },
    Property { name: "prewarm", check: prewarm::check },
    Property { name: "record", check: record::check },
    Property { name: "request", check: request::check },
    Property { name: "s3", check: s3::check },
    Property { name: "tile", check: tile::check },
    Property { name: "zip", check: zip::check },
];

/// Parts the input after its first line. What is no UTF-8 is replaced: headers reach the core as text.
fn first_line(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let rest = input.get(end + 1..).unwrap_or_default();
    (String::from_utf8_lossy(&input[..end]).into_owned(), rest)
}

/// The digit that a line begins with, which chooses among `count` things, and the rest of the line.
fn choice(line: &str, count: usize) -> Option<(usize, &str)> {
    let digit = line.chars().next()?.to_digit(10)?;
    let chosen = usize::try_from(digit).ok().filter(|chosen| *chosen < count)?;
    Some((chosen, &line[1..]))
}
