//! Goals that are no lookups, what is gone or unknown, and what is asked for at most.

use super::world::{goal, head, key, log, record, run};
use crate::sumdb::{Goal, MAX_TILES, Progress, Proof, Refused, Resource, SignedHead, Tile};

#[test]
fn a_head_is_proven_against_the_one_known() {
    for (known, size) in [(0, 300), (44, 300), (300, 300), (512, 300)] {
        let head = (known > 0).then(|| log().known(known));
        let (progress, _) = run(Goal::Head, head, |resource| {
            log().answer(if *resource == Resource::Latest { size } else { size.max(known) }, resource)
        });
        let Progress::Proven(proven) = progress else { panic!("{progress:?}") };
        let want = (log().known(size.max(known)), size > known, None);
        assert_eq!((proven.head, proven.grew, proven.sums), want, "{known} {size}");
    }
    // The empty tree is the beginning of every other one.
    let empty = SignedHead::open(head(0, &[0; 32]).as_bytes(), &key()).unwrap();
    let (progress, asked) = run(Goal::Head, Some(empty), |resource| log().answer(300, resource));
    assert!(matches!(progress, Progress::Proven(_)), "{progress:?}");
    assert_eq!(asked, [Resource::Latest]);
}

#[test]
fn tiles_are_proven_and_their_parts_and_their_records() {
    for (path, known, is_latest_asked) in [
        ("8/0/000", 600, false),
        ("8/0/000.p/7", 600, false),
        ("8/0/002.p/88", 600, false),
        ("8/1/000.p/2", 600, false),
        ("8/1/000.p/1", 600, false),
        ("8/data/000", 600, false),
        ("8/data/000.p/9", 600, false),
        ("8/data/002.p/87", 600, false),
        ("8/0/002.p/89", 600, true),
        ("8/data/003.p/9", 600, true),
        ("8/1/000", 600, true),
        ("8/2/000.p/1", 600, true),
    ] {
        let tile = Tile::parse(path).unwrap();
        for known in [Some(known), None] {
            let (progress, asked) = run(Goal::Tile(tile), known.map(|size| log().known(size)), |resource| {
                log().answer(65836, resource)
            });
            let Progress::Proven(proven) = progress else { panic!("{path}: {progress:?}") };
            assert_eq!(asked.contains(&Resource::Latest), is_latest_asked || known.is_none(), "{path}");
            let bytes: Vec<_> =
                proven.proven.iter().filter(|(resource, _)| *resource == Resource::Tile(tile)).collect();
            assert_eq!(bytes.len(), 1, "{path}");
            assert_eq!(bytes[0].1, log().tile(tile), "{path}");
        }
    }
    let beyond = Tile::parse("8/0/003.p/1").unwrap();
    let (progress, _) = run(Goal::Tile(beyond), None, |resource| log().answer(600, resource));
    assert_eq!(progress, Progress::Refused(Refused::Unknown(Resource::Tile(beyond))));
}

#[test]
fn where_a_part_of_a_tile_is_gone_the_whole_is_asked_for() {
    let answer = |resource: &Resource| match resource {
        Resource::Tile(tile) if tile.width() < 256 && tile.level() == 0 => None,
        Resource::Tile(_) => log().answer(65836, resource),
        _ => log().answer(600, resource),
    };
    let (progress, asked) = run(goal(5), Some(log().known(44)), answer);
    let Progress::Proven(proven) = progress else { panic!("{progress:?}") };
    let part = Resource::Tile(Tile::parse("8/0/002.p/88").unwrap());
    let whole = Resource::Tile(Tile::parse("8/0/002").unwrap());
    assert!(asked.contains(&part) && asked.contains(&whole), "{asked:?}");
    // No more of it is proven than the head knows.
    assert!(proven.proven.iter().any(|(resource, bytes)| *resource == part && bytes.len() == 88 * 32));
    assert!(proven.proven.iter().all(|(resource, _)| *resource != whole));

    let data = Tile::parse("8/data/000.p/9").unwrap();
    let (progress, _) = run(Goal::Tile(data), Some(log().known(600)), |resource| {
        if *resource == Resource::Tile(data) { None } else { log().answer(65836, resource) }
    });
    let Progress::Proven(proven) = progress else { panic!("{progress:?}") };
    assert!(proven.proven.contains(&(Resource::Tile(data), log().tile(data))));
}

#[test]
fn what_the_database_does_not_have_is_unknown() {
    for (goal, missing) in [
        (goal(5), "lookup/example.com/!m5@v1.0.0-!r!c.5"),
        (Goal::Head, "latest"),
        (goal(5), "tile/8/0/000"),
        (Goal::Tile(Tile::parse("8/data/000").unwrap()), "tile/8/data/000"),
    ] {
        let (progress, _) = run(goal, None, |resource| {
            Some(log().answer(600, resource)?).filter(|_| resource.path() != missing)
        });
        let Progress::Refused(Refused::Unknown(resource)) = progress else { panic!("{progress:?}") };
        assert_eq!(resource.path(), missing);
    }
}

#[test]
fn what_was_not_asked_for_is_not_kept() {
    let mut proof = Proof::new(key(), goal(5), None);
    let before = proof.clone();
    proof.supply(Resource::Latest, log().answer(600, &Resource::Latest));
    proof.supply(Resource::Tile(Tile::parse("8/0/000").unwrap()), Some(vec![0; 8192]));
    assert_eq!(proof, before);
}

#[test]
fn what_another_worker_learned_counts() {
    let mut proof = Proof::new(key(), goal(5), Some(log().known(44)));
    let Progress::Needs(needs) = proof.step() else { panic!() };
    proof.supply(needs[0].clone(), log().answer(300, &needs[0]));
    proof.learn(log().known(600));
    proof.learn(log().known(255));
    let progress = loop {
        let Progress::Needs(needs) = proof.step() else { break proof.step() };
        for resource in needs {
            let bytes = log().answer(600, &resource);
            proof.supply(resource, bytes);
        }
    };
    let Progress::Proven(proven) = progress else { panic!("{progress:?}") };
    assert_eq!((proven.head.size(), proven.grew), (600, false));

    let mut proof = Proof::new(key(), Goal::Head, Some(log().known(44)));
    proof.learn(SignedHead::open(head(44, &[7; 32]).as_bytes(), &key()).unwrap());
    assert!(matches!(proof.step(), Progress::Refused(Refused::Fork { .. })));
}

/// Whatever size a head claims, what is asked for stays within bounds, and nothing panics.
#[test]
fn hostile_sizes_are_bounded() {
    let top = u64::try_from(i64::MAX).unwrap();
    let sizes: Vec<u64> =
        (0..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]).chain([top - 1, top]).collect();
    let mut most = 0;
    for size in sizes.iter().copied().filter(|size| *size > 0) {
        for (known, id) in
            [(0, 0), (1, size - 1), (size / 2, size / 3), (size - 1, size / 255), (top, size / 2)]
        {
            let known =
                (known > 0).then(|| SignedHead::open(head(known, &[1; 32]).as_bytes(), &key()).unwrap());
            let (progress, asked) = run(goal(5), known, |resource| match resource {
                Resource::Tile(tile) => tile.bytes().map(|bytes| vec![0; bytes]),
                _ => Some(format!("{id}\n{}\n{}", record(5), head(size, &[0; 32])).into_bytes()),
            });
            assert!(matches!(progress, Progress::Refused(_)), "{size} {id}: {progress:?}");
            most = most.max(asked.len() - 1);
        }
    }
    assert!((16..MAX_TILES).contains(&most), "{most}");
}
