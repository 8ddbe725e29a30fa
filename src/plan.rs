//! Where a document or a zip is looked for, and in which order.
//!
//! What never changes is asked of storage first and of upstreams after. What does change is asked of the upstreams first, for they know,
//! and of storage where they do not: what was seen once stays available. Where all of them say that there is no such module, its versions
//! that are stored are its list (`flow/search/left.rs`).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    config::{Config, Endpoint, MissMode, Storage, describe_failure},
    gomod::{ModulePath, Version},
    goproxy::{CacheClass, Document, File, Zip},
    http::CallFailure,
    metrics::{Cache, Kind, Target},
    store, upstream,
};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// A small document, whole.
    Document(Document),
    /// Who has a zip.
    Zip(Zip),
}

/// Where it is looked for; the numbers are places in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// The storage cluster.
    Storage,
    /// A checksum database.
    Sumdb(usize),
    /// An upstream.
    Upstream(usize),
}

/// The sources to ask for `want`, in order. Storage alone is asked without `may_fetch`, offline, and for a module that is not fetched.
pub fn plan(want: &Want, config: &Config, may_fetch: bool) -> VecDeque<Source> {
    let knows = |storage: &&Storage| want.is_of_storage() || want.is_list() || want.object(storage).is_some();
    let storage = config.storage.as_ref().filter(knows).map(|_| Source::Storage);
    let fetched: Vec<_> = match want {
        _ if !may_fetch || want.is_of_storage() || is_kept_here(want, config) => Vec::new(),
        Want::Document(Document::Sumdb { sumdb, .. }) => config
            .sumdb
            .iter()
            .position(|known| known.name == *sumdb)
            .map(Source::Sumdb)
            .into_iter()
            .collect(),
        Want::Document(Document::Module { module, .. }) => upstreams(config, module),
        Want::Zip(zip) => upstreams(config, &zip.module),
    };
    if want.cache_class() == CacheClass::Immutable {
        storage.into_iter().chain(fetched).collect()
    } else {
        fetched.into_iter().chain(storage).collect()
    }
}

/// Whether no source beyond storage is to hear of it: the gateway is offline, or the module is not fetched.
pub fn is_kept_here(want: &Want, config: &Config) -> bool {
    let is_of_database = matches!(want, Want::Document(Document::Sumdb { .. }));
    config.offline
        || !is_of_database && want.module().is_some_and(|module| config.on_miss(module) == MissMode::None)
}

/// Whether a source that knows better than storage may be asked for it, which is of a module.
pub fn may_be_asked_anew(want: &Want, config: &Config) -> bool {
    let has_upstream = |module| upstream::chain(config, module).next().is_some();
    !is_kept_here(want, config) && want.module().is_some_and(has_upstream)
}

fn upstreams(config: &Config, module: &ModulePath) -> Vec<Source> {
    upstream::chain(config, module).map(Source::Upstream).collect()
}

impl Want {
    /// The path below a source's base address, which is its key in the index too.
    pub fn path(&self) -> String {
        match self {
            Self::Document(document) => document.path(),
            Self::Zip(zip) => zip.path(),
        }
    }

    /// Its key in the index: the path below the proxy's own base address.
    pub fn key(&self) -> String {
        match self {
            Self::Document(Document::Sumdb { sumdb, .. }) => format!("sumdb/{sumdb}/{}", self.path()),
            Self::Document(Document::Module { .. }) | Self::Zip(_) => self.path(),
        }
    }

    /// What `storage` calls it, if it keeps it and can: a key, as it is before any escape.
    pub fn object(&self, storage: &Storage) -> Option<String> {
        let key = match self {
            Self::Document(document) => store::document_key(storage, document),
            Self::Zip(zip) => Some(store::zip_key(storage, zip)),
        };
        key.filter(|key| store::can_name(storage, key))
    }

    /// Whether `storage` would keep it, and can have nothing of that name.
    pub fn is_unnameable(&self, storage: &Storage) -> bool {
        let is_kept = match self {
            Self::Document(document) => store::document_key(storage, document).is_some(),
            Self::Zip(_) => true,
        };
        is_kept && self.object(storage).is_none()
    }

