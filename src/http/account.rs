//! What a response counts as.

use crate::words::words;

/// What a response counts as, beside its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// What was asked.
    pub kind: Kind,
    /// Where the answer came from.
    pub cache: Cache,
}

/// What counts of a request that is not refused, though it would be if all of the policy were enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitored {
    /// What metrics call the rule, or the default, that would have decided.
    pub rule: String,
    /// Whether that depends on when the version was published, which is not known.
    pub undated: bool,
}

words! {
    /// What counts of a request for a version that is retracted, or may be.
    pub enum RetractedAs {
        /// No source could say whether it is; it was given.
        Unknown = "unknown",
        /// It is, and was given with a warning.
        Warned = "warned",
    }
}

words! {
    /// What a request asks for.
    pub enum Kind {
        /// The `.info` of a version.
        Info = "info",
        /// Nothing that there can be: the gateway cannot read the request, or refuses its path, or the method for what is no page.
        Invalid = "invalid",
        /// `@latest`.
        Latest = "latest",
        /// A list of versions.
        List = "list",
        /// A go.mod.
        Mod = "mod",
        /// One of the gateway's own pages.
        Page = "page",
        /// The `.info` of a query: a branch, a commit, an incomplete version.
        Query = "query",
        /// A file of a checksum database.
        Sumdb = "sumdb",
        /// A module's content.
        Zip = "zip",
    }
}

words! {
    /// Where an answer came from: for logs, metrics and the `x-modgate-cache` header.
    pub enum Cache {
        /// From a fetch that another request had begun.
        Coalesced = "coalesced",
        /// From the index.
        Hit = "hit",
        /// From nowhere: refused, failed, or a page of our own.
        None = "none",
        /// From the index or from storage, because those who know better could not be asked.
        Stale = "stale",
        /// From storage.
        Storage = "storage",
        /// From an upstream or a checksum database.
        Upstream = "upstream",
    }
}

/// How the body of a routed response ended, as far as the host can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyEnd {
    /// How many bytes of it the host has sent.
    pub bytes: u64,
    /// How it ended.
    pub how: Ending,
}

words! {
    /// How a request ended.
    pub enum Ending {
        /// The client, or the connection to it, ended while the response was sent.
        Aborted = "aborted",
        /// The source broke off.
        Cut = "cut",
        /// The client left before there was a response.
        Left = "left",
        /// The filter reset it: what came must not be given.
        Reset = "reset",
        /// The host has taken all of the response.
        Whole = "whole",
    }
}
