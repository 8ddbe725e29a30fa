//! Raw sections to compiled ones. Nothing stops at the first problem: what is wrong is noted, a stand-in takes its place and the rest is
//! read. The caller throws the result away if anything was noted.

mod advisories;
mod callers;
mod endpoint;
mod fetch;
mod freshness;
mod header;
mod path;
mod policy;
mod private;
mod storage;
mod sync;
mod vanity;
mod verify;

use crate::gomod::{Pattern, Patterns};

pub(super) use self::policy::{BesideRules, RuleList, bundle, overshadowed_rules};
use super::host::{self, HostPattern};
use super::problems::{Collector, Path, quoted};
use super::raw::{
    RawAdmin, RawCatalog, RawConfig, RawExposure, RawIndex, RawMatch, RawReach, RawSumdb, RawUpstream,
    Section,
};
use super::{Admin, Catalog, Config, Endpoint, Exposure, Index, Match, Sumdb, Upstream, limits};

/// Compiles all sections.
pub(super) fn config(raw: RawConfig, found: &mut Collector) -> Config {
    let root = Path::root();
    let matching = matching(&raw.matching.0.unwrap_or_default(), &root.key("match"), found);

    let has_upstream = raw.upstreams.as_ref().is_some_and(|list| !list.is_empty());
    if !has_upstream && raw.storage.0.is_none() && !found.covers(&root.key("storage")) {
        found.note(
            &root.key("upstreams"),
            "neither upstreams nor a storage: there is nothing to serve modules from",
        );
    }
    let upstreams = named(
        raw.upstreams.as_deref(),
        &root.key("upstreams"),
        limits::MAX_UPSTREAMS,
        found,
        |raw, at, found| {
            let upstream = upstream(raw, at, &matching, found);
            (upstream.name.clone(), upstream)
        },
    );
    let sumdb =
        named(raw.sumdb.as_deref(), &root.key("sumdb"), limits::MAX_SUMDBS, found, |raw, at, found| {
            let sumdb = sumdb(raw, at, &matching, found);
            (raw.name.clone().unwrap_or_default(), sumdb)
        });
    let sumdb: Vec<Sumdb> = sumdb.into_iter().flatten().collect();
    let verify = verify::verify(&raw.verify.0.unwrap_or_default(), &root.key("verify"), found);
    let storage = raw.storage.0.map(|raw| storage::storage(&raw, &root.key("storage"), &matching, found));
    let mut warnings = Vec::new();
    let at_policy = root.key("policy");
    // What was meant to be one has been noted.
    let has_upstream = has_upstream || found.covers(&root.key("upstreams"));
    let has_sumdb = !sumdb.is_empty() || found.covers(&root.key("sumdb"));
    let context = policy::Context { matching: &matching, has_upstream, has_sumdb };
    let policy = policy::policy(raw.policy.0.unwrap_or_default(), &at_policy, &context, found, &mut warnings);
    let offline = raw.mode.unwrap_or_default() == RawReach::Offline;
    if offline && storage.is_none() && !found.covers(&root.key("storage")) {
        found.note(&root.key("mode"), "offline without a storage: there is nothing to serve modules from");
    }
    let callers = callers::callers(
        &raw.callers.0.unwrap_or_default(),
        &root.key("callers"),
        &matching,
        found,
        &mut warnings,
    );
    let raw_advisories = raw.advisories.0.unwrap_or_default();
    let raw_mirror = raw_advisories.mirror.clone();
    let advisories = advisories::advisories(&raw_advisories, &root.key("advisories"), &matching, found);
    let admin = admin(&raw.admin.0.unwrap_or_default(), &root.key("admin"), found);
    let at_mirror = root.key("advisories").key("mirror");
    let mirror =
        raw_mirror.map(|raw| path::mirror(&raw, advisories.sources.is_empty(), &admin, &at_mirror, found));
    let has_storage = storage.is_some() || found.covers(&root.key("storage"));
    let catalog = raw.catalog.0.map(|raw| catalog(&raw, has_storage, &root.key("catalog"), found));
    let mut config = Config {
        advisories,
        callers,
        offline,
        policy,
        warnings,
        upstreams,
        sumdb,
        verify,
        storage,
        private: private::private(&raw.private.0.unwrap_or_default(), &root.key("private"), found),
        index: index(&raw.index.0.unwrap_or_default(), &root.key("index"), found),
        freshness: freshness::freshness(&raw.freshness.0.unwrap_or_default(), &root.key("freshness"), found),
        fetch: fetch::fetch(&raw.fetch.0.unwrap_or_default(), &root.key("fetch"), found),
        exposure: raw.exposure.0.map(|raw| exposure(&raw, &root.key("exposure"), found)),
        sync: sync::sync(&raw.sync.0.unwrap_or_default(), has_storage, &root.key("sync"), &matching, found),
        admin,
        matching: Match {
            mirror,
            vanity: vanity::vanity(raw.vanity.as_deref(), &root.key("vanity"), found),
            catalog: catalog.is_some(),
            ..matching
        },
        catalog,
    };
    config.warnings.extend(endpoint::unconfided(&config));
    config.warnings.extend(policy::forgetful_clock(&config));
    config.warnings.extend(policy::without_advisories(&config));
    config.warnings.extend(policy::without_exposure(&config));
    config.warnings.extend(verify::unproven_offline(&config));
    config.warnings.extend(private::wide_upstreams(&config));
    config.warnings.extend(callers::no_caller_has_a_name(&config));
    config
}

