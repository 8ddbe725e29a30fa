use super::*;
use crate::sim::key;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// So many seconds from [`NOW`] on.
fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0.saturating_add_signed(seconds * 1000))
}

/// Pairs as they stand in text: sizes, and seconds from [`NOW`] on.
fn pairs(list: &[(u64, i64)]) -> Pairs {
    Pairs(list.iter().map(|(size, seconds)| Pair { size: *size, time: at(*seconds) }).collect())
}

#[test]
fn a_record_is_as_old_as_the_first_pair_that_covers_it() {
    let pairs = pairs(&[(10, -7200), (20, -3600), (21, 0)]);
    for (record, cover) in [
        (0, Cover::First(at(-7200))),
        (9, Cover::First(at(-7200))),
        (10, Cover::By(at(-3600))),
        (19, Cover::By(at(-3600))),
        (20, Cover::By(at(0))),
        (21, Cover::NotYet),
        (u64::MAX, Cover::NotYet),
    ] {
        assert_eq!(pairs.cover(record), cover, "{record}");
    }
    assert_eq!(Pairs::default().cover(0), Cover::NotYet);
}

#[test]
fn one_pair_is_noted_in_an_hour_and_none_that_says_nothing() {
    let noted = |pairs: &Pairs, size, seconds| pairs.noted(size, at(seconds));
    let first = noted(&Pairs::default(), 10, 0).unwrap();
    assert_eq!(first, pairs(&[(10, 0)]));
    assert_eq!(noted(&Pairs::default(), 0, 0), None, "an empty log");
    // NOW is 13 minutes and 20 seconds after the hour.
    for (size, seconds, what) in [
        (11, 2799, "in the same hour"),
        (10, 9000, "no more records"),
        (9, 9000, "fewer records"),
        (11, -1, "the clock was set back a little"),
        (11, -9000, "the clock was set back"),
    ] {
        assert_eq!(noted(&first, size, seconds), None, "{what}");
    }
    assert_eq!(noted(&first, 11, 2800), Some(pairs(&[(10, 0), (11, 2800)])));
    // Rounded up: it is not to look older than it is.
    assert_eq!(Pairs::default().noted(1, Timestamp(NOW.0 + 1)), Some(pairs(&[(1, 1)])));
}

#[test]
fn what_gateways_noted_is_united_and_nothing_is_believed_that_cannot_be() {
    let ours = pairs(&[(10, -9000), (30, -1000)]);
    for (theirs, united) in [
        (vec![], vec![(10, -9000), (30, -1000)]),
        (vec![(5, -20_000), (20, -5000)], vec![(5, -20_000), (10, -9000), (20, -5000), (30, -1000)]),
        // They knew of more records earlier: that is true of ours, too.
        (vec![(25, -10_000)], vec![(25, -10_000), (30, -1000)]),
        // At the same time, and later with less.
        (vec![(12, -9000), (13, -900)], vec![(12, -9000), (30, -1000)]),
        // More than the newest head has, and from the future.
        (vec![(20, -5000), (41, -4000)], vec![(10, -9000), (20, -5000), (30, -1000)]),
        (vec![(20, -5000), (35, 301)], vec![(10, -9000), (20, -5000), (30, -1000)]),
    ] {
        let theirs = pairs(&theirs);
        assert_eq!(ours.merged(&theirs, 40, NOW), pairs(&united), "{theirs:?}");
    }
    assert!(pairs(&[(1, 301)]).are_ahead_of(NOW) && !pairs(&[(1, 300)]).are_ahead_of(NOW));
    assert!(pairs(&[(41, 0)]).are_beyond(40) && !pairs(&[(40, 0)]).are_beyond(40));
}

#[test]
fn two_gateways_that_hand_them_to_and_fro_come_to_the_same() {
    let (mut a, mut b, mut stored) = (Pairs::default(), Pairs::default(), Pairs::default());
    for hour in 0..24 * 50 {
        let now = at(hour * 3600);
        let size = 1000 + hour.unsigned_abs() * 7;
        // The second sees less of the log than the first, half an hour later, and is off every fifth day.
        a = a.noted(size, now).unwrap_or(a).merged(&stored, u64::MAX, now);
        stored = a.clone();
        if hour / 24 % 5 != 0 {
            let later = at(hour * 3600 + 1800);
            b = b.noted(size - 3, later).unwrap_or(b).merged(&stored, u64::MAX, later);
            stored = b.clone();
        }
    }
    let end = at(24 * 50 * 3600);
    assert_eq!(a.merged(&b, u64::MAX, end), b.merged(&a, u64::MAX, end));
    assert!(stored.len() < 30 * 24 * 2 + 22, "{}", stored.len());
}