    /// Whether it is the list of a module's versions.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Document(Document::Module { file: File::List, .. }))
    }

    /// What `storage` calls it where it keeps it aside, if it does and can.
    pub fn object_aside(&self, storage: &Storage) -> Option<String> {
        let Self::Document(Document::Module { module, file: File::Info(version) }) = self else {
            return None;
        };
        Some(store::aside_key(storage, module, version)).filter(|key| store::can_name(storage, key))
    }

    /// Whether storage alone knows it.
    pub fn is_of_storage(&self) -> bool {
        matches!(self, Self::Document(document) if document.is_of_storage())
    }

    /// The module it is of, where it is of one.
    pub fn module(&self) -> Option<&ModulePath> {
        match self {
            Self::Document(document) => document.module(),
            Self::Zip(zip) => Some(&zip.module),
        }
    }

    /// The module it is of, and the version that it names, where it names one.
    pub fn subject(&self) -> Option<(&ModulePath, Option<&Version>)> {
        match self {
            Self::Document(document) => Some((document.module()?, document.version())),
            Self::Zip(zip) => Some((&zip.module, Some(&zip.version))),
        }
    }

    /// The module version whose content it is, where it is some.
    pub fn version(&self) -> Option<(&ModulePath, &Version)> {
        match self {
            Self::Document(Document::Module { module, file: File::Mod(version) }) => Some((module, version)),
            Self::Zip(zip) => Some((&zip.module, &zip.version)),
            Self::Document(_) => None,
        }
    }

    /// How long it stays what it is.
    pub fn cache_class(&self) -> CacheClass {
        match self {
            Self::Document(document) => document.cache_class(),
            Self::Zip(_) => CacheClass::Immutable,
        }
    }

    /// The word for metrics.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Document(document) => document.kind(),
            Self::Zip(_) => Kind::Zip,
        }
    }

    /// What a person calls it.
    pub fn describe(&self) -> String {
        match self {
            Self::Document(document) => document.to_string(),
            Self::Zip(zip) => zip.to_string(),
        }
    }
}

impl Source {
    /// How to reach it.
    pub fn endpoint(self, config: &Config) -> Option<&Endpoint> {
        match self {
            Self::Storage => config.storage.as_ref().map(|storage| &storage.endpoint),
            Self::Sumdb(at) => config.sumdb.get(at).map(|sumdb| &sumdb.endpoint),
            Self::Upstream(at) => config.upstreams.get(at).map(|upstream| &upstream.endpoint),
        }
    }

    /// What answers count as that come from there.
    pub fn cache(self) -> Cache {
        match self {
            Self::Storage => Cache::Storage,
            Self::Sumdb(_) | Self::Upstream(_) => Cache::Upstream,
        }
    }

    /// What metrics call it.
    pub fn target(self, config: &Config) -> Target {
        match self {
            Self::Storage => Target::Storage,
            Self::Sumdb(_) => Target::Sumdb,
            Self::Upstream(at) => Target::Upstream(
                config.upstreams.get(at).map(|upstream| upstream.name.clone()).unwrap_or_default(),
            ),
        }
    }

    /// How it failed to answer, as a person reads it, and what to do about a cluster that is missing.
    pub fn say(self, failure: CallFailure, config: &Config) -> String {
        match self.endpoint(config) {
            Some(endpoint) => describe_failure(failure, &endpoint.cluster),
            None => failure.describe().to_owned(),
        }
    }

    /// What a person calls it.
    pub fn describe(self, config: &Config) -> String {
        match self {
            Self::Storage => "storage".to_owned(),
            Self::Sumdb(at) => config
                .sumdb
                .get(at)
                .map(|sumdb| format!("checksum database {}", sumdb.name))
                .unwrap_or_default(),
            Self::Upstream(_) => format!("upstream {}", self.target(config)),
        }
    }
}
