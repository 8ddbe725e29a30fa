//! Databases, and those between, that lie.

use std::sync::OnceLock;

use super::world::{Log, goal, head, log, record, run, sums};
use crate::sumdb::{Goal, Progress, Refused, Resource, Tile, merkle};

const SIZE: u64 = 300;

/// Like the log, but for record 200.
fn fork() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        Log::new(600, |id| if id == 200 { record(id).replace("RC", "rc") } else { record(id) })
    })
}

fn forged(progress: &Progress, what: &str) {
    assert!(
        matches!(progress, Progress::Refused(Refused::Forged(why)) if why.contains(what)),
        "{progress:?}, want {what}"
    );
}

/// The answer to the lookup of record 5, made from the honest one.
fn with_lookup(known: u64, change: impl Fn(String) -> String) -> Progress {
    let known = (known > 0).then(|| log().known(known));
    let answer = |resource: &Resource| match resource {
        Resource::Lookup { .. } => Some(change(log().lookup(5, SIZE)).into_bytes()),
        _ => log().answer(SIZE, resource),
    };
    run(goal(5), known, answer).0
}

#[test]
fn lookups_that_lie_are_refused() {
    assert!(matches!(with_lookup(44, |honest| honest), Progress::Proven(_)));
    for (change, why) in [
        // The record of another module, in its own place, and of the right one in that place.
        ((|_| log().lookup(6, SIZE)) as fn(String) -> String, "another module version"),
        (|honest| honest.replacen("5\n", "6\n", 1), "not record 6"),
        (|honest| honest.replacen("5\n", "299\n", 1), "not record 299"),
        (|honest| honest.replacen("5\n", "300\n", 1), "has no record 300"),
        (|honest| honest.replacen("5\n", "9223372036854775807\n", 1), "has no record 9223372036854775807"),
        (|honest| honest.replacen("5\n", "9223372036854775808\n", 1), "not the answer to a lookup"),
        // Another hash, well formed; a third line.
        (|honest| honest.replacen("h1:", "h1:AAAA", 1).replacen("=\n", "\n", 1), "malformed hash"),
        (
            |honest| honest.replace(&record(5), &record(5).replace(&sums(5).zip_h1(), &sums(6).zip_h1())),
            "not record 5",
        ),
        (|honest| honest.replacen("\n\n", "\nexample.com/M5 v1.0.0-RC.5 h2:x\n\n", 1), "not record 5"),
        // A head that was not signed, or not by this key, or for something else.
        (|honest| honest.replace("\n300\n", "\n301\n"), "signature is not by"),
        (|honest| honest.replace("sum.test", "sum.fake"), "has not signed it"),
        (|honest| honest.split_inclusive("\n\n").next().unwrap_or_default().to_owned(), "not a signed note"),
        // Signed for a tree without this record.
        (|_| format!("5\n{}\n{}", record(5), head(3, &log().root(3))), "has no record 5"),
        (|_| format!("5\n{}\n{}", record(5), head(300, &[7; 32])), "do not belong"),
        (|_| format!("5\n{}\n{}", record(5), head(1 << 62, &[7; 32])), "the database has no"),
    ] {
        let progress = with_lookup(0, change);
        if why.starts_with("the database") {
            assert!(matches!(progress, Progress::Refused(Refused::Unknown(_))), "{progress:?}");
        } else {
            forged(&progress, why);
        }
    }
}

#[test]
fn a_lookup_cut_anywhere_is_refused() {
    let whole = log().lookup(5, SIZE);
    for end in 0..whole.len() - 1 {
        if whole.is_char_boundary(end) {
            let progress = with_lookup(0, |honest| honest[..end].to_owned());
            assert!(matches!(progress, Progress::Refused(Refused::Forged(_))), "{end}: {progress:?}");
        }
    }
}

