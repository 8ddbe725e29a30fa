//! A walk over all that storage has, in the order of its keys: the requests that list it, one after the other, and what comes of the
//! replies. A walk may begin behind any key, whether there is such an object or not.
//!
//! | | asked | a reply has |
//! |---|---|---|
//! | S3 | ListObjectsV2, from the last key on | up to 1000 keys |
//! | WebDAV | the folder, as `storage.listing` says | the keys in it, or the folders to go on with |
//!
//! Folders are walked as the keys in them are ordered: `m-x/` is before `m/`. A walk that begins behind a key lists each folder above that
//! key again, once it is done with the folder below.

use super::{
    layout::{FEED, version_named},
    listing::{LISTED_AT_ONCE, PROPFIND, Way, advice, page},
    reply::explain,
    request::{canonical, path, query_value},
};
use crate::{
    config::{Layout, Storage},
    endpoint,
    http::{Callout, Reply},
};

/// A walk, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    tree: Tree,
    layout: Layout,
    way: Way,
    /// What all keys begin with, and are told without.
    root: String,
    /// What those that are looked for begin with behind that.
    prefix: String,
    /// Over S3: the last key that was passed.
    after: String,
    /// Otherwise: the folder that is listed next, last, and those that it is in.
    levels: Vec<Level>,
    is_over: bool,
}

/// What is walked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// What says in which order versions came.
    Feed,
    /// The files of versions.
    Modules,
}

/// Why a walk does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwalked {
    /// Storage could not say.
    Failed(String),
    /// It lists nothing, or too much at once.
    Unlisted(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    /// Its key, with the slash at its end; empty for the root.
    folder: String,
    /// Whether there are objects in it, and not folders.
    has_objects: bool,
    /// What is in it is passed up to here.
    after: String,
    /// The folders in it that are yet to be walked, the next one last; `None` where it is yet to be listed.
    rest: Option<Vec<String>>,
}

/// What something in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A folder of folders.
    Branch,
    /// A folder of objects.
    Leaf,
    /// Nothing of this tree.
    Other,
}

impl Walk {
    /// Over what begins with `prefix` and is behind `after`. Both are keys, or parts of such, below `storage.key_prefix`.
    pub fn begin(storage: &Storage, tree: Tree, prefix: &str, after: &str) -> Self {
        let mut walk = Self {
            tree,
            layout: storage.layout,
            way: Way::of(storage),
            root: storage.key_prefix.clone(),
            prefix: prefix.to_owned(),
            after: after.to_owned(),
            levels: Vec::new(),
            is_over: false,
        };
        if walk.way != Way::Objects {
            walk.levels = walk.levels_at(after);
            walk.is_over = walk.levels.is_empty();
        }
        walk
    }

    /// The folders in which a walk stands that goes on behind `after`.
    fn levels_at(&self, after: &str) -> Vec<Level> {
        let base = self.prefix.rfind('/').and_then(|at| self.prefix.get(..=at)).unwrap_or_default();
        let mut level = Level::new("", false);
        for name in base.split_terminator('/') {
            match self.kind(&level.folder, name) {
                Kind::Other => return Vec::new(),
                kind if !level.has_objects => level = level.below(name, kind),
                _ => return Vec::new(),
            }
        }
        let mut levels = vec![level];
        let Some(mut rest) = after.strip_prefix(base) else {
            // Else all of it was passed.
            return if after < base { levels } else { Vec::new() };
        };
        while let Some(level) = levels.last_mut() {
            let Some((name, behind)) = rest.split_once('/').filter(|_| !level.has_objects) else { break };
            let kind = self.kind(&level.folder, name);
            if kind == Kind::Other || !self.leads_on(&level.folder, name) {
                level.after = format!("{name}/");
                return levels;
            }
            level.after = passed(name);
            let below = level.below(name, kind);
            levels.push(below);
            rest = behind;
        }
        if let Some(level) = levels.last_mut() {
            rest.clone_into(&mut level.after);
        }
        levels
    }

    /// How often storage may be asked for one page of something. An S3 store lists some 330 versions at once. Of WebDAV each module costs
    /// two requests or more, and with the layout `athens_flat` each version one more.
    pub fn most_asked(storage: &Storage) -> usize {
        match Way::of(storage) {
            Way::Objects => 8,
            Way::Autoindex | Way::Propfind | Way::Root => 64,
        }
    }

    /// Whether all of it was walked over.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The key up to which all was passed, whether there is such an object or not: another walk may begin behind it.
    pub fn position(&self) -> String {
        match (self.way, self.levels.last()) {
            (Way::Objects, _) => self.after.clone(),
            (_, Some(level)) => format!("{}{}", level.folder, level.after),
            (_, None) => String::new(),
        }
    }

