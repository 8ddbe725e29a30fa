//! How storage names its objects: an object's key, before any escaping, below the configured prefix.
//!
//! - `goproxy`: the escaped paths of the protocol, so that any static file server over the same data is a GOPROXY, and
//!   `GOMODCACHE/cache/download` can be copied in. Lists and `@latest` are kept beside the versions.
//! - `athens`: the same for versions, with nothing escaped: `github.com/BurntSushi/toml/@v/v1.0.0.info`.
//! - `athens_flat`: `M/V/V.info`, `M/V/go.mod`, `M/V/source.zip`, nothing escaped either.
//!
//! Athens takes every key that ends in `.info` for a version, in its lists and in its catalog, and passes over all others.
//! So of what changes it is given nothing, nor are queries: `M/@v/master.info` would be a version `master`.
//!
//! The `.info` of a version is written last, and says that all of it is there. One whose zip has not come is kept aside, in every
//! layout: `aside/M/V.json`, escaped as in a request. Athens passes over it, and to a static file server it is no version. So it is with
//! `clock/NAME`, what gateways remember of how old the log of a checksum database is, with `license/1/M/V.json`, what licences a version
//! was found to have, and with `index/`, which says in which order versions came.

use crate::{
    config::{Dialect, Layout, Storage},
    fleet::SEGMENTS,
    forecast::Hour,
    gomod::{ModulePath, Version, unescape_version},
    goproxy::{Document, File, Zip},
    http::Timestamp,
};

/// A file of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    GoMod,
    Info,
    Zip,
}

/// The key of `document`; `None` where it is not kept: the answer to a query is not a file of a module, nor is
/// what storage itself has.
pub fn document_key(storage: &Storage, document: &Document) -> Option<String> {
    let (module, file) = match document {
        Document::Module { module, file } => (module, file),
        Document::Sumdb { sumdb, .. } => return Some(sumdb_key(storage, sumdb, &document.path())),
    };
    let name = match (storage.layout, file) {
        (_, File::Query(_) | File::Stored) => return None,
        (_, File::License(version)) => license_name(module, version),
        (Layout::Goproxy, _) => document.path(),
        (Layout::Athens | Layout::AthensFlat, File::Latest | File::List) => return None,
        (Layout::Athens, File::Info(version)) => format!("{module}/@v/{version}.info"),
        (Layout::Athens, File::Mod(version)) => format!("{module}/@v/{version}.mod"),
        (Layout::AthensFlat, File::Info(version)) => format!("{module}/{version}/{version}.info"),
        (Layout::AthensFlat, File::Mod(version)) => format!("{module}/{version}/go.mod"),
    };
    Some(format!("{}{name}", storage.key_prefix))
}

/// The key of `zip`.
pub fn zip_key(storage: &Storage, zip: &Zip) -> String {
    let Zip { module, version } = zip;
    let name = match storage.layout {
        Layout::Goproxy => zip.path(),
        Layout::Athens => format!("{module}/@v/{version}.zip"),
        Layout::AthensFlat => format!("{module}/{version}/source.zip"),
    };
    format!("{}{name}", storage.key_prefix)
}

/// The key under which the `.info` of `version` is kept aside. It is no module's, as no module path begins with an element without
/// a dot.
pub fn aside_key(storage: &Storage, module: &ModulePath, version: &Version) -> String {
    format!("{}aside/{}/{}.json", storage.key_prefix, module.escaped(), version.escaped())
}

/// What is kept of the licences of `version`. It is no module's either, in every layout.
fn license_name(module: &ModulePath, version: &Version) -> String {
    format!("license/{EDITION}/{}/{}.json", module.escaped(), version.escaped())
}

/// Which texts are known, as a number. NB: count up where licences are told that were not before, or otherwise: what an older one says is read
/// again in the zips, and not believed.
const EDITION: u8 = 1;

/// The key of a ledger of what was served, by its number. It is no module's either, and Athens passes over it.
pub fn served_key(storage: &Storage, ledger: u8) -> String {
    format!("{}served/{ledger:02}.txt", storage.key_prefix)
}

/// The key of what gateways remember of how old the log of the checksum database `sumdb` is. It is no module's either.
/// nginx as shipped takes no name that begins with a dot.
pub fn clock_key(storage: &Storage, sumdb: &str) -> String {
    format!("{}clock/{sumdb}", storage.key_prefix)
}

/// The key of what is likely to be asked for at `hour` of the week. It is no module's either.
pub fn forecast_key(storage: &Storage, hour: Hour) -> String {
    format!("{}forecast/{hour}.json", storage.key_prefix)
}

/// The key of what `writer` says at `stamp` of the versions that it has stored: no two writers have one name. It is no module's either.
/// The keys are in the order of their stamps.
pub fn feed_key(storage: &Storage, stamp: Timestamp, writer: &str) -> String {
    format!("{}{}-{writer}.ndjson", storage.key_prefix, before_feed_keys(stamp))
}

