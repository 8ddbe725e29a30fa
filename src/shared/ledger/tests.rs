use super::*;

const TODAY: Day = Day(20_000);

const KEEPING: Keeping = Keeping { today: TODAY, days: 90, names: true };

fn ledger(served: &[(&str, &str, u32)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (version, caller, day) in served {
        ledger.note(version, caller, Day(*day));
    }
    ledger
}

#[test]
fn a_day_is_that_of_utc() {
    assert_eq!(Day::of(Timestamp(1_700_000_000_000)).date(), "2023-11-14");
    assert_eq!(Day(0).date(), "1970-01-01");
    assert!(!Day::of(Timestamp(u64::MAX)).date().is_empty());
}

#[test]
fn what_is_written_is_read_again() {
    let mut all = ledger(&[
        ("example.com/m@v1.2.0", "user:ann", 20_000),
        ("example.com/m@v1.2.0", "", 19_999),
        ("example.com/m@v1.2.0", "CN=a=b, O=c", 19_998),
        ("example.com/m@v2.0.0+incompatible", "user:bob", 19_990),
    ]);
    for number in 0..40 {
        all.note("crowd.test/m@v1.0.0", &format!("user:{number}"), TODAY);
    }
    assert!(all.version_mut("example.com/m@v1.2.0").unwrap().tell("GO-2024-1"));
    all.prune(KEEPING);
    let read = Ledger::decode(all.encode().as_bytes()).unwrap();
    assert_eq!(read, all);
    assert!(read.versions["example.com/m@v1.2.0"].is_told("GO-2024-1"));
    assert_eq!(Ledger::decode(Ledger::default().encode().as_bytes()), Some(Ledger::default()));
}

#[test]
fn the_first_day_is_kept_and_what_was_written_before_it_was_is_read() {
    let mut served = ledger(&[("a.test/m@v1.0.0", "ann", 19_990), ("a.test/m@v1.0.0", "ann", 20_000)]);
    served.merge(ledger(&[("a.test/m@v1.0.0", "bob", 19_950)]));
    served.prune(KEEPING);
    let days =
        |ledger: &Ledger| ledger.versions.values().map(|served| (served.first.0, served.last.0)).next();
    assert_eq!(days(&served), Some((19_950, 20_000)));
    assert_eq!(days(&Ledger::decode(served.encode().as_bytes()).unwrap()), Some((19_950, 20_000)));
    let before = format!("{FIRST_HEADER}\na.test/m@v1.0.0\t19990\t0\t\t19990=ann\n");
    assert_eq!(days(&Ledger::decode(before.as_bytes()).unwrap()), Some((19_990, 19_990)));
}

#[test]
fn ledgers_merge_in_any_order_and_twice() {
    let crowd: Vec<_> = (0..50).map(|number| format!("user:{number:02}")).collect();
    let of = |names: &[String], day| {
        let mut ledger = Ledger::default();
        names.iter().for_each(|name| ledger.note("a.test/m@v1.0.0", name, Day(day)));
        ledger.prune(KEEPING);
        ledger
    };
    let (one, two) = (of(&crowd[..30], 19_990), of(&crowd[20..], 20_000));
    let merged = |all: &[&Ledger]| {
        let mut merged = Ledger::default();
        for one in all {
            merged.merge((*one).clone());
            merged.prune(KEEPING);
        }
        merged
    };
    let both = merged(&[&one, &two]);
    assert_eq!(both, merged(&[&two, &one, &two, &one]));
    let served = &both.versions["a.test/m@v1.0.0"];
    assert_eq!((served.last, served.callers.len()), (TODAY, MAX_CALLERS));
    assert!(served.callers.values().all(|day| *day == TODAY), "those who got it last are named");
    assert!((10..=34).contains(&served.more()), "{}", served.more());
}

#[test]
fn after_its_days_nothing_is_left_of_a_version_and_of_a_caller() {
    let mut all = ledger(&[
        ("old.test/m@v1.0.0", "ann", 19_910),
        ("new.test/m@v1.0.0", "ann", 19_910),
        ("new.test/m@v1.0.0", "bob", 19_911),
        ("ahead.test/m@v1.0.0", "bob", 20_001),
        ("wrong.test/m@v1.0.0", "bob", 20_002),
    ]);
    all.prune(KEEPING);
    assert_eq!(all.versions.keys().collect::<Vec<_>>(), ["ahead.test/m@v1.0.0", "new.test/m@v1.0.0"]);
    assert_eq!(all.versions["new.test/m@v1.0.0"].callers.keys().collect::<Vec<_>>(), ["bob"]);
    assert_eq!(all.versions["new.test/m@v1.0.0"].more(), 0);
}

#[test]
fn where_callers_are_not_named_no_name_stays() {
    let mut all = ledger(&[("a.test/m@v1.0.0", "user:ann", 20_000), ("a.test/m@v1.0.0", "", 20_000)]);
    all.prune(KEEPING);
    assert!(all.encode().contains("ann"));
    all.prune(Keeping { names: false, ..KEEPING });
    let text = all.encode();
    assert!(!text.contains("ann"), "{text}");
    let served = &all.versions["a.test/m@v1.0.0"];
    assert_eq!(
        (served.callers.len(), served.more()),
        (1, 1),
        "an anonymous caller has no name to be left out"
    );
}

#[test]
fn a_full_ledger_forgets_what_was_served_the_longest_time_ago() {
    let mut all = Ledger::default();
    let mut forgotten = 0;
    for number in 0..5_000_u32 {
        all.note(&format!("module{number}.test/m@v1.0.0"), "user:ann", Day(19_950 + number / 100));
        forgotten += all.cut();
        assert!(all.encode().len() <= MAX_LEDGER_BYTES + 64);
    }
    assert_eq!(usize::try_from(forgotten).unwrap() + all.len(), 5_000);
    assert!(all.len() > 500 && all.versions.contains_key("module4999.test/m@v1.0.0"));
    let oldest = all.versions.values().map(|served| served.last).min().unwrap();
    assert!(oldest > Day(19_980), "{oldest:?}");
    // The largest that one version can be.
    let mut large = Ledger::default();
    for number in 0..100 {
        large.note(&"x".repeat(MAX_VERSION_BYTES), &format!("{number:03}{}", "é".repeat(2_000)), TODAY);
    }
    large.note(&"x".repeat(MAX_VERSION_BYTES + 1), "ann", TODAY);
    large.prune(KEEPING);
    assert!(large.len() == 1 && large.encode().len() < 8 << 10, "{}", large.encode().len());
}

#[test]
fn what_another_wrote_is_passed_over_line_by_line() {
    let line = "a.test/m@v1.0.0\t19999\t20000\t0\t\t20000=ann";
    let read =
        |text: &str| Ledger::decode(format!("{HEADER}\n{text}\n").as_bytes()).map(|ledger| ledger.len());
    assert_eq!(read(line), Some(1));
    for wrong in [
        "",
        "a.test/m@v1.0.0",
        "a.test/m@v1.0.0\t20000\t20000\t0",
        "a.test/m\t20000\t20000\t0\t",
        "a.test/m@v1.0.0\tx\t20000\t0\t",
        "a.test/m@v1.0.0\t20000\tx\t0\t",
        "a.test/m@v1.0.0\t20000\t99999999999\t0\t",
        "a.test/m@v1.0.0\t20000\t20000\tx\t",
        "a.test/m@v1.0.0\t20000\t20000\t0\tx",
        "a.test/m@v1.0.0\t20000\t20000\t0\t\tann",
        "a.test/m@v1.0.0\t20000\t20000\t0\t\t20000=a\u{1b}[31m",
        "a.test/\u{202e}m@v1.0.0\t20000\t20000\t0\t",
    ] {
        assert_eq!(read(wrong), Some(0), "{wrong:?}");
        assert_eq!(read(&format!("{wrong}\n{line}")), Some(1), "{wrong:?}");
    }
    let many: String = (0..17).map(|number| format!("\t20000=user{number}")).collect();
    assert_eq!(read(&format!("a.test/m@v1.0.0\t20000\t20000\t0\t{many}")), Some(0));
    for none in [&b""[..], b"\xff", b"<html>", b"modgate served 3\n"] {
        assert_eq!(Ledger::decode(none), None);
    }
    let long = format!("{HEADER}\n{}", format!("{line}\n").repeat(10_000));
    assert_eq!(Ledger::decode(long.as_bytes()), None);
}

#[test]
fn an_id_is_told_once_and_no_more_than_so_many() {
    let mut served = Served::default();
    assert!(served.tell("GO-1") && !served.tell("GO-1") && served.tell("GO-2"));
    let told = (0..1_000).filter(|number| served.tell(&format!("MAL-{number}"))).count();
    assert_eq!(told, MAX_TOLD - 2);
}

#[test]
fn versions_are_divided_among_all_ledgers() {
    let mut counts = BTreeMap::<u8, u32>::new();
    for number in 0..6_400 {
        *counts.entry(ledger_of(&format!("example.com/m{number}@v1.0.0"))).or_default() += 1;
    }
    assert_eq!(counts.len(), usize::from(LEDGERS));
    assert!(counts.values().all(|count| (50..200).contains(count)), "{counts:?}");
}
