//! Go's words: a sample of the tables that Go's own code wrote.

use modgate::gomod::{ModulePath, Pattern, Query, Version};
use modgate_wasm_tests::properties;
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

/// Every so many rows; natively all of them are compared.
const STEP: usize = 7;

macro_rules! rows {
    ($table:literal) => {
        include_str!(concat!("../../../src/gomod/testdata/", $table, ".jsonl"))
            .lines()
            .step_by(STEP)
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
    };
}

#[wasm_bindgen_test]
fn module_paths_are_escaped_as_in_go() {
    for row in rows!("paths") {
        let path = ModulePath::parse(row[0].as_str().unwrap());
        assert_eq!(path.ok().map(|path| path.escaped()).as_deref(), row[1].as_str(), "{row}");
    }
    for row in rows!("unescape_path") {
        let path = ModulePath::unescape(row[0].as_str().unwrap());
        assert_eq!(path.ok().as_ref().map(ModulePath::as_str), row[1].as_str(), "{row}");
    }
}

#[wasm_bindgen_test]
fn versions_are_read_as_in_go() {
    for row in rows!("versions") {
        let text = row[0].as_str().unwrap();
        let is_canonical = row[1][0].as_str() == Some(text);
        let version = Version::parse(text);
        assert_eq!(version.is_ok(), is_canonical, "{row}");
        if let Ok(version) = version {
            assert_eq!(version.major(), row[1][1].as_str().unwrap(), "{row}");
            assert_eq!(version.is_pseudo(), row[1][4].as_bool().unwrap(), "{row}");
        }
    }
    for row in rows!("version_element") {
        let query = Query::parse(row[0].as_str().unwrap());
        assert_eq!(query.ok().map(|query| query.escaped()).as_deref(), row[1].as_str(), "{row}");
    }
}

#[wasm_bindgen_test]
fn pseudo_versions_hold_times_beyond_32_bits() {
    for row in rows!("pseudo") {
        let Ok(version) = Version::parse(row[0].as_str().unwrap()) else { continue };
        let pseudo = version.pseudo();
        assert_eq!(pseudo.is_some(), !row[1].is_null(), "{row}");
        assert_eq!(pseudo.and_then(|pseudo| pseudo.time()), row[1][0].as_i64(), "{row}");
    }
    let late = Version::parse("v0.0.0-99991231235959-abcdefabcdef").unwrap();
    assert_eq!(late.pseudo().unwrap().time(), Some(253_402_300_799));
}

#[wasm_bindgen_test]
fn patterns_are_kept_as_written_and_match() {
    let pattern = Pattern::parse("*.corp.example.com").unwrap();
    assert_eq!(pattern.as_str(), "*.corp.example.com");
    assert!(pattern.matches(&ModulePath::parse("git.corp.example.com/x").unwrap()));
    assert!(!pattern.matches(&ModulePath::parse("corp.example.com/x").unwrap()));
    assert!(Pattern::parse("").is_err());
}

#[wasm_bindgen_test]
fn what_must_hold_of_words_holds_of_the_seeds() {
    for seed in [
        include_bytes!("../../../fuzz/seeds/gomod/paths").as_slice(),
        include_bytes!("../../../fuzz/seeds/gomod/order"),
        include_bytes!("../../../fuzz/seeds/gomod/pseudo"),
        include_bytes!("../../../fuzz/seeds/gomod/patterns"),
        include_bytes!("../../../fuzz/seeds/gomod/classes"),
    ] {
        properties::gomod::check(seed);
    }
}
