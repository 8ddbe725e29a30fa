//! Which licences the versions of a module have, as far as their zips were read.
//!
//! A licence is known once a zip was read here whole, and only of a zip that is proven, or of which nothing is to be proven: such a zip never
//! changes, nor do its licences. The index keeps what is known of all versions of a module together, so that a list is judged by one record.
//! Storage keeps an object for each version (`File::License`), so that a restart, or another gateway, need not read zips again.
//!
//! Where a rule may refuse a version by its licence, the request for its zip waits until that is known:
//!
//! ```text
//! index ── known ────────────────────────────────────────────────▶ refused, or given
//!   │ unknown
//! storage's record ── there ─────────────────────────────────────▶ refused, or given
//!   │ none, or storage fails
//! the zip, whole ── read ────────────────────────────────────────▶ refused, or given
//!   │ too large, or no room for it
//! the zip, as it streams ── read to its end ─────────────────────▶ reset before its end, or completed
//! ```

use std::rc::Rc;

use super::{
    Known, Next, Searched, by_version,
    content::view_of,
    question::{Ended, Parked, Question, Serving},
};
use crate::{
    config::Config,
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, LicenseRecord, Refusal, Zip},
    license::Licenses,
    metrics::Reason,
    plan::Want,
    policy::{Caller, Decision, InForce, KnownLicenses, Rule, View},
    shared::{Index, Region},
};

/// What a question knows of the licences of the version that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Licensing {
    /// The index was asked at most.
    #[default]
    Unasked,
    /// Storage has no record of them, or could not say.
    Unrecorded,
    /// These, which may be of a zip that is not proven.
    Known(Licenses),
}

/// The record of a version's licences is asked for before something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recalling {
    /// What is asked then.
    then: Box<Parked>,
}

/// Whether zips that are read are read for their licences as well.
pub fn reads_licenses(config: &Config, in_force: &InForce) -> bool {
    config.policy.licenses || in_force.policy().asks_licenses()
}

/// Whether `zip` is to be read before it is given, as clients may be refused it by a licence that is not known yet.
pub(super) fn awaits_licenses(zip: &Zip, in_force: &InForce, index: &Index, cx: &Cx<'_>) -> bool {
    let Zip { module, version } = zip;
    in_force.policy().judges_license(module, version) && known_license(module, version, index, cx).is_none()
}

/// The licences of a version, as far as the index has them.
pub(super) fn known_license(
    module: &ModulePath,
    version: &Version,
    index: &Index,
    cx: &Cx<'_>,
) -> Option<Licenses> {
    let mut known = None;
    read_records(module, index, cx, |name, licenses| {
        let is_it = name == version.as_str();
        if is_it {
            known = Licenses::parse(licenses);
        }
        is_it
    });
    known
}

/// What the index has of the licences of all versions of `module`.
pub(super) fn known_licenses(module: &ModulePath, index: &Index, cx: &Cx<'_>) -> KnownLicenses {
    let mut all = KnownLicenses::new();
    read_records(module, index, cx, |name, licenses| {
        if let Some(licenses) = Licenses::parse(licenses) {
            all.insert(name.to_owned(), licenses);
        }
        false
    });
    all
}

/// These are the licences of `zip`, which was read and is what it has to be; whether that was not known before.
pub fn note_licenses(zip: &Zip, licenses: &Licenses, index: &mut Index, cx: &mut Cx<'_>) -> bool {
    let Zip { module, version } = zip;
    // Used, and not only looked at: what is asked for is to stay.
    let _ = index.look_up(cx.kv, Region::Found, &record(module, 0), cx.now);
    let mut all = vec![(version.as_str().to_owned(), licenses.to_string())];
    let mut is_known = false;
    read_records(module, index, cx, |name, known| {
        if name == version.as_str() {
            is_known |= Licenses::parse(known).as_ref() == Some(licenses);
        } else {
            all.push((name.to_owned(), known.to_owned()));
        }
        is_known
    });
    if !is_known {
        // Where more versions are known than fit, those are forgotten that were read first.
        let all = all.iter().map(|(version, licenses)| {
            let bytes = version.len().saturating_add(licenses.len()).saturating_add(BYTES_BESIDE);
            (version.as_str(), licenses, bytes)
        });
        by_version::write(all, |number| record(module, number), index, cx);
    }
    !is_known
}

/// The document that storage keeps of the licences of `zip`.
pub fn license_record(zip: &Zip, licenses: &Licenses, cx: &Cx<'_>) -> (Document, Found) {
    let Zip { module, version } = zip;
    let document = Document::Module { module: module.clone(), file: File::License(version.clone()) };
    (document, Found::fetched(LicenseRecord::write(licenses), cx.now))
}

/// The rule by which the client that is given `zip` is refused it, as these are its licences.
pub fn refused_by_license<'p>(
    zip: &Zip,
    licenses: &Licenses,
    caller: &Caller,
    in_force: &'p InForce,
    cx: &Cx<'_>,
) -> Option<&'p Rule> {
    let known = KnownLicenses::from([(zip.version.as_str().to_owned(), licenses.clone())]);
    let view = in_force.policy().view(&zip.module, caller).knowing(known.into());
    match view.decide(&zip.version, None, cx.now) {
        Decision::Denied(Some(rule)) if rule.license.is_some() => Some(rule),
        _ => None,
    }
}

