//! What storage has of a module: the requests that list it, page by page, and what comes of the replies.
//!
//! A version is there once all three of its files are. An operator who copies a `GOMODCACHE/cache/download` into storage has an `.info` of
//! many versions that were looked at and never downloaded.
//!
//! | | asked | a page | nothing is there |
//! |---|---|---|---|
//! | S3 | ListObjectsV2, from the last key on | up to 1000 keys | an empty list |
//! | WebDAV, `autoindex` | GET of the folder | all of it | 404, where the root can be listed |
//! | WebDAV, `propfind` | PROPFIND of the folder | all of it | 404 |
//!
//! In a WebDAV store with the layout `athens_flat` the files of a version are a folder further down, and each is listed in turn.
//! To take every folder for a version would not do: of most versions that go looks at, a go.mod is all that is stored.

pub(super) mod page;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use self::page::Page;
use super::{
    layout::{Part, version_file, version_named, versions_folder},
    reply::{Stored, explain},
    request::{canonical, path, query_value},
};
use crate::{
    config::{Dialect, Layout, Listing, Storage},
    endpoint,
    gomod::{self, ModulePath, Version},
    http::{Callout, Reply},
};

/// What storage has of a module, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    module: ModulePath,
    layout: Layout,
    way: Way,
    /// What the keys of all files of the module's versions begin with.
    folder: String,
    /// The version whose own folder is listed, where versions have some.
    inside: Option<String>,
    /// Those whose folders are listed after it, the next one last.
    ahead: Vec<String>,
    /// The files of each version, as [`bit`]s, by what the names of files call it. To read those as versions takes longer than
    /// everything else, and is done once for each.
    files: BTreeMap<String, u8>,
    pages: usize,
    /// The last key of the last page.
    after: Option<String>,
    /// Whether a "no such folder" is believed without a proof.
    believes: bool,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The same storage is to be asked for the next one.
    More(Inventory),
    /// It was the last one, or none: the versions that are there, one a line, in Go's order. An empty list is one too.
    Over(Stored<Vec<u8>>),
}

/// How it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Autoindex,
    Objects,
    Propfind,
    /// The folder does not exist, or the server lists none: a request for the root will tell.
    Root,
}

impl Way {
    /// How this storage is listed.
    pub(super) fn of(storage: &Storage) -> Self {
        match (storage.dialect, storage.listing) {
            (Dialect::S3, _) => Self::Objects,
            (Dialect::Webdav, Listing::Autoindex) => Self::Autoindex,
            (Dialect::Webdav, Listing::Propfind) => Self::Propfind,
        }
    }
}

impl Inventory {
    /// Nothing is known yet.
    pub fn of(storage: &Storage, module: &ModulePath) -> Self {
        Self {
            module: module.clone(),
            layout: storage.layout,
            way: Way::of(storage),
            folder: versions_folder(storage, module),
            inside: None,
            ahead: Vec::new(),
            files: BTreeMap::new(),
            pages: 0,
            after: None,
            believes: false,
        }
    }

    /// As [`Inventory::of`], of what others say that there is nothing of: a server that says the same is believed, without a request
    /// for its root.
    pub fn of_what_is_left(storage: &Storage, module: &ModulePath) -> Self {
        Self { believes: true, ..Self::of(storage, module) }
    }

    /// What storage is asked next.
    pub fn callout(&self, storage: &Storage) -> Callout {
        let json = ("accept".to_owned(), "application/json".to_owned());
        match self.way {
            Way::Autoindex => with(endpoint::get(&storage.endpoint, &self.listed()), [json]),
            Way::Root => with(endpoint::get(&storage.endpoint, ""), [json]),
            Way::Objects => {
                let path = format!("{}?{}", canonical(&storage.endpoint.path_prefix, ""), self.query());
                endpoint::request(&storage.endpoint, "GET", path)
            }
            Way::Propfind => {
                let callout = endpoint::request(&storage.endpoint, "PROPFIND", path(storage, &self.listed()));
                let headers = [("depth", "1"), ("content-type", "application/xml")];
                let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
                Callout { body: PROPFIND.to_owned().into(), ..with(callout, headers) }
            }
        }
    }

    /// The folder that is listed.
    fn listed(&self) -> String {
        match &self.inside {
            Some(version) => format!("{}{version}/", self.folder),
            None => self.folder.clone(),
        }
    }

    /// The names are in alphabetical order, as they are signed. Every version begins with a `v`, and little else there does.
    fn query(&self) -> String {
        let prefix = query_value(&self.folder);
        let after = self.after.as_deref().map(query_value);
        let after = after.map(|after| format!("&start-after={after}")).unwrap_or_default();
        format!("encoding-type=url&list-type=2&max-keys={LISTED_AT_ONCE}&prefix={prefix}v{after}")
    }

