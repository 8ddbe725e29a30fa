//! The section `verify`, and the keys it is verified with.

use super::{each, some_modules};
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::RawVerify;
use crate::config::{Config, Layout, Mode, Reverify, Verify, VerifyOverride, limits};
use crate::sumdb::{Key, SUM_GOLANG_ORG};

pub(super) fn verify(raw: &RawVerify, at: &Path, found: &mut Collector) -> Verify {
    let why = "missing: globs of the modules that are verified in another way";
    let most = Some(limits::MAX_VERIFY_OVERRIDES);
    let listed = at.key("overrides");
    let overrides = each(raw.overrides.as_deref(), most, &listed, found, |raw, at, found| {
        let modules = some_modules(raw.modules.as_deref(), why, at, found);
        if raw.mode.is_none() {
            found.note(&at.key("mode"), "missing: require, when_available or off");
        }
        VerifyOverride { modules, mode: raw.mode.unwrap_or_default() }
    });
    Verify { mode: raw.mode.unwrap_or_default(), overrides }
}

/// What to say of a storage that Athens may have filled where storage alone can prove anything: Athens stores no proofs. Modgate does, in
/// every layout, so the usual storage is not spoken of.
pub(super) fn unproven_offline(config: &Config) -> Option<String> {
    let storage = config.storage.as_ref()?;
    let requires = |mode: Mode| mode == Mode::Require;
    let is_required =
        requires(config.verify.mode) || config.verify.overrides.iter().any(|one| requires(one.mode));
    let is_checked = storage.reverify != Reverify::Never;
    let database = config.sumdb.first()?;
    (config.offline && storage.layout != Layout::Goproxy && is_required && is_checked).then(|| {
        format!(
            "mode: offline, and verify requires what Athens does not store: proofs of {}. What only Athens has stored is not served",
            quoted(&database.name)
        )
    })
}

/// The key of the database `name`, where that is known. Where there is none, that of sum.golang.org stands in, and something
/// has been noted.
pub(super) fn key(raw: Option<&str>, name: Option<&str>, at: &Path, found: &mut Collector) -> Option<Key> {
    let public = Key::parse(SUM_GOLANG_ORG).ok();
    let is_of = |key: &Key| name.is_none_or(|name| name == key.name());
    let shown = || quoted(name.unwrap_or_default());
    match raw.map(Key::parse) {
        Some(Ok(key)) if is_of(&key) => return Some(key),
        Some(Ok(key)) => {
            found.note(at, format!("it is the key of {}, not of {}", quoted(key.name()), shown()));
        }
        Some(Err(error)) => found.note(at, format!("it is not a verifier key: {error}")),
        None if public.as_ref().is_some_and(is_of) || found.covers(at) => {}
        None => found.note(
            at,
            format!(
                "missing: the verifier key of {}, which GOSUMDB has after the name; none is built in",
                shown()
            ),
        ),
    }
    public
}