/// What is before the keys, below the configured prefix, of all that was said at `stamp` or later, and behind all others.
pub fn before_feed_keys(stamp: Timestamp) -> String {
    let time = stamp.rfc3339();
    let part = |range: std::ops::Range<usize>| time.get(range).unwrap_or_default();
    format!("{FEED}/{}/{}/{}/{}/{:015}", part(0..4), part(5..7), part(8..10), part(11..13), stamp.0)
}

/// When that was said which has this key below the configured prefix.
pub fn feed_stamp(key: &str) -> Option<Timestamp> {
    let name = key.rsplit_once('/')?.1.strip_suffix(".ndjson")?;
    name.split_once('-')?.0.parse().ok().map(Timestamp)
}

/// The key of the bulletin that the gateway with this place among those that share the storage has for the others. It is no module's either.
pub fn fleet_key(storage: &Storage, place: u8) -> String {
    format!("{}fleet/{place:02}.json", storage.key_prefix)
}

/// The key of a segment of the lines of feeds that it has read.
pub fn fleet_segment_key(storage: &Storage, place: u8, segment: u64) -> String {
    format!("{}fleet/{place:02}/{:02}.txt", storage.key_prefix, segment % SEGMENTS)
}

/// Whether a store of this kind can have an object of this name. Where it cannot, its answers say something of the name only.
pub fn can_name(storage: &Storage, key: &str) -> bool {
    match storage.dialect {
        // The bucket, where it is in the path, is no part of the name.
        Dialect::S3 => {
            let prefix = storage.endpoint.path_prefix.trim_start_matches('/');
            let below = prefix.split_once('/').map_or(0, |(_, below)| below.len() + 1);
            below + key.len() <= MAX_KEY
        }
        Dialect::Webdav => key.split('/').all(|element| element.len() <= MAX_ELEMENT),
    }
}

/// What the keys of all files of `module`'s versions begin with: a folder, with the slash at its end.
pub(super) fn versions_folder(storage: &Storage, module: &ModulePath) -> String {
    let name = match storage.layout {
        Layout::Goproxy => format!("{}/@v/", module.escaped()),
        Layout::Athens => format!("{module}/@v/"),
        Layout::AthensFlat => format!("{module}/"),
    };
    format!("{}{name}", storage.key_prefix)
}

/// Which file of a version is called `name` within [`versions_folder`], if one is, and that version as [`version_named`] reads it.
pub(super) fn version_file(layout: Layout, name: &str) -> Option<(&str, Part)> {
    match layout {
        Layout::AthensFlat => {
            let (version, file) = name.split_once('/')?;
            let part = match file {
                "go.mod" => Part::GoMod,
                "source.zip" => Part::Zip,
                _ if file.strip_suffix(".info") == Some(version) => Part::Info,
                _ => return None,
            };
            Some((version, part))
        }
        Layout::Athens | Layout::Goproxy => {
            let (version, extension) = name.rsplit_once('.')?;
            let part = match extension {
                "info" => Part::Info,
                "mod" => Part::GoMod,
                "zip" => Part::Zip,
                _ => return None,
            };
            Some((version, part))
        }
    }
}

/// The version that is written `name` in names of files.
pub(super) fn version_named(layout: Layout, name: &str) -> Option<Version> {
    match layout {
        Layout::Goproxy => Version::parse(&unescape_version(name).ok()?).ok(),
        Layout::Athens | Layout::AthensFlat => Version::parse(name).ok(),
    }
}

/// What the keys of a version's files begin with, where `key` is the key of one of them below the configured prefix; and which file it is.
pub(super) fn part_of(layout: Layout, key: &str) -> Option<(&str, Part)> {
    let (folder, behind) = match layout {
        Layout::Athens | Layout::Goproxy => {
            let at = key.rfind("/@v/")?;
            (at.checked_add("/@v/".len())?, key.get(at..)?.strip_prefix("/@v/")?)
        }
        Layout::AthensFlat => {
            let (version, _) = key.rsplit_once('/')?;
            let at = version.rfind('/')?.checked_add(1)?;
            (at, key.get(at..)?)
        }
    };
    let (version, part) = version_file(layout, behind)?;
    Some((key.get(..folder.checked_add(version.len())?)?, part))
}

/// The version whose keys begin with `stem`, as [`part_of`] has it.
pub(super) fn version_at(layout: Layout, stem: &str) -> Option<(ModulePath, Version)> {
    let module = |path: &str| match layout {
        Layout::Goproxy => ModulePath::unescape(path).ok(),
        Layout::Athens | Layout::AthensFlat => ModulePath::parse(path).ok(),
    };
    let (path, version) = match layout {
        Layout::Athens | Layout::Goproxy => stem.rsplit_once("/@v/")?,
        Layout::AthensFlat => stem.rsplit_once('/')?,
    };
    Some((module(path)?, version_named(layout, version)?))
}

