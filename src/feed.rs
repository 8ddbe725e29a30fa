//! The feed of an index of modules, as index.golang.org and Athens serve it (`/index?since=`): which versions became known, and when.
//!
//! A page is lines of JSON, oldest first, and has at most [`PAGE_LINES`]. `since` is inclusive, and there is no other cursor than a time. So a
//! page begins with lines that were read before, and how far a reader is, its [`Mark`], is the newest time and what it has read of that time.
//! A server that adds a line with an older time than it has shown already adds it in vain: no reader sees it.

mod cursor;
mod mark;
mod page;

pub use self::{
    cursor::{Cursor, KEPT},
    mark::{Mark, Moment},
    page::{NoPage, Page, Published},
};

/// The most lines of a page: the default and the maximum of index.golang.org.
pub const PAGE_LINES: usize = 2000;
