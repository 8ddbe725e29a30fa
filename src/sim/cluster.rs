//! A cluster: objects by path, faults, and a record of what it was asked.

use std::collections::{BTreeMap, VecDeque};

use zlib_rs::{Deflate, DeflateFlush, Status};

use super::{Database, bucket::Bucket, listing};
use crate::http::{CallFailure, Callout, Headers, Reply, Timestamp};

/// A store and a module proxy at once: it answers GET and HEAD of what it has, lists it, takes PUT, and fails when told to.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Milliseconds until it answers.
    pub latency: u64,
    /// While set, every request fails so.
    pub fault: Option<CallFailure>,
    /// While set, the next request alone fails so.
    pub fault_once: Option<CallFailure>,
    /// While set, every request of this method and of paths that contain this fails so.
    pub fault_of: Option<(&'static str, &'static str, CallFailure)>,
    /// While set, it is full: every PUT is answered 507.
    pub refuse_put: bool,
    /// While set, every PUT of paths that contain this is answered so.
    pub put_answered: Option<(&'static str, u16)>,
    /// While set, every HEAD is answered so: it knows none.
    pub head_answered: Option<u16>,
    /// While set, every GET is answered so, and with this content.
    pub get_answered: Option<(u16, &'static str)>,
    /// While set, every request for a folder is answered so: it lists none.
    pub answer_folders: Option<u16>,
    /// Whether it answers each PUT that it has the object already.
    pub claims_all: bool,
    /// Whether it gives parts of what it has.
    pub gives_ranges: bool,
    /// Whether it knows nothing of folders.
    pub hides_folders: bool,
    /// How many objects it lists at once; as many as it is asked for, where nothing is said.
    pub page: Option<usize>,
    /// Whether its answers end where the connection does, with nothing to show it.
    pub hides_ends: bool,
    /// Whether it sends everything but zips gzipped, unasked.
    pub encodes: bool,
    /// What it takes in parts.
    pub bucket: Bucket,
    /// What it has beside its objects, by path: made when it is asked for, so that there may be more than fit into memory.
    pub made: Option<Maker>,
    /// What became known to the index that it is, at `/index`: times as [`crate::feed::Moment`] writes them, and modules with versions.
    pub feed: Option<Vec<(String, String, String)>>,
    /// The checksum database that answers what no object does.
    pub database: Option<Database>,
    /// What it was asked, as `GET /path`.
    pub asked: Vec<String>,
    /// Whole requests, for a look at their headers.
    pub callouts: Vec<Callout>,
    /// How many requests it takes in a second, where more are answered 429, and for how many seconds it wants to be left alone then.
    pub limit: Option<(u32, u32)>,
    /// The second that runs, and how many requests it took in it.
    taken: (u64, u32),
    /// What it answers first, by path.
    first: BTreeMap<String, VecDeque<Reply>>,
    objects: BTreeMap<String, Object>,
}

/// Says what there is at a path, if anything is.
pub type Maker = fn(&str) -> Option<Vec<u8>>;

#[derive(Clone, Debug)]
struct Object {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Object {
    /// Whether the request says that it has this one, by its tag.
    fn is_known_to(&self, callout: &Callout) -> bool {
        let tag = |headers: &[(String, String)], name: &str| {
            headers.iter().find(|(key, _)| key == name).map(|(_, tag)| tag.clone())
        };
        let known = tag(&callout.headers, "if-none-match");
        self.status == 200 && known.is_some() && known == tag(&self.headers, "etag")
    }
}

impl Cluster {
    /// Has `path` answer 200 with `body`.
    pub fn serve(&mut self, path: &str, body: &str) -> &mut Self {
        self.answer(path, 200, &[], body)
    }

    /// Has `path` answer this.
    pub fn answer(&mut self, path: &str, status: u16, headers: &[(&str, &str)], body: &str) -> &mut Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.objects.insert(path.to_owned(), Object { status, headers, body: body.as_bytes().to_vec() });
        self
    }

    /// Has `path` answer 200 with what is no text.
    pub fn serve_bytes(&mut self, path: &str, body: Vec<u8>) -> &mut Self {
        self.objects.insert(path.to_owned(), Object { status: 200, headers: Vec::new(), body });
        self
    }

    /// Has what stands at `path` have this entity tag.
    pub fn tag(&mut self, path: &str, tag: &str) -> &mut Self {
        if let Some(object) = self.objects.get_mut(path) {
            object.headers = vec![("etag".to_owned(), tag.to_owned())];
        }
        self
    }

    /// Has `path` answer so before it answers as it else would.
    pub fn first(&mut self, path: &str, replies: impl IntoIterator<Item = Reply>) -> &mut Self {
        self.first.entry(path.to_owned()).or_default().extend(replies);
        self
    }

    fn takes(&mut self, now: Timestamp) -> bool {
        let Some((most, _)) = self.limit else { return true };
        let second = now.0 / 1000;
        if self.taken.0 != second {
            self.taken = (second, 0);
        }
        self.taken.1 += 1;
        self.taken.1 <= most
    }

    /// Has nothing stand at `path` any more.
    pub fn remove(&mut self, path: &str) {
        self.objects.remove(path);
    }

    /// The bytes that stand at `path`.
    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.objects.get(path).map(|object| &object.body[..])
    }

    /// The paths of all that stands here.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.objects.keys().map(String::as_str)
    }

    /// What stands at `path`.
    pub fn body(&self, path: &str) -> Option<String> {
        self.objects.get(path).map(|object| String::from_utf8_lossy(&object.body).into_owned())
    }

    pub(super) fn ask(&mut self, callout: &Callout, now: Timestamp) -> Reply {
        let reply = if self.takes(now) {
            let scripted = self.first.get_mut(&callout.path).and_then(VecDeque::pop_front);
            let reply = self.answer_to(callout);
            scripted.unwrap_or(reply)
        } else {
            self.asked.push(format!("{} {}", callout.method, callout.path));
            let pause = self.limit.map_or(0, |(_, pause)| pause).to_string();
            reply(429, &[("retry-after".to_owned(), pause)], Vec::new())
        };
        let reply = if self.encodes && !callout.path.ends_with(".zip") { encoded(reply) } else { reply };
        if self.hides_ends { without_length(reply) } else { reply }
    }

    fn answer_to(&mut self, callout: &Callout) -> Reply {
        self.asked.push(format!("{} {}", callout.method, callout.path));
        self.callouts.push(callout.clone());
        if let Some(fault) = self.fault_once.take().or(self.fault) {
            return Reply::Failed(fault);
        }
        if let Some((method, path, fault)) = self.fault_of
            && callout.method == method
            && callout.path.contains(path)
        {
            return Reply::Failed(fault);
        }
        if let Some((lines, query)) = self.feed.as_ref().zip(callout.path.strip_prefix("/index?since=")) {
            return reply(200, &[], page(lines, query));
        }
        if let Some((path, query)) = callout.path.split_once('?')
            && !self.objects.contains_key(&callout.path)
        {
            return self.ask_bucket(path, query, callout);
        }
        if let Some(status) = self.answer_folders.filter(|_| callout.path.ends_with('/')) {
            return reply(status, &[], Vec::new());
        }
        if callout.path.ends_with('/') {
            return self.list(callout);
        }
        if callout.method == "PUT" && self.refuse_put {
            return reply(507, &[], Vec::new());
        }
        if let Some((path, status)) = self.put_answered
            && callout.method == "PUT"
            && callout.path.contains(path)
        {
            return reply(status, &[], Vec::new());
        }
        if let Some(status) = self.head_answered.filter(|_| callout.method == "HEAD") {
            return reply(status, &[], Vec::new());
        }
        if let Some((status, content)) = self.get_answered.filter(|_| callout.method == "GET") {
            return reply(status, &[], content.into());
        }
        let only_new = callout.headers.iter().any(|(name, _)| name == "if-none-match");
        if callout.method == "PUT" && self.claims_all {
            return reply(412, &[], Vec::new());
        }
        if callout.method == "PUT" && only_new && self.objects.contains_key(&callout.path) {
            return reply(412, &[], Vec::new());
        }
        if callout.method == "PUT" {
            self.serve_bytes(&callout.path, callout.body.to_vec());
            return reply(201, &[], Vec::new());
        }
        match self.objects.get(&callout.path) {
            None => match self.say(&callout.path) {
                Some(body) => reply(200, &[], body),
                None => reply(404, &[], b"not found\n".to_vec()),
            },
            Some(object) if object.is_known_to(callout) => reply(304, &[], Vec::new()),
            Some(object) => {
                let body = if callout.method == "HEAD" { Vec::new() } else { object.body.clone() };
                match range(callout).filter(|_| self.gives_ranges && object.status == 200) {
                    Some((first, last)) => part_of(&body, first, last),
                    // A HEAD says how long the body is that it does not bring.
                    None => reply_of(object.status, &object.headers, body, object.body.len()),
                }
            }
        }
    }

    /// What there is at `path` though no object stands there.
    fn say(&self, path: &str) -> Option<Vec<u8>> {
        let of_database = || self.database.as_ref()?.answer(path);
        self.made.and_then(|made| made(path)).or_else(of_database)
    }

    /// A request for what is in a folder.
    fn list(&self, callout: &Callout) -> Reply {
        let (status, body) = match callout.method {
            "PROPFIND" => (207, listing::multistatus(&callout.path, self.paths())),
            _ => (200, listing::autoindex(&callout.path, self.paths())),
        };
        match body.filter(|_| !self.hides_folders) {
            Some(body) => reply(status, &[], body.into_bytes()),
            None => reply(404, &[], b"not found\n".to_vec()),
        }
    }

    /// A request of an upload in parts, or for what is in the bucket.
    fn ask_bucket(&mut self, path: &str, query: &str, callout: &Callout) -> Reply {
        if callout.method == "GET" {
            let page = self.page.unwrap_or(usize::MAX);
            return reply(200, &[], listing::objects(path, query, self.paths(), page).into_bytes());
        }
        let only_new = callout.headers.iter().any(|(name, _)| name == "if-none-match");
        let is_there = only_new && self.objects.contains_key(path);
        let answer = self.bucket.ask(callout.method, path, query, &callout.body, is_there);
        if let Some(whole) = answer.object {
            self.serve_bytes(path, whole);
        }
        reply(answer.status, &[("etag".to_owned(), answer.etag)], answer.body.into_bytes())
    }
}

