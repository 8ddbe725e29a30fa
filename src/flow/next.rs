//! What becomes of a client's request now. Each step on its way returns one of these and the worker carries it out, whether the request has
//! just come, its search is over, or it has waited for anything else.
//!
//! A step that lets the request go on returns [`ControlFlow::Continue`](std::ops::ControlFlow) with what it found out for the next
//! step; one that ends its way for now returns `Break` with one of these.

use super::{
    Evidencing, Explaining, Exposing, Hit, Known, Listing, Mirroring, Order, Parked, Receiving, Renewal,
    Routed, Searched, Sifting,
    question::{Ended, Serving},
};
use crate::{
    cx::{Cx, Verdict},
    gomod::{ModulePath, Version},
    goproxy::Found,
    http::Response,
    metrics::Kind,
    plan::Want,
};

/// What becomes of a client's request now.
#[derive(Debug)]
#[must_use]
pub enum Next {
    /// It is decided.
    Answer(Verdict),
    /// It goes on with this, which had to wait for something: with what its search came to, or else it asks once more.
    Again(Box<Parked>),
    /// It asks this now: another part of its answer, or the same once more.
    Ask(Box<Parked>),
    /// It waits until it is known when these versions of the module were published.
    Dates(Box<Parked>, ModulePath, Vec<Version>),
    /// It waits until this page is made.
    Make(Box<Making>),
    /// The index has the answer.
    Hit(Hit),
    /// It waits until this list of what storage has is made.
    List(Box<Listing>),
    /// It has posted this build, and waits until that was read, and for what storage lacks of it if it asks for that.
    Order(Box<Order>),
    /// It waits until everyone unseen was asked.
    Probe,
    /// Its body is to come.
    Receive(Box<Receiving>),
    /// It is answered with this document, which is to be asked for anew meanwhile.
    Refresh(Verdict, Want, Found),
    /// The index has the answer, which storage should have and has not.
    Rewrite(Hit, Want, Found),
    /// It is routed, and its response is to be looked at.
    Route(Verdict, Routed),
    /// It waits for a search; the index had this document before, if it had one.
    Search(Box<Parked>, Option<Found>),
    /// It is answered, and this is to be looked at again.
    LookAgain(Verdict, Renewal),
    /// It is told how the gateway is doing.
    Status,
    /// It waits until this list is judged.
    Sift(Box<Parked>, Box<Sifting>),
}

/// A page that is made a part at each turn of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Making {
    /// What is known of a go.sum that a client has sent.
    Evidence(Box<Evidencing>),
    /// Explanations of what a client has sent.
    Explanations(Explaining),
    /// What was served and is exposed.
    Exposures(Exposing),
    /// A list of what the mirror has.
    Mirror(Mirroring),
}

impl Making {
    /// Makes a part of it; the answer, when that was the last.
    pub fn work(&mut self, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        match self {
            Self::Evidence(evidencing) => evidencing.work(known, cx),
            Self::Explanations(explaining) => explaining.work(known, cx),
            Self::Exposures(exposing) => exposing.work(known, cx),
            Self::Mirror(mirroring) => mirroring.work(known),
        }
    }
}

impl Next {
    /// What is asked, where it is not answered at once.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::List(_) | Self::Make(_) | Self::Order(_) | Self::Probe | Self::Receive(_) => {
                Some(Kind::Page)
            }
            Self::Again(parked)
            | Self::Ask(parked)
            | Self::Dates(parked, ..)
            | Self::Search(parked, _)
            | Self::Sift(parked, _) => Some(parked.kind()),
            Self::Route(..) => Some(Kind::Zip),
            Self::Answer(_)
            | Self::Hit(_)
            | Self::LookAgain(..)
            | Self::Refresh(..)
            | Self::Rewrite(..)
            | Self::Status => None,
        }
    }

    /// What the client may have to wait for.
    pub fn waits_for(&self) -> Option<String> {
        match self {
            Self::Probe => Some("readyz".to_owned()),
            Self::List(_) => Some("catalog".to_owned()),
            Self::Make(_) | Self::Order(_) | Self::Receive(_) => Some("body".to_owned()),
            Self::Again(parked)
            | Self::Ask(parked)
            | Self::Dates(parked, ..)
            | Self::Search(parked, _)
            | Self::Sift(parked, _) => Some(parked.want().key()),
            Self::Answer(_)
            | Self::Hit(_)
            | Self::LookAgain(..)
            | Self::Refresh(..)
            | Self::Rewrite(..)
            | Self::Route(..)
            | Self::Status => None,
        }
    }

    pub(super) fn make(making: Making) -> Self {
        Self::Make(Box::new(making))
    }

    /// How the request ends, where it does now: with this response, or routed to one that is yet to come.
    pub(super) fn ending(&self) -> Option<Option<&Response>> {
        match self {
            Self::Answer(Verdict::Respond(response)) | Self::Refresh(Verdict::Respond(response), ..) => {
                Some(Some(response))
            }
            Self::Hit(hit) | Self::Rewrite(hit, ..) => Some(Some(hit.response())),
            Self::Route(..) => Some(None),
            _ => None,
        }
    }

    /// The same of a request whose search has come to this. Where it is to wait before that can be given, it goes on with it afterwards.
    pub(super) fn after(mut self, searched: &Searched, coalesced: bool) -> Self {
        let ended = || Box::new(Ended { searched: searched.clone(), coalesced });
        match &mut self {
            Self::Dates(parked, ..) | Self::Sift(parked, _) => parked.ended = Some(ended()),
            Self::Ask(parked) => match &mut parked.question.serving {
                Serving::Retractions(reading) => reading.keep(ended()),
                Serving::License(recalling) => recalling.keep(ended()),
                Serving::Speaker(finding) => finding.keep(ended()),
                _ => {}
            },
            _ => {}
        }
        self
    }
}
