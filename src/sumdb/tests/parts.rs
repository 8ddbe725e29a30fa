//! Notes, records, tiles' names, and the goals that are no lookups.

use super::world::{goal, head, key, log, record, run, signature};
use crate::gomod::{ModulePath, Version};
use crate::sumdb::{Goal, MAX_TILES, Progress, Proof, Record, Refused, Resource, SignedHead, Tile};

#[test]
fn only_what_the_key_signed_is_a_head() {
    let good = log().head(300);
    let (text, line) = good.split_once("\n\n").unwrap();
    let (text, line) = (format!("{text}\n"), line.to_owned());
    let stranger = "\u{2014} sum.other AAAAAAA=\n";
    let forged = "\u{2014} sum.test Lq+3UgAA\n";
    let other_id = "\u{2014} sum.test AAAAAAA=\n";
    let opens = |note: &str| SignedHead::open(note.as_bytes(), &key());

    let want = log().known(300);
    for (signatures, holds) in [
        (line.clone(), true),
        (format!("{stranger}{line}"), true),
        (format!("{line}{stranger}{stranger}"), true),
        (format!("{other_id}{line}"), true),
        // The first one of a key is looked at alone.
        (format!("{line}{forged}"), true),
        (format!("{forged}{line}"), false),
        (format!("{}{line}", stranger.repeat(99)), true),
        (format!("{line}{}", stranger.repeat(100)), false),
        (stranger.to_owned(), false),
        (other_id.to_owned(), false),
        (format!("{line}\u{2014} sum.other AAAAAA==\n"), false),
        (format!("{line}\u{2014} sum.other\n"), false),
        (format!("{line}\u{2014} sum+other AAAAAAA=\n"), false),
        (format!("{line}- sum.other AAAAAAA=\n"), false),
        (format!("{line}\n"), false),
        (format!("{line}\t"), false),
        (line.trim_end().to_owned(), false),
        (String::new(), false),
    ] {
        let got = opens(&format!("{text}\n{signatures}"));
        assert_eq!(got.is_ok(), holds, "{signatures}: {got:?}");
        // And what is kept of it is the same whoever else has signed.
        assert_eq!(got.ok().as_ref(), Some(&want).filter(|_| holds), "{signatures}");
    }

    let root = text.lines().nth(2).unwrap();
    for (text, holds) in [
        (format!("go.sum database tree\n300\n{root}\nof the future\n"), true),
        (format!("go.sum database tree\n{}\n{root}\n", i64::MAX), true),
        (format!("go.sum database tree\n{}\n{root}\n", u64::MAX), false),
        (format!("go.sum database tree\n-1\n{root}\n"), false),
        (format!("go.sum database tree\n+300\n{root}\n"), false),
        (format!("go.sum database tree\n0300\n{root}\n"), false),
        (format!("go.sum database tree\n300\n{}\n", &root[4..]), false),
        ("go.sum database tree\n300\n".to_owned(), false),
        (format!("another tree\n300\n{root}\n"), false),
        (format!("go.sum database tree\n300\n{root}\n{}\n", "x".repeat(1_000_000)), false),
    ] {
        assert_eq!(opens(&format!("{text}\n{}", signature(&text))).is_ok(), holds, "{text:.200}");
    }
}

