//! One client's request: from its head to a verdict, or to what it waits for.

use std::ops::ControlFlow;

use super::{
    Known, Next, Parked,
    caller::caller,
    license::Licensing,
    question::{Question, Serving},
    respond::{self, answer},
    withdrawn::Withdrawn,
};
use crate::{
    config::Config,
    cx::{Cx, Edit, Verdict},
    endpoint,
    goproxy::{
        Answer, Asker, Document, Failure, FailureKind, Place, READ, Refusal, SumdbFile, Target, place,
        wants_revalidation,
    },
    http::{ReadHeader, RequestHead},
    metrics::{Cache, Counter, DocumentName, Kind, OwnReason},
    plan::Want,
    policy::Lacking,
};

impl Next {
    /// Decides what to do with a request.
    pub fn of(head: &RequestHead, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        let config = known.config;
        match place(head, &config.matching, &config.admin) {
            Place::Foreign => Self::Answer(pass_on(&|name| head.value(name), config)),
            Place::Import(page) if head.is_read() => {
                Self::Answer(respond::page("text/html; charset=utf-8", page))
            }
            Place::Import(_) => Self::Answer(pass_on(&|name| head.value(name), config)),
            Place::Page { route, rest } => Self::page((route, &rest), head, known, cx),
            Place::Catalog(page) if head.is_read() => Self::catalog(page, head, known, cx),
            Place::Mirror(file) if head.is_read() => Self::mirror(&file, head, known, cx),
            _ if !head.is_read() => Self::refuse(Kind::Invalid, &not_allowed(&head.method, READ), cx),
            // Its methods were looked at above.
            Place::Catalog(_) | Place::Mirror(_) => {
                Self::refuse(Kind::Invalid, &not_allowed(&head.method, READ), cx)
            }
            Place::Refused(refusal) => Self::refuse(Kind::Invalid, &refusal, cx),
            Place::Ours(path) => match Target::parse(&path) {
                Err(refusal) => Self::refuse(Kind::Invalid, &refusal, cx),
                Ok(target) => Self::target(target, head, known, cx),
            },
        }
    }

    pub(super) fn refuse(kind: Kind, refusal: &Refusal, cx: &mut Cx<'_>) -> Self {
        Self::Answer(refuse(kind, refusal, cx))
    }

    fn target(target: Target, head: &RequestHead, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        let (kind, config) = (target.kind(), known.config);
        if let Some(refusal) = sumdb_refusal(&target, config) {
            return Self::refuse(kind, &refusal, cx);
        }
        if let Some(lacking) = known.in_force.lacking()
            && names_module(&target)
        {
            return Self::Answer(not_yet(lacking, kind, cx));
        }
        let want = match target {
            Target::Supported { .. } => {
                return Self::Answer(answer(&Answer::Supported, &Asker::default(), kind, Cache::None));
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
            has_body: !head.ends,
            kind,
            caller,
            serving: Serving::Itself,
            redirects: false,
            dated: false,
            withdrawn: Withdrawn::Unasked,
            licensing: Licensing::Unasked,
            since: cx.now,
            want,
        };
        Parked::new(question).ask(known, cx)
    }
}

/// The policy bundle, or another document that is required, has not been read yet or is too old, so the request cannot be decided.
pub(super) fn not_yet(lacking: Lacking<'_>, kind: Kind, cx: &mut Cx<'_>) -> Verdict {
    cx.count(Counter::Refusal { reason: OwnReason::Policy.into() });
    let reason = match lacking {
        Lacking::Unread(document) => format!(
            "unavailable: this gateway has not read {} yet, without which it gives no module.\n\
             Try again in a few seconds; its log says what is wrong if that does not help.",
            its(document)
        ),
        Lacking::Stale(document) => format!(
            "unavailable: {} of this gateway were not confirmed for too long, and it gives no module by old ones.\n\
             Its log says what is wrong with their source.",
            its(document).trim_start_matches("its ")
        ),
    };
    let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
    answer(&Answer::Failed(&failure), &Asker::default(), kind, Cache::None)
}

/// What clients are told of a document.
fn its(document: &DocumentName) -> String {
    let family = document.family().replace('_', " ");
    document
        .source()
        .map_or_else(|| format!("its {family}"), |source| format!("its {family} of the source {source}"))
}

impl Parked {
    /// What becomes of the request now that it asks this, for the first time or again. The rules may have changed since the first time.
    pub fn ask(self, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Next {
        let mut question = self.question;
        if let ControlFlow::Break(next) = question.admit(known, cx) {
            return next.marked(&question, known, cx);
        }
        question = question.in_reach(known.config);
        // An answer has a few stages, each of which asks once at most.
        loop {
            match question.look_up(known, cx) {
                ControlFlow::Break(Next::Ask(further)) => question = further.question,
                ControlFlow::Break(Next::Again(further)) if further.ended.is_none() => {
                    return further.ask(known, cx);
                }
                ControlFlow::Break(next) => {
                    let next = next.advised(&question, known, cx);
                    return next.marked(&question, known, cx);
                }
                ControlFlow::Continue(before) => return Next::Search(question.park(), before),
            }
        }
    }
}

/// Refuses, and counts that.
pub(super) fn refuse(kind: Kind, refusal: &Refusal, cx: &mut Cx<'_>) -> Verdict {
    cx.count(Counter::Refusal { reason: refusal.counts_as() });
    answer(&Answer::Refused(refusal), &Asker::default(), kind, Cache::None)
}

/// The verdict on a request that is not for the gateway. The request goes on as it is, but without the header that picks a cluster of the
/// download route. The header that names a host may stay: no other route reads it.
pub fn pass_on(header: ReadHeader<'_>, config: &Config) -> Verdict {
    let name = &config.matching.route_header;
    if header(name).is_some() {
        Verdict::Edit(Edit { remove: vec![name.clone()], set: Vec::new() })
    } else {
        Verdict::Continue
    }
}

/// Why a request for a file of a checksum database is refused, if it is: the gateway does not serve the database, or the module's name is
/// private.
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
        rule: OwnReason::Nosumdb.into(),
        reason: format!(
            "forbidden: {module} is private to this gateway and is not named to a checksum database.\n\
             Set GONOSUMDB (or GOPRIVATE) for it."
        ),
    })
}

/// Whether the client asks for a file of a module, or for the record of one.
fn names_module(target: &Target) -> bool {
    match target {
        Target::Document(Document::Module { .. }) | Target::Zip(_) => true,
        Target::Document(Document::Sumdb { file, .. }) => matches!(file, SumdbFile::Lookup(..)),
        Target::Supported { .. } => false,
    }
}

/// The refusal of a method that the page or file does not answer.
pub(super) fn not_allowed(method: &str, allow: &'static str) -> Refusal {
    Refusal::Method { method: method.chars().take(32).collect(), allow }
}
