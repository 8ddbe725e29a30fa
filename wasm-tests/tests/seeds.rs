//! The properties without a fuzzer: with every committed seed, and with mutations of it that are the same on every machine.
//!
//! What libFuzzer found once is a seed, so it stays found.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use modgate_wasm_tests::properties::{self, Property};

/// Of each property; an unoptimised build tries about ten thousand in a second.
const MUTATIONS: usize = 4000;

/// How many changes one mutation makes at most.
const MAX_CHANGES: usize = 4;

#[test]
fn every_property_has_seeds_and_every_seed_a_property() {
    let mut folders: Vec<String> = entries(&seeds()).iter().map(|folder| file_name(folder)).collect();
    folders.sort();
    let names: Vec<&str> = properties::ALL.iter().map(|property| property.name).collect();
    assert_eq!(folders, names);
    for target in entries(&seeds().join("../fuzz_targets")) {
        assert!(names.contains(&file_name(&target).trim_end_matches(".rs")), "{}", target.display());
    }
}

/// Where the layout is counted up, the seeds are written anew: of another one, all that is tried is that nothing is read.
#[test]
fn most_seeds_of_records_are_records() {
    let read = inputs("record").iter().filter(|(_, input)| properties::record::is_read(input)).count();
    assert!(read >= 10, "{read}");
}

#[test]
fn properties_hold_for_every_seed() {
    for Property { name, check } in properties::ALL {
        for (seed, input) in inputs(name) {
            holds(check, &input, &format!("{name}/{seed}"));
        }
    }
}

#[test]
fn properties_hold_for_mutations_of_the_seeds() {
    for Property { name, check } in properties::ALL {
        let inputs = inputs(name);
        let mut random = Random(0x6d6f_6467_6174_6500);
        for n in 0..MUTATIONS {
            let (seed, input) = &inputs[n % inputs.len()];
            let mut mutated = input.clone();
            for _ in 0..=random.below(MAX_CHANGES) {
                let (_, other) = &inputs[random.below(inputs.len())];
                change(&mut mutated, other, &mut random);
            }
            holds(check, &mutated, &format!("mutation {n} of {name}/{seed}"));
        }
    }
}

/// Says which input it was, in a form that can be kept as a seed.
fn holds(check: fn(&[u8]), input: &[u8], what: &str) {
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| check(input))) {
        eprintln!("{what} is b\"{}\"", input.escape_ascii());
        panic::resume_unwind(panic);
    }
}

/// One small change: a byte, a piece lost or doubled, a piece of another seed, or a word that parsers look for.
fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let upto = |bytes: &[u8], from: usize, random: &mut Random| {
        let end = bytes.len().min(from + 1 + random.below(16));
        from.min(bytes.len())..end.max(from.min(bytes.len()))
    };
    match random.below(7) {
        0 | 1 if at < input.len() => input[at] = random.byte(),
        2 if at < input.len() => input[at] ^= 1 << random.below(8),
        3 => drop(input.drain(upto(input, at, random))),
        4 => {
            let piece = input[upto(input, at, random)].to_vec();
            input.splice(at..at, piece);
        }
        5 => {
            let from = random.below(other.len() + 1);
            let piece = other[upto(other, from, random)].to_vec();
            input.splice(at..at, piece);
        }
        _ => {
            let word = WORDS[random.below(WORDS.len())];
            input.splice(at..at, word.bytes());
        }
    }
}

const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "\n\n",
    "\n--\n",
    "\0",
    " ",
    "\u{e9}",
    "\u{200b}",
    "/",
    "//",
    "/../",
    "/./",
    "%",
    "%2f",
    "%2e%2e",
    "%00",
    "%0d%0a",
    "%ff",
    "%25",
    "?",
    "#",
    "!",
    "!a",
    "A",
    "@",
    "/@v/",
    "/@latest",
    ".info",
    ".mod",
    ".zip",
    "list",
    "sumdb/",
    "/lookup/",
    "/supported",
    "/tile/",
    "v1.0.0",
    "v2.0.0+incompatible",
    "-0.20240102030405-abcdefabcdef",
    "~1",
    "aux",
    "*",
    "[",
    "]",
    "[^a]",
    "\\",
    "{",
    "}",
    "null",
    "\"",
    "<",
    "0",
    "9",
    "99999999999999999999",
    "-1",
    "1e400",
];

/// xorshift64: enough to choose, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[2]
    }
}

fn inputs(property: &str) -> Vec<(String, Vec<u8>)> {
    let files = entries(&seeds().join(property));
    let inputs: Vec<_> = files.iter().map(|file| (file_name(file), fs::read(file).unwrap())).collect();
    assert!(inputs.len() >= 5, "{property} has {} seeds", inputs.len());
    inputs
}

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

/// Sorted: a folder's own order is not the same everywhere.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<_> = listing.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