fn matching(raw: &RawMatch, at: &Path, found: &mut Collector) -> Match {
    let mut hosts = Vec::new();
    for (n, text) in given(raw.hosts.as_deref()) {
        match HostPattern::parse(text) {
            Ok(host) => hosts.push(host),
            Err(why) => {
                found.note(
                    &at.key("hosts").index(n),
                    format!("{} is not a host pattern: {why}", quoted(text)),
                );
            }
        }
    }
    let mut carrier = |name, raw: Option<&str>, default| header::carrier(raw, default, &at.key(name), found);
    let route_header = carrier("route_header", raw.route_header.as_deref(), RawMatch::ROUTE_HEADER);
    let host_header = carrier("host_header", raw.host_header.as_deref(), RawMatch::HOST_HEADER);
    if route_header == host_header {
        found.note(&at.key("host_header"), "the same as `route_header`; each carries something else");
    }
    let path_prefix = path::match_prefix(raw.path_prefix.as_deref(), &at.key("path_prefix"), found);
    Match { hosts, path_prefix, mirror: None, vanity: Vec::new(), catalog: false, route_header, host_header }
}

/// A list of sections that are known by name: no longer than `most`, no name twice.
fn named<R, T>(
    list: Option<&[Section<R>]>,
    at: &Path,
    most: usize,
    found: &mut Collector,
    compile: impl Fn(&R, &Path, &mut Collector) -> (String, T),
) -> Vec<T> {
    let mut names: Vec<(String, Path)> = Vec::new();
    each(list, Some(most), at, found, |raw, at, found| {
        let (name, section) = compile(raw, at, found);
        if let Some((_, first)) = names.iter().find(|(known, _)| !name.is_empty() && *known == name) {
            found.note(
                &at.key("name"),
                format!("{} is the name of {first} already; give it another", quoted(&name)),
            );
        }
        names.push((name, at.clone()));
        section
    })
}

/// A list of sections, in their order: no longer than `most`, where that is bounded.
fn each<R, T>(
    list: Option<&[Section<R>]>,
    most: Option<usize>,
    at: &Path,
    found: &mut Collector,
    mut compile: impl FnMut(&R, &Path, &mut Collector) -> T,
) -> Vec<T> {
    let mut compiled = Vec::new();
    for (n, section) in list.unwrap_or_default().iter().enumerate() {
        let at = at.index(n);
        if let Some(most) = most.filter(|most| *most == n) {
            found.note(&at, format!("too many: at most {most} are allowed"));
        }
        // What is no object has been noted before.
        if let Some(raw) = &section.0 {
            compiled.push(compile(raw, &at, found));
        }
    }
    compiled
}

