//! A ref that has changed, and which versions of which modules it may be.

use crate::gomod::Version;

/// A ref that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    /// Which.
    pub name: RefName,
    /// How.
    pub deed: Deed,
}

/// What a ref is called, without `refs/heads/` or `refs/tags/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefName {
    /// A branch.
    Branch(String),
    /// A tag.
    Tag(String),
}

/// What became of a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is there now. A branch that went on is this as well: that is what branches are for.
    Created,
    /// It is there no more.
    Deleted,
    /// It is a tag, and another commit has it now.
    Moved,
}

impl RefName {
    /// That of `refs/heads/...` or `refs/tags/...`; `None` for other refs, and for names that are longer than any that is looked at.
    pub fn of(full: &str) -> Option<Self> {
        full.strip_prefix("refs/tags/")
            .and_then(Self::tag)
            .or_else(|| full.strip_prefix("refs/heads/").and_then(Self::branch))
    }

    /// A branch.
    pub fn branch(name: &str) -> Option<Self> {
        is_name(name).then(|| Self::Branch(name.to_owned()))
    }

    /// A tag.
    pub fn tag(name: &str) -> Option<Self> {
        is_name(name).then(|| Self::Tag(name.to_owned()))
    }

    /// The directory below the root of the repository, empty for the root itself, and the version, where it is a tag that is a version.
    /// Semantics of the go command: what stands before the last slash is the directory, and the rest is canonical.
    pub fn version(&self) -> Option<(&str, Version)> {
        let Self::Tag(tag) = self else { return None };
        let (directory, version) = tag.rsplit_once('/').unwrap_or(("", tag));
        let version = Version::parse(version).ok()?;
        // The go command makes these two itself, and heeds no tag of such a name.
        (!version.is_incompatible() && !version.is_pseudo()).then_some((directory, version))
    }

    /// What stands behind the repository's name in the path of each module of which this may be a version: `/sub`, `/sub/v2`. Without a
    /// version it is the root's module alone, of which it may be a query.
    pub fn places(&self) -> Vec<String> {
        let Some((directory, version)) = self.version() else { return vec![String::new()] };
        let directory = if directory.is_empty() { String::new() } else { format!("/{directory}") };
        let major = version.major();
        if matches!(major, "v0" | "v1") {
            return vec![directory];
        }
        let suffixed = format!("{directory}/{major}");
        // The code may lie in the directory of the major version, which is in the tag then.
        vec![directory, suffixed]
    }
}

impl RefChange {
    /// The change of the ref `name` from one commit to another; a commit of zeros is none.
    pub fn between(name: RefName, before: Option<&str>, after: Option<&str>) -> Self {
        let is_none = |commit: Option<&str>| {
            commit.is_none_or(|commit| commit.is_empty() || commit.bytes().all(|byte| byte == b'0'))
        };
        let deed = match (&name, is_none(before), is_none(after)) {
            (_, _, true) => Deed::Deleted,
            (RefName::Tag(_), false, false) if before != after => Deed::Moved,
            _ => Deed::Created,
        };
        Self { name, deed }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_REF_BYTES && !name.chars().any(char::is_control)
}

/// GitHub and most file systems take no longer names.
const MAX_REF_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_of_the_modules_where_go_would_look() {
        for (full, want) in [
            ("refs/tags/v1.2.3", &[""][..]),
            ("refs/tags/v2.0.0", &["", "/v2"]),
            ("refs/tags/sub/dir/v0.1.0-rc.1", &["/sub/dir"]),
            ("refs/tags/sub/v3.1.0", &["/sub", "/sub/v3"]),
            // No version: a query at most.
            ("refs/tags/v1.2", &[""]),
            ("refs/tags/release-7", &[""]),
            ("refs/tags/v2.0.0+incompatible", &[""]),
            ("refs/tags/v0.0.0-20060102150405-abcdefabcdef", &[""]),
            ("refs/heads/v1.2.3", &[""]),
        ] {
            assert_eq!(RefName::of(full).unwrap().places(), want, "{full}");
        }
        for other in ["refs/pull/1/head", "v1.2.3", "", "refs/tags/", "refs/heads/a\nb"] {
            assert_eq!(RefName::of(other), None, "{other:?}");
        }
        assert_eq!(RefName::tag(&"a".repeat(256)), None);
    }

    #[test]
    fn zeros_are_no_commit() {
        let (tag, zeros) = (RefName::Tag("v1.0.0".into()), "0".repeat(40));
        let deed = |name: &RefName, before, after| RefChange::between(name.clone(), before, after).deed;
        assert_eq!(deed(&tag, Some(&zeros), Some("a1")), Deed::Created);
        assert_eq!(deed(&tag, None, Some("a1")), Deed::Created);
        assert_eq!(deed(&tag, Some("a1"), Some(&zeros)), Deed::Deleted);
        assert_eq!(deed(&tag, Some("a1"), None), Deed::Deleted);
        assert_eq!(deed(&tag, Some("a1"), Some("b2")), Deed::Moved);
        let branch = RefName::Branch("main".into());
        assert_eq!(deed(&branch, Some("a1"), Some("b2")), Deed::Created);
    }
}
