//! The page that says which of the versions that were served lately an advisory is about, or are malicious, and who got them.
//!
//! It shows callers, so only those that `admin.explain` names may read it. It asks no source: what is known of versions is what is in force
//! in this worker, and what was served is what all workers share.

use serde::Serialize;

use super::{
    Known,
    content::known_contents,
    explain::{Waived, malformed, query, unknown},
    receiving::too_long,
    request::refuse,
    respond::page,
};
use crate::{
    config::Config,
    cx::{Cx, Verdict},
    gomod::{ModulePath, Version},
    goproxy::Refusal,
    http::Timestamp,
    metrics::Kind,
    policy::Against,
    shared::{Day, Keeping, LEDGERS, Served, ServedStore},
};

/// The page as it is being made: of one ledger at each turn of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposing {
    /// The advisory that is asked for; every one, if none is.
    id: Option<String>,
    /// The module that is asked for; every one, if none is.
    module: Option<ModulePath>,
    /// The ledger that is next.
    next: u8,
    /// What there is so far, each with the version that it is about.
    made: Vec<(String, String)>,
    bytes: usize,
}

#[derive(Serialize)]
struct Exposed<'a> {
    id: &'a str,
    source: &'a str,
    module: &'a str,
    version: &'a str,
    malicious: bool,
    /// The waiver that lifts it, whoever asks.
    waived: Option<Waived<'a>>,
    served: To<'a>,
}

/// To whom a version was served.
#[derive(Serialize)]
struct To<'a> {
    /// The last day.
    last: String,
    callers: Vec<Caller<'a>>,
    /// About how many more callers there were.
    more: u32,
}

#[derive(Serialize)]
struct Caller<'a> {
    name: &'a str,
    last: String,
}

impl Exposing {
    /// What the query of `path` asks for: an `id`, a `module`, both or neither.
    pub(super) fn begin(path: &str, config: &Config) -> Result<Self, Refusal> {
        if config.exposure.is_none() {
            let reason = "not found: what is served is not remembered here (exposure)".to_owned();
            return Err(Refusal::Unknown(reason));
        }
        let (mut id, mut module) = (None, None);
        for (name, value) in query(path) {
            match name {
                "id" if id.is_none() => id = Some(value),
                "module" if module.is_none() => {
                    module = Some(ModulePath::parse(&value).map_err(|error| malformed(&error.to_string()))?);
                }
                _ => return Err(unknown(name, "id and module, each once")),
            }
        }
        Ok(Self { id, module, next: 0, made: Vec::new(), bytes: 0 })
    }

    /// Looks at one more ledger; the answer, when there are no more.
    pub fn work(&mut self, known: &Known<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        if self.next < LEDGERS {
            let ledger = self.next;
            self.next = self.next.saturating_add(1);
            self.add(ledger, known, cx);
            if self.bytes > MAX_PAGE {
                let why = format!("the answer has more than {MAX_PAGE} bytes: ask for one module or one id");
                return Some(refuse(Kind::Page, &too_long(&why), cx));
            }
            return None;
        }
        self.made.sort();
        let made: Vec<_> = self.made.iter().map(|(_, text)| text.as_str()).collect();
        Some(page("application/json", format!("[\n{}\n]\n", made.join(",\n")).replace("[\n\n]", "[]")))
    }

    fn add(&mut self, ledger: u8, known: &Known<'_>, cx: &Cx<'_>) {
        let Some(keeping) = keeping(known.config, cx.now) else { return };
        let policy = known.in_force.policy();
        for (name, served) in served_store(known.config).read(cx.kv, ledger, keeping).versions() {
            let Some((module, version)) = named(name) else { continue };
            if self.module.as_ref().is_some_and(|asked| *asked != module) {
                continue;
            }
            let contents = known_contents(&module, policy, known.index, cx);
            for against in policy.against(&module, &version, &contents, cx.now) {
                if self.id.as_ref().is_some_and(|asked| asked != against.id) {
                    continue;
                }
                let exposed = Exposed::of((&module, &version), &against, served);
                let text = serde_json::to_string(&exposed).unwrap_or_default();
                self.bytes = self.bytes.saturating_add(text.len());
                self.made.push((name.to_owned(), text));
                if self.bytes > MAX_PAGE {
                    return;
                }
            }
        }
    }
}

impl<'a> Exposed<'a> {
    fn of(
        (module, version): (&'a ModulePath, &'a Version),
        against: &Against<'a>,
        served: &'a Served,
    ) -> Self {
        let callers = served.callers.iter();
        let callers = callers.map(|(name, last)| Caller { name: shown(name), last: last.date() });
        Self {
            id: against.id,
            source: against.source,
            module: module.as_str(),
            version: version.as_str(),
            malicious: against.is_malicious,
            waived: against.waived.map(Waived::by),
            served: To { last: served.last.date(), callers: callers.collect(), more: served.more() },
        }
    }
}

/// What the log says of a version that was served, against which this is said.
pub fn exposure_line(version: &str, against: &Against<'_>, served: &Served) -> String {
    let Against { id, source, .. } = against;
    let says = if against.is_malicious { "says that it is malicious" } else { "is about it" };
    let named: Vec<_> = served.callers.keys().take(MAX_NAMED).map(|name| shown(name)).collect();
    let unnamed = served.callers.len().saturating_sub(named.len());
    let more = usize::try_from(served.more()).unwrap_or(usize::MAX).saturating_add(unnamed);
    let to = match (named.is_empty(), more) {
        (false, 0) => named.join(", "),
        (false, more) => format!("{} and about {more} more", named.join(", ")),
        (true, more) => format!("about {more} callers"),
    };
    format!("exposed: {version} was served, last on {}, to {to}: {id} ({source}) {says}", served.last.date())
}

/// A caller's name as rules have it.
fn shown(name: &str) -> &str {
    if name.is_empty() { "@anonymous" } else { name }
}

/// A version as a ledger calls it.
pub fn ledger_name(module: &ModulePath, version: &Version) -> String {
    format!("{module}@{version}")
}

/// The version that a ledger calls so, if it is one: storage may say anything.
pub fn named(name: &str) -> Option<(ModulePath, Version)> {
    let (module, version) = name.rsplit_once('@')?;
    Some((ModulePath::parse(module).ok()?, Version::parse(version).ok()?))
}

/// What is remembered of what is served, if anything is.
pub fn keeping(config: &Config, now: Timestamp) -> Option<Keeping> {
    let exposure = config.exposure?;
    Some(Keeping { today: Day::of(now), days: exposure.days, names: exposure.callers })
}

/// Where that is kept.
pub fn served_store(config: &Config) -> ServedStore {
    ServedStore::new(config.storage.as_ref())
}

/// Bytes of one answer: some 10,000 versions, each with a few callers.
const MAX_PAGE: usize = 4 << 20;

/// Callers that a line of the log names.
const MAX_NAMED: usize = 8;
