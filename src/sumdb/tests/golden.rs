//! The tables of golang.org/x/mod's own client and server; wasm-tests/golden/generate.sh writes them.

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::world::{goal, key, log, run, sums};
use crate::sumdb::{Progress, Resource, SignedHead, Tile};

fn rows<T: DeserializeOwned>(table: &str) -> Vec<T> {
    table.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn heads_are_those_of_go() {
    let heads: Vec<(u64, String)> = rows(include_str!("../testdata/heads.jsonl"));
    assert_eq!(heads.len(), 13);
    for (size, note) in heads {
        assert_eq!(log().head(size), note, "{size}");
        let head = SignedHead::open(note.as_bytes(), &key()).unwrap();
        assert_eq!((head.size(), *head.root(), head.note()), (size, log().root(size), note.as_bytes()));
    }
}

#[test]
fn tiles_are_those_of_go() {
    let answers: Vec<(String, String)> = rows(include_str!("../testdata/answers.jsonl"));
    assert!(answers.len() > 20);
    for (path, want) in answers {
        let tile = Tile::parse(&path).unwrap();
        let got: String = Sha256::digest(log().tile(tile)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(got, want, "{path}");
    }
}

/// A lookup answered when the log had `size` records, as from a cache, and tiles as of today.
fn serve(known: u64, size: u64, resource: &Resource) -> Option<Vec<u8>> {
    let size = if matches!(resource, Resource::Tile(_)) { size.max(known) } else { size };
    log().answer(size, resource)
}

/// Every lookup, in every tree, having known none and every other one. Go's client also reads the edge of the tree it knew,
/// to no avail: the newer head says the same of it.
#[test]
fn lookups_are_proven_by_no_more_tiles_than_go_asks_for() {
    let lookups: Vec<(u64, u64, u64, String)> = rows(include_str!("../testdata/lookups.jsonl"));
    assert_eq!(lookups.len(), 350);
    for (known, size, id, want) in lookups {
        let what = format!("record {id} of {size}, knowing {known}");
        let head = (known > 0).then(|| log().known(known));
        let (progress, asked) = run(goal(id), head, |resource| serve(known, size, resource));
        let Progress::Proven(proven) = progress else { panic!("{what}: {progress:?}") };
        assert_eq!(proven.head, log().known(size.max(known)), "{what}");
        assert_eq!((proven.grew, proven.sums), (size > known, Some(sums(id))), "{what}");

        let is_asked_by_go =
            |resource: &Resource| want.split(' ').any(|tile| resource.path() == format!("tile/{tile}"));
        assert!(asked.iter().skip(1).all(is_asked_by_go), "{what}: {asked:?}, {want}");
        if known == 0 || known == size {
            assert_eq!(asked.len() - 1, want.split(' ').count(), "{what}: {asked:?}, {want}");
        }
        assert_eq!(proven.proven.len(), asked.len(), "{what}");
        for (resource, bytes) in proven.proven {
            assert!(asked.contains(&resource), "{what}: {resource}");
            // Whichever head the lookup came with, it is kept with the one that these tiles are of.
            let newest = if matches!(resource, Resource::Lookup { .. }) { size.max(known) } else { size };
            assert_eq!(serve(known, newest, &resource), Some(bytes), "{what}: {resource}");
        }
    }
}
