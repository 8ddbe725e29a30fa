//! The storage cluster: what an object is called there, how it is asked for, and what the replies mean. Nothing is sent here.
//!
//! **Layouts** say what an object is called (`store/layout.rs`). **Dialects** say how it is read and written. WebDAV is spoken as nginx
//! does: a PUT makes missing parents, becomes visible at once and whole, and cannot be conditional on there being no such file. An S3 PUT
//! can be, and large objects are written in parts (`store/multipart.rs`). Each lists what it has in its own way (`store/listing.rs`). Envoy
//! signs requests; only the addresses that clients are redirected to are signed here (`store/address.rs`).

mod address;
mod layout;
mod listing;
pub mod multipart;
mod reply;
mod request;
pub mod upload;
mod walk;
mod whole;
mod xml;

pub use self::address::public_url;
pub use self::layout::{
    aside_key, before_feed_keys, can_name, clock_key, document_key, feed_key, feed_stamp, fleet_key,
    fleet_segment_key, forecast_key, served_key, zip_key,
};
pub use self::listing::{Inventory, Turned};
pub use self::reply::{
    Object, Scope, Stored, WriteFailure, Written, is_page, judge, judge_presence, judge_read, judge_small,
    judge_write, redirect,
};
pub use self::request::{create, get, head, path, replace};
pub use self::walk::{Tree, Unwalked, Walk};
pub use self::whole::Whole;
