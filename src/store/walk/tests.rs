//! Walks over the same keys in each kind of store: all of them, in their order, from wherever they begin.

use std::collections::BTreeSet;

use super::*;
use crate::{config::Config, http::Headers};

const KEYS: [&str; 17] = [
    "a.com/m-x/@v/v1.0.0.mod",
    "a.com/m.x/@v/v1.0.0.mod",
    "a.com/m/!sub/@v/v1.0.0.mod",
    "a.com/m/@latest",
    "a.com/m/@v/list",
    "a.com/m/@v/v1.0.0.info",
    "a.com/m/@v/v1.0.0.mod",
    "a.com/m/v2/@v/v2.0.0.mod",
    "a.com/m0/@v/v1.0.0.mod",
    "a.com0/m/@v/v1.0.0.mod",
    "aside/a.com/m/v1.0.0.json",
    "b.com/@v/v1.0.0.mod",
    "b.com/~x/y/z/@v/v1.0.0.zip",
    "clock/sum.golang.org",
    "index/2026/12/01/10/1-a.ndjson",
    "served/00.txt",
    "sumdb/sum.golang.org/@v/latest",
];

fn storage(fields: &str) -> Storage {
    let text = format!(r#"{{"storage":{{"cluster":"s","url":"http://s/x"{fields}}}}}"#);
    Config::parse(&text).unwrap().storage.unwrap()
}

/// What a store of `keys` answers.
fn answer(callout: &Callout, root: &str, keys: &BTreeSet<String>, page: usize) -> Reply {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let (status, body) = match callout.path.split_once('?') {
        Some((_, query)) => {
            let value = |name: &str| {
                let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                pair.map(decoded).unwrap_or_default()
            };
            let (prefix, after) = (value("prefix"), value("start-after"));
            let all = keys.iter().map(|key| format!("{root}{key}"));
            let all: Vec<_> = all.filter(|key| key.starts_with(&prefix) && *key > after).collect();
            let names: String =
                all.iter().take(page).map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            let more = all.len() > page;
            (200, format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{names}</ListBucketResult>"))
        }
        None => {
            let path = decoded(&callout.path);
            let folder = path.strip_prefix("/x/").and_then(|path| path.strip_prefix(root)).unwrap();
            let names = keys.iter().filter_map(|key| key.strip_prefix(folder)?.split('/').next());
            let names: BTreeSet<_> = names.collect();
            let is_propfind = callout.method == "PROPFIND";
            let names = names.into_iter().map(|name| match is_propfind {
                true => format!("<response><href>{path}{name}</href></response>"),
                false => format!("{{\"name\":\"{name}\"}}"),
            });
            match names.collect::<Vec<_>>() {
                names if names.is_empty() && !folder.is_empty() => (404, String::new()),
                names if is_propfind => (207, format!("<multistatus>{}</multistatus>", names.concat())),
                names => (200, format!("[{}]", names.join(","))),
            }
        }
    };
    Reply::Answered { status, headers: Headers::default(), body: body.into() }
}

/// All keys behind `after`, where the walk is begun anew from its position after so many replies.
fn walked(
    storage: &Storage,
    tree: Tree,
    (prefix, after): (&str, &str),
    keys: &BTreeSet<String>,
    every: usize,
) -> Vec<String> {
    let mut walk = Walk::begin(storage, tree, prefix, after);
    let mut found = Vec::new();
    for asked in 1.. {
        if walk.is_over() {
            break;
        }
        assert!(asked < 500, "no end: {walk:?}");
        let reply = answer(&walk.callout(storage), &storage.key_prefix, keys, 2);
        found.extend(walk.turn(&reply).unwrap());
        if asked % every == 0 && !walk.is_over() {
            let position = walk.position();
            assert!(found.last().is_none_or(|last| *last <= position), "{position}: {found:?}");
            walk = Walk::begin(storage, tree, prefix, &position);
        }
    }
    found
}

fn stores() -> Vec<Storage> {
    let ways = [r#","dialect":"s3""#, r#","listing":"propfind""#, ""];
    let prefixes = [r#","key_prefix":"go/mod""#, ""];
    ways.iter().flat_map(|way| prefixes.map(|prefix| storage(&format!("{way}{prefix}")))).collect()
}

fn all() -> BTreeSet<String> {
    KEYS.iter().map(|key| (*key).to_owned()).collect()
}

/// The keys of versions' folders: all that every kind of store is asked for.
fn of_versions(keys: Vec<String>) -> Vec<String> {
    keys.into_iter().filter(|key| key.contains("/@v/") && !key.starts_with("sumdb")).collect()
}

#[test]
fn every_key_is_walked_over_once_in_order_from_wherever_it_begins() {
    let sorted = of_versions(all().into_iter().collect());
    for storage in stores() {
        let mut begins: Vec<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
        begins.extend(
            [
                "",
                "a",
                "a.com/",
                "a.com/m/",
                "a.com/m0",
                "a.com/m/@v/",
                "a.com/m/@v0",
                "zz",
                "a.com/m/@v/v1.0.0.k",
            ]
            .map(str::to_owned),
        );
        for after in begins {
            let want: Vec<_> = sorted.iter().filter(|key| **key > after).cloned().collect();
            for every in [1000, 7, 6, 5] {
                let found = walked(&storage, Tree::Modules, ("", &after), &all(), every);
                assert_eq!(of_versions(found), want, "{after} {every} {storage:?}");
            }
        }
    }
}

#[test]
fn only_what_begins_with_the_prefix_is_walked_over() {
    for storage in stores() {
        for prefix in ["a.com/m", "a.com/m/", "a.com", "a.com/", "b.com/~x/y", "none.com/", "a.com/m/!s"] {
            let want: Vec<_> = all().into_iter().filter(|key| key.starts_with(prefix)).collect();
            let found = walked(&storage, Tree::Modules, (prefix, ""), &all(), 1000);
            assert_eq!(of_versions(found), of_versions(want), "{prefix} {storage:?}");
        }
    }
}

#[test]
fn what_gateways_keep_for_themselves_costs_no_listings() {
    let mut keys = all();
    keys.extend((0..1000).map(|n| format!("aside/a.com/m/v1.0.{n}.json")));
    for storage in stores() {
        let mut walk = Walk::begin(&storage, Tree::Modules, "", "");
        let mut asked = 0;
        while !walk.is_over() {
            let reply = answer(&walk.callout(&storage), &storage.key_prefix, &keys, 2);
            walk.turn(&reply).unwrap();
            asked += 1;
        }
        assert!(asked < 30, "{asked}");
    }
}

#[test]
fn the_feed_is_walked_over_hour_by_hour() {
    let names = ["2025/12/31/23/9-a", "2026/01/01/00/1-a", "2026/01/01/00/2-b", "2026/01/02/09/3-a"];
    let mut keys = all();
    keys.extend(names.map(|name| format!("index/{name}.ndjson")));
    let sorted: Vec<_> = keys.iter().filter(|key| key.starts_with("index/")).cloned().collect();
    for storage in stores() {
        for after in [
            "",
            "index/2026/01/01/00/1",
            "index/2026/01/01/00/2-a",
            "index/2026/01/01/01/",
            "index/2027/01/01/01/5",
        ] {
            let want: Vec<_> = sorted.iter().filter(|key| key.as_str() > after).cloned().collect();
            assert_eq!(walked(&storage, Tree::Feed, ("index/", after), &keys, 1000), want, "{after}");
        }
        assert!(walked(&storage, Tree::Feed, ("index/", ""), &BTreeSet::new(), 1000).is_empty());
    }
}

#[test]
fn a_store_that_lists_nothing_is_told_from_one_that_fails() {
    let said = |fields: &str, status, body: &str| {
        let storage = storage(fields);
        let reply = Reply::Answered { status, headers: Headers::default(), body: body.into() };
        Walk::begin(&storage, Tree::Modules, "", "").turn(&reply)
    };
    for (fields, status, body) in [
        ("", 403, ""),
        ("", 404, ""),
        ("", 405, ""),
        ("", 200, "<html>"),
        (r#","dialect":"s3""#, 403, ""),
        (r#","dialect":"s3""#, 501, ""),
        (r#","listing":"propfind""#, 405, ""),
    ] {
        assert!(matches!(said(fields, status, body), Err(Unwalked::Unlisted(_))), "{fields} {status}");
    }
    for (fields, status) in [("", 500), ("", 503), (r#","dialect":"s3""#, 503), (r#","dialect":"s3""#, 200)] {
        assert!(
            matches!(said(fields, status, ""), Err(Unwalked::Failed(_) | Unwalked::Unlisted(_))),
            "{fields} {status}"
        );
    }
    let large = format!("[{}]", " ".repeat(page::MAX_BYTES));
    assert!(matches!(said("", 200, &large), Err(Unwalked::Unlisted(why)) if why.contains("4 MiB")));
}
