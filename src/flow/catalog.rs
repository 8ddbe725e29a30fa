//! The pages that list what storage has, made of storage's own listing: a few requests for each page, and nothing is kept from one page to
//! the next but what its client sends back.
//!
//! | page | asked with | answered |
//! |---|---|---|
//! | `/catalog` | `pagesize`, `token` | as Athens: `{"modules":[{"module":..,"version":..}],"next":..}` |
//! | `/index` | `since`, `limit` | `catalog/feed.rs` |
//! | `/mod/v1/mod` | `limit`, `token`, `prefix` | `{"modules":[{"name":..,"versions":[..]}],"next":..}` |
//!
//! A page ends where it is full, or where it has cost enough: it may have fewer versions than were asked for, and none. The last page is
//! the one without a `next`. A token is a key of storage's up to which all was looked at, whether a version was named there or not, so each
//! page goes on behind the one before.

mod feed;
mod named;

use serde::Serialize;

pub use self::feed::{SEGMENT_LINES, segment};
use self::{feed::Feeding, named::Naming};
use super::{
    Known, Next,
    caller::caller,
    explain::{malformed, query, unknown},
    request::{not_yet, refuse},
    respond::{answer, page},
};
use crate::{
    config::{Config, Layout, Storage},
    cx::{Cx, Verdict},
    gomod::{self, ModulePath, Version},
    goproxy::{Answer, Asker, CatalogPage, Failure, FailureKind, Refusal},
    http::{CallFailure, Callout, Reply, RequestHead, Timestamp},
    metrics::{Cache, Counter, Kind, OwnReason},
    policy::Caller,
    store::{Tree, Unwalked, Walk, Whole},
};

/// A page that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// By the names of what storage has.
    Catalog(Cataloguing),
    /// By when it came.
    Feed(Feeding),
}

impl Listing {
    /// Storage has answered what was asked.
    ///
    /// # Errors
    /// With the answer to the client, where the page cannot be made.
    pub fn take(&mut self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Verdict> {
        match self {
            Self::Catalog(cataloguing) => cataloguing.take(reply, cx),
            Self::Feed(feeding) => feeding.take(reply, cx),
        }
    }

    /// Whether what is to be looked at next is hardly anything.
    pub fn is_light(&self) -> bool {
        match self {
            Self::Catalog(cataloguing) => cataloguing.keys.len() <= AT_ONCE,
            Self::Feed(feeding) => feeding.is_light(),
        }
    }

    /// Goes on with it, a few milliseconds at most.
    pub fn step(&mut self, known: &Known<'_>, cx: &mut Cx<'_>) -> Turn {
        match self {
            Self::Catalog(cataloguing) => cataloguing.step(known, cx),
            Self::Feed(feeding) => feeding.step(known, cx),
        }
    }
}

/// A page of a catalog that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cataloguing {
    form: Form,
    caller: Caller,
    /// Versions that it may have.
    limit: usize,
    /// What the modules' paths begin with.
    prefix: String,
    walk: Walk,
    whole: Whole,
    /// The keys that storage has listed and that were not looked at yet, the next one last.
    keys: Vec<String>,
    /// Where it ends, if it is to end before the last version.
    end: Option<String>,
    /// How often storage was asked, and may be.
    asked: usize,
    most_asked: usize,
    since: Timestamp,
    named: Vec<(ModulePath, Version)>,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Modules,
    Versions,
}

/// What becomes of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Storage is asked this.
    Ask(Callout),
    /// It is answered.
    Over(Verdict),
    /// More of it is to be made, once others had their turn.
    Work,
}

#[derive(Serialize)]
struct ModulesPage<'a> {
    modules: Vec<Module<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Module<'a> {
    name: &'a str,
    versions: Vec<&'a str>,
}

#[derive(Serialize)]
struct VersionsPage<'a> {
    modules: Vec<OfVersion<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct OfVersion<'a> {
    module: &'a str,
    version: &'a str,
}

