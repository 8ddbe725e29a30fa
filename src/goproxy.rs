//! The module proxy protocol as values: what is asked, what a body must be, what came of it, what is answered.
//!
//! Source: the Go Modules Reference, "GOPROXY protocol", and what the go command does with it.

mod answer;
mod body;
mod caching;
mod freshness;
mod list;
mod outcome;
mod page;
mod path;
mod refusal;
mod target;

pub use self::answer::{Answer, Asker, Audience, CACHE_HEADER, READ, Validity, not_modified};
pub use self::body::{BadBody, Info, accept};
pub use self::caching::{freshness_limit, wants_revalidation};
pub use self::freshness::{Dates, Judge, Standing, ttl};
pub use self::list::{Line, ListReader, Moment};
pub use self::outcome::{Etag, Failure, Fault, Found, Missing, Outcome};
pub use self::page::{Deed, Page, Posted, Route, Taken, Who};
pub use self::path::{Place, encode, is_our_host, may_be_ours, place};
pub use self::refusal::{BodyFault, Refusal};
pub use self::target::{Document, File, Lifetime, SumdbFile, Target, Zip};