/// `view`, which is of `module`, with what the index has of licences where rules ask for them.
pub(super) fn with_licenses<'p>(view: View<'p>, module: &ModulePath, index: &Index, cx: &Cx<'_>) -> View<'p> {
    if !view.asks_licenses() {
        return view;
    }
    view.knowing(Rc::new(known_licenses(module, index, cx)))
}

impl Question {
    /// What holds for `module` when this is asked.
    pub(super) fn view<'a>(&self, module: &ModulePath, known: &Known<'a>, cx: &Cx<'_>) -> View<'a> {
        let view = match self.want.subject() {
            Some((_, Some(version))) => view_of(module, version, None, &self.caller, known, cx),
            _ => known.view(module, &self.caller, cx),
        };
        match (&self.licensing, self.want.subject()) {
            (Licensing::Known(licenses), Some((_, Some(version)))) if view.asks_licenses() => {
                let mut all = known_licenses(module, known.index, cx);
                all.entry(version.as_str().to_owned()).or_insert_with(|| licenses.clone());
                view.knowing(all.into())
            }
            _ => view,
        }
    }

    /// The rule by which the zip that is asked for may be refused once its licences are known. The head alone says nothing of what is in it.
    pub(super) fn awaited_by(&self, view: &View<'_>, cx: &Cx<'_>) -> Option<String> {
        match &self.want {
            Want::Zip(zip) if !self.is_for_the_head() => {
                view.awaits_license(&zip.version, cx.now).map(Rule::label)
            }
            _ => None,
        }
    }

    /// Whether the zip that is asked for may be refused once its licences are known: it is not given before it was read.
    pub(super) fn awaits_license(&self, known: &Known<'_>, cx: &Cx<'_>) -> bool {
        let Want::Zip(zip) = &self.want else { return false };
        known.in_force.policy().asks_licenses()
            && self.awaited_by(&self.view(&zip.module, known, cx), cx).is_some()
    }

    /// Whether the zip that is asked for is judged by its licences once more as it passes by.
    pub(super) fn judges_license(&self, zip: &Zip, known: &Known<'_>, cx: &Cx<'_>) -> bool {
        let policy = known.in_force.policy();
        policy.asks_licenses() && policy.view(&zip.module, &self.caller).judges_license(&zip.version, cx.now)
    }

    /// The question that comes first: whether storage has a record of the version's licences.
    pub(super) fn recall_license(&self, zip: &Zip) -> Next {
        let Zip { module, version } = zip;
        let file = File::License(version.clone());
        let want = Want::Document(Document::Module { module: module.clone(), file });
        let serving = Serving::License(Recalling { then: self.clone().park() });
        let (no_cache, head_only, redirects) = (false, false, false);
        Next::Ask(Self { want, serving, no_cache, head_only, redirects, ..self.clone() }.park())
    }

    /// The refusal of a zip that may be had elsewhere alone, unread.
    pub(super) fn unread_elsewhere(&self, known: &Known<'_>, cx: &Cx<'_>) -> Refusal {
        let rule = match &self.want {
            Want::Zip(zip) => self.awaited_by(&self.view(&zip.module, known, cx), cx),
            Want::Document(_) => None,
        };
        let rule = rule.unwrap_or_default();
        let reason = format!(
            "forbidden: {}: the rule {rule} asks for its licence, which is read in its zip; the zip is not stored here, and \
             policy.on_miss sends clients elsewhere for it.\n\
             What to do: choose another module or version, or ask this proxy's operators.",
            self.want.describe()
        );
        Refusal::Forbidden { rule: Reason::Rule(rule), reason }
    }

    /// The same question for a zip, with what its search says of licences.
    pub(super) fn having(&self, searched: &Searched) -> Self {
        let licensing = match (searched.licenses(), &self.licensing) {
            (Some(licenses), _) => Licensing::Known(licenses.clone()),
            // The zip itself was searched for: a record would have been asked for before.
            (None, Licensing::Unasked) => Licensing::Unrecorded,
            (None, licensing) => licensing.clone(),
        };
        Self { licensing, ..self.clone() }
    }
}

impl Recalling {
    /// It goes on with what this record says; `None` where there is none.
    pub(super) fn read(&self, found: Option<&Found>, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Next {
        let licenses = found.and_then(|found| LicenseRecord::read(&found.body));
        let mut then = self.then.clone();
        if let (Some(licenses), Want::Zip(zip)) = (&licenses, then.want()) {
            note_licenses(zip, licenses, known.index, cx);
        }
        then.question.licensing = licenses.map_or(Licensing::Unrecorded, Licensing::Known);
        Next::Again(then)
    }

    /// The search for what is asked then is over already: it goes on with that.
    pub(super) fn keep(&mut self, ended: Box<Ended>) {
        self.then.ended = Some(ended);
    }
}

/// Reads the records of a module, version by version, until `is_enough` is true.
fn read_records(
    module: &ModulePath,
    index: &Index,
    cx: &Cx<'_>,
    mut is_enough: impl FnMut(&str, &str) -> bool,
) {
    by_version::read(
        |number| record(module, number),
        index,
        cx,
        |body| {
            let Ok((more, some)) = postcard::from_bytes::<(bool, Vec<(&str, &str)>)>(body) else {
                return false;
            };
            let is_done = some.into_iter().any(|(version, licenses)| is_enough(version, licenses));
            !is_done && more
        },
    );
}

/// What the index calls a record: no request's path is called so.
fn record(module: &ModulePath, number: usize) -> String {
    format!("{}/@licenses/{number}", module.escaped())
}

/// What a version takes in a record beside its name and its licences: the lengths of both.
const BYTES_BESIDE: usize = 9;
