//! The section `advisories`.

use super::{endpoint, named, plain_name};
use crate::config::problems::{Collector, Path};
use crate::config::raw::{RawAdvisories, RawAdvisorySource};
use crate::config::{AdvisoriesSection, AdvisoryFormat, AdvisorySource, Match, limits};

pub(super) fn advisories(
    raw: &RawAdvisories,
    at: &Path,
    matching: &Match,
    found: &mut Collector,
) -> AdvisoriesSection {
    let listed = at.key("sources");
    let most = limits::MAX_ADVISORY_SOURCES;
    let sources = named(raw.sources.as_deref(), &listed, most, found, |raw, at, found| {
        let source = source(raw, at, matching, found);
        (source.name.clone(), source)
    });
    let stale_after = RawAdvisories::STALE_AFTER.read(raw.stale_after.as_ref(), at, found);
    for (n, source) in sources.iter().enumerate() {
        if source.interval >= stale_after {
            found.note(
                &listed.index(n).key("interval"),
                "not less than `stale_after`: what it has would be stale before it is asked again",
            );
        }
    }
    AdvisoriesSection { sources, stale_after, when_stale: raw.when_stale.unwrap_or_default() }
}

fn source(raw: &RawAdvisorySource, at: &Path, matching: &Match, found: &mut Collector) -> AdvisorySource {
    let named = at.key("name");
    match &raw.name {
        None if found.covers(&named) => {}
        None => found.note(&named, "missing: what metrics and pages call it, such as go"),
        Some(name) => plain_name(name, &named, found),
    }
    if raw.format.is_none() && !found.covers(&at.key("format")) {
        found.note(&at.key("format"), "missing: database or zip");
    }
    let format = raw.format.unwrap_or(AdvisoryFormat::Zip);
    let endpoint = endpoint::endpoint(&raw.endpoint(), at, matching, found);
    // Elsewhere it is a prefix, and the slash at its end says nothing.
    for (field, text) in [("url", &raw.url), ("path_prefix", &raw.path_prefix)] {
        let is_folder =
            !endpoint.path_prefix.is_empty() && text.as_ref().is_some_and(|text| text.ends_with('/'));
        if format == AdvisoryFormat::Zip && is_folder {
            found.note(&at.key(field), "it ends in a slash, and a zip is a file");
        }
    }
    AdvisorySource {
        name: raw.name.clone().unwrap_or_default(),
        endpoint,
        interval: RawAdvisorySource::INTERVAL.read(raw.interval.as_ref(), at, found),
        format,
        is_malicious: raw.malicious.unwrap_or(RawAdvisorySource::MALICIOUS),
    }
}
