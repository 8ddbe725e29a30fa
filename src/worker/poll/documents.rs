//! Which documents are polled: the one list of them.

use super::{advisories::AdvisoriesDocument, bundle::BundleDocument, feed::FeedDocument, polled::Polled};
use crate::config::Config;

/// All documents that are polled under this configuration.
pub(super) fn of(config: &Config) -> Vec<Box<dyn Polled>> {
    let bundle = config.policy.bundle.as_ref().map(|source| Box::new(BundleDocument::new(source)) as _);
    let advisories = &config.advisories;
    let advisories = advisories
        .sources
        .iter()
        .map(|source| {
            AdvisoriesDocument::new(source, advisories.stale_after, config.matching.mirror.is_some())
        })
        .map(|document| Box::new(document) as Box<dyn Polled>);
    let feeds = config.sync.feeds.iter().map(|feed| Box::new(FeedDocument::new(feed)) as _);
    bundle.into_iter().chain(advisories).chain(feeds).collect()
}
