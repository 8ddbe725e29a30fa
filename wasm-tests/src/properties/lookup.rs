//! Answers to lookups: whatever they say, a proof asks for little, and believes none without its tiles.
//!
//! Input: the answer.

use modgate::gomod::{ModulePath, Version};
use modgate::sumdb::{Goal, Key, MAX_TILES, Progress, Proof, Record, Resource};

use super::first_line;

/// No answer panics, one that is taken apart is the same when put together, and with forged tiles none is proven.
pub fn check(input: &[u8]) {
    let module = ModulePath::parse("example.com/M0").unwrap();
    let version = Version::parse("v1.0.0-RC.0").unwrap();
    if let Ok(record) = Record::parse(input) {
        let Record { id, text, note } = record;
        let (number, _) = first_line(input);
        assert_eq!(number.parse(), Ok(id));
        assert_eq!([format!("{number}\n{text}\n").as_bytes(), note].concat(), input);
        if let Ok(sums) = record.sums(&module, &version) {
            for (version, hash) in [("v1.0.0-RC.0", sums.zip_h1()), ("v1.0.0-RC.0/go.mod", sums.go_mod_h1())]
            {
                // The bits beyond a hash's last byte are anybody's, as in Go.
                let hash = &hash[..hash.len() - 2];
                assert!(text.contains(&format!("{module} {version} {hash}")), "{text:?}");
            }
        }
    }

    let lookup = Resource::Lookup { module: module.clone(), version: version.clone() };
    let mut proof = Proof::new(Key::parse(super::note::KEY).unwrap(), Goal::Record { module, version }, None);
    assert_eq!(proof.step(), Progress::Needs(vec![lookup.clone()]));
    proof.supply(lookup, Some(input.to_vec()));
    let Progress::Needs(tiles) = proof.step() else {
        assert!(matches!(proof.step(), Progress::Refused(_)));
        return;
    };
    assert!((1..=MAX_TILES).contains(&tiles.len()), "{tiles:?}");
    for resource in tiles {
        let Resource::Tile(tile) = resource else { panic!("{resource} was supplied") };
        proof.supply(resource, tile.bytes().map(|length| vec![0; length]));
    }
    assert!(matches!(proof.step(), Progress::Refused(_)));
}
