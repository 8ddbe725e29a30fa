//! What pages cost where storage has very much.

use std::fmt::Write;

use super::*;
use crate::{
    config::Config,
    flow::{Mirror, Publications, Shelf, Sightings, SourceHealth, Wishes},
    http::Headers,
    shared::{Capabilities, Index, Memory, Seat},
};

const MODULES: usize = 10_000;
const VERSIONS: usize = 100;
const FILES: usize = MODULES * VERSIONS * 3;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// The key at this place of all keys, in their order.
fn key(at: usize) -> String {
    let (version, file) = (at / 3, ["info", "mod", "zip"][at % 3]);
    // Of three digits each, so that they are in the order of their keys.
    let (module, version) = (version / VERSIONS, 100 + version % VERSIONS);
    format!("example.com/team{:03}/module{module:05}/@v/v1.{version}.0.{file}", module / 100)
}

/// What a bucket of a million versions answers.
fn answer(callout: &Callout) -> Reply {
    let after = callout.path.split('&').find_map(|pair| pair.strip_prefix("start-after="));
    let after = after.map(|after| percent_encoding::percent_decode_str(after).decode_utf8().unwrap());
    let mut places = 0..FILES;
    if let Some(after) = after {
        // All keys up to it come before.
        let (mut low, mut high) = (0, FILES);
        while low < high {
            let middle = (low + high) / 2;
            if key(middle).as_str() <= &*after { low = middle + 1 } else { high = middle }
        }
        places.start = low;
    }
    let mut body = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", places.len() > 1000);
    for at in places.take(1000) {
        write!(body, "<Contents><Key>{}</Key><Size>100</Size></Contents>", key(at)).unwrap();
    }
    body += "</ListBucketResult>";
    Reply::Answered { status: 200, headers: Headers::default(), body: body.into() }
}

/// What one page cost.
#[derive(Debug, Default)]
struct Cost {
    callouts: usize,
    slices: usize,
    /// The most bytes of keys and versions that it held.
    held: usize,
    versions: usize,
    next: Option<String>,
}

fn page(config: &Config, token: &str) -> Cost {
    let mut memory = Memory::default();
    let mut index = Index::new(config, Seat::default());
    let in_force = config.in_force();
    let source_health = SourceHealth::new(config);
    let known = Known {
        config,
        host: Capabilities::ALL,
        in_force: &in_force,
        index: &mut index,
        mirror: &mut Mirror::default(),
        publications: &Publications::default(),
        source_health: &source_health,
        sightings: &mut Sightings::default(),
        shelf: &mut Shelf::default(),
        wishes: &mut Wishes::default(),
    };
    let mut cx = Cx::new(NOW, &mut memory);
    let token = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
    let path = format!("/catalog?token={token}");
    let storage = config.storage.as_ref().unwrap();
    let mut page = Cataloguing::begin(Form::Versions, &path, Caller::default(), storage, NOW).unwrap();
    let mut cost = Cost::default();
    loop {
        cost.slices += 1;
        let turn = page.step(&known, &mut cx);
        let keys: usize = page.keys.iter().map(String::len).sum();
        let named = page.named.iter().map(|(module, version)| module.as_str().len() + version.as_str().len());
        cost.held = cost.held.max(keys + named.sum::<usize>());
        match turn {
            Turn::Ask(callout) => {
                cost.callouts += 1;
                page.take(&answer(&callout), &mut cx).unwrap();
            }
            Turn::Work => {}
            Turn::Over(Verdict::Respond(response)) => {
                let json: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
                cost.versions = json["modules"].as_array().unwrap().len();
                cost.next = json.get("next").map(|next| next.as_str().unwrap().to_owned());
                return cost;
            }
            Turn::Over(other) => panic!("{other:?}"),
        }
    }
}

fn bucket() -> Config {
    Config::parse(r#"{"storage": {"cluster": "s", "url": "http://s/b", "dialect": "s3"}, "catalog": {}}"#)
        .unwrap()
}

#[test]
fn a_million_versions_are_listed_in_pages_that_cost_the_same() {
    let config = bucket();
    // Some from every part, and the last.
    for part in 0..=10 {
        let at = (FILES / 10 * part).saturating_sub(1500);
        let cost = page(&config, &format!("{}*", key(at / 3 * 3 + 2)));
        assert_eq!(cost.versions, if part == 10 { 499 } else { 1000 }, "{cost:?}");
        assert!(cost.callouts <= 4 && cost.slices <= 32 && cost.held < 200 << 10, "{part}: {cost:?}");
        assert_eq!(cost.next.is_none(), part == 10);
    }
}

/// All of it, page by page: minutes without optimisation.
#[test]
#[ignore = "long: cargo test --release -p modgate --lib every_page_of_a_million_versions -- --ignored --nocapture"]
fn every_page_of_a_million_versions() {
    let config = bucket();
    let (mut token, mut versions, mut pages, mut callouts, mut held) = (String::new(), 0, 0, 0, 0);
    loop {
        let cost = page(&config, &token);
        (versions, pages, callouts) = (versions + cost.versions, pages + 1, callouts + cost.callouts);
        held = held.max(cost.held);
        assert!(cost.callouts <= 4, "{cost:?}");
        match cost.next {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(versions, MODULES * VERSIONS);
    eprintln!("{versions} versions: {pages} pages, {callouts} callouts, {held} bytes held at most");
}
