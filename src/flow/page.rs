//! A request for one of this proxy's own pages: whether it may be asked for so, and what answers it.

use super::{
    Exposing, Known, Making, Next,
    caller::caller,
    evidence::{Evidencing, Evident},
    explain,
    hooked::Delivery,
    prewarm::{OrderHead, OrderKind, progress},
    receiving::{Post, Receiving},
    request::{not_allowed, refuse},
    respond,
};
use crate::{
    config::Config,
    cx::{Cx, Verdict},
    goproxy::{Deed, Page, Posted, Refusal, Route, Taken, Who},
    http::RequestHead,
    metrics::{Kind, OwnReason},
};

impl Next {
    /// Decides what to do with a request for the page of `route`.
    /// `rest` is what follows the page's own name.
    pub(super) fn page(
        (route, rest): (&Route, &str),
        head: &RequestHead,
        known: &Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Self {
        let Some(deed) = route.deed(&head.method) else {
            return Self::refuse(Kind::Page, &not_allowed(&head.method, route.methods.allow()), cx);
        };
        if let Err(refusal) = admit(route.who, head, known.config) {
            return Self::refuse(Kind::Page, &refusal, cx);
        }
        match deed {
            Deed::Read(page) => Self::read((page, rest), head, known, cx),
            Deed::Post(Taken { what, most }) => {
                let post = posted(what, rest, head, known.config);
                match post.and_then(|post| Receiving::begin(post, head, most, cx.now)) {
                    // Nothing more comes, not even that nothing does.
                    Ok(receiving) if head.ends => Self::received(receiving, known, cx),
                    Ok(receiving) => Self::Receive(Box::new(receiving)),
                    Err(refusal) => Self::refuse(Kind::Page, &refusal, cx),
                }
            }
        }
    }

    fn read((page, rest): (Page, &str), head: &RequestHead, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        let (content_type, body) = match page {
            Page::Explain => match explain::one(&head.path, known, cx) {
                Ok(explanation) => ("application/json", explanation),
                Err(refusal) => return Self::refuse(Kind::Page, &refusal, cx),
            },
            Page::Exposed => {
                return match Exposing::begin(&head.path, known.config) {
                    Ok(exposing) => Self::make(Making::Exposures(exposing)),
                    Err(refusal) => Self::refuse(Kind::Page, &refusal, cx),
                };
            }
            Page::Healthz => ("text/plain; charset=utf-8", "ok\n".to_owned()),
            Page::Prewarm => match progress(rest, cx) {
                Ok(page) => ("application/json", page),
                Err(refusal) => return Self::refuse(Kind::Page, &refusal, cx),
            },
            Page::Readyz => return Self::Probe,
            Page::Status => return Self::Status,
            Page::Version => (
                "application/json",
                format!("{{\"name\":\"modgate\",\"version\":\"{}\"}}\n", env!("CARGO_PKG_VERSION")),
            ),
        };
        Self::Answer(respond::page(content_type, body))
    }

    /// Decides what to do with a request whose body has come to its end.
    pub fn received(receiving: Receiving, known: &Known<'_>, cx: &mut Cx<'_>) -> Self {
        let next = receiving.end().and_then(|(post, body)| match post {
            Post::GoSum(evident) => {
                let evidencing = Evidencing::begin(body, evident);
                evidencing.map(|evidencing| Self::make(Making::Evidence(evidencing.into())))
            }
            Post::Hook(delivery) => Ok(delivery.end(&body, known, cx)),
            Post::Build(head) => head.end(body).map(|order| Self::Order(order.into())),
            Post::Modules(caller) => {
                let explaining = explain::Explaining::begin(body, caller);
                explaining.map(|explaining| Self::make(Making::Explanations(explaining)))
            }
        });
        next.unwrap_or_else(|refusal| Self::refuse(Kind::Page, &refusal, cx))
    }
}

/// What the head of a request says of the body that follows it.
fn posted(what: Posted, rest: &str, head: &RequestHead, config: &Config) -> Result<Post, Refusal> {
    match what {
        Posted::GoSum => Evident::read(&head.path).map(Post::GoSum),
        Posted::Hook => Delivery::begin(rest, head, config).map(Post::Hook),
        Posted::Lacking => OrderHead::begin(OrderKind::Missing, head, config).map(Post::Build),
        Posted::Prewarm => OrderHead::begin(OrderKind::Prewarm, head, config).map(Post::Build),
        Posted::Modules => explain::principals(&head.path).map(Post::Modules),
    }
}

/// Whether who sends this request may ask for a page that is for these.
fn admit(who: Who, head: &RequestHead, config: &Config) -> Result<(), Refusal> {
    let (what, allowed, setting) = match who {
        Who::Everyone => return Ok(()),
        Who::Named { what } => (what, &config.admin.explain[..], "admin.explain"),
        Who::Prewarmers => {
            let named = config.sync.prewarm.as_ref().map(|prewarm| &prewarm.principals[..]);
            ("builds to be fetched", named.unwrap_or_default(), "sync.prewarm.principals")
        }
    };
    if allowed.is_empty() {
        let reason = format!("not found: no caller may ask for {what} here ({setting})");
        return Err(Refusal::Unknown(reason));
    }
    let caller = caller(head, &config.callers)?;
    if allowed.iter().any(|principal| principal.matches(&caller)) {
        return Ok(());
    }
    let reason = format!("forbidden: {what} are for the callers that {setting} names");
    Err(Refusal::Forbidden { rule: OwnReason::Explain.into(), reason })
}

/// Refuses a request for a page, and counts that.
pub fn refuse_page(refusal: &Refusal, cx: &mut Cx<'_>) -> Verdict {
    refuse(Kind::Page, refusal, cx)
}
