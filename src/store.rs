//! The storage cluster: what an object is called there, how it is asked for, and what the replies mean. Nothing is sent here.
//!
//! **Layouts** say what an object is called (`store/layout.rs`). **Dialects** say how it is read and written: WebDAV as nginx
//! speaks it, whose PUT makes missing parents, becomes visible at once and whole, and knows no "only if there is none"; and
//! S3, whose PUT does, and which takes large objects in parts (`store/multipart.rs`). Each lists what it has in its own way
//! (`store/listing.rs`). Requests are signed by Envoy; only the
//! addresses that clients are sent to are signed here (`store/address.rs`).

mod address;
mod layout;
mod listing;
pub mod multipart;
mod reply;
mod request;
pub mod upload;
mod xml;

pub use self::address::public_url;
pub use self::layout::{aside_key, can_name, document_key, zip_key};
pub use self::listing::{Inventory, Turned};
pub use self::reply::{
    Scope, Stored, WriteFailure, Written, is_page, judge, judge_presence, judge_read, judge_write, redirect,
};
pub use self::request::{create, get, head, path, replace};