/// The key of a checksum database's file, by its path below the database: as the go command keeps it in its own download cache,
/// in every layout. It is no module's, as no module path begins with an element without a dot, and Athens, which looks for
/// `.info`, passes over it.
fn sumdb_key(storage: &Storage, sumdb: &str, path: &str) -> String {
    format!("{}sumdb/{sumdb}/{path}", storage.key_prefix)
}

/// The folder of what says in which order versions came.
pub(super) const FEED: &str = "index";

/// Bytes of a key, in UTF-8 (Amazon S3 User Guide, "Naming Amazon S3 objects"); others have taken it over.
const MAX_KEY: usize = 1024;

/// Bytes of a file's name: `NAME_MAX` of ext4, XFS and most others. Neither nginx nor Apache has a longer name for what it is being
/// given.
const MAX_ELEMENT: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, goproxy::Target};

    fn storage(fields: &str) -> Storage {
        let text = format!(r#"{{"storage":{{"cluster":"s","url":"http://s"{fields}}}}}"#);
        Config::parse(&text).unwrap().storage.unwrap()
    }

    fn key(storage: &Storage, path: &str) -> Option<String> {
        match Target::parse(path).unwrap() {
            Target::Document(document) => document_key(storage, &document),
            Target::Zip(zip) => Some(zip_key(storage, &zip)),
            Target::Supported { .. } => None,
        }
    }

    #[test]
    fn each_layout_has_its_names() {
        let goproxy = storage("");
        let athens = storage(r#","layout":"athens""#);
        let flat = storage(r#","layout":"athens_flat","key_prefix":"go""#);
        let dir = "github.com/!burnt!sushi/toml";
        for (path, names) in [
            (
                "@v/v1.0.0.info",
                [
                    Some("github.com/!burnt!sushi/toml/@v/v1.0.0.info"),
                    Some("github.com/BurntSushi/toml/@v/v1.0.0.info"),
                    Some("go/github.com/BurntSushi/toml/v1.0.0/v1.0.0.info"),
                ],
            ),
            (
                "@v/v2.0.0+incompatible.mod",
                [
                    Some("github.com/!burnt!sushi/toml/@v/v2.0.0+incompatible.mod"),
                    Some("github.com/BurntSushi/toml/@v/v2.0.0+incompatible.mod"),
                    Some("go/github.com/BurntSushi/toml/v2.0.0+incompatible/go.mod"),
                ],
            ),
            (
                "@v/v1.0.0-!r!c1.zip",
                [
                    Some("github.com/!burnt!sushi/toml/@v/v1.0.0-!r!c1.zip"),
                    Some("github.com/BurntSushi/toml/@v/v1.0.0-RC1.zip"),
                    Some("go/github.com/BurntSushi/toml/v1.0.0-RC1/source.zip"),
                ],
            ),
            ("@v/list", [Some("github.com/!burnt!sushi/toml/@v/list"), None, None]),
            ("@latest", [Some("github.com/!burnt!sushi/toml/@latest"), None, None]),
            ("@v/master.info", [None; 3]),
        ] {
            let path = format!("{dir}/{path}");
            let keys = [&goproxy, &athens, &flat].map(|storage| key(storage, &path));
            assert_eq!(keys.each_ref().map(Option::as_deref), names, "{path}");
        }
        let module = ModulePath::parse("github.com/BurntSushi/toml").unwrap();
        let version = Version::parse("v1.0.0-RC1").unwrap();
        let aside = [&goproxy, &athens, &flat].map(|storage| aside_key(storage, &module, &version));
        let name = "aside/github.com/!burnt!sushi/toml/v1.0.0-!r!c1.json";
        assert_eq!(aside, [name.to_owned(), name.to_owned(), format!("go/{name}")]);
        let license = Document::Module { module: module.clone(), file: File::License(version.clone()) };
        let keys = [&goproxy, &flat].map(|storage| document_key(storage, &license).unwrap());
        let name = "license/1/github.com/!burnt!sushi/toml/v1.0.0-!r!c1.json";
        assert_eq!(keys, [name.to_owned(), format!("go/{name}")]);
        assert_eq!(served_key(&flat, 7), "go/served/07.txt");
        assert_eq!(fleet_key(&flat, 7), "go/fleet/07.json");
        assert_eq!(fleet_segment_key(&goproxy, 7, SEGMENTS + 3), "fleet/07/03.txt");
        assert_eq!(clock_key(&flat, "sum.golang.org/x"), "go/clock/sum.golang.org/x");
        let head = key(&flat, "sumdb/sum.golang.org/latest");
        assert_eq!(head.as_deref(), Some("go/sumdb/sum.golang.org/latest"));
    }
}