    /// The reply to what was asked.
    pub fn turn(self, reply: &Reply) -> Turned {
        let (status, body) = match reply {
            Reply::Answered { status, body, .. } => (*status, body.as_slice()),
            Reply::Failed(_) => return unavailable(explain(reply)),
        };
        let page = match (self.way, status) {
            (Way::Objects, 200) => page::objects(body),
            (Way::Autoindex | Way::Root, 200) => page::autoindex(body),
            (Way::Propfind, 207) => page::multistatus(body, &self.listed()),
            // A version that was just removed, or a file with a version's name.
            (Way::Autoindex | Way::Propfind, 404 | 410) if self.inside.is_some() => return self.go_on(),
            (Way::Autoindex, 404 | 410) if self.believes => return self.over(),
            (Way::Autoindex, 404 | 410) => return Turned::More(Self { way: Way::Root, ..self }),
            (Way::Propfind, 404 | 410) => return self.over(),
            (way, status) => return unavailable(format!("{}{}", explain(reply), advice(way, status))),
        };
        match page {
            Ok(_) if self.way == Way::Root => self.over(),
            Ok(page) => self.take(page),
            Err(why) => unavailable(why.to_owned()),
        }
    }

    fn take(mut self, Page { names, more }: Page) -> Turned {
        self.pages = self.pages.saturating_add(1);
        if self.way != Way::Objects && self.layout == Layout::AthensFlat && self.inside.is_none() {
            let is_version = |name: &String| version_named(self.layout, name).is_some();
            self.ahead = names.into_iter().filter(is_version).collect();
            return self.go_on();
        }
        for name in &names {
            self.note(name);
        }
        if !more {
            return self.go_on();
        }
        let goes_on = names.last().is_some_and(|last| self.after.as_ref().is_none_or(|after| after < last));
        if !goes_on {
            return unavailable(
                "bad answer: it says that there are more objects, but names no next page".to_owned(),
            );
        }
        if self.pages >= MAX_PAGES {
            let most = MAX_PAGES.saturating_mul(LISTED_AT_ONCE);
            return unavailable(format!("it has more than {most} objects for this module"));
        }
        self.after = names.into_iter().last();
        Turned::More(self)
    }

    /// The next folder, if there is one.
    fn go_on(mut self) -> Turned {
        match self.ahead.pop() {
            Some(version) => Turned::More(Self { inside: Some(version), ..self }),
            None => self.over(),
        }
    }

    /// Takes in what is called `name`: a key of S3, or the name of something in the folder.
    fn note(&mut self, name: &str) {
        let below = match (self.way, &self.inside) {
            (Way::Objects, _) => name.strip_prefix(&self.folder).map(Cow::Borrowed),
            (_, Some(version)) => Some(Cow::Owned(format!("{version}/{name}"))),
            (_, None) => Some(Cow::Borrowed(name)),
        };
        if let Some((version, part)) = below.as_deref().and_then(|below| version_file(self.layout, below)) {
            self.add(version, bit(part));
        }
    }

    fn add(&mut self, version: &str, bits: u8) {
        match self.files.get_mut(version) {
            Some(known) => *known |= bits,
            None => {
                self.files.insert(version.to_owned(), bits);
            }
        }
    }

    fn over(self) -> Turned {
        let whole = self.files.iter().filter(|(_, bits)| **bits == ALL);
        let versions: BTreeSet<Version> = whole
            .filter_map(|(name, _)| version_named(self.layout, name))
            .filter(|version| gomod::check(&self.module, version).is_ok())
            .collect();
        let list: String = versions.iter().flat_map(|version| [version.as_str(), "\n"]).collect();
        Turned::Over(Stored::Present(list.into_bytes()))
    }
}

fn with(mut callout: Callout, headers: impl IntoIterator<Item = (String, String)>) -> Callout {
    callout.headers.extend(headers);
    callout
}

fn unavailable(why: String) -> Turned {
    Turned::Over(Stored::Unavailable(why))
}

/// What the operator should look at after such an answer.
pub(super) fn advice(way: Way, status: u16) -> &'static str {
    match (way, status) {
        (Way::Objects, 404) => {
            ": is `storage.url` the bucket's and nothing more? Folders in it belong into `storage.key_prefix`"
        }
        (Way::Autoindex, 403) | (Way::Root, 403 | 404) => {
            " to a GET of a folder: it must list them (nginx: `autoindex on` and `autoindex_format json`)"
        }
        (Way::Propfind, 405 | 501) => {
            " to a PROPFIND: does it know any? Else `storage.listing` is to be `autoindex`"
        }
        _ => "",
    }
}

fn bit(part: Part) -> u8 {
    match part {
        Part::GoMod => 1,
        Part::Info => 2,
        Part::Zip => 4,
    }
}

const ALL: u8 = 7;

/// Nothing but the names is wanted; for everything else a server would look at every file.
pub(super) const PROPFIND: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<propfind xmlns=\"DAV:\"><prop><resourcetype/></prop></propfind>\n";

/// Keys in a page: the most that S3 gives.
pub(super) const LISTED_AT_ONCE: usize = 1000;

/// Pages of one module: 21,000 versions. The modules with the most have some thousands.
const MAX_PAGES: usize = 64;

#[cfg(test)]
mod tests;
