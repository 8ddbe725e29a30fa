//! What the author of a module has to say to a client that gets one of its versions: that the version is retracted, or the module deprecated.
//!
//! It stands in headers. Nothing is asked for it while a client waits: where it is not known what the author says, that is found out
//! afterwards, for the next.

use std::rc::Rc;

use super::{
    Known, Next, Routed, content,
    question::Question,
    statement::{Heard, Statement, is_heeded},
    withdrawn::{Withdrawn, is_an_exception},
};
use crate::{
    cx::{Cx, Verdict},
    gomod::Version,
    goproxy::{DEPRECATED_HEADER, Document, File, Info, RETRACTED_HEADER, doubt},
    http::{Response, RetractedAs},
    plan::Want,
};

/// What is said to a client beside its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Why the version is retracted, where it is.
    retracted: Option<String>,
    /// What is said of the module, where it is deprecated.
    deprecated: Option<String>,
    /// Whether the version would have been refused if it is retracted, which no source could say.
    in_doubt: bool,
}

impl Advice {
    /// What counts of a version that is given with it.
    pub fn counts_as(&self) -> Option<RetractedAs> {
        match (&self.retracted, self.in_doubt) {
            (Some(_), _) => Some(RetractedAs::Warned),
            (None, true) => Some(RetractedAs::Unknown),
            (None, false) => None,
        }
    }

    /// Whether nothing is to be said.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let retracted = self.retracted.clone().map(|why| (RETRACTED_HEADER, why));
        let deprecated = self.deprecated.clone().map(|why| (DEPRECATED_HEADER, why));
        retracted.into_iter().chain(deprecated)
    }

    /// Says it with a response of ours.
    pub(super) fn say(&self, response: &mut Response) {
        response.headers.extend(self.headers());
        response.retracted = self.counts_as();
        if self.in_doubt {
            let caching = response.headers.iter_mut().filter(|(name, _)| *name == "cache-control");
            caching.for_each(|(_, value)| *value = doubt(value));
        }
    }
}

impl Verdict {
    /// The same; where it gives the client something, with what is said beside it.
    pub fn advised(mut self, advice: Option<&Advice>) -> Self {
        let Some(advice) = advice else { return self };
        match &mut self {
            Self::Respond(response) if is_given(response.status) => advice.say(Rc::make_mut(response)),
            Self::Edit(edit) => {
                edit.set.extend(advice.headers().map(|(name, value)| (name.to_owned(), value)));
                if advice.in_doubt {
                    let caching = edit.set.iter_mut().filter(|(name, _)| name == "cache-control");
                    caching.for_each(|(_, value)| *value = doubt(value));
                }
            }
            _ => {}
        }
        self
    }
}

impl Next {
    /// The same; where the client gets something of a module now, with what its author says.
    pub(super) fn advised(self, question: &Question, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Self {
        if !known.config.policy.hears_authors() {
            return self;
        }
        let Some(response) = self.ending() else { return self };
        if response.is_some_and(|response| !is_given(response.status)) {
            return self;
        }
        let advice = question.advice(response, known, cx);
        if advice.is_empty() {
            return self;
        }
        match self {
            Self::Answer(verdict) => Self::Answer(verdict.advised(Some(&advice))),
            Self::Refresh(verdict, want, found) => Self::Refresh(verdict.advised(Some(&advice)), want, found),
            Self::Hit(hit) => Self::Hit(hit.advised(&advice)),
            Self::Rewrite(hit, want, found) => Self::Rewrite(hit.advised(&advice), want, found),
            Self::Route(verdict, routed) => {
                Self::Route(verdict, Routed { advice: Some(advice.into()), ..routed })
            }
            other => other,
        }
    }
}

impl Question {
    /// What is said to the client that is answered with `response`, or routed.
    fn advice(&self, response: Option<&Response>, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Advice {
        let is_of_module = matches!(self.want, Want::Zip(_) | Want::Document(Document::Module { .. }));
        let Some((module, named)) = self.want.subject().filter(|_| is_of_module) else {
            return Advice::default();
        };
        let heard = Heard::recall(module, known.index, cx);
        if !heard.as_ref().is_some_and(|heard| heard.is_current(cx.now)) {
            known.wishes.add(module, cx.now);
        }
        let view = content::view(module, &self.caller, known, cx);
        let said = match &self.withdrawn {
            Withdrawn::Known(said) => Some(Statement::clone(said)),
            _ => heard.and_then(|heard| heard.statement),
        };
        let is_unheard = said.is_none() && self.withdrawn != Withdrawn::Unsaid;
        let said = said.filter(|said| is_heeded(said, &view, cx.now));
        let version = named.cloned().or_else(|| self.resolved(response));
        let denies = known.config.policy.denies_retracted();
        let is_excepted =
            || version.as_ref().is_some_and(|version| is_an_exception(&view.decide(version, None, cx.now)));
        let retracted = said.as_ref().zip(version.as_ref()).and_then(|(said, version)| {
            let why = said.retractions.rationale(version);
            said.retractions.has(version).then(|| header_text(why, NO_RATIONALE))
        });
        Advice {
            retracted,
            deprecated: said.and_then(|said| said.deprecated).map(|why| header_text(&why, "")),
            in_doubt: denies && is_unheard && !is_excepted(),
        }
    }

    /// The version that the answer to a query, or to `@latest`, stands for.
    fn resolved(&self, response: Option<&Response>) -> Option<Version> {
        let Want::Document(Document::Module { file: File::Latest | File::Query(_), .. }) = &self.want else {
            return None;
        };
        let response = response.filter(|response| response.status == 200)?;
        Info::read(&response.body).map(|info| info.version)
    }
}

/// A text as a header has it: one line of printable ASCII, of a bounded length. What else is in it is shown as a question mark, and all of
/// it by explain.
fn header_text(text: &str, default: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect::<String>());
    let line = words.collect::<Vec<_>>().join(" ");
    let line = if line.is_empty() { default } else { &line };
    match line.get(..MAX_TEXT) {
        Some(beginning) => format!("{beginning}..."),
        None => line.to_owned(),
    }
}

/// What the go command says where the author does not say why.
pub(super) const NO_RATIONALE: &str = "retracted by module author";

/// Bytes of a header's text: more than a line of a terminal has, and little beside the other headers.
const MAX_TEXT: usize = 256;

/// Whether a response gives what was asked for.
fn is_given(status: u16) -> bool {
    matches!(status, 200..400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_one_line_of_printable_ascii() {
        for (text, expected) in [
            ("", "none"),
            (" \n", "none"),
            ("leaks tokens", "leaks tokens"),
            ("short\nmore\n\ndetail\r\nx: y", "short more detail x: y"),
            ("Beep!\u{7}\u{0}", "Beep!??"),
            ("benutzt é\u{202e}", "benutzt ??"),
        ] {
            assert_eq!(header_text(text, "none"), expected, "{text:?}");
        }
        let long = header_text(&"é ".repeat(5000), "none");
        assert_eq!((long.len(), long.ends_with("? ...")), (259, true));
    }
}
