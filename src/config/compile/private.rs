//! The section `private`, and upstreams that are asked for private modules beside others.

use super::patterns;
use crate::config::problems::{Collector, Path};
use crate::config::raw::RawPrivate;
use crate::config::{Config, Private};
use crate::gomod::{Pattern, Patterns};

pub(super) fn private(raw: &RawPrivate, at: &Path, found: &mut Collector) -> Private {
    let modules = patterns(raw.modules.as_deref(), &at.key("modules"), found);
    let nosumdb = patterns(raw.nosumdb.as_deref(), &at.key("nosumdb"), found);
    Private {
        nosumdb: modules.iter().cloned().chain(nosumdb).collect(),
        modules: Patterns::from_iter(modules),
    }
}

/// Warns of upstreams that a pattern has asked for private modules and for others as well: `github.com/*` beside a private `github.com/acme`.
/// Whoever answers there may answer for private names.
pub(super) fn wide_upstreams(config: &Config) -> Vec<String> {
    let private = &config.private.modules;
    let names = |pattern: &Pattern| {
        let is_wide =
            !pattern.is_catch_all() && sample(pattern).is_some_and(|other| !private.matches_str(&other));
        let held = || private.iter().find(|one| sample(one).is_some_and(|path| pattern.matches_str(&path)));
        held().filter(|_| is_wide).map(|held| (pattern.as_str().to_owned(), held.as_str().to_owned()))
    };
    let wide = config.upstreams.iter().filter_map(|upstream| {
        let (wide, held) = upstream.modules.as_ref()?.iter().find_map(names)?;
        Some(format!(
            "upstream {} is asked for private modules ({held}), as its modules have {wide}, which names others too; \
             make sure that it is yours",
            upstream.name
        ))
    });
    wide.collect()
}

/// A path that a pattern is for; `None` where that is not easily told.
fn sample(pattern: &Pattern) -> Option<String> {
    let text = pattern.as_str();
    (!text.contains(['[', '\\'])).then(|| text.replace(['*', '?'], "x"))
}
