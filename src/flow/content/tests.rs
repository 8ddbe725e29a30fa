use super::*;
use crate::{
    config::Config,
    flow::{Mirror, Publications, Shelf, Sightings, SourceHealth, Wishes},
    shared::{Capabilities, Memory, Seat},
};

const POLICY: &str = r#"{"upstreams": [{"cluster": "a", "url": "http://a.test"}], "policy": {"malicious": [
    {"id": "X", "hashes": ["h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ="]}]}}"#;

fn zip(version: &str) -> Zip {
    let (module, version) = (ModulePath::parse("example.com/m"), Version::parse(version));
    Zip { module: module.unwrap(), version: version.unwrap() }
}

/// Notes these in a fresh index by a configuration, and recalls what is left.
fn recalled(config: &str, noted: &[(Zip, Content)]) -> Contents {
    let config = Config::parse(config).unwrap();
    let mut memory = Memory::default();
    let mut cx = Cx::new(Timestamp(1_700_000_000_000), &mut memory);
    let mut known = Known {
        config: &config,
        host: Capabilities::ALL,
        in_force: &config.policy.in_force(),
        index: &mut Index::new(&config, Seat::default()),
        mirror: &mut Mirror::default(),
        publications: &Publications::default(),
        source_health: &SourceHealth::default(),
        sightings: &mut Sightings::default(),
        shelf: &mut Shelf::default(),
        wishes: &mut Wishes::default(),
    };
    for (zip, content) in noted {
        note_content(zip, content, &mut known, &mut cx);
    }
    contents(&zip("v1.0.0").module, known.index, &cx)
}

#[test]
fn what_was_noted_last_is_recalled_and_the_record_is_bounded() {
    let content = |n: u8| Content { h1: H1([n; 32]), files: Some(H1([n + 1; 32])) };
    let noted: Vec<_> = (0..200_u8).map(|n| (zip(&format!("v1.0.{n}")), content(n))).collect();
    let left = recalled(POLICY, &noted);
    let most = MAX_BYTES / (BYTES_BESIDE + "v1.0.100".len());
    for (n, (zip, content)) in noted.iter().enumerate() {
        let is_left = n >= 200 - most;
        assert_eq!(left.get(&zip.version), Some(content).filter(|_| is_left), "{n} of {most}");
    }
    // A zip that was read says more than what a database has of it.
    let again = [
        (zip("v1.0.0"), Content::logged(H1([0; 32]))),
        (zip("v1.0.0"), content(0)),
        (zip("v1.0.1"), content(1)),
    ];
    let left = recalled(POLICY, &again);
    assert_eq!(left.iter().count(), 2);
    assert!(left.has_read(&zip("v1.0.0").version));
}

#[test]
fn nothing_is_noted_where_no_hash_is_listed() {
    let noted = [(zip("v1.0.0"), Content { h1: H1([1; 32]), files: Some(H1([2; 32])) })];
    for config in [
        POLICY
            .replace("\"hashes\"", "\"exact\"")
            .replace("h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=", "example.com/m"),
        r#"{"upstreams": [{"cluster": "a", "url": "http://a.test"}]}"#.to_owned(),
    ] {
        assert_eq!(recalled(&config, &noted), Contents::default());
    }
}
