//! Which documents are polled: the one list of them.

use super::{bundle::BundleDocument, polled::Polled};
use crate::config::Config;

/// All documents that are polled under this configuration.
pub(super) fn of(config: &Config) -> Vec<Box<dyn Polled>> {
    let bundle = config.policy.bundle.as_ref().map(|source| Box::new(BundleDocument::new(source)) as _);
    bundle.into_iter().collect()
}
