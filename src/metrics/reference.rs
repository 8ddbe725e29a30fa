//! All metrics there are, by their names for Prometheus: what the documentation has to say.

use super::{
    Cache, Counter, DocumentName, Ended, Ending, Evicted, FeedLine, FleetOutcome, ForecastOutcome, Gauge,
    Histogram, HookOutcome, Kind, LookOutcome, Metric, OwnReason, PollOutcome, PrewarmOutcome, RetractedAs,
    StatusClass, SumdbOutcome, Target, Unruled, VerificationOutcome, WriteOutcome,
};
use crate::http::{AnswerKind, CallFailure, CallOutcome};

/// All metrics of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Family {
    /// The name, and those of its labels: `modgate_callouts_total{target,outcome}`.
    title: String,
    /// The words that its labels may have, where they are a list; others come from the configuration.
    words: Vec<&'static str>,
}

/// One family for each variant: what is added to the enums gets a line in `words` below, and one here.
fn families() -> Vec<Family> {
    let (kind, cache, document) = (Kind::Zip, Cache::Hit, DocumentName::from("policy_bundle"));
    let advisories = DocumentName::of_source("advisories", "go");
    let feed = DocumentName::of_source("feed", "golang");
    let (target, class) = (Target::Storage, StatusClass::None);
    let failed = CallFailure::Dropped;
    [
        Metric::Counter(Counter::Request { kind, cache, class }),
        Metric::Counter(Counter::Unfinished { kind, outcome: Ending::Left }),
        Metric::Counter(Counter::Bytes { kind, cache }),
        Metric::Histogram(Histogram::RequestDuration { kind, cache }),
        Metric::Counter(Counter::Callout { target: target.clone(), outcome: CallOutcome::Failed(failed) }),
        Metric::Histogram(Histogram::CalloutDuration { target, class }),
        Metric::Counter(Counter::Refusal { reason: OwnReason::Budget.into() }),
        Metric::Counter(Counter::Monitored { reason: Unruled::Default.as_str().to_owned() }),
        Metric::Counter(Counter::Retracted { outcome: RetractedAs::Warned }),
        Metric::Counter(Counter::Waived { reason: "rule".to_owned() }),
        Metric::Counter(Counter::Forgotten),
        Metric::Gauge(Gauge::ServedAdvised),
        Metric::Gauge(Gauge::ServedMalicious),
        Metric::Gauge(Gauge::WaiversEnding),
        Metric::Gauge(Gauge::WaiversEnded),
        Metric::Counter(Counter::Verification { outcome: VerificationOutcome::Ok }),
        Metric::Counter(Counter::Sumdb { outcome: SumdbOutcome::Proven }),
        Metric::Counter(Counter::StorageWrite { outcome: WriteOutcome::STORED }),
        Metric::Counter(Counter::Eviction { kind: Evicted::Found }),
        Metric::Gauge(Gauge::PolledVersion { document: document.clone() }),
        Metric::Gauge(Gauge::PolledAge { document: document.clone() }),
        Metric::Counter(Counter::Poll { document, outcome: PollOutcome::Changed }),
        Metric::Gauge(Gauge::PolledVersion { document: advisories.clone() }),
        Metric::Gauge(Gauge::PolledAge { document: advisories.clone() }),
        Metric::Gauge(Gauge::PolledStale { document: advisories.clone() }),
        Metric::Counter(Counter::Poll { document: advisories, outcome: PollOutcome::Changed }),
        Metric::Gauge(Gauge::PolledVersion { document: feed.clone() }),
        Metric::Gauge(Gauge::PolledAge { document: feed.clone() }),
        Metric::Counter(Counter::Poll { document: feed.clone(), outcome: PollOutcome::Changed }),
        Metric::Counter(Counter::FeedLine { document: feed.clone(), outcome: FeedLine::New }),
        Metric::Counter(Counter::FeedGap { document: feed.clone() }),
        Metric::Gauge(Gauge::FeedUntil { document: feed }),
        Metric::Counter(Counter::Fleet { outcome: FleetOutcome::Heard }),
        Metric::Gauge(Gauge::FleetMembers),
        Metric::Counter(Counter::IndexLost),
        Metric::Counter(Counter::Hook { target: "forge".to_owned(), outcome: HookOutcome::Accepted }),
        Metric::Counter(Counter::Forecast { outcome: ForecastOutcome::Asked }),
        Metric::Counter(Counter::Look { outcome: LookOutcome::Asked }),
        Metric::Counter(Counter::Prewarm { outcome: PrewarmOutcome::Ready }),
        Metric::Counter(Counter::TagMoved),
        Metric::Counter(Counter::Uncounted),
    ]
    .iter()
    .map(family)
    .collect()
}

fn family(metric: &Metric) -> Family {
    let name = metric.to_string();
    let mut parts = name.split('.');
    let title = parts.by_ref().take(2).collect::<Vec<_>>().join("_");
    // Labels and their values come in pairs.
    let labels: Vec<_> = parts.step_by(2).collect();
    let title = if labels.is_empty() { title } else { format!("{title}{{{}}}", labels.join(",")) };
    Family { title, words: words(metric) }
}

