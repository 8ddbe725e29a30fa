//! The feed of an index as a polled document: pages of what became known, read from where the last poll ended.
//!
//! Nothing of it is in force. What it tells of goes to who looks at modules again, a few lines at a time, and what is kept is how far it was
//! read. A reader that is too far behind jumps ahead: what it leaves out ages as if there were no feed.

use std::time::Duration;

use super::polled::{Content, Installed, PollSource, Polled, Progress, Tidings};
use crate::{
    config::{Feed, limits::MAX_FEED_PAGE_BYTES},
    endpoint,
    feed::{Cursor, KEPT, Mark, Moment, PAGE_LINES, Page},
    goproxy::Etag,
    http::{Body, Callout, Headers, Timestamp},
    policy::InForce,
};

/// The feed of one index.
#[derive(Debug)]
pub(super) struct FeedDocument {
    source: PollSource,
    /// How far it was read.
    mark: Mark,
    /// How far it was when the poll began, as others know it.
    begun: Vec<u8>,
    /// When the poll began: all that was known then is read when it ends.
    since: Timestamp,
    page: Option<Page>,
    pages: u32,
    is_recalled: bool,
    told: Tidings,
}

impl FeedDocument {
    pub(super) fn new(feed: &Feed) -> Self {
        let source = PollSource {
            name: feed.document(),
            title: format!("feed {}", feed.name),
            section: "sync.feeds".to_owned(),
            variant: "",
            endpoint: feed.endpoint.clone(),
            interval: feed.interval,
            most_bytes: MAX_FEED_PAGE_BYTES,
            stale_after: None,
        };
        Self {
            source,
            mark: Mark::default(),
            begun: Vec::new(),
            since: Timestamp::default(),
            page: None,
            pages: 0,
            is_recalled: false,
            told: Tidings::default(),
        }
    }

    /// When this poll began, and how far it has come.
    fn cursor(&self) -> Vec<u8> {
        Cursor { since: self.since, mark: self.mark.clone() }.encode()
    }

    /// The request for what became known since the mark.
    fn ask(&self) -> Callout {
        let endpoint = &self.source.endpoint;
        let path = if endpoint.path_prefix.is_empty() { "/index" } else { &endpoint.path_prefix };
        let since = self.mark.since();
        endpoint::request(endpoint, "GET", format!("{path}?since={since}&limit={PAGE_LINES}"))
    }
}

impl Polled for FeedDocument {
    fn source(&self) -> &PollSource {
        &self.source
    }

    fn begin(&mut self, cursor: &[u8], now: Timestamp) -> Callout {
        (self.page, self.pages, self.is_recalled) = (None, 0, false);
        // A poll that broke off has told of what it has read: it is not read again, unless another worker was there since.
        let before = Cursor::decode(cursor);
        let is_late = before.as_ref().is_some_and(|before| now.since(before.since) > MAX_BEHIND);
        self.told.gaps += u64::from(is_late);
        match before {
            Some(_) if cursor == self.begun && !is_late => {}
            Some(before) if !is_late => self.mark = before.mark,
            _ => self.mark = Mark::from(Moment::of(now.before(AT_FIRST))),
        }
        (self.begun, self.since) = (cursor.to_vec(), now);
        self.ask()
    }

    /// What a page brings is not known by its entity tag: the same page may be asked for in another way.
    fn unchanged(&mut self, _: &Headers) -> Vec<u8> {
        self.cursor()
    }

    fn take(&mut self, _: &Headers, body: Body, _: &Etag) {
        self.page = Some(Page::new(body, &self.mark, Moment::of(self.since.after(MAX_AHEAD))));
    }

    fn recall(&mut self, _: Body) {
        self.is_recalled = true;
    }

    fn work(&mut self) -> Progress {
        if self.is_recalled {
            return Progress::Read { cursor: Vec::new(), content: Content::AsItCame };
        }
        let Some(page) = &mut self.page else {
            return Progress::Wrong(vec!["nothing was read".to_owned()]);
        };
        if !page.work(LINES_AT_ONCE, &mut self.mark, &mut self.told.published) {
            return Progress::More;
        }
        let (news, odd) = page.counts();
        self.told.lines += u64::try_from(news).unwrap_or_default();
        self.told.odd += u64::try_from(odd).unwrap_or_default();
        let end = page.end(&mut self.mark);
        self.page = None;
        self.told.until = Some(self.mark.since().unix_seconds());
        match end {
            Err(error) => Progress::Wrong(vec![error.to_string()]),
            Ok(true) if self.pages < MAX_PAGES => {
                self.pages += 1;
                Progress::Ask(Box::new(self.ask()))
            }
            Ok(_) => {
                let content =
                    if self.begun.is_empty() { Content::Bytes(KEPT.to_vec()) } else { Content::Same };
                Progress::Read { cursor: self.cursor(), content }
            }
        }
    }

    fn tidings(&mut self) -> Tidings {
        std::mem::take(&mut self.told)
    }

    fn install(&mut self, _: &mut InForce) -> Installed {
        Installed { version: 1, extent: "a feed of new versions".to_owned(), warnings: Vec::new() }
    }
}

/// How far back the first page begins: what is older than a few minutes, an index that begins with this Envoy has fresh.
const AT_FIRST: Duration = Duration::from_secs(5 * 60);

/// For how long a feed may not have been read to its end: a weekend's outage at fifty thousand versions a day is a hundred pages, and a list
/// is fresh for less.
const MAX_BEHIND: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// How far the clock of a feed may be ahead of ours, as that of a webhook's host.
const MAX_AHEAD: Duration = Duration::from_secs(5 * 60);

/// Pages behind the first that one poll reads; the next poll goes on where it has ended. Fifty thousand lines are a day of the public index.
const MAX_PAGES: u32 = 25;

/// Lines that are read at once: each costs some microseconds here, and as much again where its module is looked for.
const LINES_AT_ONCE: usize = 64;
