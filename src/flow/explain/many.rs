//! Explanations of all module versions that a body names, made a few at each turn of the worker.

use super::asked::Asked;
use crate::{
    cx::{Cx, Verdict},
    flow::{
        Known,
        receiving::{malformed, too_long},
        request::refuse,
        respond::page,
    },
    goproxy::Refusal,
    metrics::Kind,
    policy::Caller,
};

/// Explanations that are being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explaining {
    caller: Caller,
    /// What was sent, and how much of it is done.
    text: String,
    done: usize,
    line: usize,
    /// What is answered, as far as it is made.
    page: String,
}

impl Explaining {
    /// Those of the module versions in `body`, one in each line, as to `caller`.
    pub(in crate::flow) fn begin(body: Vec<u8>, caller: Caller) -> Result<Self, Refusal> {
        let text = String::from_utf8(body).map_err(|_| malformed("it is no text"))?;
        if text.lines().count() > MAX_LINES {
            return Err(too_long(&format!("the body has more than {MAX_LINES} lines")));
        }
        Ok(Self { caller, text, done: 0, line: 0, page: String::new() })
    }

    /// Explains a few more; the answer, when there are no more.
    pub fn work(&mut self, known: &Known<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        match self.explain_some(known, cx) {
            Ok(true) => {
                let body =
                    if self.page.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", self.page) };
                Some(page("application/json", body))
            }
            Ok(false) => None,
            Err(refusal) => Some(refuse(Kind::Page, &refusal, cx)),
        }
    }

    /// Whether all is done.
    fn explain_some(&mut self, known: &Known<'_>, cx: &Cx<'_>) -> Result<bool, Refusal> {
        for _ in 0..AT_ONCE {
            let Some(rest) = self.text.get(self.done..).filter(|rest| !rest.is_empty()) else {
                return Ok(true);
            };
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            self.done = self.done.saturating_add(line.len());
            self.line = self.line.saturating_add(1);
            let asked = Asked::line(line, &self.caller)
                .map_err(|why| malformed(&format!("line {}: {why}", self.line)))?;
            let Some(asked) = asked else { continue };
            if !self.page.is_empty() {
                self.page.push_str(",\n");
            }
            self.page.push_str(&asked.page(known, cx));
            if self.page.len() > MAX_PAGE {
                return Err(too_long(&format!(
                    "the answer has more than {MAX_PAGE} bytes at line {}: ask for fewer modules at once",
                    self.line
                )));
            }
        }
        Ok(false)
    }
}

/// Lines of one body: builds with more modules are rare, and can be asked about in parts.
const MAX_LINES: usize = 1000;

/// Lines that are explained at one turn: a few milliseconds, at some 20 reads of shared data each, and a version to use in place of
/// one that is refused.
const AT_ONCE: usize = 4;

/// Bytes of one answer: a thousand modules with a dozen rules for each.
const MAX_PAGE: usize = 4 << 20;
