//! Notes, records, and the names of tiles and other resources.

use super::world::{key, log, record, signature, sums as sums_of};
use crate::gomod::{ModulePath, Version};
use crate::sumdb::{Record, Resource, SignedHead, Tile};

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
    assert_eq!(sums(&good), Ok(sums_of(7)));
    assert_eq!(sums(&format!("{go_mod}{zip}\n")), sums(&good));
    for text in [
        format!("{good}example.com/M7 v1.0.0-RC.7 h2:of-the-future\n"),
        // What is of something else says nothing, and of several hashes the first counts.
        format!("{good}{}", record(8)),
        format!("{}{good}", record(8)),
        format!("{good}{zip}\n"),
        format!("{good}{}", record(8).replace("M8", "M7").replace("RC.8", "RC.7")),
        format!("\n{good}"),
    ] {
        assert_eq!(sums(&text), sums(&good), "{text}");
    }
    for text in [
        record(8),
        good.replace("RC.7", "RC.70"),
        good.replace("M7", "M70"),
        good.replace("M7 ", "M7/v2 "),
        format!("{zip}\n"),
        go_mod.to_owned(),
        good.replace("h1:", "h2:"),
        good.replace("h1:", "h1:AAAA"),
        good.replace("example.com/M7", "example.com/m7"),
        good.replace(' ', "  "),
        good.replace('\n', "\r\n"),
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
        "++7\na\n\n",
        "+\na\n\n",
        "7_0\na\n\n",
        " 7\na\n\n",
        "a\na\n\n",
        "9999999999999999999\na\n\n",
    ] {
        assert!(Record::parse(body.as_bytes()).is_err(), "{body:?}");
    }
    assert_eq!(
        Record::parse(b"0\na\n\n").map(|record| (record.id, record.text, record.note)),
        Ok((0, "a\n", b"".as_slice()))
    );
    // As tlog.ParseRecord reads them.
    for (body, id, text) in [
        ("+7\na\n\n", 7, "a\n"),
        ("007\na\n\n", 7, "a\n"),
        ("9223372036854775807\na\n\n", i64::MAX.unsigned_abs(), "a\n"),
        ("7\n\na\n\n", 7, "\na\n"),
        ("7\n\n\n", 7, "\n"),
    ] {
        assert_eq!(
            Record::parse(body.as_bytes()).map(|record| (record.id, record.text)),
            Ok((id, text)),
            "{body:?}"
        );
    }
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