#[test]
fn years_of_them_stay_within_bounds_and_no_record_gets_older_than_it_is() {
    let mut kept = Pairs::default();
    // When which record came: one in ten minutes.
    let came = |record: i64| at(record * 600);
    for hour in 1..24 * 900_i64 {
        let now = at(hour * 3600);
        if let Some(noted) = kept.noted((hour * 6).unsigned_abs(), now) {
            kept = noted;
        }
        assert!(kept.len() <= MAX_PAIRS, "{} after {hour} hours", kept.len());
    }
    let now = at(24 * 900 * 3600);
    assert!(kept.text(&key()).len() <= MAX_BYTES / 2);
    for (days, within) in [(1_i64, 3600), (29, 2 * 3600), (31, 25 * 3600), (366, 25 * 3600)] {
        let record = 24 * 6 * (900 - days) - 3;
        let Cover::By(time) = kept.cover(record.unsigned_abs()) else { panic!("{days} days") };
        let late = time.since(came(record));
        assert!(time >= came(record) && late <= Duration::from_secs(within + 600), "{days}: {late:?}");
    }
    // What the first covers is older than any cool-down.
    let Cover::First(first) = kept.cover(0) else { panic!() };
    assert!(now.since(first) > Duration::from_secs(366 * 86_400));
}

/// After years without any, what was there before the gap is still told from what came in it.
#[test]
fn the_last_pair_before_a_gap_stays() {
    let old = pairs(&[(5, -900 * 86_400), (10, -800 * 86_400)]);
    let kept = old.noted(20, NOW).unwrap();
    assert_eq!((kept.cover(9), kept.cover(10)), (Cover::First(at(-800 * 86_400)), Cover::By(NOW)));
}

#[test]
fn text_is_read_as_it_was_written_and_nothing_else_is() {
    let key = key();
    let all = pairs(&[(10, -7200), (20, 0)]);
    assert_eq!(Pairs::read(&all.text(&key), &key), Ok(all.clone()));
    let text = String::from_utf8(all.text(&key)).unwrap();
    assert_eq!(text, format!("modgate clock of {key}\n10 1699992800\n20 1700000000\n"));
    let none = Pairs::default();
    assert_eq!(Pairs::read(&none.text(&key), &key), Ok(none));
    let heading = heading(&key);
    let many: String = (1..2000).map(|n| format!("{n} {n}\n")).collect();
    for (text, why) in [
        (String::new(), InvalidPairs::Other),
        (text.replace("sum.test", "sum.other"), InvalidPairs::Other),
        (text.replace("modgate", "go.sum"), InvalidPairs::Other),
        (format!("{heading}10"), InvalidPairs::Line(2)),
        (format!("{heading}10 1\n\n"), InvalidPairs::Line(3)),
        (format!("{heading}10 1\n9 2\n"), InvalidPairs::Line(3)),
        (format!("{heading}10 1\n10 2\n"), InvalidPairs::Line(3)),
        (format!("{heading}10 2\n11 2\n"), InvalidPairs::Line(3)),
        (format!("{heading}10 2\n11 1\n"), InvalidPairs::Line(3)),
        (format!("{heading}0 1\n"), InvalidPairs::Line(2)),
        (format!("{heading}-1 1\n"), InvalidPairs::Line(2)),
        (format!("{heading}+1 1\n"), InvalidPairs::Line(2)),
        (format!("{heading}01 1\n"), InvalidPairs::Line(2)),
        (format!("{heading}1  1\n"), InvalidPairs::Line(2)),
        (format!("{heading}9223372036854775808 1\n"), InvalidPairs::Line(2)),
        (format!("{heading}1 9223372036854775807\n"), InvalidPairs::Line(2)),
        (format!("{heading}{many}"), InvalidPairs::TooLong),
        (format!("{heading}{}", "1 1\n".repeat(20_000)), InvalidPairs::TooLong),
    ] {
        assert_eq!(Pairs::read(text.as_bytes(), &key), Err(why), "{}", text.get(..200).unwrap_or(&text));
    }
    assert_eq!(Pairs::read(b"modgate clock of \xff", &key), Err(InvalidPairs::Other));
}
