//! The module proxy protocol as values: requests, bodies, results and answers.
//!
//! Source: the Go Modules Reference, "GOPROXY protocol", and what the go command does with it.

mod answer;
mod body;
mod caching;
mod catalog;
mod freshness;
mod go_import;
mod license;
mod list;
mod outcome;
mod page;
mod path;
mod refusal;
mod target;

pub use self::answer::{
    Answer, Asker, Audience, CACHE_HEADER, DEPRECATED_HEADER, MONITORED_HEADER, READ, RETRACTED_HEADER,
    Validity, doubt, mark, monitored_by, not_modified,
};
pub use self::body::{BadBody, Info, accept};
pub use self::caching::{freshness_limit, wants_revalidation};
pub use self::catalog::CatalogPage;
pub use self::freshness::{CacheState, Dates, FreshnessCheck, ttl};
pub use self::license::LicenseRecord;
pub use self::list::{Line, ListReader, Moment};
pub use self::outcome::{Etag, Failure, FailureKind, Found, Missing, Outcome};
pub use self::page::{Deed, Page, Posted, Route, Taken, Who};
pub use self::path::{Place, encode, is_our_host, may_be_ours, place};
pub use self::refusal::{BodyFault, Refusal};
pub use self::target::{CacheClass, Document, File, SumdbFile, Target, Zip};
