//! One client's request: from its head to a verdict, or to what it waits for.

use super::{
    Hit, Known, Parked, Routed, Sifting,
    caller::caller,
    explain::explain,
    question::{Indexed, Question, Serving},
    respond::answer,
    ruling::{Instead, Ruling},
};
use std::time::Duration;

use crate::{
    config::Config,
    cx::{Cx, Edit, Verdict},
    endpoint,
    gomod::{ModulePath, Version},
    goproxy::{
        Answer, Asker, Audience, Document, Failure, Fault, Found, Page, Place, Refusal, SumdbFile, Target,
        Validity, place, wants_revalidation,
    },
    http::{ReadHeader, RequestHead},
    metrics::{Cache, Metric},
    plan::Want,
    shared::Region,
};

/// What becomes of a request when its head is there.
#[derive(Clone, Debug)]
pub enum Reception {
    /// It is decided.
    Decided(Verdict),
    /// The index has the answer.
    Hit(Hit),
    /// It waits until this list is judged.
    Long(Box<Parked>, Box<Sifting>),
    /// The index has the answer, which storage should have and has not.
    Unwritten(Hit, Want, Found),
    /// It waits until everyone unseen was asked.
    Probe,
    /// It is routed, and its response is to be looked at.
    Routed(Verdict, Routed),
    /// It waits for a search; the index had this document before, if it had one.
    Search(Box<Parked>, Option<Found>),
    /// It is answered with this document, which is to be asked for anew meanwhile.
    Stale(Verdict, Want, Found),
    /// It waits until it is known when these versions of the module were published.
    Undated(Box<Parked>, ModulePath, Vec<Version>),
}

impl Reception {
    /// What the client may have to wait for.
    pub fn waits_for(&self) -> Option<String> {
        match self {
            Self::Probe => Some(Page::Readyz.as_str().to_owned()),
            Self::Long(parked, _) | Self::Search(parked, _) | Self::Undated(parked, ..) => {
                Some(parked.want().key())
            }
            _ => None,
        }
    }

    /// Decides what to do with a request.
    pub fn of(head: &RequestHead, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        let config = known.config;
        match place(head, &config.matching, &config.admin) {
            Place::Foreign => Self::Decided(pass_on(&|name| head.value(name), config)),
            _ if !head.is_read() => Self::refuse("invalid", &Refusal::Method(shown(&head.method)), cx),
            Place::Refused(refusal) => Self::refuse("invalid", &refusal, cx),
            Place::Page(page) => Self::page(page, head, known, cx),
            Place::Ours(path) => match Target::parse(&path) {
                Err(refusal) => Self::refuse("invalid", &refusal, cx),
                Ok(target) => Self::target(target, head, known, cx),
            },
        }
    }

    fn refuse(kind: &'static str, refusal: &Refusal, cx: &mut Cx<'_>) -> Self {
        Self::Decided(refuse(kind, refusal, cx))
    }

    /// The rules are not there yet by which it would be decided.
    fn not_yet(kind: &'static str, cx: &mut Cx<'_>) -> Self {
        cx.count(Metric::Refusal { reason: "policy".into() });
        let reason = "unavailable: this gateway has not read its policy bundle yet, without which it gives no module.\n\
                      Try again in a few seconds; its log says what is wrong if that does not help."
            .to_owned();
        let failure = Failure { fault: Fault::Overloaded, reason, retry_after: None };
        Self::Decided(answer(&Answer::Failed(&failure), &Asker::default(), kind, Cache::None, cx))
    }

    fn page(page: Page, head: &RequestHead, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        let (content_type, body) = match page {
            Page::Explain => return Self::Decided(explain(head, known, cx)),
            Page::Healthz => ("text/plain; charset=utf-8", "ok\n".to_owned()),
            Page::Readyz => return Self::Probe,
            Page::Version => (
                "application/json",
                format!("{{\"name\":\"modgate\",\"version\":\"{}\"}}\n", env!("CARGO_PKG_VERSION")),
            ),
        };
        let page = Answer::Page { healthy: true, content_type, body };
        Self::Decided(answer(&page, &Asker::default(), "page", Cache::None, cx))
    }

    fn target(target: Target, head: &RequestHead, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        let (kind, config) = (target.kind(), known.config);
        if let Some(refusal) = sumdb_refusal(&target, config) {
            return Self::refuse(kind, &refusal, cx);
        }
        if !known.in_force.is_complete() && names_module(&target) {
            return Self::not_yet(kind, cx);
        }
        let want = match target {
            Target::Supported { .. } => {
                return Self::Decided(answer(&Answer::Supported, &Asker::default(), kind, Cache::None, cx));
            }
            Target::Document(document) => Want::Document(document),
            Target::Zip(zip) => Want::Zip(zip),
        };
        let caller = match caller(head, &config.callers) {
            Ok(caller) => caller,
            Err(refusal) => return Self::refuse(kind, &refusal, cx),
        };
        let question = Question {
            may_fetch: !head
                .headers
                .first("disable-module-fetch")
                .is_some_and(|value| value.eq_ignore_ascii_case("true")),
            no_cache: wants_revalidation(&head.headers),
            asker: Asker { if_none_match: head.headers.first("if-none-match").map(str::to_owned) },
            head_only: head.method == "HEAD",
            selects: head.headers.names().any(endpoint::selects),
            kind,
            caller,
            serving: Serving::Itself,
            redirects: false,
            dated: false,
            since: cx.now,
            want,
        };
        Self::enter(question, known, cx)
    }

