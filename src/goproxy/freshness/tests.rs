//! The judgement as a table, and what holds of it whatever the numbers are.

use super::*;
use crate::config::Config;

const MINIMAL: &str = include_str!("../../config/examples/minimal.json");

/// By default lists are fresh for 60 s, stale for another 60 s, servable for a day; "not found" is fresh for 30 s.
fn rules() -> Freshness {
    Config::parse(MINIMAL).unwrap().freshness
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn fresh(n: u64) -> CacheState {
    CacheState::Fresh { left: Some(seconds(n)) }
}

const DAY: u64 = 24 * 60 * 60;
const STALE: CacheState = CacheState::Stale { refresh: false };
const REFRESHED: CacheState = CacheState::Stale { refresh: true };
const ON_ERROR: CacheState = CacheState::Expired { servable_on_error: true };
const EXPIRED: CacheState = CacheState::Expired { servable_on_error: false };

/// Something known for `age` seconds (from the future, where negative), and asked for in vain `failed` seconds ago.
fn dates(now: Timestamp, age: i64, limit: Option<u64>, failed: Option<i64>) -> Dates {
    let ago = |seconds: i64| Timestamp(now.0.saturating_add_signed(-1000 * seconds));
    Dates { since: ago(age), limit: limit.map(seconds), checked: failed.map(ago) }
}

const NOW: Timestamp = Timestamp(1_700_000_000_000);

#[test]
fn a_document_goes_from_fresh_to_expired() {
    let rules = rules();
    let day = DAY as i64;
    for (age, limit, failed, plain, anew) in [
        (0, None, None, fresh(60), fresh(60)),
        (1, None, None, fresh(59), ON_ERROR),
        (59, None, None, fresh(1), ON_ERROR),
        (60, None, None, REFRESHED, ON_ERROR),
        (119, None, None, REFRESHED, ON_ERROR),
        (120, None, None, ON_ERROR, ON_ERROR),
        (day + 59, None, None, ON_ERROR, ON_ERROR),
        (day + 60, None, None, EXPIRED, EXPIRED),
        // what an upstream allows counts where it is less
        (4, Some(5), None, fresh(1), ON_ERROR),
        (5, Some(5), None, REFRESHED, ON_ERROR),
        (65, Some(5), None, ON_ERROR, ON_ERROR),
        (59, Some(3600), None, fresh(1), ON_ERROR),
        (60, Some(3600), None, REFRESHED, ON_ERROR),
        // ask every time means every time
        (0, Some(0), None, ON_ERROR, ON_ERROR),
        (30, Some(0), None, ON_ERROR, ON_ERROR),
        (day, Some(0), None, EXPIRED, EXPIRED),
        // somebody has just asked in vain: nobody waits, and one in five seconds tries again
        (30, None, Some(4), fresh(30), fresh(30)),
        (70, None, Some(4), STALE, STALE),
        (70, None, Some(5), REFRESHED, ON_ERROR),
        (600, None, Some(0), STALE, STALE),
        (600, None, Some(4), STALE, STALE),
        (600, None, Some(5), REFRESHED, ON_ERROR),
        (600, None, Some(59), REFRESHED, ON_ERROR),
        (0, Some(0), Some(0), STALE, STALE),
        // that was another outage
        (600, None, Some(60), ON_ERROR, ON_ERROR),
        (day + 59, None, Some(0), STALE, STALE),
        (day + 60, None, Some(0), EXPIRED, EXPIRED),
        // another worker found it out since this one read the clock
        (-1, None, None, fresh(60), fresh(60)),
        (-2, None, None, fresh(60), fresh(60)),
        (70, None, Some(-1), STALE, STALE),
        // the clock was set back: no age is known, so it is asked for
        (-3, None, None, ON_ERROR, ON_ERROR),
        (-3600, None, Some(0), STALE, STALE),
        // an attempt in the future holds up no other
        (600, None, Some(-3600), ON_ERROR, ON_ERROR),
        (70, None, Some(-3600), REFRESHED, ON_ERROR),
    ] {
        for (no_cache, expected) in [(false, plain), (true, anew)] {
            let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 0, no_cache };
            let dates = dates(NOW, age, limit, failed);
            assert_eq!(check.found(CacheClass::List, dates), expected, "{dates:?} {no_cache}");
        }
        // where clients may not, it is as if they had not asked
        let closed = Freshness { client_no_cache: false, ..rules };
        let check = FreshnessCheck { rules: &closed, now: NOW, jitter: 0, no_cache: true };
        assert_eq!(check.found(CacheClass::List, dates(NOW, age, limit, failed)), plain);
    }
}

