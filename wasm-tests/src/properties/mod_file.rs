//! A go.mod: whatever an author writes, what is read of it is bounded, and retracted is what one of the retractions holds.
//!
//! Input: the go.mod.

use modgate::gomod::{ModFile, Retraction, Version};

/// Versions about those of the seeds.
const VERSIONS: [&str; 8] =
    ["v0.0.0", "v0.9.0", "v1.0.0-rc.1", "v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0+incompatible", "v9.9.9"];

/// No bytes panic, and looking for a version in all that was joined finds what each retraction by itself says.
pub fn check(input: &[u8]) {
    let Ok(ModFile { deprecated, retractions }) = ModFile::read(input) else { return };
    assert!(deprecated.is_none_or(|text| !text.is_empty() && text.len() <= 512));
    let all = retractions.all();
    assert!(all.len() <= 1024 && all.iter().all(|one| one.rationale.len() <= 512));
    let bounds = all.iter().flat_map(|one| one.low.iter().chain([&one.high])).take(16).cloned();
    for version in VERSIONS.map(|text| Version::parse(text).unwrap()).into_iter().chain(bounds) {
        let holds = |one: &&Retraction| {
            one.low.as_ref().is_none_or(|low| low.precedence(&version).is_le())
                && version.precedence(&one.high).is_le()
        };
        assert_eq!(retractions.has(&version), all.iter().any(|one| holds(&one)), "{version} {all:?}");
        let said = all.iter().filter(holds).find(|one| !one.rationale.is_empty());
        assert_eq!(retractions.rationale(&version), said.map_or("", |one| &one.rationale));
    }
}
