//! Where 32 bits could be too few, and one path of the code where they are: lengths, times, counters.

use std::time::Duration;

use modgate::config::{Config, Index, Pages};
use modgate::goproxy::{Audience, CacheClass, CacheState, Dates, Found, FreshnessCheck, Validity};
use modgate::http::Timestamp;
use modgate::shared::{Entry, Heat, Key, Record};
use modgate_wasm_tests::properties;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn the_width_is_what_is_tested_here() {
    assert_eq!(usize::BITS, 32);
}

#[wasm_bindgen_test]
fn times_are_64_bits_wide() {
    // 2^32 milliseconds were over in February 1970.
    let now = Timestamp(1_700_000_000_000);
    assert_eq!(now.since(Timestamp(now.0 - (1 << 32) - 1)), Duration::from_millis((1 << 32) + 1));
    assert_eq!(Timestamp(u64::MAX).since(Timestamp(0)), Duration::from_millis(u64::MAX));
    assert_eq!(Timestamp(0).since(now), Duration::ZERO, "a clock that was set back");
}

#[wasm_bindgen_test]
fn ages_beyond_32_bits_of_milliseconds_are_not_fresh() {
    let config = Config::parse(r#"{"upstreams": [{"cluster": "c", "url": "http://h"}]}"#).unwrap();
    let state = |age| {
        let since = Timestamp(1_700_000_000_000);
        let check = FreshnessCheck {
            rules: &config.freshness,
            now: Timestamp(since.0 + age),
            jitter: 0,
            no_cache: false,
        };
        check.found(CacheClass::List, Dates { since, limit: None, checked: None })
    };
    assert_eq!(state(1), CacheState::Fresh { left: Some(Duration::from_millis(59_999)) });
    assert_eq!(state((1 << 32) + 1), CacheState::Expired { servable_on_error: false });

    let kept = |left| Validity { fresh_for: Some(left), audience: Audience::Everybody }.cache_control();
    assert_eq!(kept(Duration::from_millis(((1 << 32) + 1) * 1000)), "max-age=4294967297");
    assert_eq!(kept(Duration::from_secs(u64::MAX)), "max-age=18446744073709551615");
}

#[wasm_bindgen_test]
fn the_index_bound_does_not_wrap() {
    let pages = Pages { count: u32::MAX, bytes: 1 << 20 };
    let index = Index { found: pages, large: pages, missing: pages };
    assert!(index.memory_bound_bytes() > 3 * (u64::from(u32::MAX) << 20));
    let largest = Index::of(u32::MAX);
    assert!(largest.memory_bound_bytes() <= u64::from(u32::MAX) + (5 << 20), "{largest:?}");
}

#[wasm_bindgen_test]
fn records_keep_wide_times_and_keys_of_any_length() {
    let entry = Entry::Found(Found::fetched(vec![0xff; 100_000], Timestamp(u64::MAX - 1)));
    let heat = Heat { uses: u8::MAX, touched: u32::MAX };
    for length in [0, 1, 65_535] {
        let path = "x".repeat(length);
        let key = Key { sources: u64::MAX, path: &path };
        let bytes = Record { key, entry: &entry, heat }.encode().unwrap();
        assert_eq!(Entry::decode(&bytes, key).as_ref(), Some(&entry));
        assert_eq!(Entry::decode(&bytes, Key { sources: u64::from(u32::MAX), ..key }), None);
    }
    let path = "x".repeat(65_536);
    assert_eq!(Record { key: Key { sources: 0, path: &path }, entry: &entry, heat }.encode(), None);
}

#[wasm_bindgen_test]
fn durations_are_read_to_the_nanosecond_and_to_the_day() {
    let with = |list: &str| {
        let text = format!(
            r#"{{"storage": {{"cluster": "c", "url": "http://h"}}, "freshness": {{"list": "{list}"}}}}"#
        );
        Config::parse(&text).map(|config| config.freshness.list)
    };
    assert_eq!(with("1day"), Ok(Duration::from_secs(86_400)));
    assert_eq!(with("1h 1ns"), Ok(Duration::new(3600, 1)));
    assert!(with("4294967296s").is_err() && with("18446744073709551616s").is_err());
}

#[wasm_bindgen_test]
fn what_must_hold_of_records_holds_of_the_seeds() {
    for seed in [
        include_bytes!("../../../fuzz/seeds/record/found").as_slice(),
        include_bytes!("../../../fuzz/seeds/record/gone"),
        include_bytes!("../../../fuzz/seeds/record/length_beyond"),
        include_bytes!("../../../fuzz/seeds/record/etag_cut"),
    ] {
        properties::record::check(seed);
    }
}
