//! The index, page by page: a few at each turn, for it may have a million.
//!
//! Other workers write meanwhile. Each page is read once and as it is then: a record that moves between two turns may be met twice or not
//! at all, and nothing that is met is half a record.

use super::{Index, Region, class::Class, page::Page};
use crate::shared::{Occupant, SharedKv};

/// The page that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    class: Class,
    page: u32,
}

impl Cursor {
    /// The first page of all.
    pub const BEGIN: Self = Self { class: Class::FIRST, page: 0 };
}

impl Index {
    /// Reads up to `most` pages from `cursor` on, and has each record `seen`: where it is, how many bytes it has, and the record. The next
    /// page, if there is any more.
    pub fn scan(
        &self,
        kv: &dyn SharedKv,
        mut cursor: Cursor,
        most: usize,
        mut seen: impl FnMut(Region, usize, Occupant<'_>),
    ) -> Option<Cursor> {
        for _ in 0..most {
            while cursor.page >= cursor.class.pages(&self.sizes).count {
                cursor = Cursor { class: cursor.class.next()?, page: 0 };
            }
            let page = Page::read(kv, cursor.class.page_name(u64::from(cursor.page)));
            // A large document is met where it stands, not where a pointer says that it does.
            for (bytes, occupant) in page.occupants().filter(|(_, occupant)| !occupant.is_pointer()) {
                seen(cursor.class.region(), bytes, occupant);
            }
            cursor.page = cursor.page.saturating_add(1);
        }
        Some(cursor)
    }
}
