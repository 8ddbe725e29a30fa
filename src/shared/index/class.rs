//! Pages of one size, for records of one kind.

use super::Region;
use crate::{config, shared::keyed::Purpose};

/// Which pages a record lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// For documents, and for what storage has.
    Found,
    /// For documents of which a page of the class above could hold but few. A pointer there says that the document is here.
    Large,
    /// For what does not exist.
    Missing,
}

impl Class {
    /// The first, where a walk begins.
    pub(super) const FIRST: Self = Self::Found;

    /// The next in a walk over all.
    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::Found => Some(Self::Large),
            Self::Large => Some(Self::Missing),
            Self::Missing => None,
        }
    }

    /// Where the index keeps what `region` is about; what is large of it stands elsewhere.
    pub(super) fn of(region: Region) -> Self {
        match region {
            Region::Found => Self::Found,
            Region::Missing => Self::Missing,
        }
    }

    /// What its records are about.
    pub(super) fn region(self) -> Region {
        match self {
            Self::Found | Self::Large => Region::Found,
            Self::Missing => Region::Missing,
        }
    }

    /// How many pages there are, of how many bytes.
    pub(super) fn pages(self, sizes: &config::Index) -> config::Pages {
        match self {
            Self::Found => sizes.found,
            Self::Large => sizes.large,
            Self::Missing => sizes.missing,
        }
    }

    pub(super) fn purpose(self) -> Purpose {
        match self {
            Self::Found => Purpose::Found,
            Self::Large => Purpose::Large,
            Self::Missing => Purpose::Missing,
        }
    }

    /// What shared data calls a page. The names are those that slots of one record had in older builds, so that a new build takes their
    /// memory over: shared data forgets no key.
    pub(super) fn page_name(self, page: u64) -> String {
        let class = match self {
            Self::Found => "found",
            Self::Large => "large",
            Self::Missing => "missing",
        };
        format!("{PREFIX}{class}/{page}")
    }
}

/// Every filter with the same `vm_id` shares one name space, under Istio filters of other makers too.
const PREFIX: &str = "modgate/index/";