/// A page of a feed, as `since&limit=n` asks for it.
fn page(lines: &[(String, String, String)], query: &str) -> Vec<u8> {
    let (since, limit) = query.split_once("&limit=").unwrap();
    let lines = lines.iter().filter(|(time, ..)| time.as_str() >= since).take(limit.parse().unwrap());
    let lines = lines.map(|(time, path, version)| {
        format!("{{\"Path\":\"{path}\",\"Version\":\"{version}\",\"Timestamp\":\"{time}\"}}\n")
    });
    lines.collect::<String>().into_bytes()
}

/// The bytes that a request asks for, the last one included.
fn range(callout: &Callout) -> Option<(usize, usize)> {
    let (_, range) = callout.headers.iter().find(|(name, _)| name == "range")?;
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn part_of(body: &[u8], first: usize, last: usize) -> Reply {
    let end = body.len().min(last + 1);
    if first >= end {
        let range = format!("bytes */{}", body.len());
        return reply(416, &[("content-range".to_owned(), range)], Vec::new());
    }
    let range = format!("bytes {first}-{}/{}", end - 1, body.len());
    let headers = [("content-range", range.as_str()), ("etag", "\"it\"")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    reply(206, &headers, body[first..end].to_vec())
}

pub(super) fn reply(status: u16, headers: &[(String, String)], body: Vec<u8>) -> Reply {
    let length = body.len();
    reply_of(status, headers, body, length)
}

fn reply_of(status: u16, headers: &[(String, String)], body: Vec<u8>, length: usize) -> Reply {
    let length = ("content-length".to_owned(), length.to_string());
    let mut all: Vec<(String, String)> = vec![("date".to_owned(), "now".to_owned()), length];
    all.extend(headers.iter().cloned());
    Reply::Answered { status, headers: all.into_iter().collect::<Headers>(), body }
}

fn without_length(reply: Reply) -> Reply {
    match reply {
        Reply::Answered { status, headers, body } => {
            let headers = headers.iter().filter(|(name, _)| *name != "content-length").collect();
            Reply::Answered { status, headers, body }
        }
        failed @ Reply::Failed(_) => failed,
    }
}

/// As a server that compresses every answer.
fn encoded(reply: Reply) -> Reply {
    match reply {
        Reply::Answered { status, headers, body } if !body.is_empty() => {
            let mut gzip = Deflate::new(6, true, 31);
            let mut packed = vec![0; body.len() + 1000];
            assert_eq!(gzip.compress(&body, &mut packed, DeflateFlush::Finish), Ok(Status::StreamEnd));
            packed.truncate(usize::try_from(gzip.total_out()).unwrap());
            let length = packed.len().to_string();
            let headers = headers.iter().filter(|(name, _)| *name != "content-length");
            let more = [("content-encoding", "gzip"), ("content-length", &length)];
            let headers = headers.chain(more).collect::<Headers>();
            Reply::Answered { status, headers, body: packed }
        }
        reply => reply,
    }
}
