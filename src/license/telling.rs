//! Words that make a sentence one about what may be done: where one of them stands outside all licences that are known, the text may
//! change what those say.

/// Whether it is such a word.
pub(super) fn is_telling(word: &[u8]) -> bool {
    // GPLv2, LGPL3 and what else they are called.
    let is_gnu =
        GNU.iter().any(|gnu| word.get(..gnu.len()).is_some_and(|start| start.eq_ignore_ascii_case(gnu)));
    let order = |telling: &&str| telling.bytes().cmp(word.iter().map(u8::to_ascii_lowercase));
    is_gnu || TELLING.binary_search_by(order).is_ok()
}

const GNU: &[&[u8]] = &[b"gpl", b"lgpl", b"agpl"];

/// Sorted.
#[rustfmt::skip]
const TELLING: &[&str] = &[
    "academic", "accept", "accepting", "according", "addition", "additional", "additionally", "agree",
    "agreed", "agreement", "agrees", "allow", "allowed", "also", "any", "applicable", "applies", "apply",
    "busl", "but", "can", "cannot", "clause", "clauses", "commercial", "commercially", "comply",
    "condition", "conditions", "confidential", "consent", "contrary",     "distribute", "distributed", "distributing", "distribution", "domain", "dual", "either", "enterprise",
    "evaluation", "evil", "except", "exception", "exceptions", "exclude", "excluded", "excluding", "fee",
    "fees", "follow", "following", "follows", "forbid", "forbidden", "govern", "governed", "grant",
    "granted", "granting", "grants", "however", "if", "internal", "liable", "license", "licensed",
    "licensee", "licenses", "licensing", "licensor", "limitation", "limitations", "limited", "may",
    "military", "modification", "modifications", "modified", "modify", "must", "no", "non", "noncommercial",
    "not", "obligation", "only", "otherwise", "patent", "patents", "pay", "payment", "permission", "permit",
    "permits", "permitted", "personal", "prior", "production", "prohibited", "prohibits", "proprietary",
    "provided", "purpose", "purposes", "redistribute", "redistributed", "redistribution", "require",
    "required", "requires", "research", "restrict", "restricted", "restriction", "restrictions", "right",
    "rights", "royalty", "sell", "selling", "shall", "should", "sold", "sspl", "subject", "sublicense",
    "subscription", "terms", "trademark", "under", "unless", "use", "used", "uses", "using", "warranty",
    "without", "written",
];

#[cfg(test)]
mod tests {
    use super::{TELLING, is_telling};

    #[test]
    fn the_words_are_sorted() {
        assert!(TELLING.is_sorted_by(|one, next| one < next));
        assert!(is_telling(b"Commercial") && is_telling(b"GPLv3") && !is_telling(b"Authors"));
    }
}
