//! Go's whole database: what is found of its ranges, and how large it is.

mod database;
mod reading;

pub(crate) use self::database::{go_database, index_json, json, ranges, zip};
use std::collections::BTreeMap;

use super::{Advisories, Decoding, Event, Gathering, MAX_ENCODED_BYTES, Ranges, encode};
use crate::gomod::Version;

/// What Go says of the versions around each event, of all ranges there are.
#[test]
fn every_range_holds_the_versions_that_it_holds_for_go() {
    let (mut count, mut verdicts) = (0, [0_usize; 2]);
    for range in ranges() {
        count += 1;
        let held = range.ranges();
        let found: String = range.events.iter().map(|event| database::character(&held, event)).collect();
        assert_eq!(found, range.verdicts, "{} {} {:?}", range.module, range.id, range.events);
        for verdict in range.verdicts.bytes().flat_map(database::bits) {
            verdicts[usize::from(verdict)] += 1;
        }
    }
    assert_eq!(count, 6125);
    assert!(verdicts.iter().all(|count| *count > 20_000), "{verdicts:?}");
}

#[test]
fn a_table_says_of_every_range_what_the_range_says() {
    let advisories = Advisories::of(go_database());
    let withdrawn: Vec<&str> =
        database::reports().filter(|report| report.status == "withdrawn").map(|report| report.id).collect();
    let mut all: BTreeMap<(&str, &str), Vec<Ranges>> = BTreeMap::new();
    for range in ranges() {
        all.entry((range.module, range.id)).or_default().push(range.ranges());
    }
    let mut found = 0;
    for ((module, id), ranges) in &all {
        let told: Vec<_> = advisories.about(module).filter(|advisory| advisory.id() == *id).collect();
        assert_eq!(told.len(), if withdrawn.contains(id) { 0 } else { ranges.len() }, "{module} {id}");
        for version in ranges.iter().flat_map(Ranges::events).filter_map(Event::version) {
            let is_told = told.iter().any(|advisory| advisory.affects(version));
            let is_held = ranges.iter().any(|range| range.contain(version));
            assert_eq!(is_told, is_held && !told.is_empty(), "{module} {id} {version}");
            found += usize::from(is_told);
        }
        let fixes = ranges.iter().flat_map(Ranges::fixes).collect::<Vec<_>>();
        assert!(
            told.is_empty() || told.iter().flat_map(|advisory| advisory.fixes()).eq(fixes),
            "{module} {id}"
        );
    }
    assert!(found > 2_000, "{found}");
}

#[test]
fn go_s_whole_database_is_small() {
    let bytes = encode(go_database()).unwrap();
    let (records, entries) = Advisories::decode(&bytes).unwrap().counts();
    println!("{} bytes, {records} records, {entries} entries", bytes.len());
    assert_eq!((records, entries), (4291, 6106));
    // What this issue of the database takes in shared data.
    assert!((150 << 10..256 << 10).contains(&bytes.len()), "{} bytes", bytes.len());
    assert!(3 * bytes.len() < MAX_ENCODED_BYTES, "three times as large it still fits");
}

#[test]
fn what_was_written_is_read_again_and_is_the_same_in_any_order() {
    let records = go_database();
    let bytes = encode(records.iter().cloned()).unwrap();
    let advisories = Advisories::decode(&bytes).unwrap();
    let again: Vec<_> = (0..).map_while(|place| advisories.record(place)).collect();
    assert_eq!(again, records);
    assert_eq!(encode(records.into_iter().rev()).unwrap(), bytes);
    assert_eq!(
        advisories.modified_of("GO-2024-2687"),
        Some(again.iter().find(|one| one.id == "GO-2024-2687").unwrap().modified)
    );
    assert_eq!(advisories.modified_of("GO-2024-1"), None);
}

#[test]
fn nothing_but_a_whole_table_is_one() {
    let records = go_database().into_iter().filter(|record| record.id.starts_with("GO-2020"));
    let bytes = encode(records).unwrap();
    assert!(Advisories::decode(&bytes).is_ok());
    for cut in 0..bytes.len() {
        assert!(Advisories::decode(&bytes[..cut]).is_err(), "{cut} bytes");
    }
    assert!(Advisories::decode(&[&bytes[..], b"x"].concat()).is_err());
    // Whatever a byte is changed to, nothing breaks, and what is read can be asked.
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            if let Ok(advisories) = Advisories::decode(&bytes) {
                let version = Version::parse("v1.2.3").unwrap();
                let told = advisories.about("github.com/gin-gonic/gin").filter(|one| one.affects(&version));
                let _ = told.map(|advisory| advisory.fixes().count()).sum::<usize>();
                let _ = (0..).map_while(|place| advisories.record(place)).count();
            }
        }
    }
    assert!(Decoding::new(vec![0; MAX_ENCODED_BYTES + 1]).is_err());
}

#[test]
fn a_source_cannot_fill_the_memory() {
    let one = |number: usize, module: String| super::Record {
        id: format!("GO-2026-{number}"),
        affected: vec![super::Affected { module, ..Default::default() }],
        ..Default::default()
    };
    let mut gathering = Gathering::default();
    for number in 0..super::MAX_RECORDS {
        gathering.add(&one(number, "m".to_owned())).unwrap();
    }
    assert_eq!(gathering.add(&one(99_999, "m".to_owned())), Err(super::TooMany::Records));
    assert_eq!(gathering.add(&one(5, "m".to_owned())), Err(super::TooMany::Twice("GO-2026-5".to_owned())));
    let mut gathering = Gathering::default();
    let all: Result<Vec<()>, _> = (0..super::MAX_RECORDS)
        .map(|number| gathering.add(&one(number, format!("{number:01000}"))))
        .collect();
    assert_eq!(all.map(|all| all.len()), Err(super::TooMany::Bytes));
    let long =
        (0..1_500).map(|number| one(number, format!("{}{number}", (number % 7).to_string().repeat(1000))));
    assert!(encode(long).is_ok(), "what begins alike is written once");
}
