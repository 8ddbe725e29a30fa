//! What zips hold, as far as this Envoy has read them, and what the policy says of it.
//!
//! A rule that no name satisfies, but what a zip holds, is asked three times: when a client asks, by what is known by then; when a zip was
//! fetched whole and the client's request goes on; and at the end of a zip that passes by, before that end goes out. So a zip that may be
//! refused for what it holds is not given unread.
//!
//! What was read is kept in the index, for all versions of a module together: a list is judged by one record.

use super::{
    Known,
    evidence::logged,
    keep,
    license::{awaits_licenses, with_licenses},
    ruling::refusal,
};
use crate::{
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Found, Refusal, Zip},
    http::Timestamp,
    modzip::H1,
    policy::{Caller, Content, Contents, Policy, View},
    shared::{Entry, Index, Region},
};

/// A version as a record has it: its name, the hash of its zip, and that of the files alone.
type Noted<'a> = (&'a str, [u8; 32], Option<[u8; 32]>);

impl<'k> Known<'k> {
    /// What holds for `module` when `caller` asks, by what is known of what its zips hold.
    pub(super) fn view(&self, module: &ModulePath, caller: &Caller, cx: &Cx<'_>) -> View<'k> {
        let policy = self.in_force.policy();
        let view = policy.view_knowing(module, caller, known_contents(module, policy, self.index, cx));
        with_licenses(view, module, self.index, cx)
    }
}

/// The same, of one version: what a checksum database has of it counts as well. If whoever asks has a zip of this `hash`, it is of that one
/// where that is listed.
pub(super) fn view_of<'k>(
    module: &ModulePath,
    version: &Version,
    hash: Option<H1>,
    caller: &Caller,
    known: &Known<'k>,
    cx: &Cx<'_>,
) -> View<'k> {
    let policy = known.in_force.policy();
    if !policy.looks_into_zips(module) {
        return with_licenses(policy.view(module, caller), module, known.index, cx);
    }
    let mut contents = contents(module, known.index, cx);
    if contents.get(version).is_none()
        && let Some(logged) = logged(module, version, known, cx)
    {
        contents.insert(version.clone(), Content::logged(H1(logged.sums.zip)));
    }
    if let Some(content) = hash.map(Content::logged)
        && (contents.get(version).is_none() || policy.listed_hashes().have(&content))
    {
        contents.insert(version.clone(), content);
    }
    with_licenses(policy.view_knowing(module, caller, contents), module, known.index, cx)
}

/// What this Envoy knows of what the zips of `module` hold, where anything depends on that.
pub fn known_contents(module: &ModulePath, policy: &Policy, index: &Index, cx: &Cx<'_>) -> Contents {
    if policy.looks_into_zips(module) { contents(module, index, cx) } else { Contents::default() }
}

/// Whether the zip is to be read before it is given, whoever asks: what it holds may be refused, and is not known.
pub fn is_to_be_read(zip: &Zip, known: &Known<'_>, cx: &Cx<'_>) -> bool {
    let is_read = || contents(&zip.module, known.index, cx).has_read(&zip.version);
    known.in_force.policy().has_zips_read(&zip.module) && !is_read()
        || awaits_licenses(zip, known.in_force, known.index, cx)
}

/// Why `zip`, which holds this, must not be given, if it was not refused before this was known.
pub fn refused_for(
    zip: &Zip,
    content: Content,
    caller: &Caller,
    known: &Known<'_>,
    cx: &Cx<'_>,
) -> Option<Refusal> {
    let (module, version) = (&zip.module, &zip.version);
    let policy = known.in_force.policy();
    if policy.is_open() || !policy.looks_into_zips(module) {
        return None;
    }
    let mut contents = Contents::default();
    contents.insert(version.clone(), content);
    let view = policy.view_knowing(module, caller, contents);
    // Of an age it is enough that it is old enough: that was decided before.
    let decide = |view: &View<'_>| view.decide(version, Some(Timestamp(0)), cx.now).is_denied();
    // A rule that came while the zip passes by holds for the next client.
    if !decide(&view) || decide(&policy.view(module, caller)) {
        return None;
    }
    let decision = view.decide(version, Some(Timestamp(0)), cx.now);
    refusal(&view, (module, Some(version)), &decision, caller, (known.config, known.index), cx)
}

/// Keeps in the index what the zip of a version holds, where that says anything.
pub fn note_content(zip: &Zip, content: &Content, known: &mut Known<'_>, cx: &mut Cx<'_>) {
    let Zip { module, version } = zip;
    if !known.in_force.policy().looks_into_zips(module) {
        return;
    }
    let path = record(module);
    // Used, and not only looked at: what versions in use hold is to stay.
    let entry = known.index.look_up(cx.kv, Region::Found, &path, cx.now);
    let mut noted: Vec<Noted<'_>> = entry.as_ref().map(read).unwrap_or_default();
    let new = (version.as_str(), content.h1.0, content.files.map(|files| files.0));
    if noted.contains(&new) {
        return;
    }
    noted.retain(|(known, ..)| *known != version.as_str());
    noted.push(new);
    let bytes = |noted: &[Noted<'_>]| noted.iter().map(|(version, ..)| version.len() + BYTES_BESIDE).sum();
    let room = known.index.max_body_bytes(&path).min(MAX_BYTES);
    let mut over = usize::saturating_sub(bytes(&noted), room);
    // What was read first is read again where it is asked for.
    let gone = noted.iter().take_while(|(version, ..)| {
        let is_over = over > 0;
        over = over.saturating_sub(version.len() + BYTES_BESIDE);
        is_over
    });
    let gone = gone.count();
    if let Ok(body) = postcard::to_allocvec(noted.get(gone..).unwrap_or_default()) {
        keep(known.index, &path, &Entry::Found(Found::fetched(body, cx.now)), cx);
    }
}

/// What the index has of what the zips of `module` hold.
fn contents(module: &ModulePath, index: &Index, cx: &Cx<'_>) -> Contents {
    let entry = index.peek(cx.kv, Region::Found, &record(module));
    let noted = entry.as_ref().map(read).unwrap_or_default();
    let content = |(version, h1, files): Noted<'_>| {
        let version = Version::parse(version).ok()?;
        Some((version, Content { h1: H1(h1), files: files.map(H1) }))
    };
    noted.into_iter().filter_map(content).collect()
}

fn read(entry: &Entry) -> Vec<Noted<'_>> {
    match entry {
        Entry::Found(found) => postcard::from_bytes(&found.body).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// What the index calls it: no request's path is called so.
fn record(module: &ModulePath) -> String {
    format!("{}/@contents", module.escaped())
}

/// What a version takes in a record beside its name: the length of the name, two hashes, and whether there is the second.
const BYTES_BESIDE: usize = 66;

/// Bytes of a record: a hundred versions. It is read for each request for the module.
const MAX_BYTES: usize = 8 << 10;

#[cfg(test)]
mod tests;