fn upstream(raw: &RawUpstream, at: &Path, matching: &Match, found: &mut Collector) -> Upstream {
    let endpoint = Endpoint {
        http2: raw.http2.unwrap_or_default(),
        egress: endpoint::egress(raw.egress.as_deref(), &at.key("egress"), found),
        ..endpoint::endpoint(&raw.endpoint(), at, matching, found)
    };
    let name = match &raw.name {
        Some(name) => {
            plain_name(name, &at.key("name"), found);
            name.clone()
        }
        None if found.covers(&at.key("name")) => String::new(),
        None => endpoint::name_of(&endpoint.authority),
    };
    let is_reserved = |name: &str| {
        limits::RESERVED_NAMES.contains(&name)
            || limits::RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    if is_reserved(&name) {
        found.note(
            &at.key("name"),
            format!("{} is what metrics call something else; give it another", quoted(&name)),
        );
    }
    let listed = at.key("modules");
    if raw.modules.as_ref().is_some_and(Vec::is_empty) {
        found.note(&listed, "an empty list matches no module; leave it out for all of them");
    }
    Upstream {
        name,
        endpoint,
        modules: raw
            .modules
            .as_deref()
            .map(|list| patterns(Some(list), &listed, found).into_iter().collect()),
        fallback: raw.fallback.unwrap_or_default(),
    }
}

/// Notes a name that metrics cannot have.
fn plain_name(name: &str, at: &Path, found: &mut Collector) {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if !(1..=limits::MAX_NAME_BYTES).contains(&name.len()) || !name.bytes().all(is_plain) {
        let most = limits::MAX_NAME_BYTES;
        found.note(
            at,
            format!("{} is not 1 to {most} of a-z, 0-9, _ and - (it labels metrics)", quoted(name)),
        );
    }
}

fn sumdb(raw: &RawSumdb, at: &Path, matching: &Match, found: &mut Collector) -> Option<Sumdb> {
    let named = at.key("name");
    match raw.name.as_deref() {
        None => found.note(&named, "missing: its name as in GOSUMDB, such as sum.golang.org"),
        Some(name) if !is_sumdb_name(name) => {
            let why = "is not the name of a checksum database: a host such as sum.golang.org, or host/path";
            found.note(&named, format!("{} {why}", quoted(name)));
        }
        Some(_) => {}
    }
    let name = raw.name.clone().unwrap_or_default();
    let endpoint = Endpoint {
        egress: endpoint::egress(raw.egress.as_deref(), &at.key("egress"), found),
        ..endpoint::endpoint(&raw.endpoint(), at, matching, found)
    };
    // A name that is none has been noted: whose key it should be is unknown.
    let signer = Some(name.as_str()).filter(|_| !found.covers(&named));
    let key = verify::key(raw.key.as_deref(), signer, &at.key("key"), found)?;
    Some(Sumdb { name, key, endpoint })
}

/// As cmd/go has it (`modfetch/sumdb.go`, "must be host[/path]"), less what could not stand in a request's path.
fn is_sumdb_name(name: &str) -> bool {
    let (host, path) = name.split_once('/').map_or((name, None), |(host, path)| (host, Some(path)));
    let is_element = |element: &str| {
        !element.is_empty()
            && !element.starts_with('.')
            && element.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-'))
    };
    host::authority(host).is_ok()
        && !host.starts_with('[')
        && path.is_none_or(|path| path.split('/').all(is_element))
}

/// The modules that an override is for: `missing` says what is wrong where it is for none.
fn some_modules(
    list: Option<&[Option<String>]>,
    missing: &str,
    at: &Path,
    found: &mut Collector,
) -> Patterns {
    let listed = at.key("modules");
    if list.is_none_or(<[_]>::is_empty) {
        found.note(&listed, missing);
    }
    patterns(list, &listed, found).into_iter().collect()
}

fn patterns(list: Option<&[Option<String>]>, at: &Path, found: &mut Collector) -> Vec<Pattern> {
    let mut patterns = Vec::with_capacity(list.map_or(0, <[_]>::len));
    for (n, text) in given(list) {
        match Pattern::parse(text) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => found.note(&at.index(n), error.to_string()),
        }
    }
    patterns
}

fn index(raw: &RawIndex, at: &Path, found: &mut Collector) -> Index {
    Index::of(RawIndex::BYTES.read(raw.bytes, at, found))
}

fn admin(raw: &RawAdmin, at: &Path, found: &mut Collector) -> Admin {
    Admin {
        path_prefix: path::admin_prefix(raw.path_prefix.as_deref(), &at.key("path_prefix"), found),
        explain: policy::principals(raw.explain.as_deref(), &at.key("explain"), found),
    }
}

fn catalog(raw: &RawCatalog, has_storage: bool, at: &Path, found: &mut Collector) -> Catalog {
    if !has_storage {
        found.note(at, "a catalog without a storage: there is nothing to list");
    }
    let listed = at.key("principals");
    if raw.principals.as_ref().is_some_and(Vec::is_empty) {
        found.note(&listed, "an empty list names no caller; leave `catalog` out to have no such pages");
    }
    let principals = raw.principals.as_deref().map(|list| policy::principals(Some(list), &listed, found));
    Catalog { principals }
}

fn exposure(raw: &RawExposure, at: &Path, found: &mut Collector) -> Exposure {
    Exposure {
        days: RawExposure::DAYS.read(raw.days, at, found),
        callers: raw.callers.unwrap_or(RawExposure::CALLERS),
    }
}

/// The elements of a list with their places; what was no text has been noted before.
fn given(list: Option<&[Option<String>]>) -> impl Iterator<Item = (usize, &str)> {
    list.unwrap_or_default().iter().enumerate().filter_map(|(n, text)| Some((n, text.as_deref()?)))
}
