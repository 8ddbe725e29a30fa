//! Two documents that are polled by tests alone.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use crate::{
    config::Config,
    endpoint,
    goproxy::Etag,
    http::{Body, Callout, Headers, Timestamp},
    policy::InForce,
    worker::poll::{Content, Installed, PollSource, Polled, Progress},
};

/// Bytes that a toy reads at once.
pub(super) const SLICE: usize = 64 << 10;

/// What a toy was seen to do.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Rc<RefCell<Deeds>>);

#[derive(Debug, Default)]
struct Deeds {
    read: usize,
    installed: Vec<String>,
}

impl Seen {
    /// The bytes that were read, in all.
    pub(super) fn read(&self) -> usize {
        self.0.borrow().read
    }

    /// What is in force.
    pub(super) fn installed(&self) -> String {
        self.0.borrow().installed.last().cloned().unwrap_or_default()
    }

    /// How often something was put in force.
    pub(super) fn installs(&self) -> usize {
        self.0.borrow().installed.len()
    }

    /// Whether anything is in force.
    pub(super) fn has_installed(&self) -> bool {
        self.installs() > 0
    }

    fn note(&self, read: usize) {
        self.0.borrow_mut().read += read;
    }

    fn install(&self, what: String) {
        self.0.borrow_mut().installed.push(what);
    }
}

fn source() -> PollSource {
    let config = r#"{"upstreams": [{"cluster": "u", "url": "http://u.test"}],
        "policy": {"bundle": {"cluster": "source", "url": "http://source.test", "timeout": "3s"}}}"#;
    let bundle = Config::parse(config).unwrap().policy.bundle.unwrap();
    PollSource {
        name: "toy".into(),
        title: "toy".to_owned(),
        section: "toy".to_owned(),
        variant: "",
        endpoint: bundle.endpoint,
        interval: std::time::Duration::from_secs(10),
        most_bytes: 16 << 20,
        stale_after: None,
    }
}

/// Lines that all say "ok", in one file.
#[derive(Debug)]
pub(super) struct Large {
    source: PollSource,
    seen: Seen,
    body: Body,
    at: usize,
    lines: usize,
}

impl Large {
    pub(super) fn new(seen: &Seen) -> Self {
        Self { source: source(), seen: seen.clone(), body: Body::default(), at: 0, lines: 0 }
    }
}

impl Polled for Large {
    fn source(&self) -> &PollSource {
        &self.source
    }

    fn begin(&mut self, _: &[u8], _: Timestamp) -> Callout {
        endpoint::request(&self.source.endpoint, "GET", "/large".to_owned())
    }

    fn take(&mut self, _: &Headers, body: Body, _: &Etag) {
        self.recall(body);
    }

    fn recall(&mut self, snapshot: Body) {
        (self.body, self.at, self.lines) = (snapshot, 0, 0);
    }

    fn work(&mut self) -> Progress {
        let end = self.body.len().min(self.at + SLICE);
        let slice = &self.body[self.at..end];
        self.seen.note(slice.len());
        self.lines += slice.iter().filter(|byte| **byte == b'\n').count();
        self.at = end;
        if end < self.body.len() {
            return Progress::More;
        }
        Progress::Read { cursor: Vec::new(), content: Content::AsItCame }
    }

    fn install(&mut self, in_force: &mut InForce) -> Installed {
        self.seen.install(format!("{} lines", self.lines));
        let version = self.lines as u64;
        in_force.note_version("toy", version);
        Installed { version, extent: format!("of {} lines", self.lines), warnings: Vec::new() }
    }
}

/// Entries that come in pages, each of which says where the next begins: `2 more a b`. What is kept is all entries.
#[derive(Debug)]
pub(super) struct Feed {
    source: PollSource,
    seen: Seen,
    /// What is in force.
    entries: BTreeSet<String>,
    /// What is being read, on top of that unless it is read from the beginning.
    ahead: BTreeSet<String>,
    goes_on: bool,
    next: Option<(Body, bool)>,
}

impl Feed {
    pub(super) fn new(seen: &Seen) -> Self {
        Self {
            source: source(),
            seen: seen.clone(),
            entries: BTreeSet::new(),
            ahead: BTreeSet::new(),
            goes_on: false,
            next: None,
        }
    }

    fn page(&self, since: &str) -> Callout {
        endpoint::request(&self.source.endpoint, "GET", format!("/feed?since={since}"))
    }

    fn read(&mut self, text: &str) -> Option<Progress> {
        let mut words = text.split_ascii_whitespace();
        let next = words.next().filter(|next| next.parse::<u32>().is_ok())?;
        let more = match words.next()? {
            "more" => true,
            "end" => false,
            _ => return None,
        };
        self.ahead.extend(words.map(str::to_owned));
        if more {
            return Some(Progress::Ask(Box::new(self.page(next))));
        }
        let content = if self.goes_on && self.ahead == self.entries {
            Content::Same
        } else {
            Content::Bytes(self.ahead.iter().map(String::as_str).collect::<Vec<_>>().join(" ").into_bytes())
        };
        Some(Progress::Read { cursor: next.as_bytes().to_vec(), content })
    }
}

impl Polled for Feed {
    fn source(&self) -> &PollSource {
        &self.source
    }

    fn begin(&mut self, cursor: &[u8], _: Timestamp) -> Callout {
        // Without a cursor all of it comes once more.
        self.goes_on = !cursor.is_empty();
        self.ahead = if self.goes_on { self.entries.clone() } else { BTreeSet::new() };
        self.page(if cursor.is_empty() { "0" } else { std::str::from_utf8(cursor).unwrap() })
    }

    fn take(&mut self, _: &Headers, body: Body, _: &Etag) {
        self.next = Some((body, false));
    }

    fn recall(&mut self, snapshot: Body) {
        self.next = Some((snapshot, true));
    }

    fn work(&mut self) -> Progress {
        let (body, is_kept) = self.next.take().unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        if is_kept {
            self.ahead = text.split_ascii_whitespace().map(str::to_owned).collect();
            return Progress::Read { cursor: Vec::new(), content: Content::AsItCame };
        }
        self.read(text).unwrap_or_else(|| Progress::Wrong(vec![format!("no page: {text}")]))
    }

    fn install(&mut self, in_force: &mut InForce) -> Installed {
        self.entries.clone_from(&self.ahead);
        self.seen.install(self.entries.iter().map(String::as_str).collect());
        let version = self.entries.len() as u64;
        in_force.note_version("toy", version);
        Installed { version, extent: format!("of {version} entries"), warnings: Vec::new() }
    }
}