    /// What becomes of a question, as far as the policy lets it.
    fn enter(question: Question, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        match question.admit(known, cx) {
            Ruling::Pass => Self::ask(question.in_reach(known.config), known, cx),
            Ruling::Undated(module, version) => {
                Self::Undated(Parked { question }.into(), module, vec![version])
            }
            Ruling::Instead(instead) => Self::Decided(give_instead(&instead, question.kind, cx)),
        }
    }

    /// What becomes of a question that may be asked.
    fn ask(mut question: Question, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        // As many as there are stages of an answer, at most.
        loop {
            let key = question.want.key();
            // Nearly every request ends here, with one read: "not found" is looked up only where nothing else is known.
            let mut before = None;
            let mut next = None;
            for region in [Region::Found, Region::Missing] {
                let Some(entry) = known.index.look_up(cx.kv, region, &key, cx.now) else {
                    continue;
                };
                let spread = known.index.spread(&key, entry.since());
                match question.look_at(entry, spread, known, cx) {
                    Indexed::Answer(reception) => return reception,
                    Indexed::Known(found) => before = Some(found),
                    Indexed::Next(question) => {
                        next = Some(question);
                        break;
                    }
                    Indexed::Nothing => {}
                }
            }
            match next {
                Some(further) => question = *further,
                None => return Self::Search(Box::new(Parked { question }), before),
            }
        }
    }

    /// As [`Reception::of`], for a request that was received before: for what it asks next, or for what it asked when
    /// something had to be found out first.
    pub fn again(parked: Parked, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        Self::enter(parked.question, known, cx)
    }
}

/// Refuses, and counts that.
pub(super) fn refuse(kind: &'static str, refusal: &Refusal, cx: &mut Cx<'_>) -> Verdict {
    cx.count(Metric::Refusal { reason: refusal.label() });
    answer(&Answer::Refused(refusal), &Asker::default(), kind, Cache::None, cx)
}

/// Answers with what is given in place of what was asked for, and counts that.
pub(super) fn give_instead(instead: &Instead, kind: &'static str, cx: &mut Cx<'_>) -> Verdict {
    let validity = Validity { fresh_for: Some(Duration::ZERO), audience: Audience::Caller };
    let given = match instead {
        Instead::Elsewhere(to) => Answer::Elsewhere { to, cache: Cache::None },
        Instead::Failed(failure) => Answer::Failed(failure),
        Instead::Missing(missing) => Answer::Missing { missing, validity, cache: Cache::None },
        Instead::Refused(refusal) => return refuse(kind, refusal, cx),
    };
    answer(&given, &Asker::default(), kind, Cache::None, cx)
}

/// A request that is not ours goes on as it is, but never with the header that has it routed by us. The header that names a
/// host is read by no other route.
pub fn pass_on(header: ReadHeader<'_>, config: &Config) -> Verdict {
    let name = &config.matching.route_header;
    if header(name).is_some() {
        Verdict::Edit(Edit { remove: vec![name.clone()], set: Vec::new() })
    } else {
        Verdict::Continue
    }
}

/// Why a request of a checksum database is refused, if it is: the database is not served here, or the module is one that
/// no database may hear of.
fn sumdb_refusal(target: &Target, config: &Config) -> Option<Refusal> {
    let sumdb = match target {
        Target::Supported { sumdb } | Target::Document(Document::Sumdb { sumdb, .. }) => sumdb,
        Target::Document(Document::Module { .. }) | Target::Zip(_) => return None,
    };
    if !config.sumdb.iter().any(|known| known.name == *sumdb) {
        return Some(Refusal::Unknown(format!("not found: checksum database {sumdb} is not served here")));
    }
    let Target::Document(Document::Sumdb { file: SumdbFile::Lookup(module, _), .. }) = target else {
        return None;
    };
    config.private.nosumdb.matches(module).then(|| Refusal::Forbidden {
        rule: "nosumdb".into(),
        reason: format!(
            "forbidden: {module} is private to this gateway and is not named to a checksum database.\n\
             Set GONOSUMDB (or GOPRIVATE) for it."
        ),
    })
}

/// Whether it is a module, or a record of one, that is asked for.
fn names_module(target: &Target) -> bool {
    match target {
        Target::Document(Document::Module { .. }) | Target::Zip(_) => true,
        Target::Document(Document::Sumdb { file, .. }) => matches!(file, SumdbFile::Lookup(..)),
        Target::Supported { .. } => false,
    }
}

fn shown(method: &str) -> String {
    method.chars().take(32).collect()
}
