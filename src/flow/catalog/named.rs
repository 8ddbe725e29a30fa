//! Which versions a caller is told of in a list of what storage has: those that the caller may have, as far as that is known without a
//! question to anyone.

use crate::{
    config::{Config, RetractedMode},
    cx::Cx,
    flow::{
        Known,
        logged::known_date,
        statement::{Statement, known_statement},
        withdrawn::is_an_exception,
    },
    gomod::{ModulePath, Version},
    policy::{Caller, Decision, View},
};

/// Decides of many versions, those of a module one after the other.
pub(super) struct Naming<'k, 'a> {
    caller: &'k Caller,
    known: &'k Known<'a>,
    module: Option<OfModule<'k>>,
}

/// What holds for all versions of the module that was decided of last.
struct OfModule<'k> {
    path: ModulePath,
    is_hidden: bool,
    view: View<'k>,
    said: Option<Statement>,
}

impl<'k, 'a> Naming<'k, 'a> {
    pub(super) fn new(caller: &'k Caller, known: &'k Known<'a>) -> Self {
        Self { caller, known, module: None }
    }

    /// Whether the caller is told of this version. One whose age is to be known and is not is not named.
    pub(super) fn may_name(&mut self, module: &ModulePath, version: &Version, cx: &Cx<'_>) -> bool {
        let Self { caller, known, .. } = *self;
        let of = match self.module.take().filter(|of| of.path == *module) {
            Some(of) => of,
            None => {
                let view = known.view(module, caller, cx);
                let denies = known.config.policy.denies_retracted();
                let said = if denies { known_statement(module, &view, known, cx) } else { None };
                OfModule { path: module.clone(), is_hidden: is_hidden(module, known.config), view, said }
            }
        };
        let may_name = !of.is_hidden && of.may_name(version, known, cx);
        self.module = Some(of);
        may_name
    }
}

impl OfModule<'_> {
    fn may_name(&self, version: &Version, known: &Known<'_>, cx: &Cx<'_>) -> bool {
        let Self { path, view, said, .. } = self;
        let mut decision = view.decide(version, None, cx.now);
        if matches!(decision, Decision::NeedsDate(_)) {
            let published = known_date((path, version), view, known.config, known.index, cx);
            decision = view.decide(version, published, cx.now);
        }
        let is_withdrawn = || {
            known.config.policy.retracted == RetractedMode::Deny
                && known.in_force.policy().is_enforced()
                && !is_an_exception(&decision)
                && said.as_ref().is_some_and(|said| said.retractions.has(version))
        };
        matches!(decision, Decision::Allowed(_) | Decision::Redirected(..)) && !is_withdrawn()
    }
}

/// Whether no caller is told of the module: it is private, and every caller may ask.
fn is_hidden(module: &ModulePath, config: &Config) -> bool {
    let is_for_all = config.catalog.as_ref().is_none_or(|catalog| catalog.principals.is_none());
    is_for_all && config.private.modules.matches(module)
}