#[test]
fn each_kind_of_document_has_its_time() {
    let rules = Freshness {
        list: seconds(1),
        latest: seconds(2),
        query: seconds(3),
        sumdb_latest: seconds(4),
        presence: seconds(5),
        negative: seconds(6),
        ..rules()
    };
    let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 0, no_cache: false };
    let new = dates(NOW, 0, None, None);
    for (class, expected) in [
        (CacheClass::List, fresh(1)),
        (CacheClass::Latest, fresh(2)),
        (CacheClass::Query, fresh(3)),
        (CacheClass::SumdbLatest, fresh(4)),
        (CacheClass::Immutable, CacheState::Fresh { left: None }),
    ] {
        assert_eq!(check.found(class, new), expected);
    }
    assert_eq!(check.presence(NOW), Some(seconds(5)));
    assert_eq!(check.missing(new), Some(seconds(6)));
}

#[test]
fn what_never_changes_is_always_fresh() {
    let rules = rules();
    for age in [-3600, 0, 60, i64::from(u32::MAX)] {
        for no_cache in [false, true] {
            let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 255, no_cache };
            let state = check.found(CacheClass::Immutable, dates(NOW, age, Some(0), Some(0)));
            assert_eq!(state, CacheState::Fresh { left: None }, "{age}");
        }
    }
}

/// What is given while all is well is given in an outage too, whatever `stale_if_error` says.
#[test]
fn an_outage_takes_nothing_away() {
    let rules = Freshness { stale_if_error: Duration::ZERO, ..rules() };
    for (age, failed, plain, anew) in [
        (70, None, REFRESHED, ON_ERROR),
        (70, Some(0), STALE, STALE),
        (120, None, EXPIRED, EXPIRED),
        (120, Some(0), EXPIRED, EXPIRED),
    ] {
        for (no_cache, expected) in [(false, plain), (true, anew)] {
            let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 0, no_cache };
            let state = check.found(CacheClass::List, dates(NOW, age, None, failed));
            assert_eq!(state, expected, "{age} {failed:?}");
        }
    }
}

/// "Not found" is fresh or asked for anew, with nothing between; that storage holds an object is, too.
#[test]
fn what_is_not_there_is_never_stale() {
    let rules = rules();
    for (age, limit, plain, anew) in [
        (0, None, Some(30), Some(30)),
        (1, None, Some(29), None),
        (29, None, Some(1), None),
        (30, None, None, None),
        (0, Some(0), None, None),
        (4, Some(5), Some(1), None),
        (5, Some(5), None, None),
        (-3, None, None, None),
    ] {
        for (no_cache, expected) in [(false, plain), (true, anew)] {
            let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 0, no_cache };
            assert_eq!(check.missing(dates(NOW, age, limit, None)), expected.map(seconds), "{age} {limit:?}");
        }
    }
    for (age, expected) in [(0, Some(60)), (59, Some(1)), (60, None), (-3, None)] {
        let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 0, no_cache: true };
        assert_eq!(check.presence(dates(NOW, age, None, None).since), expected.map(seconds), "{age}");
    }
}

#[test]
fn a_spread_takes_a_tenth_at_most() {
    let rules = rules();
    let of = |jitter| {
        let check = FreshnessCheck { rules: &rules, now: NOW, jitter, no_cache: false };
        match check.found(CacheClass::List, dates(NOW, 0, None, None)) {
            CacheState::Fresh { left: Some(left) } => left,
            other => panic!("{other:?}"),
        }
    };
    let all: Vec<Duration> = (0..=u8::MAX).map(of).collect();
    assert_eq!((all[0], all[255]), (seconds(60), seconds(54)));
    assert!(all.is_sorted_by(|a, b| a > b), "no two alike, and never longer");
    let check = FreshnessCheck { rules: &rules, now: NOW, jitter: 255, no_cache: false };
    assert_eq!(check.missing(dates(NOW, 0, None, None)), Some(seconds(27)));
    assert_eq!(check.presence(NOW), Some(seconds(54)));
}

