//! What a delivery says: which refs of which repository have changed.
//!
//! Only what is written below is looked at, whatever the event is called: the name of the event stands in a header that nothing signs. A
//! body that is JSON and says nothing of this kind is an event that is not wanted. Addresses are read for the name of the repository, and
//! never asked for anything.

use serde_json::Value;

use super::{
    Kind,
    refs::{Deed, RefChange, RefName},
    repository::repository_of,
};
use crate::http::Headers;

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The repository, by each name that its host has for it. None where the modules are named.
    pub repositories: Vec<String>,
    /// The refs that have changed, as far as they are looked at.
    pub refs: Vec<RefChange>,
    /// Modules that are named as such, each of which is looked at with all that lies below it.
    pub modules: Vec<String>,
}

/// A body that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Event {
    /// Whether there is anything to be looked at again.
    pub fn is_wanted(&self) -> bool {
        !self.modules.is_empty() || !self.repositories.is_empty() && !self.refs.is_empty()
    }
}

/// What `body` says.
///
/// # Errors
/// Where it is not JSON.
pub fn read(kind: Kind, headers: &Headers, body: &[u8]) -> Result<Event, Unreadable> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Unreadable)?;
    let event = match kind {
        Kind::AzureDevops => azure_devops(&body),
        Kind::Bitbucket => bitbucket(&body),
        Kind::BitbucketDc => bitbucket_dc(&body),
        Kind::Gerrit => gerrit(&body),
        Kind::Generic => generic(&body),
        Kind::Gitea => github(&body, headers.first("x-gitea-event").unwrap_or_default()),
        Kind::Github => github(&body, headers.first("x-github-event").unwrap_or_default()),
        Kind::Gitlab => gitlab(&body),
        Kind::Standard => generic(body.get("data").unwrap_or(&body)),
    };
    Ok(event)
}

/// What the host calls this delivery, so that the same is not heeded twice. A host that calls it nothing has it heeded each time.
pub fn delivery(kind: Kind, headers: &Headers, body: &[u8]) -> Option<String> {
    let names: &[&str] = match kind {
        Kind::AzureDevops => {
            let body: Value = serde_json::from_slice(body).ok()?;
            return text(&body, "/id").map(str::to_owned);
        }
        Kind::Bitbucket => &["x-request-uuid"],
        Kind::BitbucketDc => &["x-request-id"],
        Kind::Gerrit | Kind::Generic => &[],
        Kind::Gitea => &["x-gitea-delivery"],
        Kind::Github => &["x-github-delivery"],
        Kind::Gitlab => &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"],
        Kind::Standard => &["webhook-id"],
    };
    let given = names.iter().find_map(|name| headers.first(name));
    given.filter(|id| !id.is_empty()).map(str::to_owned)
}

/// GitHub's `push`, `create`, `delete` and `release`, and Gitea's, which are the same.
fn github(body: &Value, event: &str) -> Event {
    let deed = if event == "delete" { Deed::Deleted } else { Deed::Created };
    let name = text(body, "/ref");
    let change = match (name.and_then(RefName::of), text(body, "/ref_type")) {
        (Some(name), _) => Some(RefChange::between(name, text(body, "/before"), text(body, "/after"))),
        (None, Some("tag")) => name.and_then(RefName::tag).map(|name| RefChange { name, deed }),
        (None, Some("branch")) => name.and_then(RefName::branch).map(|name| RefChange { name, deed }),
        _ => {
            let released = text(body, "/release/tag_name").and_then(RefName::tag);
            released.map(|name| RefChange { name, deed: Deed::Created })
        }
    };
    let places = ["/repository/clone_url", "/repository/html_url"];
    Event {
        repositories: repositories(body, &places),
        refs: change.into_iter().collect(),
        ..Event::default()
    }
}

/// GitLab's `push`, `tag_push` and `release`.
fn gitlab(body: &Value) -> Event {
    let change = match text(body, "/ref").and_then(RefName::of) {
        Some(name) => Some(RefChange::between(name, text(body, "/before"), text(body, "/after"))),
        None if text(body, "/object_kind") == Some("release") => {
            let deed = if text(body, "/action") == Some("delete") { Deed::Deleted } else { Deed::Created };
            text(body, "/tag").and_then(RefName::tag).map(|name| RefChange { name, deed })
        }
        None => None,
    };
    let places = ["/project/git_http_url", "/project/web_url"];
    Event {
        repositories: repositories(body, &places),
        refs: change.into_iter().collect(),
        ..Event::default()
    }
}