impl Next {
    /// Decides what to do with a request for a page that lists what storage has.
    pub(super) fn catalog(page: CatalogPage, head: &RequestHead, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        let caller = match admit(head, known.config) {
            Ok(caller) => caller,
            Err(refusal) => return Self::refuse(Kind::Page, &refusal, cx),
        };
        if let Some(lacking) = known.in_force.lacking() {
            return Self::Answer(not_yet(lacking, Kind::Page, cx));
        }
        let Some(storage) = &known.config.storage else {
            return Self::refuse(Kind::Page, &Refusal::Unsupported(NO_STORAGE.to_owned()), cx);
        };
        let catalog = |form, caller| {
            Cataloguing::begin(form, &head.path, caller, storage, cx.now).map(Listing::Catalog)
        };
        let listing = match page {
            CatalogPage::Feed => Feeding::begin(&head.path, caller, storage, cx.now).map(Listing::Feed),
            CatalogPage::Modules => catalog(Form::Modules, caller),
            CatalogPage::Versions => catalog(Form::Versions, caller),
        };
        match listing {
            Ok(listing) => Self::List(Box::new(listing)),
            Err(refusal) => Self::refuse(Kind::Page, &refusal, cx),
        }
    }
}

/// The caller, if it may ask for such pages.
fn admit(head: &RequestHead, config: &Config) -> Result<Caller, Refusal> {
    let caller = caller(head, &config.callers)?;
    let named = config.catalog.as_ref().and_then(|catalog| catalog.principals.as_ref());
    if named.is_none_or(|named| named.iter().any(|principal| principal.matches(&caller))) {
        return Ok(caller);
    }
    let reason =
        "forbidden: what this gateway has stored is listed for the callers that catalog.principals names";
    Err(Refusal::Forbidden { rule: OwnReason::Explain.into(), reason: reason.to_owned() })
}

impl Cataloguing {
    fn begin(
        form: Form,
        path: &str,
        caller: Caller,
        storage: &Storage,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (mut limit, mut token, mut prefix) = (None, None, None);
        let many = match form {
            Form::Modules => "limit",
            Form::Versions => "pagesize",
        };
        for (name, value) in query(path) {
            match (form, name) {
                _ if name == many && limit.is_none() => limit = Some(value),
                (_, "token") if token.is_none() => token = Some(value),
                (Form::Modules, "prefix") if prefix.is_none() => prefix = Some(value),
                (Form::Modules, _) => return Err(unknown(name, "limit, token and prefix, each once")),
                (Form::Versions, _) => return Err(unknown(name, "pagesize and token, each once")),
            }
        }
        let limit = page_limit(many, limit.as_deref(), MOST)?;
        let prefix = prefix.unwrap_or_default();
        let within = escaped(&prefix, storage.layout)
            .ok_or_else(|| malformed("prefix is not what the path of a module begins with"))?;
        let (after, whole) = match token.filter(|token| !token.is_empty()) {
            None => (String::new(), Whole::new(storage.layout)),
            Some(token) => Some(token)
                .filter(|token| token.len() <= MAX_TOKEN && !token.chars().any(char::is_control))
                .and_then(|token| Whole::read(storage.layout, &token))
                .ok_or_else(|| malformed("token is not one that a page has had as its next"))?,
        };
        Ok(Self {
            form,
            caller,
            limit,
            prefix,
            walk: Walk::begin(storage, Tree::Modules, &within, &after),
            whole,
            keys: Vec::new(),
            end: None,
            asked: 0,
            most_asked: Walk::most_asked(storage),
            since: now,
            named: Vec::new(),
        })
    }