/// Both heads are signed: whichever side of the fork the tiles are of, it is seen.
#[test]
fn a_fork_is_refused_with_both_notes() {
    let (ours, theirs) = (log(), fork());
    for (known, size, id) in
        [(300, 300, 5), (300, 600, 5), (300, 600, 299), (600, 300, 5), (201, 513, 7), (599, 201, 3)]
    {
        let notes = [ours.head(known), theirs.head(size)];
        let (progress, _) = run(goal(id), Some(ours.known(known)), |resource| {
            theirs.answer(size.max(known), resource).map(|bytes| {
                if matches!(resource, Resource::Lookup { .. }) {
                    theirs.lookup(id, size).into_bytes()
                } else {
                    bytes
                }
            })
        });
        // With the newest head's own tiles it is proven. Where that is ours, theirs do not belong to it.
        if size < known {
            forged(&progress, "do not belong");
        } else {
            let Progress::Refused(refused @ Refused::Fork { .. }) = &progress else { panic!("{progress:?}") };
            assert!(notes.iter().all(|note| refused.to_string().contains(note)), "{refused}");
            let Refused::Fork { known: before, got } = refused else { panic!() };
            assert_eq!((before.size(), got.size()), (known, size));
        }
        let (progress, _) = run(Goal::Head, Some(ours.known(known)), |resource| match resource {
            Resource::Latest => theirs.answer(size, resource),
            _ => {
                if size > known {
                    theirs.answer(size, resource)
                } else {
                    ours.answer(known, resource)
                }
            }
        });
        assert!(matches!(progress, Progress::Refused(Refused::Fork { .. })), "{known} {size}: {progress:?}");
    }
    // Before the fork they are one.
    let (progress, _) = run(Goal::Head, Some(ours.known(200)), |resource| theirs.answer(600, resource));
    assert!(matches!(progress, Progress::Proven(_)), "{progress:?}");
}

#[test]
fn tiles_of_another_tree_or_length_are_refused() {
    let answer = |resource: &Resource| match resource {
        Resource::Tile(_) => fork().answer(SIZE, resource),
        _ => log().answer(SIZE, resource),
    };
    forged(&run(goal(5), None, answer).0, "do not belong");
    for change in [
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1),
        |bytes: &mut Vec<u8>| bytes.push(0),
        Vec::clear,
    ] {
        let progress = run(goal(5), None, |resource| {
            let mut bytes = log().answer(SIZE, resource)?;
            if matches!(resource, Resource::Tile(_)) {
                change(&mut bytes);
            }
            Some(bytes)
        });
        forged(&progress.0, "cannot have");
    }
    let data = Tile::parse("8/data/001.p/40").unwrap();
    for change in [
        (|text| text + "\n") as fn(String) -> String,
        |text| text + "x",
        |text| text.replacen('\n', "", 1),
        |text| text.replacen("RC.256", "RC.257", 1),
        |text| text.split_once("\n\n").map(|(_, rest)| rest.to_owned()).unwrap_or_default(),
        |_| String::new(),
        |text| text.repeat(1000),
    ] {
        let progress = run(Goal::Tile(data), None, |resource| {
            let bytes = log().answer(SIZE, resource)?;
            let is_data = *resource == Resource::Tile(data);
            Some(if is_data { change(String::from_utf8(bytes).unwrap()).into_bytes() } else { bytes })
        });
        forged(&progress.0, "tile/8/data/001.p/40");
    }
}