fn words(metric: &Metric) -> Vec<&'static str> {
    let lists: &[&[&str]] = match metric {
        Metric::Counter(Counter::Bytes { .. }) | Metric::Histogram(Histogram::RequestDuration { .. }) => {
            &[Kind::WORDS, Cache::WORDS]
        }
        Metric::Counter(Counter::Request { .. }) => &[Kind::WORDS, Cache::WORDS, StatusClass::WORDS],
        Metric::Histogram(Histogram::CalloutDuration { .. }) => &[StatusClass::WORDS],
        Metric::Counter(Counter::Eviction { .. }) => &[Evicted::WORDS],
        Metric::Counter(Counter::Callout { .. }) => &[AnswerKind::WORDS, CallFailure::WORDS],
        Metric::Counter(Counter::FeedLine { .. }) => &[FeedLine::WORDS],
        Metric::Counter(Counter::Fleet { .. }) => &[FleetOutcome::WORDS],
        Metric::Counter(Counter::Hook { .. }) => &[HookOutcome::WORDS],
        Metric::Counter(Counter::Forecast { .. }) => &[ForecastOutcome::WORDS],
        Metric::Counter(Counter::Look { .. }) => &[LookOutcome::WORDS],
        Metric::Counter(Counter::Poll { .. }) => &[PollOutcome::WORDS],
        Metric::Counter(Counter::Prewarm { .. }) => &[PrewarmOutcome::WORDS],
        Metric::Counter(Counter::Monitored { .. }) => &[Unruled::WORDS],
        Metric::Counter(Counter::Refusal { .. }) => &[OwnReason::WORDS],
        Metric::Counter(Counter::Retracted { .. }) => &[RetractedAs::WORDS],
        Metric::Counter(Counter::StorageWrite { .. }) => &[Ended::WORDS, CallFailure::WORDS],
        Metric::Counter(Counter::Sumdb { .. }) => &[SumdbOutcome::WORDS],
        // All but the one that is none of it.
        Metric::Counter(Counter::Unfinished { .. }) => {
            let endings = Ending::WORDS.iter().filter(|word| **word != Ending::Whole.as_str());
            return Kind::WORDS.iter().chain(endings).copied().collect();
        }
        Metric::Counter(Counter::Verification { .. }) => &[VerificationOutcome::WORDS],
        Metric::Counter(
            Counter::FeedGap { .. }
            | Counter::Forgotten
            | Counter::IndexLost
            | Counter::TagMoved
            | Counter::Uncounted
            | Counter::Waived { .. },
        )
        | Metric::Gauge(_) => &[],
    };
    lists.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_the_labels_first() {
        let (kind, cache, class) = (Kind::Zip, Cache::Storage, StatusClass::None);
        for (metric, name) in [
            (
                Metric::Counter(Counter::Request { kind, cache, class }),
                "kind=.=zip;.;cache=.=storage;.;class=.=none;.;modgate.requests_total",
            ),
            (Metric::Counter(Counter::Uncounted), "modgate.uncounted_total"),
            (Metric::Gauge(Gauge::PolledAge { document: "bundle".into() }), "modgate.bundle_age_seconds"),
            (
                Metric::Histogram(Histogram::RequestDuration { kind, cache }),
                "kind=.=zip;.;cache=.=storage;.;modgate.request_duration_ms",
            ),
        ] {
            assert_eq!(metric.stat_name(), name);
        }
    }

    const OPERATIONS: &str = include_str!("../../docs/operations.md");

    /// What `docs/operations.md` says: its table has a row for each metric and no other. The words of a label are in its row, or
    /// below the table, where they are those of several.
    #[test]
    fn the_documentation_has_every_metric_and_every_word() {
        let (_, section) = OPERATIONS.split_once("\n## Metrics\n").unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let is_row = |line: &&str| line.starts_with("| `modgate_");
        let all = families();
        for row in section.lines().filter(is_row) {
            let title = row.split('`').nth(1).unwrap();
            assert!(all.iter().any(|family| family.title == title), "no metric is called {title}");
        }
        let below: String = section.lines().filter(|line| !line.starts_with('|')).collect();
        for Family { title, words } in &all {
            let row = section.lines().find(|line| line.starts_with(&format!("| `{title}` |")));
            let row = row.unwrap_or_else(|| panic!("{title} has no row"));
            let is_said = |word: &&&str| [row, &below].iter().any(|text| text.contains(&format!("`{word}`")));
            let unsaid: Vec<_> = words.iter().filter(|word| !is_said(word)).collect();
            assert!(unsaid.is_empty(), "{title}: {unsaid:?}");
        }
    }

    /// A name is cut at its dots, and `stats_tags` take the text before a `;.;` for a value.
    #[test]
    fn every_name_is_made_of_pairs_and_every_word_is_plain() {
        let is_plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        let all = families();
        for Family { title, words } in &all {
            let (name, labels) = title.split_once('{').unwrap_or((title, ""));
            assert!(is_plain(name) && name.starts_with("modgate_"), "{title}");
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            assert!(labels.clone().all(is_plain) && labels.count() <= 3, "{title}");
            assert!(words.iter().all(|word| is_plain(word)), "{words:?}");
        }
        let mut titles: Vec<_> = all.iter().map(|family| &family.title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), all.len());
    }
}