/// How good a state is: the larger, the sooner the client has an answer.
fn rank(state: CacheState) -> u8 {
    match state {
        CacheState::Fresh { .. } => 3,
        CacheState::Stale { .. } => 2,
        CacheState::Expired { servable_on_error } => servable_on_error.into(),
    }
}

/// Calls `check` with every combination of values at and beside the edges: enough of them to meet every pair of rules.
/// The ages come last, from young to old.
fn every(mut check: impl FnMut(&FreshnessCheck<'_>, Dates)) {
    let by_default = rules();
    let times = [0, 1, 999, 1000, 5000, 60_000, 86_400_000].map(Duration::from_millis);
    let limits = [None, Some(0), Some(1), Some(5000), Some(60_000), Some(u64::MAX)];
    let ages = [0, 1, 999, 1000, 4999, 5000, 59_999, 60_000, 120_000, 86_400_000, 172_800_000];
    let triples = times.into_iter().flat_map(|a| times.into_iter().map(move |b| (a, b)));
    for ((list, stale_while_revalidate), stale_if_error) in
        triples.flat_map(|pair| times.into_iter().map(move |c| (pair, c)))
    {
        let rules = Freshness { list, negative: list, stale_while_revalidate, stale_if_error, ..by_default };
        for limit in limits.map(|limit| limit.map(Duration::from_millis)) {
            for failed in [None, Some(0), Some(1000), Some(70_000)] {
                let checked = failed.map(|after: u64| Timestamp(NOW.0 + after));
                let dates = Dates { since: NOW, limit, checked };
                for (jitter, no_cache) in [(0, false), (255, false), (0, true), (255, true)] {
                    for now in ages.map(|age| Timestamp(NOW.0 + age)) {
                        // No attempt has failed before it did.
                        if checked.is_none_or(|at| at <= now) {
                            check(&FreshnessCheck { rules: &rules, now, jitter, no_cache }, dates);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_older_is_never_the_fresher() {
    let (mut before, mut seen) = ((Timestamp(u64::MAX), 0), [0; 4]);
    every(|check, dates| {
        let state = check.found(CacheClass::List, dates);
        // Otherwise it is the youngest of another combination.
        let is_older = before.0 < check.now;
        assert!(!is_older || rank(state) <= before.1, "{check:?} {dates:?}: {state:?}");
        before = (check.now, rank(state));
        seen[usize::from(rank(state))] += 1;
    });
    assert!(seen.iter().all(|count| *count > 1000), "every state is met: {seen:?}");
}

#[test]
fn nothing_makes_it_fresher() {
    every(|check, dates| {
        let state = check.found(CacheClass::List, dates);
        let at_ease = FreshnessCheck { no_cache: false, ..*check }.found(CacheClass::List, dates);
        let unlimited = check.found(CacheClass::List, Dates { limit: None, ..dates });
        let whole = FreshnessCheck { jitter: 0, ..*check }.found(CacheClass::List, dates);
        let least = [at_ease, unlimited, whole].map(rank).into_iter().min().unwrap();
        assert!(rank(state) <= least, "{check:?} {dates:?}: {state:?}");
    });
}

#[test]
fn what_is_left_is_of_the_shorter_time_and_no_less_than_nine_tenths() {
    every(|check, dates| {
        let CacheState::Fresh { left } = check.found(CacheClass::List, dates) else { return };
        let shorter = dates.limit.map_or(check.rules.list, |limit| limit.min(check.rules.list));
        let ttl = left.unwrap() + check.now.since(dates.since);
        assert!(ttl <= shorter && ttl >= shorter * 9 / 10 && !left.unwrap().is_zero(), "{check:?} {dates:?}");
    });
}

/// With the same times "not found" is fresh exactly when a document would be.
#[test]
fn documents_and_their_absence_are_judged_alike() {
    every(|check, dates| {
        let dates = Dates { checked: None, ..dates };
        let left = match check.found(CacheClass::List, dates) {
            CacheState::Fresh { left } => left,
            CacheState::Stale { .. } | CacheState::Expired { .. } => None,
        };
        assert_eq!(check.missing(dates), left, "{check:?} {dates:?}");
    });
}
