//! The page that says of each hash in a go.sum what is known of it: whether the log of the checksum database has it, and of its version what
//! is decided, which advisories are about it, which waivers lift them, and what its author says.
//!
//! Only the callers that `admin.explain` names may ask. It asks no source: what the index does not know is shown as unknown.

mod asked;
mod cyclonedx;
mod document;
mod go_sum;
mod logged;
mod purl;

use log::Level;
use sha2::{Digest, Sha256};

pub(super) use self::asked::Evident;
pub(super) use self::go_sum::OF_NO_GO_MOD;
pub(super) use self::logged::logged;
use self::{
    asked::Format,
    document::{Hashes, json},
    go_sum::{GoSum, Listed},
};
use super::{
    Known,
    explain::Asked,
    receiving::{malformed, too_long},
    request::refuse,
    respond::page,
};
use crate::{
    cx::{Cx, Verdict},
    goproxy::Refusal,
    metrics::Kind,
};

/// The page as it is being made: of a few lines, and then of a few versions, at each turn of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidencing {
    asked: Evident,
    /// What was sent, and how much of it is read.
    text: String,
    read: usize,
    line: usize,
    go_sum: GoSum,
    /// How many of its versions are done.
    done: usize,
    made: Made,
    /// The versions with a hash that is not the log's: the first of them, and how many there are.
    differing: Vec<String>,
    differ: usize,
}

/// What there is of the answer so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Made {
    /// Modules, or components; a JSON object on each line.
    modules: String,
    /// Vulnerabilities, the same way.
    vulnerabilities: String,
    /// The SHA-256 of all of it, chained.
    digest: [u8; 32],
}

impl Evidencing {
    /// What is known of the hashes in `body`.
    pub(super) fn begin(body: Vec<u8>, asked: Evident) -> Result<Self, Refusal> {
        let text = String::from_utf8(body).map_err(|_| malformed("it is no text"))?;
        Ok(Self {
            asked,
            text,
            read: 0,
            line: 0,
            go_sum: GoSum::default(),
            done: 0,
            made: Made::default(),
            differing: Vec::new(),
            differ: 0,
        })
    }

    /// Reads a few more lines, or looks at a few more versions; the answer, when there are no more.
    pub fn work(&mut self, known: &Known<'_>, cx: &mut Cx<'_>) -> Option<Verdict> {
        match self.read_some() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(refusal) => return Some(refuse(Kind::Page, &refusal, cx)),
        }
        for _ in 0..VERSIONS_AT_ONCE {
            let Some(listed) = self.go_sum.versions().get(self.done).cloned() else {
                return Some(self.finish(known, cx));
            };
            self.done = self.done.saturating_add(1);
            self.add(&listed, known, cx);
            if self.made.len() > MAX_PAGE {
                let why = format!(
                    "the answer has more than {MAX_PAGE} bytes at {} {}: send the go.sum in parts",
                    listed.module.as_str(),
                    listed.version.as_str()
                );
                return Some(refuse(Kind::Page, &too_long(&why), cx));
            }
        }
        None
    }

    /// Whether all lines are read.
    fn read_some(&mut self) -> Result<bool, Refusal> {
        for _ in 0..LINES_AT_ONCE {
            let Some(rest) = self.text.get(self.read..).filter(|rest| !rest.is_empty()) else {
                return Ok(true);
            };
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            self.read = self.read.saturating_add(line.len());
            self.line = self.line.saturating_add(1);
            self.go_sum.add(line).map_err(|why| {
                let why: String = why.chars().take(MAX_WHY).collect();
                malformed(&format!("line {}: {why}", self.line))
            })?;
        }
        Ok(false)
    }

    fn add(&mut self, listed: &Listed, known: &Known<'_>, cx: &Cx<'_>) {
        let Listed { module, version, .. } = listed;
        let hashes = Hashes::of(listed, known, cx);
        if hashes.differ() {
            self.differ = self.differ.saturating_add(1);
            if self.differing.len() < MAX_NAMED {
                self.differing.push(format!("{}@{}", module.as_str(), version.as_str()));
            }
        }
        let asked = Asked::about(module, version, listed.zip, &self.asked.caller);
        let explanation = asked.explanation(known, cx);
        let view = asked.view(known, cx);
        let listings = view.listed(version, cx.now);
        match self.asked.format {
            Format::Json => {
                let text = json(listed, &hashes, &explanation, &listings);
                self.made.add_module(&text);
            }
            // No code of a version whose go.mod alone has a hash is in a build.
            Format::CycloneDx if listed.zip.is_none() => {}
            Format::CycloneDx => {
                self.made.add_module(&cyclonedx::component(listed, &hashes, &explanation));
                for text in cyclonedx::vulnerabilities(listed, &explanation, &listings) {
                    self.made.add_vulnerability(&text);
                }
            }
        }
    }

    fn finish(&self, known: &Known<'_>, cx: &mut Cx<'_>) -> Verdict {
        if self.differ > 0 {
            let more = self.differ.saturating_sub(self.differing.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = self.differing.join(", ");
            let line =
                format!("evidence: a go.sum has other hashes than the checksum database: {named}{more}");
            cx.log(Level::Warn, line);
        }
        let sources: Vec<_> = known.in_force.policy().advisory_sources().collect();
        match self.asked.format {
            Format::Json => page("application/json", document::whole(&self.made.modules, &sources, cx.now)),
            Format::CycloneDx => page(cyclonedx::TYPE, cyclonedx::whole(&self.made, &sources, cx.now)),
        }
    }
}

impl Made {
    fn len(&self) -> usize {
        self.modules.len().saturating_add(self.vulnerabilities.len())
    }

    fn add_module(&mut self, text: &str) {
        add(&mut self.modules, text);
        self.chain(text);
    }

    fn add_vulnerability(&mut self, text: &str) {
        add(&mut self.vulnerabilities, text);
        self.chain(text);
    }

    fn chain(&mut self, text: &str) {
        self.digest = self.digest_with(text);
    }

    /// The digest, had this been added as well.
    fn digest_with(&self, text: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.digest).chain_update(text).finalize().into()
    }
}

fn add(all: &mut String, text: &str) {
    if !all.is_empty() {
        all.push_str(",\n");
    }
    all.push_str(text);
}

/// Lines that are read at one turn: a millisecond or two.
const LINES_AT_ONCE: usize = 256;

/// Versions that are looked at at one turn: a few milliseconds, at some 20 reads of shared data each.
const VERSIONS_AT_ONCE: usize = 16;

/// Bytes of one answer: 2,000 versions, each with an advisory or two.
const MAX_PAGE: usize = 4 << 20;

/// Versions that a line of the log names.
const MAX_NAMED: usize = 8;

/// Characters of what is wrong with a line: it may quote the line.
const MAX_WHY: usize = 300;
