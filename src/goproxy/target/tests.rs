//! Which paths ask for something, and what is said of those that do not.

use super::{Document, File, SumdbFile, Target};
use crate::{
    config::Config,
    goproxy::{Place, Refusal, place},
    http::{Headers, RequestHead},
};

/// What the gateway makes of a raw path.
fn asked(path: &str) -> Result<Target, Refusal> {
    let head = RequestHead {
        method: "GET".to_owned(),
        authority: "proxy.test".to_owned(),
        path: path.to_owned(),
        headers: Headers::default(),
        properties: Vec::new(),
        ends: true,
    };
    let config = Config::parse(r#"{"upstreams": [{"cluster": "c", "url": "http://h"}]}"#).unwrap();
    match place(&head, &config.matching, &config.admin) {
        Place::Ours(path) => Target::parse(&path),
        Place::Refused(refusal) => Err(refusal),
        place => panic!("{path} is not ours: {place:?}"),
    }
}

fn query(path: &str) -> String {
    match asked(path) {
        Ok(Target::Document(Document::Module { file: File::Query(query), .. })) => query.to_string(),
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn a_query_that_the_go_command_sends_is_one() {
    for (path, want) in [
        ("/example.com/m/@v/master.info", "master"),
        ("/example.com/m/@v/%21r%21c.info", "RC"),
        ("/example.com/m/@v/RC.info", "RC"),
        ("/example.com/m/@v/a@b.info", "a@b"),
        ("/example.com/m/@v/a%40b.info", "a@b"),
        ("/example.com/m/@v/a%20b.info", "a b"),
        ("/example.com/m/@v/#1.info".replace('#', "%23").as_str(), "#1"),
        ("/example.com/m/@v/v1.info", "v1"),
        ("/example.com/m/@v/v1.2.info", "v1.2"),
        ("/example.com/m/@v/0123abcd.info", "0123abcd"),
        ("/example.com/m/@v/v2.0.0.info", "v2.0.0"),
        ("/example.com/m/@v/release-1.2.info?x=/@v/", "release-1.2"),
        ("/example.com/m/@v/a.zip.info", "a.zip"),
        ("/example.com/m/@v/list.info", "list"),
    ] {
        assert_eq!(query(path), want, "{path}");
    }
}

#[test]
fn what_names_nothing_is_not_found_and_why_is_said() {
    for (path, why) in [
        ("/example.com/m/@v/feature%2Fx.info", "'/' is not allowed"),
        ("/example.com/m/@v/feature/x.info", "'/' is not allowed"),
        ("/example.com/m/@v/feature/x.mod", "'/' is not allowed"),
        ("/example.com/m/@v/feature/x.zip", "'/' is not allowed"),
        ("/example.com/m/@v/a%5Cb.info", "is not allowed"),
        ("/example.com/m/@v/a:b.info", "':' is not allowed"),
        ("/example.com/m/@v/a%7Cb.info", "'|' is not allowed"),
        ("/example.com/m/@v/%E6%97%A5.info", "is not allowed"),
        ("/example.com/m/@v/nul.info", "reserved"),
        ("/example.com/m/@v/v1.0.0-!RC1.info", "RC1"),
        ("/example.com/m/@v/a!.info", "a!"),
        ("/example.com/m/@v/a..info", "ends with a dot"),
        ("/example.com/m/@v/.info", "empty"),
        ("/example.com/m/@v/.mod", "empty"),
        ("/example.com/m/@v/.zip", "empty"),
        ("/example.com/m/@v/a@b.mod", "canonical"),
        ("/example.com/m/@v/a@b.zip", "canonical"),
        ("/example.com/m/@v/master.mod", "canonical"),
        ("/example.com/m/@v/v1.zip", "canonical"),
        ("/example.com/m/@v/v1.0.0.ziphash", "list, <version>.info"),
        ("/example.com/m/@v/v1.0.0.lock", "list, <version>.info"),
        ("/example.com/m/@v/v1.0.0.INFO", "list, <version>.info"),
        ("/example.com/m/@v/v1.0.0.info/", "list, <version>.info"),
        ("/example.com/m/@v/v1.0.0", "list, <version>.info"),
        ("/example.com/m/@v/list/", "list, <version>.info"),
        ("/example.com/m/@v/list.txt", "list, <version>.info"),
        ("/example.com/m/@v/List", "list, <version>.info"),
        ("/example.com/m/@v/", "list, <version>.info"),
        ("/example.com/m/@v/?x", "list, <version>.info"),
        ("/example.com/m/@v", "names no module"),
        ("/example.com/m/@latest/", "names no module"),
        ("/@v/list", "names no module"),
        ("/@latest", "names no module"),
        ("/example.com/!Azure/@v/list", "!Azure"),
        ("/example.com/m%20n/@v/list", "' ' is not allowed"),
        ("/example.com/m@v1/@v/list", "'@' is not allowed"),
        ("/nodot/m/@v/list", "nodot/m"),
        ("/example.com/m/v1/@latest", "example.com/m/v1"),
        ("/sumdb/sum.test/lookup/nothing", "want <module>@<version>"),
        ("/sumdb/sum.test/lookup/example.com/m@master", "master"),
        ("/sumdb/sum.test/lookup/example.com/!M@v1.0.0", "!M"),
        ("/sumdb/sum.test/latest/1", "supported, latest"),
        ("/sumdb/sum.test/tile", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/4/0/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/1/0/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/30/0/000.p/1073741823", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/31/0/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/0/0/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/4/data/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/63/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/-1/000", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/0/0", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/0/x000/001", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/0/000.p/0", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/0/000.p/256", "tile/8/<level>"),
        ("/sumdb/sum.test/tile/8/0/000.p/999", "tile/8/<level>"),
    ] {
        match asked(path) {
            Err(Refusal::Unknown(reason)) => {
                assert!(reason.starts_with("not found: ") && reason.contains(why), "{path}: {reason}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_path_is_malformed() {
    for (path, why) in [
        ("/example.com/m/@v/%zz.info", "percent-escape"),
        ("/example.com/m/@v/a%", "percent-escape"),
        ("/example.com/m/@v/a%00.info", "control character"),
        ("/example.com/m/@v/a%0a.info", "control character"),
        ("/example.com/m/@v/a%ff.info", "UTF-8"),
        ("/example.com/../m/@v/list", "is not resolved"),
    ] {
        assert!(
            matches!(asked(path), Err(Refusal::Malformed(reason)) if reason.contains(why)),
            "{path}: {:?}",
            asked(path)
        );
    }
}

#[test]
fn a_tile_that_the_go_command_asks_for_is_one() {
    for tile in ["8/0/000", "8/0/x001/067.p/3", "8/data/000.p/1", "8/7/000.p/127"] {
        let got = asked(&format!("/sumdb/sum.test/tile/{tile}"));
        let want = SumdbFile::Tile(tile.to_owned());
        assert!(
            matches!(&got, Ok(Target::Document(Document::Sumdb { file, .. })) if *file == want),
            "{tile}: {got:?}"
        );
    }
}