/// The smallest trees in which subtrees of the edge share a tile, and tiles that are not of the edge follow it: a reader that checks as many
/// tiles as there are subtrees misses those (GO-2026-6179).
#[test]
fn a_forged_tile_within_the_tree_is_seen() {
    let lie = record(5).replace(&sums(5).zip_h1(), &sums(6).zip_h1());
    for (size, levels) in [(259, 1), (66_051, 2)] {
        let log = Log::new(size, record);
        let honest = |resource: &Resource| log.answer(size, resource);
        let (progress, asked) = run(goal(5), None, honest);
        assert!(matches!(progress, Progress::Proven(_)), "{size}: {progress:?}");
        // Each tile up to the last that is not of the edge has the hash of the forged one below it.
        let mut hash = merkle::leaf(lie.as_bytes());
        let mut forgeries = Vec::new();
        for (level, place) in [(0, 5), (1, 0)].into_iter().take(levels) {
            let tile = Tile::of(size, level, 0).unwrap();
            assert!(asked.contains(&Resource::Tile(tile)) && Tile::edge(size, level) != Some(tile), "{tile}");
            let mut bytes = log.tile(tile);
            bytes[32 * place..32 * (place + 1)].copy_from_slice(&hash);
            let hashes: Vec<_> = bytes.chunks(32).map(|hash| hash.try_into().unwrap()).collect();
            hash = merkle::complete(&hashes).unwrap();
            forgeries.push((Resource::Tile(tile), bytes));
            let (progress, _) = run(goal(5), None, |resource| match resource {
                Resource::Lookup { .. } => Some(format!("5\n{lie}\n{}", log.head(size)).into_bytes()),
                _ => {
                    let forged = forgeries.iter().find(|(forged, _)| forged == resource);
                    forged.map(|(_, bytes)| bytes.clone()).or_else(|| honest(resource))
                }
            });
            forged(&progress, "do not belong");
        }
    }
}

/// Lines about others say nothing of what is asked for, be they in the signed tree or not (GO-2026-6180).
#[test]
fn a_foreign_line_in_a_lookup_says_nothing() {
    fn foreign(id: u64) -> String {
        let line = |id| record(id).split_inclusive('\n').next().unwrap().to_owned();
        if id == 5 { line(6) + &record(5) } else { record(id) }
    }
    forged(&with_lookup(0, |honest| honest.replace(&record(5), &foreign(5))), "not record 5");
    let log = Log::new(SIZE, foreign);
    let answer = |resource: &Resource| match resource {
        Resource::Lookup { .. } => Some(log.lookup(5, SIZE).into_bytes()),
        _ => log.answer(SIZE, resource),
    };
    let (Progress::Proven(proven), _) = run(goal(5), None, answer) else { panic!("it is of the tree") };
    assert_eq!(proven.sums, Some(sums(5)));
    forged(&run(goal(6), None, answer).0, "lookup of example.com/M6");
}

/// No bit of anything that is supplied can be changed so that something else is proven.
#[test]
fn a_flipped_bit_never_proves_something_else() {
    let data = Goal::Tile(Tile::parse("8/data/001.p/4").unwrap());
    for (goal, known, step) in [(goal(5), 44, 1), (Goal::Head, 44, 1), (data, 44, 1)] {
        let honest = |resource: &Resource| log().answer(SIZE, resource);
        let (want, asked) = run(goal.clone(), Some(log().known(known)), honest);
        let Progress::Proven(want) = want else { panic!("{want:?}") };
        let mut refused = 0;
        for changed in asked {
            let length = honest(&changed).unwrap().len();
            // All of the texts; a tile's hashes are all alike, and 37 is coprime to their length.
            let step = if matches!(changed, Resource::Tile(tile) if !tile.is_data()) { 37 } else { step };
            for at in (0..length).step_by(step) {
                let (progress, _) = run(goal.clone(), Some(log().known(known)), |resource| {
                    let mut bytes = honest(resource)?;
                    if *resource == changed {
                        bytes[at] ^= 1 << (at % 8);
                    }
                    Some(bytes)
                });
                match progress {
                    Progress::Proven(got) => {
                        assert_eq!((&got.head, got.sums), (&want.head, want.sums), "{changed} {at}");
                        // Of a note the bits beyond its last byte are anybody's; all else that is kept is what it was.
                        let is_same = |(one, other): (&(Resource, _), &_)| {
                            matches!(one.0, Resource::Lookup { .. }) || one == other
                        };
                        assert!(got.proven.iter().zip(&want.proven).all(is_same), "{changed} {at}");
                    }
                    Progress::Refused(_) => refused += 1,
                    Progress::Needs(_) => panic!("{changed} {at}"),
                }
            }
        }
        assert!(refused > 200, "{refused}");
    }
}