    /// What storage is asked next.
    pub fn callout(&self, storage: &Storage) -> Callout {
        let folder = self.levels.last().map_or("", |level| level.folder.as_str());
        let folder = format!("{}{folder}", self.root);
        match self.way {
            Way::Objects => {
                let path = format!("{}?{}", canonical(&storage.endpoint.path_prefix, ""), self.query());
                endpoint::request(&storage.endpoint, "GET", path)
            }
            Way::Autoindex | Way::Root => {
                let mut callout = endpoint::get(&storage.endpoint, &folder);
                callout.headers.push(("accept".to_owned(), "application/json".to_owned()));
                callout
            }
            Way::Propfind => {
                let mut callout = endpoint::request(&storage.endpoint, "PROPFIND", path(storage, &folder));
                let headers = [("depth", "1"), ("content-type", "application/xml")];
                callout.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
                Callout { body: PROPFIND.to_owned().into(), ..callout }
            }
        }
    }

    /// The names are in alphabetical order, as they are signed.
    fn query(&self) -> String {
        let named = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("&{name}={}", query_value(&format!("{}{text}", self.root))),
        };
        let prefix = match (self.root.as_str(), self.prefix.as_str()) {
            (root, "") if !root.is_empty() => format!("&prefix={}", query_value(root)),
            (_, prefix) => named("prefix", prefix),
        };
        let after = named("start-after", &self.after);
        format!("encoding-type=url&list-type=2&max-keys={LISTED_AT_ONCE}{prefix}{after}")
    }

    /// The reply to what was asked: the keys that it has, in their order.
    ///
    /// # Errors
    /// Why the walk does not go on.
    pub fn turn(&mut self, reply: &Reply) -> Result<Vec<String>, Unwalked> {
        let (status, body) = match reply {
            Reply::Answered { status, body, .. } => (*status, body.as_slice()),
            Reply::Failed(_) => return Err(Unwalked::Failed(explain(reply))),
        };
        if self.way == Way::Objects {
            self.objects(status, body, reply)
        } else {
            self.folder(status, body, reply)
        }
    }

    fn objects(&mut self, status: u16, body: &[u8], reply: &Reply) -> Result<Vec<String>, Unwalked> {
        if status != 200 {
            return Err(unwalked(status, format!("{}{}", explain(reply), advice(Way::Objects, status))));
        }
        let page = page::objects(body).map_err(|why| Unwalked::Failed(why.to_owned()))?;
        let last = page.names.last().map(|last| last.strip_prefix(&self.root).unwrap_or(last).to_owned());
        let keys: Vec<String> = page
            .names
            .iter()
            .filter_map(|name| name.strip_prefix(&self.root))
            .filter(|key| key.starts_with(&self.prefix) && **key > *self.after)
            .map(str::to_owned)
            .collect();
        if !page.more {
            self.is_over = true;
            return Ok(keys);
        }
        match last.filter(|last| *last > self.after) {
            Some(last) => self.after = self.behind(last),
            None => {
                let why = "bad answer: it says that there are more objects, but names no next page";
                return Err(Unwalked::Failed(why.to_owned()));
            }
        }
        Ok(keys)
    }

    /// Where to go on behind `key`: where it is in a tree of another kind, behind all of that.
    fn behind(&self, key: String) -> String {
        match key.split_once('/') {
            Some((first, _)) if self.kind("", first) == Kind::Other => passed(first),
            _ => key,
        }
    }

    fn folder(&mut self, status: u16, body: &[u8], reply: &Reply) -> Result<Vec<String>, Unwalked> {
        let Some(level) = self.levels.last() else { return Ok(Vec::new()) };
        let is_root = level.folder.is_empty() && self.tree == Tree::Modules;
        let page = match (self.way, status) {
            (Way::Autoindex, 200) => page::autoindex(body),
            (Way::Propfind, 207) => page::multistatus(body, &format!("{}{}", self.root, level.folder)),
            // It was removed, or is no folder.
            (_, 404 | 410) if !is_root => Ok(page::Page { names: Vec::new(), more: false }),
            (way, status) => {
                let way = if way == Way::Autoindex && is_root { Way::Root } else { way };
                return Err(unwalked(status, format!("{}{}", explain(reply), advice(way, status))));
            }
        };
        let mut names = page.map_err(|why| Unwalked::Unlisted(why.to_owned()))?.names;
        let Some(level) = self.levels.pop() else { return Ok(Vec::new()) };
        if level.has_objects {
            names.retain(|name| *name > level.after);
            names.sort_unstable();
            self.go_on();
            return Ok(names.into_iter().map(|name| format!("{}{name}", level.folder)).collect());
        }
        let is_next = |name: &String| {
            format!("{name}/") > level.after
                && self.kind(&level.folder, name) != Kind::Other
                && self.leads_on(&level.folder, name)
        };
        names.retain(is_next);
        // As the keys in them are: the next one last.
        names.sort_unstable_by(|one, other| other.bytes().chain(*b"/").cmp(one.bytes().chain(*b"/")));
        names.dedup();
        self.levels.push(Level { rest: Some(names), ..level });
        self.hold_less();
        self.go_on();
        Ok(Vec::new())
    }

    /// To the next folder that is to be listed, if there is one.
    fn go_on(&mut self) {
        while let Some(level) = self.levels.last_mut() {
            let Some(rest) = &mut level.rest else { return };
            match rest.pop() {
                Some(name) => {
                    level.after = passed(&name);
                    let folder = level.folder.clone();
                    let kind = self.kind(&folder, &name);
                    let below = self.levels.last().map(|level| level.below(&name, kind));
                    self.levels.extend(below);
                }
                None => {
                    self.levels.pop();
                }
            }
        }
        self.is_over = true;
    }

    /// Forgets what is in the outermost folders, which are listed again, where it is too much.
    fn hold_less(&mut self) {
        let bytes = |level: &Level| {
            level.rest.iter().flatten().map(|name| name.len().saturating_add(NAME)).sum::<usize>()
        };
        let mut held: usize = self.levels.iter().map(bytes).sum();
        let all_but_last = self.levels.len().saturating_sub(1);
        for level in self.levels.iter_mut().take(all_but_last) {
            if held <= MAX_HELD {
                return;
            }
            held = held.saturating_sub(bytes(level));
            level.rest = None;
        }
    }

    /// Whether what is looked for may be in the folder `name` of `folder`.
    fn leads_on(&self, folder: &str, name: &str) -> bool {
        let folder = format!("{folder}{name}/");
        folder.starts_with(&self.prefix) || self.prefix.starts_with(&folder)
    }

    fn kind(&self, folder: &str, name: &str) -> Kind {
        let depth = folder.bytes().filter(|byte| *byte == b'/').count();
        let has_digits = |count| name.len() == count && name.bytes().all(|byte| byte.is_ascii_digit());
        match (self.tree, depth) {
            (Tree::Feed, 0) if name == FEED => Kind::Branch,
            (Tree::Feed, 1) if has_digits(4) => Kind::Branch,
            (Tree::Feed, 2 | 3) if has_digits(2) => Kind::Branch,
            (Tree::Feed, 4) if has_digits(2) => Kind::Leaf,
            (Tree::Feed, _) => Kind::Other,
            // The first element of a module path has a dot; what gateways keep for themselves has none.
            (Tree::Modules, 0) if !name.contains('.') => Kind::Other,
            (Tree::Modules, MAX_DEPTH..) => Kind::Other,
            (Tree::Modules, 1..) if name == "@v" && self.layout != Layout::AthensFlat => Kind::Leaf,
            (Tree::Modules, 1..)
                if self.layout == Layout::AthensFlat && version_named(self.layout, name).is_some() =>
            {
                Kind::Leaf
            }
            (Tree::Modules, _) if is_element(name) => Kind::Branch,
            (Tree::Modules, _) => Kind::Other,
        }
    }
}

impl Level {
    fn new(folder: &str, has_objects: bool) -> Self {
        Self { folder: folder.to_owned(), has_objects, after: String::new(), rest: None }
    }

    fn below(&self, name: &str, kind: Kind) -> Self {
        Self::new(&format!("{}{name}/", self.folder), kind == Kind::Leaf)
    }
}

/// A name behind everything in the folder `name`, and before everything else that is behind it: a zero follows a slash.
fn passed(name: &str) -> String {
    format!("{name}0")
}

/// Whether an element of a module path may be called so, escaped or not.
fn is_element(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!".contains(&byte))
}

fn unwalked(status: u16, why: String) -> Unwalked {
    if matches!(status, 408 | 429 | 500 | 502..) { Unwalked::Failed(why) } else { Unwalked::Unlisted(why) }
}

/// Folders in one another: the key of an S3 object with as many has hardly anything in between.
const MAX_DEPTH: usize = 128;

/// Bytes of names that one walk holds: twenty times the owners on a large forge that a company uses. What is beyond is listed again.
const MAX_HELD: usize = 4 << 20;

/// What a name costs beside its bytes.
const NAME: usize = 24;

#[cfg(test)]
mod tests;
