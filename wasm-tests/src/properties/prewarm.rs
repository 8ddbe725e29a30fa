//! Builds that are posted: whatever is sent, it is refused or names versions, and few.
//!
//! Input: a go.sum, a go.mod, or a list of module versions.

use std::collections::BTreeSet;

use modgate::flow::read_body;
use modgate::gomod::{ModulePath, Version, check as fits};
use modgate::goproxy::Refusal;

/// No bytes panic; each version is one that a proxy may be asked for, and is named once.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let build = match read_body(text.to_owned(), None) {
        Ok(build) => build,
        Err(Refusal::Malformed(reason)) => {
            assert!(reason.starts_with("malformed body: line "), "{reason}");
            return;
        }
        Err(Refusal::Body { .. }) => return,
        Err(refusal) => panic!("{refusal:?}"),
    };
    assert!(build.wishes.len() <= 3000);
    let mut names = BTreeSet::new();
    for wish in &build.wishes {
        assert_eq!(ModulePath::parse(wish.module.as_str()).as_ref(), Ok(&wish.module));
        assert_eq!(Version::parse(wish.version.as_str()).as_ref(), Ok(&wish.version));
        assert!(fits(&wish.module, &wish.version).is_ok(), "{wish:?}");
        assert!(names.insert((wish.module.as_str(), wish.version.as_str())), "{wish:?}");
        assert!(matches!(wish.wants().len(), 1 | 3));
    }
    // What was read is read so again as a list.
    let list: String = names.iter().map(|(module, version)| format!("{module}@{version}\n")).collect();
    assert_eq!(read_body(list, None).map(|build| build.wishes.len()).ok(), Some(names.len()));
}