/// Bitbucket Cloud's `repo:push`. It sends no changes of tags that are made in its pages.
fn bitbucket(body: &Value) -> Event {
    let refs = changes(body, "/push/changes").filter_map(|change| {
        let of = |place: &str, what: &str| text(change, &format!("/{place}/{what}"));
        let place = if of("new", "name").is_some() { "new" } else { "old" };
        let name = match of(place, "type")? {
            "tag" | "annotated_tag" => RefName::tag(of(place, "name")?)?,
            "branch" | "named_branch" => RefName::branch(of(place, "name")?)?,
            _ => return None,
        };
        let commit = |place| of(place, "target/hash").or_else(|| of(place, "name"));
        Some(RefChange::between(name, commit("old"), commit("new")))
    });
    let refs = refs.take(MAX_REFS).collect();
    let named = text(body, "/repository/full_name").map(|name| format!("bitbucket.org/{name}"));
    let mut found = repositories(body, &["/repository/links/html/href"]);
    found.extend(named.as_deref().and_then(repository_of).filter(|_| found.is_empty()));
    Event { repositories: found, refs, ..Event::default() }
}

/// Bitbucket Data Center's `repo:refs_changed`. Its clone addresses have `scm` before the project, module paths mostly have not.
fn bitbucket_dc(body: &Value) -> Event {
    let refs = changes(body, "/changes").filter_map(|change| {
        let name = RefName::of(text(change, "/ref/id").or_else(|| text(change, "/refId"))?)?;
        Some(RefChange::between(name, text(change, "/fromHash"), text(change, "/toHash")))
    });
    let refs = refs.take(MAX_REFS).collect();
    let links = changes(body, "/repository/links/clone").chain(changes(body, "/repository/links/self"));
    let mut found: Vec<String> = Vec::new();
    for link in links.filter_map(|link| repository_of(text(link, "/href")?)).take(MAX_NAMES) {
        let short = link.replacen("/scm/", "/", 1);
        // A page of the repository: `/projects/KEY/repos/slug/browse`.
        let page = link.replacen("/projects/", "/", 1).replacen("/repos/", "/", 1);
        let page = page.strip_suffix("/browse").unwrap_or(&page).to_owned();
        for name in [link, short, page] {
            if name.contains('/') && !found.contains(&name) && found.len() < MAX_NAMES {
                found.push(name);
            }
        }
    }
    let (key, slug) = (text(body, "/repository/project/key"), text(body, "/repository/slug"));
    if let (Some(key), Some(slug), true) = (key, slug, found.is_empty()) {
        found.extend(repository_of(&format!("{key}/{slug}")));
    }
    Event { repositories: found, refs, ..Event::default() }
}

/// Azure DevOps' `git.push`.
fn azure_devops(body: &Value) -> Event {
    let refs = changes(body, "/resource/refUpdates").filter_map(|change| {
        let name = RefName::of(text(change, "/name")?)?;
        Some(RefChange::between(name, text(change, "/oldObjectId"), text(change, "/newObjectId")))
    });
    let refs = refs.take(MAX_REFS).collect();
    Event { repositories: repositories(body, &["/resource/repository/remoteUrl"]), refs, ..Event::default() }
}

/// `ref-updated` of Gerrit's plugin webhooks, which says no host; and `batch-ref-updated`, which has several.
fn gerrit(body: &Value) -> Event {
    let one = body.get("refUpdate").into_iter();
    let refs = one.chain(changes(body, "/refUpdates")).filter_map(|change| {
        let name = text(change, "/refName")?;
        let name = if name.starts_with("refs/") { RefName::of(name) } else { RefName::branch(name) };
        Some(RefChange::between(name?, text(change, "/oldRev"), text(change, "/newRev")))
    });
    let refs = refs.take(MAX_REFS).collect();
    let places = ["/refUpdate/project", "/refUpdates/0/project", "/project"];
    Event { repositories: repositories(body, &places), refs, ..Event::default() }
}

/// `{"repository": "git.example.com/a/b", "ref": "refs/tags/v1.2.3"}`, or `{"modules": ["git.example.com/a/b"]}`.
fn generic(body: &Value) -> Event {
    let change = text(body, "/ref").and_then(RefName::of);
    let change = change
        .map(|name| RefChange::between(name, text(body, "/before"), text(body, "/after").or(Some("1"))));
    let modules = changes(body, "/modules").filter_map(Value::as_str).filter_map(repository_of);
    Event {
        repositories: repositories(body, &["/repository"]),
        refs: change.into_iter().collect(),
        modules: modules.take(MAX_MODULES).collect(),
    }
}

fn text<'a>(body: &'a Value, place: &str) -> Option<&'a str> {
    body.pointer(place)?.as_str()
}

/// The elements of a list.
fn changes<'a>(body: &'a Value, place: &str) -> impl Iterator<Item = &'a Value> {
    body.pointer(place).and_then(Value::as_array).into_iter().flatten()
}

/// The names that the texts at these places have for the repository, each once.
fn repositories(body: &Value, places: &[&str]) -> Vec<String> {
    let mut found: Vec<String> =
        places.iter().filter_map(|place| repository_of(text(body, place)?)).collect();
    found.dedup();
    found.truncate(MAX_NAMES);
    found
}

/// Refs of one delivery that are looked at. All of the repository is looked at anyway; a ref says what may be known to be missing.
const MAX_REFS: usize = 16;

/// Names of one repository: by two protocols, with and without what a server puts before it.
const MAX_NAMES: usize = 6;

/// Modules that one generic delivery may name.
const MAX_MODULES: usize = 64;

#[cfg(test)]
mod tests;