    fn take(&mut self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Verdict> {
        let mut keys = self.walk.turn(reply).map_err(|why| unwalked(why, reply, cx))?;
        keys.reverse();
        self.keys = keys;
        Ok(())
    }

    fn step(&mut self, known: &Known<'_>, cx: &mut Cx<'_>) -> Turn {
        if let Some(lacking) = known.in_force.lacking() {
            return Turn::Over(not_yet(lacking, Kind::Page, cx));
        }
        let Some(storage) = &known.config.storage else {
            return Turn::Over(refuse(Kind::Page, &Refusal::Unsupported(NO_STORAGE.to_owned()), cx));
        };
        self.name_some(known, cx);
        if self.end.is_some() {
            return Turn::Over(self.page());
        }
        if !self.keys.is_empty() {
            return Turn::Work;
        }
        if self.walk.is_over() {
            return Turn::Over(self.page());
        }
        let is_late = self.asked > 0 && cx.now.since(self.since) >= known.config.fetch.wait;
        if self.asked >= self.most_asked || is_late {
            let position = self.walk.position();
            self.end = Some(self.whole.token(&position));
            return Turn::Over(self.page());
        }
        self.asked = self.asked.saturating_add(1);
        Turn::Ask(self.walk.callout(storage))
    }

    /// Looks at a few keys.
    fn name_some(&mut self, known: &Known<'_>, cx: &Cx<'_>) {
        let mut naming = Naming::new(&self.caller, known);
        for _ in 0..AT_ONCE {
            let Some(key) = self.keys.pop() else { return };
            let Some((module, version)) = self.whole.take(&key) else { continue };
            if !module.as_str().starts_with(&self.prefix) || !naming.may_name(&module, &version, cx) {
                continue;
            }
            self.named.push((module, version));
            if self.named.len() >= self.limit && !(self.keys.is_empty() && self.walk.is_over()) {
                self.end = Some(self.whole.token(&key));
                return;
            }
        }
    }

    /// The page, as far as it is made.
    fn page(&mut self) -> Verdict {
        let next = self.end.take();
        let json = match self.form {
            Form::Versions => {
                let modules = self.named.iter();
                let modules = modules
                    .map(|(module, version)| OfVersion { module: module.as_str(), version: version.as_str() })
                    .collect();
                serde_json::to_string(&VersionsPage { modules, next })
            }
            Form::Modules => {
                let modules = self.named.chunk_by(|(one, _), (other, _)| one == other);
                let modules = modules.filter_map(|versions| {
                    let (module, _) = versions.first()?;
                    let versions = versions.iter().map(|(_, version)| version.as_str()).collect();
                    Some(Module { name: module.as_str(), versions })
                });
                serde_json::to_string(&ModulesPage { modules: modules.collect(), next })
            }
        };
        page("application/json", json.unwrap_or_default() + "\n")
    }
}

/// How many of something a page may have, by the parameter called `name`: `most` at most, and where nothing is said.
fn page_limit(name: &str, text: Option<&str>, most: usize) -> Result<usize, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(most) };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte != b'0');
    if !is_number {
        return Err(malformed(&format!("{name} is not a number from 1 on")));
    }
    // One that has too many digits for this machine is larger than the most.
    Ok(text.parse().unwrap_or(most).min(most))
}

/// What the keys of modules begin with whose paths begin with `prefix`, where there can be such.
fn escaped(prefix: &str, layout: Layout) -> Option<String> {
    let is_plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    let is_path = !prefix.starts_with('/') && !prefix.contains("//") && prefix.len() <= MAX_TOKEN;
    if !is_plain || !is_path || prefix.split('/').any(|element| element.starts_with('.')) {
        return None;
    }
    Some(match layout {
        Layout::Athens | Layout::AthensFlat => prefix.to_owned(),
        Layout::Goproxy => gomod::escape_prefix(prefix),
    })
}

/// The answer where storage does not list what it has.
fn unwalked(why: Unwalked, reply: &Reply, cx: &mut Cx<'_>) -> Verdict {
    match why {
        Unwalked::Unlisted(why) => {
            let reason = format!("not supported: the storage of this gateway cannot list what it has: {why}");
            refuse(Kind::Page, &Refusal::Unsupported(reason), cx)
        }
        Unwalked::Failed(why) => {
            let is_slow = matches!(reply, Reply::Failed(CallFailure::TimedOut));
            let kind = if is_slow { FailureKind::Slow } else { FailureKind::Bad };
            failed(kind, format!("storage: {why}"))
        }
    }
}

/// The answer to a client for whom no such page can be begun, as too many others are being made.
pub fn too_many_lists(cx: &mut Cx<'_>) -> Verdict {
    cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
    let reason = "unavailable: too many other lists of what is stored are being made".to_owned();
    failed(FailureKind::Overloaded, reason)
}

fn failed(kind: FailureKind, reason: String) -> Verdict {
    let failure = Failure { kind, reason, retry_after: None };
    answer(&Answer::Failed(&failure), &Asker::default(), Kind::Page, Cache::None)
}

const NO_STORAGE: &str = "not supported: this gateway has no storage";

/// Versions of one page: as many as Athens gives where nothing is said. A page of as many has some 60 KB.
const MOST: usize = 1000;

/// Keys that are looked at in one slice: some 40 versions, each a few microseconds where no rule asks for its age, and a read of shared data where one does.
const AT_ONCE: usize = 128;

/// Bytes of a token: a key has 1024 at most, and what has begun there is said by its length.
const MAX_TOKEN: usize = 4096;

#[cfg(test)]
mod tests;
