//! What has the gateway look again for new versions, before what it knows has aged.

use std::time::Duration;

use super::{Endpoint, Secret};
use crate::gomod::Patterns;
use crate::hook::{Kind, plain};
use crate::metrics::DocumentName;
use crate::policy::Principal;

/// What has the gateway look again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sync {
    /// The webhooks that are taken, no name twice.
    pub hooks: Vec<Hook>,
    /// The indexes that are followed, no name twice.
    pub feeds: Vec<Feed>,
    /// The fleet that this gateway is one of; `None` where it is alone.
    pub fleet: Option<Fleet>,
    /// Modules that are asked for as soon as an index tells of a new version, whether a client has asked or not.
    pub modules: Patterns,
    /// What is asked for before an hour begins; `None` where nothing is.
    pub forecast: Option<Forecast>,
    /// What is fetched before a client asks for it, where anything is.
    pub prewarm: Option<Prewarm>,
}

/// What is asked for before an hour begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Over how long the questions are spread.
    pub window: Duration,
    /// How long before the hour the first is asked: an hour at most.
    pub lead: Duration,
    /// How many documents are remembered of an hour, and asked for before it.
    pub documents: usize,
}

/// What is fetched, verified and stored before a client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prewarm {
    /// The callers who may post a build; none where it is empty.
    pub principals: Vec<Principal>,
    /// Modules of which each new version is fetched.
    pub modules: Patterns,
    /// Files that are begun in a second, in the whole Envoy.
    pub rate: u32,
}

/// The gateways that share a storage, and tell each other there of what they have heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// How often storage is asked what others have heard.
    pub every: Duration,
}

/// An index whose feed is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// What metrics, logs and pages call it: 1 to 32 of `[a-z0-9_-]`.
    pub name: String,
    /// How it is reached; its path is that of the feed.
    pub endpoint: Endpoint,
    /// How often it is asked.
    pub interval: Duration,
}

impl Feed {
    /// What shared data, metrics and pages call it.
    pub fn document(&self) -> DocumentName {
        DocumentName::of_source("feed", &self.name)
    }
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What metrics, logs and its address call it: 1 to 32 of `[a-z0-9_-]`.
    pub name: String,
    /// Who sends it.
    pub kind: Kind,
    /// What only its sender knows, at least one.
    pub secrets: Vec<Secret>,
    /// Where the kind lets that be chosen, the request header that proves a delivery, in lower case; empty where none is configured.
    pub header: String,
    /// Where modules have another path than their repository.
    pub repositories: Vec<Mapping>,
}

/// Which modules some repositories have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// A repository's name, or what names begin with up to and with the slash where `rest`; as [`plain`] has it.
    pub repository: String,
    /// Whether it stands for all repositories that begin so.
    pub rest: bool,
    /// The path of the modules; it ends in a slash where what is left of the repository's name follows.
    pub modules: String,
}

impl Hook {
    /// The paths below which the configuration says that modules of `repository` are; none where it says nothing of it.
    pub fn modules_of<'a>(&'a self, repository: &'a str) -> impl Iterator<Item = String> + 'a {
        let name = plain(repository);
        self.repositories.iter().filter_map(move |mapping| {
            if !mapping.rest {
                return (name == mapping.repository).then(|| mapping.modules.clone());
            }
            let at = mapping.repository.len();
            let rest = repository.get(at..).filter(|rest| !rest.is_empty())?;
            name.starts_with(&mapping.repository).then(|| {
                let follows = if mapping.modules.ends_with('/') { rest } else { "" };
                format!("{}{follows}", mapping.modules)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_stands_for_what_is_left() {
        let mapping = |repository: &str, rest, modules: &str| Mapping {
            repository: repository.to_owned(),
            rest,
            modules: modules.to_owned(),
        };
        let hook = Hook {
            name: "a".to_owned(),
            kind: Kind::Github,
            secrets: Vec::new(),
            header: String::new(),
            repositories: vec![
                mapping("github.com/acme/", true, "go.acme.example/"),
                mapping("github.com/acme/x", false, "x.example"),
                mapping("github.com/mono/", true, "mono.example"),
            ],
        };
        let of = |repository: &str| hook.modules_of(repository).collect::<Vec<_>>();
        assert_eq!(of("github.com/Acme/X"), ["go.acme.example/X", "x.example"]);
        assert_eq!(of("github.com/acme/a/b"), ["go.acme.example/a/b"]);
        assert_eq!(of("github.com/mono/any"), ["mono.example"]);
        assert!(of("github.com/acme/").is_empty() && of("github.com/acmeother/x").is_empty());
        assert!(of("github.com/other/x").is_empty());
    }
}
