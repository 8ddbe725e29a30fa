//! Evidence as JSON of our own.

use serde::Serialize;

use super::{
    go_sum::Listed,
    logged::{Logged, logged},
};
use crate::{
    cx::Cx,
    flow::{
        Known,
        explain::{Advised, Author, Clocked, Explanation, Named, Waived},
    },
    http::Timestamp,
    modzip::H1,
    policy::Waiver,
};

/// What the log has to a version's hashes.
pub(super) struct Hashes {
    pub(super) zip: Option<Hash>,
    pub(super) go_mod: Option<Hash>,
}

/// A hash of a go.sum, and what the log has to it.
#[derive(Serialize)]
pub(super) struct Hash {
    /// As the go.sum has it.
    pub(super) h1: String,
    /// `proven`: it is the one of a record that was proven to be in the log. `differs`: that record has another. `unknown`: the index has no record.
    pub(super) log: &'static str,
    /// The one that the record has, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_h1: Option<String>,
    /// The number of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<u64>,
    /// How many records the tree had in which it was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tree_size: Option<u64>,
}

impl Hashes {
    /// What the log has to those of `listed`.
    pub(super) fn of(listed: &Listed, known: &Known<'_>, cx: &Cx<'_>) -> Self {
        let logged = logged(&listed.module, &listed.version, known, cx);
        let logged = logged.as_ref();
        Self {
            zip: listed.zip.map(|h1| Hash::of(h1, logged, |logged| H1(logged.sums.zip))),
            go_mod: listed.go_mod.map(|h1| Hash::of(h1, logged, |logged| H1(logged.sums.go_mod))),
        }
    }

    /// Whether one of them is not the log's.
    pub(super) fn differ(&self) -> bool {
        [&self.zip, &self.go_mod].into_iter().flatten().any(|hash| hash.log == DIFFERS)
    }
}

impl Hash {
    fn of(h1: H1, logged: Option<&Logged>, its: impl Fn(&Logged) -> H1) -> Self {
        let other = logged.map(its).filter(|proven| *proven != h1);
        Self {
            h1: h1.to_string(),
            log: match (logged, other) {
                (None, _) => "unknown",
                (Some(_), None) => "proven",
                (Some(_), Some(_)) => DIFFERS,
            },
            log_h1: other.map(|proven| proven.to_string()),
            record: logged.map(|logged| logged.record),
            tree_size: logged.and_then(|logged| logged.tree_size),
        }
    }
}

#[derive(Serialize)]
struct Module<'a> {
    module: &'a str,
    version: &'a str,
    /// What is known of the hash of its zip; null where the go.sum has none.
    zip: Option<&'a Hash>,
    /// The same of its go.mod.
    go_mod: Option<&'a Hash>,
    /// The database that is asked about the module; null where none is.
    checksum_database: Option<&'a str>,
    decision: &'static str,
    rule: Option<&'a Named<'a>>,
    refusal: Option<&'a str>,
    /// What licences its files say, as an expression of SPDX; `unknown` where none is known, null where its zip was not read for that.
    license: Option<&'a str>,
    advisories: &'a [Advised<'a>],
    /// What operators have listed as malicious that it is.
    malicious: Vec<Malicious<'a>>,
    author: &'a Author,
    published: Option<&'a str>,
    clock: &'a Clocked,
}

#[derive(Serialize)]
struct Malicious<'a> {
    id: &'a str,
    waived: Option<Waived<'a>>,
}

/// What is known of one version.
pub(super) fn json(
    listed: &Listed,
    hashes: &Hashes,
    explained: &Explanation<'_>,
    listings: &[(&str, Option<&Waiver>)],
) -> String {
    let malicious = listings.iter().map(|(id, waiver)| Malicious { id, waived: waiver.map(Waived::by) });
    let module = Module {
        module: listed.module.as_str(),
        version: listed.version.as_str(),
        zip: hashes.zip.as_ref(),
        go_mod: hashes.go_mod.as_ref(),
        checksum_database: explained.checksum_database,
        decision: explained.decision,
        rule: explained.rule.as_ref(),
        refusal: explained.refusal.as_deref(),
        license: explained.license.as_ref().and_then(Option::as_deref),
        advisories: explained.advisories.as_deref().unwrap_or_default(),
        malicious: malicious.collect(),
        author: &explained.author,
        published: explained.published.as_deref(),
        clock: &explained.clock,
    };
    serde_json::to_string(&module).unwrap_or_default()
}

/// The page: when it was made, by which sources of advisories, and `modules`.
pub(super) fn whole(modules: &str, sources: &[&str], now: Timestamp) -> String {
    let sources = serde_json::to_string(sources).unwrap_or_default();
    let generated = now.rfc3339();
    if modules.is_empty() {
        return format!("{{\"generated\":\"{generated}\",\"advisory_sources\":{sources},\"modules\":[]}}\n");
    }
    format!("{{\"generated\":\"{generated}\",\"advisory_sources\":{sources},\"modules\":[\n{modules}\n]}}\n")
}

const DIFFERS: &str = "differs";
