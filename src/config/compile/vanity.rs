//! The section `vanity`.

use super::each;
use crate::config::host::{self, HostPattern};
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::{RawVanity, Section};
use crate::config::{Vanity, VersionControl, limits};
use crate::gomod::{ModulePath, check_file_path};

/// The import paths that are answered for, the one that is to be taken first standing first.
pub(super) fn vanity(list: Option<&[Section<RawVanity>]>, at: &Path, found: &mut Collector) -> Vec<Vanity> {
    let mut known: Vec<(String, Path)> = Vec::new();
    let mut all = each(list, Some(limits::MAX_VANITIES), at, found, |raw, at, found| {
        let import = raw.import.clone().unwrap_or_default();
        if let Some((_, first)) = known.iter().find(|(other, _)| !import.is_empty() && *other == import) {
            found.note(&at.key("import"), format!("{} is that of {first} already", quoted(&import)));
        }
        known.push((import, at.clone()));
        one(raw, at, found)
    });
    all.sort_by_key(|one| std::cmp::Reverse((one.elements.len() + usize::from(one.is_open), !one.is_open)));
    all
}

fn one(raw: &RawVanity, at: &Path, found: &mut Collector) -> Vanity {
    let at_import = at.key("import");
    let import = raw.import.as_deref().unwrap_or_default();
    let (path, is_open) = import.strip_suffix("/*").map_or((import, false), |path| (path, true));
    let (host, below) = path.split_once('/').unwrap_or((path, ""));
    if raw.import.is_none() && !found.covers(&at_import) {
        found.note(&at_import, "missing: an import path such as go.acme.example/widgets");
    } else if let Some(why) = unfit(path, is_open) {
        found.note(&at_import, format!("{} is not an import path: {why}", quoted(import)));
    }
    let vcs = raw.vcs.unwrap_or_default();
    let at_repository = at.key("repository");
    match raw.repository.as_deref() {
        None if found.covers(&at_repository) => {}
        None => found.note(&at_repository, "missing: the address of the repository"),
        Some(address) => {
            if let Err(why) = repository(address, vcs, is_open) {
                found.note(
                    &at_repository,
                    format!("{} is not the address of a repository: {why}", quoted(address)),
                );
            }
        }
    }
    if let Some(folder) = raw.subdirectory.as_deref().filter(|folder| check_file_path(folder).is_err()) {
        found.note(&at.key("subdirectory"), format!("{} is not a folder such as src/go", quoted(folder)));
    }
    Vanity {
        host: HostPattern::Exact(host.to_owned()),
        root: path.to_owned(),
        elements: below.split('/').filter(|element| !element.is_empty()).map(str::to_owned).collect(),
        is_open,
        vcs,
        repository: raw.repository.clone().unwrap_or_default(),
        subdirectory: raw.subdirectory.clone(),
    }
}

/// Why this is no import path with a host, if so.
fn unfit(path: &str, is_open: bool) -> Option<String> {
    if path.contains('*') {
        return Some("a `*` is the whole of the last element, and stands there alone".to_owned());
    }
    // What follows is any element that a path may have.
    let whole = if is_open { format!("{path}/x") } else { path.to_owned() };
    ModulePath::parse(&whole).err().map(|error| error.to_string())
}

/// Checks an address as cmd/go takes it from a `go-import` (`vcs.validateRepoRoot`), and that no secret is told with it.
fn repository(address: &str, vcs: VersionControl, is_open: bool) -> Result<(), &'static str> {
    if address.matches('*').count() != usize::from(is_open) {
        return Err(match is_open {
            true => "it has one `*`, as `import` has: there the repository's name goes",
            false => "a `*` is for an `import` that ends in one",
        });
    }
    let (scheme, rest) = address.split_once("://").ok_or("it has no scheme such as https://")?;
    let schemes: &[&str] = match vcs {
        VersionControl::Mod => &["https", "http"],
        _ => &["https", "http", "ssh", "git", "git+ssh", "svn", "svn+ssh", "bzr", "bzr+ssh"],
    };
    if !schemes.contains(&scheme) {
        return Err("the go command takes no such scheme");
    }
    if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !br#""'<>\^`{|}"#.contains(&byte)) {
        return Err("a character in it cannot stand in a URL");
    }
    let site = rest.split('/').next().unwrap_or_default();
    let (user, site) = site.rsplit_once('@').unwrap_or(("", site));
    if user.contains(':') {
        return Err("it carries a password, and every client is told it");
    }
    host::authority(site).map(drop)
}
