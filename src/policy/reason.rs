//! What a developer reads where something is refused: what, by which rule, why, and what to do.
//!
//! The go command shows a text of at most 8 lines and 648 bytes, of which every character is printable; else it shows none of it. Long
//! parts are cut: first what the operator wrote, for the developer cannot do without the rest.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{Action, Caller, Decision, Finding, Malice, Rule, View};
use crate::gomod::{ModulePath, TOOLCHAIN, Version, go_name, is_graphic, toolchain_version};
use crate::http::Timestamp;

impl View<'_> {
    /// The text of a refusal that this view led to, of a version or of the whole module: at most 6 lines and, with a line feed
    /// after the last, 648 bytes. `None` where nothing is refused. `remedy` is a later version that may be had, where one is known.
    pub fn reason(
        &self,
        (module, version): (&ModulePath, Option<&Version>),
        decision: &Decision<'_>,
        remedy: Option<&Version>,
        caller: &Caller,
        now: Timestamp,
    ) -> Option<String> {
        let subject = subject(module, version);
        let mut facts = Vec::new();
        let mut todo = match version {
            Some(_) => "choose another module or version, or ask this proxy's operators.".to_owned(),
            None => "choose another module, or ask this proxy's operators.".to_owned(),
        };
        let mut see = None;
        let rule = match decision {
            Decision::Allowed(_) | Decision::Redirected(..) => return None,
            Decision::Malicious(malice) => {
                let id = cut(&shown(malice.id()), MAX_ID);
                facts.push(format!("forbidden: {subject} is malicious: {id}."));
                "remove it from the build, and take what it could reach for stolen; ask this proxy's operators."
                    .clone_into(&mut todo);
                match malice {
                    Malice::Advised(_) => {
                        see = Some(advisory_page(malice.id()));
                        None
                    }
                    Malice::Listed(listed) => Some(listed),
                }
            }
            Decision::Denied(None) => {
                facts.push(format!(
                    "forbidden: no rule allows {subject}, and policy.default denies all others."
                ));
                None
            }
            Decision::Denied(Some(rule)) => {
                facts.push(format!("forbidden: {subject} is denied by the rule {}.", named(rule)));
                if let Some((like, how)) = self.likeness(rule, module) {
                    let like = cut(like.as_str(), MAX_MODULE);
                    facts.push(format!("It looks like {like}, but {}: is that what is meant?", how.says()));
                }
                if let (Some(_), Some(version)) = (&rule.advised, version) {
                    let advised = self.advised(rule, version, now);
                    see = advised.first().map(|finding| advisory_page(finding.advisory.id()));
                    facts.push(advisories(&advised));
                }
                if let Some(before) = &rule.go_before {
                    facts.push(format!("It is older than {}.", cut(&go_name(before), MAX_VERSION)));
                }
                if let Some(licenses) =
                    version.filter(|_| rule.license.is_some()).and_then(|one| self.licenses(one))
                {
                    facts.push(match licenses.is_known() {
                        true => format!("Its licence is {}.", cut(&licenses.to_string(), MAX_LICENSE)),
                        false => "Its files have no licence that is known here.".to_owned(),
                    });
                }
                if rule.is_remedied() {
                    todo = replace(module, remedy);
                }
                Some(rule)
            }
            Decision::TooYoung(rule, until) => {
                facts.push(format!("forbidden: {subject} is too young for the rule {}.", named(rule)));
                facts.push(times(rule, *until, now));
                todo = wait(module);
                Some(rule)
            }
            Decision::NeedsDate(rule) => {
                facts.push(format!("forbidden: {subject} has no known age for the rule {}.", named(rule)));
                facts.push(format!("It has to be {} old, but its publish time is unknown.", age(rule)));
                "try again later, use an older version, or ask this proxy's operators.".clone_into(&mut todo);
                Some(rule)
            }
        };
        if caller.is_anonymous() && self.is_personal() && matches!(decision, Decision::Denied(_)) {
            "sign in (GOAUTH or .netrc): access depends on the caller.".clone_into(&mut todo);
        }
        let todo = format!("What to do: {todo}");
        let taken: usize = facts.iter().chain([&todo]).map(|line| line.len().saturating_add(FEED)).sum();
        facts.extend(told(rule.copied(), see.as_deref(), ROOM.saturating_sub(taken)));
        facts.push(todo);
        // Nothing of it is that long; but then the go command would show nothing.
        Some(cut(&facts.join("\n"), MAX_BYTES.saturating_sub(1)))
    }
}

/// What the operator wrote, each on a line of its own, in `room` bytes: the link, which is of no use in part, goes first. Where the
/// operator gave none, it is `see`.
fn told(rule: Option<&Rule>, see: Option<&str>, room: usize) -> Vec<String> {
    let link = rule.map(|rule| rule.link.as_str()).filter(|link| !link.is_empty()).or(see);
    let see = line("See: ", link.unwrap_or_default(), room.min(MAX_LINK));
    let taken = see.as_ref().map_or(0, |see| see.len().saturating_add(FEED));
    let why = line("Why: ", rule.map_or("", |rule| &rule.reason), room.saturating_sub(taken));
    why.into_iter().chain(see).collect()
}

/// A line of at most `room` bytes with its [`FEED`]; `None` where it says nothing, or there is no room to say it.
fn line(label: &str, text: &str, room: usize) -> Option<String> {
    let text = shown(text);
    let room = room.checked_sub(label.len())?.checked_sub(FEED)?;
    (!text.is_empty() && room >= MIN_TEXT.min(text.len())).then(|| format!("{label}{}", cut(&text, room)))
}