#[test]
fn records_are_of_what_was_asked() {
    let sums = |text: &str| {
        let body = format!("7\n{text}\nnote");
        let module = ModulePath::parse("example.com/M7").unwrap();
        let version = Version::parse("v1.0.0-RC.7").unwrap();
        Record::parse(body.as_bytes()).and_then(|record| record.sums(&module, &version))
    };
    let good = record(7);
    let (zip, go_mod) = good.split_once('\n').unwrap();
    assert_eq!(sums(&good), Ok(super::world::sums(7)));
    assert_eq!(sums(&format!("{go_mod}{zip}\n")), sums(&good));
    assert_eq!(sums(&format!("{good}example.com/M7 v1.0.0-RC.7 h2:of-the-future\n")), sums(&good));
    for text in [
        record(8),
        good.replace("RC.7", "RC.70"),
        good.replace("M7", "M70"),
        good.replace("M7 ", "M7/v2 "),
        format!("{good}{}", record(8)),
        format!("{zip}\n"),
        go_mod.to_owned(),
        format!("{good}{zip}\n"),
        good.replace("h1:", "h2:"),
        good.replace("h1:", "h1:AAAA"),
        good.replace("example.com/M7", "example.com/m7"),
        good.replace(' ', "  "),
        good.replace('\n', "\r\n"),
        format!("\n{good}"),
    ] {
        assert!(sums(&text).is_err(), "{text}");
    }
    for body in [
        "",
        "7",
        "7\n",
        "7\na\n",
        "7\na\nb",
        "-7\na\n\n",
        "07\na\n\n",
        "a\na\n\n",
        "9999999999999999999\na\n\n",
    ] {
        assert!(Record::parse(body.as_bytes()).is_err(), "{body:?}");
    }
    assert_eq!(
        Record::parse(b"0\na\n\n").map(|record| (record.id, record.text, record.note)),
        Ok((0, "a\n", b"".as_slice()))
    );
}

#[test]
fn resources_are_named_as_the_protocol_says() {
    let module = ModulePath::parse("github.com/Azure/x").unwrap();
    let version = Version::parse("v2.0.0-RC.1+incompatible").unwrap();
    let lookup = Resource::Lookup { module, version };
    assert_eq!(lookup.path(), "lookup/github.com/!azure/x@v2.0.0-!r!c.1+incompatible");
    assert_eq!(Resource::Tile(Tile::hashes(0, 1067, 3).unwrap()).path(), "tile/8/0/x001/067.p/3");
    assert_eq!(Resource::Latest.path(), "latest");
}

#[test]
fn a_tile_has_one_name() {
    for (path, tile) in [
        ("8/0/000", Tile::hashes(0, 0, 256)),
        ("8/0/x001/067.p/3", Tile::hashes(0, 1067, 3)),
        ("8/data/x999/x000/001", Tile::data(999_000_001, 256)),
        ("8/7/000.p/127", Tile::hashes(7, 0, 127)),
        ("8/0/x036/x028/x797/x018/x963/966", Tile::hashes(0, 36_028_797_018_963_966, 256)),
    ] {
        assert!(tile.is_some(), "{path}");
        assert_eq!(Tile::parse(path), tile);
        assert_eq!(tile.map(|tile| tile.to_string()).as_deref(), Some(path));
    }
    for path in [
        "",
        "8",
        "8/0",
        "8/0/",
        "8/0/0",
        "8/0/0000",
        "8/0/x000",
        "8/0/x000/001",
        "8/0/001/002",
        "8/0/x001/x002",
        "8/0/+01",
        "8/0/-01",
        "8/00/001",
        "8/+0/001",
        "8/8/000.p/1",
        "8/7/000.p/128",
        "8/256/000",
        "8/datax/000",
        "7/0/000",
        "8/0/000.p",
        "8/0/000.p/",
        "8/0/000.p/0",
        "8/0/000.p/01",
        "8/0/000.p/256",
        "8/0/000.p/65537",
        "8/0/000.p/1.p/1",
        "8/0/000/",
        "/8/0/000",
        "tile/8/0/000",
        // Beyond a tree of 2^63-1 records, and beyond 64 bits.
        "8/0/x036/x028/x797/x018/x963/968",
        "8/0/x018/x446/x744/x073/x709/x551/616",
    ] {
        assert_eq!(Tile::parse(path), None, "{path}");
    }
    assert_eq!((Tile::hashes(0, 0, 0), Tile::hashes(0, 0, 257), Tile::hashes(8, 0, 1)), (None, None, None));
}

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