/// `module@version`, or the module.
pub(super) fn subject(module: &ModulePath, version: Option<&Version>) -> String {
    let module = cut(module.as_str(), MAX_MODULE);
    match version {
        Some(version) => format!("{module}@{}", cut(version.as_str(), MAX_VERSION)),
        None => module,
    }
}

/// The rule by its name and its place, or by its place alone.
fn named(rule: &Rule) -> String {
    let place = cut(&shown(&rule.place), MAX_PLACE);
    if rule.name.is_empty() { place } else { format!("\"{}\" ({place})", cut(&shown(&rule.name), MAX_NAME)) }
}

fn times(rule: &Rule, until: Timestamp, now: Timestamp) -> String {
    let published = match rule.action {
        Action::Cooldown(age) => {
            Timestamp(until.0.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)))
        }
        _ => until,
    };
    let wait = rounded(until.since(now));
    format!(
        "Published {}, it is not yet {} old: allowed from {} (in {}).",
        published.rfc3339(),
        age(rule),
        // Who comes back at the second that is named is not to be too early.
        until.after(Duration::from_millis(999)).rfc3339(),
        cut(&humantime::format_duration(wait).to_string(), MAX_DURATION)
    )
}

/// Which advisories are about a version, and what that does not say.
fn advisories(advised: &[Finding<'_>]) -> String {
    let ids: Vec<_> =
        advised.iter().take(MAX_IDS).map(|finding| cut(&shown(finding.advisory.id()), MAX_ID)).collect();
    let more = match advised.len().saturating_sub(MAX_IDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("Advisories: {}{more} (about the module; govulncheck may find no call).", ids.join(", "))
}

/// What to use in place of a version that an advisory is about.
fn replace(module: &ModulePath, remedy: Option<&Version>) -> String {
    let Some(remedy) = remedy else {
        return "no later version is known to be allowed; ask this proxy's operators for a waiver."
            .to_owned();
    };
    if let (TOOLCHAIN, Some(go)) = (module.as_str(), toolchain_version(remedy)) {
        return format!("use GOTOOLCHAIN={} or later.", cut(&go_name(&go), MAX_VERSION));
    }
    let (module, version) = (module.as_str(), remedy.as_str());
    if module.len() > MAX_COMMAND || version.len() > MAX_VERSION {
        return format!("use {}, or ask this proxy's operators for a waiver.", cut(version, MAX_VERSION));
    }
    format!("go get {module}@{version}, or ask this proxy's operators for a waiver.")
}

/// Where an advisory is to be read.
fn advisory_page(id: &str) -> String {
    match id.split_once('-') {
        Some(("GO", _)) => format!("https://pkg.go.dev/vuln/{id}"),
        Some(("GHSA", _)) => format!("https://github.com/advisories/{id}"),
        _ => format!("https://osv.dev/vulnerability/{id}"),
    }
}

fn wait(module: &ModulePath) -> String {
    let module = module.as_str();
    if module.len() > MAX_COMMAND {
        return "use an older version (latest is the newest that is allowed), or wait.".to_owned();
    }
    format!("use an older version (go get {module}@latest finds the newest that is allowed), or wait.")
}

fn age(rule: &Rule) -> String {
    match rule.action {
        Action::Cooldown(age) => cut(&humantime::format_duration(age).to_string(), MAX_DURATION),
        Action::Allow | Action::Deny | Action::Redirect(_) => "older".to_owned(),
    }
}

/// As long or a little longer, in more parts than anyone writes.
fn rounded(time: Duration) -> Duration {
    let seconds = time.as_millis().div_ceil(1000);
    let unit = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    Duration::from_secs(u64::try_from(seconds.div_ceil(unit).saturating_mul(unit)).unwrap_or(u64::MAX))
}

/// A text on one line, of characters that show.
pub(super) fn shown(text: &str) -> String {
    let words =
        text.split_whitespace().map(|word| word.chars().filter(|c| is_graphic(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A text of at most `max` bytes.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max.saturating_sub(CUT.len()));
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
}

const CUT: &str = "...";

/// cmd/go/internal/web shows no line of an error text that goes beyond this.
pub(super) const MAX_BYTES: usize = 648;
/// What a line takes of that beside its own bytes: the go command indents the next one by a tab, and counts it.
pub(super) const FEED: usize = 2;
/// What there is for lines, each with its [`FEED`]: behind the last there is a line feed alone.
const ROOM: usize = MAX_BYTES + 1;

// What is said in any case has room together, each at its longest. Pseudo-versions have 52 bytes and less, names of rules 32.
const MAX_MODULE: usize = 120;
const MAX_VERSION: usize = 60;
const MAX_NAME: usize = 32;
const MAX_PLACE: usize = 48;
const MAX_DURATION: usize = 30;
/// A command is shown to be copied: whole or not at all.
pub(super) const MAX_COMMAND: usize = 60;
/// Four or five identifiers.
const MAX_LICENSE: usize = 80;
/// Ids of Go's database have 12 bytes, others up to 20.
const MAX_ID: usize = 24;
/// Who wants all of them asks explain.
const MAX_IDS: usize = 3;
/// The line of a link, so that one without end leaves something for the reason.
const MAX_LINK: usize = 200;
/// What is cut to less says nothing.
const MIN_TEXT: usize = 20;
