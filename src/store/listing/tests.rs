//! Listings: what is asked, and what is made of every kind of answer.

use super::{MAX_PAGES, PROPFIND, Stored, Turned, page::MAX_BYTES};
use crate::{
    config::{Config, Storage},
    gomod::ModulePath,
    http::{CallFailure, Callout, Headers, Reply},
    store::Inventory,
};

fn storage(fields: &str) -> Storage {
    let text = format!(r#"{{"storage":{{"cluster":"s",{fields}}}}}"#);
    Config::parse(&text).unwrap().storage.unwrap()
}

fn inventory(storage: &Storage, module: &str) -> Inventory {
    Inventory::of(storage, &ModulePath::parse(module).unwrap())
}

fn answered(status: u16, body: &str) -> Reply {
    Reply::Answered { status, headers: Headers::default(), body: body.into() }
}

fn over(turned: Turned) -> Result<String, String> {
    match turned {
        Turned::Over(Stored::Present(list)) => Ok(String::from_utf8(list).unwrap()),
        Turned::Over(Stored::Unavailable(why)) => Err(why),
        other => panic!("{other:?}"),
    }
}

fn objects(keys: &[&str], more: bool) -> Reply {
    let keys: String = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    answered(
        200,
        &format!("<ListBucketResult xmlns=\"u\"><IsTruncated>{more}</IsTruncated>{keys}</ListBucketResult>"),
    )
}

fn asked(callout: &Callout) -> (&str, &str) {
    (callout.method, &callout.path)
}

const S3: &str = r#""url":"http://s/b","dialect":"s3""#;
const M: &str = "example.com/m";

#[test]
fn questions_are_spelled_as_they_are_signed() {
    let query = |fields: &str, module| {
        let storage = storage(fields);
        let callout = inventory(&storage, module).callout(&storage);
        assert_eq!(callout.method, "GET");
        let (path, query) = callout.path.split_once('?').unwrap();
        let rest = query.strip_prefix("encoding-type=url&list-type=2&max-keys=1000&prefix=").unwrap();
        (path.to_owned(), rest.to_owned())
    };
    for (fields, module, path, prefix) in [
        (r#""url":"http://s/b""#, "github.com/A/m", "/b/", "github.com%2F%21a%2Fm%2F%40v%2Fv"),
        (r#""url":"http://b.s","key_prefix":"go""#, M, "/", "go%2Fexample.com%2Fm%2F%40v%2Fv"),
        (r#""url":"http://s/b","layout":"athens""#, "github.com/A/m", "/b/", "github.com%2FA%2Fm%2F%40v%2Fv"),
        (r#""url":"http://s/b","layout":"athens_flat""#, M, "/b/", "example.com%2Fm%2Fv"),
    ] {
        let fields = format!(r#"{fields},"dialect":"s3""#);
        assert_eq!(query(&fields, module), (path.to_owned(), prefix.to_owned()), "{fields}");
    }
    let webdav = storage(r#""url":"http://s/x","key_prefix":"go""#);
    let callout = inventory(&webdav, "github.com/A/m").callout(&webdav);
    assert_eq!(asked(&callout), ("GET", "/x/go/github.com/%21a/m/@v/"));
    let dav = storage(r#""url":"http://s","listing":"propfind","layout":"athens_flat""#);
    let callout = inventory(&dav, "github.com/A/m").callout(&dav);
    assert_eq!(asked(&callout), ("PROPFIND", "/github.com/A/m/"));
    assert!(callout.headers.contains(&("depth".to_owned(), "1".to_owned())));
    assert_eq!(&callout.body[..], PROPFIND.as_bytes());
}

#[test]
fn a_version_is_there_with_all_of_its_files_in_every_layout() {
    // v1.10.0 sorts behind v1.9.0; of v1.1.0 there is no zip; v2.0.0 is another module's.
    let goproxy = [
        "example.com/m/@v/v1.10.0.info",
        "example.com/m/@v/v1.10.0.mod",
        "example.com/m/@v/v1.10.0.zip",
        "example.com/m/@v/v1.1.0.info",
        "example.com/m/@v/v1.1.0.mod",
        "example.com/m/@v/v1.1.0.ziphash",
        "example.com/m/@v/v1.9.0-!r!c1.info",
        "example.com/m/@v/v1.9.0-!r!c1.mod",
        "example.com/m/@v/v1.9.0-!r!c1.zip",
        "example.com/m/@v/v2.0.0+incompatible.info",
        "example.com/m/@v/v2.0.0+incompatible.mod",
        "example.com/m/@v/v2.0.0+incompatible.zip",
        "example.com/m/@v/v2.0.0.info",
        "example.com/m/@v/v2.0.0.mod",
        "example.com/m/@v/v2.0.0.zip",
        "example.com/m/@v/v0.0.0-20240102030405-abcdefabcdef.info",
        "example.com/m/@v/v0.0.0-20240102030405-abcdefabcdef.mod",
        "example.com/m/@v/v0.0.0-20240102030405-abcdefabcdef.zip",
        "example.com/m/@v/v1.info",
        "example.com/m/@v/v1.info/v1.3.0.info",
        "example.com/other/@v/v1.4.0.info",
    ];
    let all = "v0.0.0-20240102030405-abcdefabcdef\nv1.9.0-RC1\nv1.10.0\nv2.0.0+incompatible\n";
    let athens = goproxy.map(|key| key.replace("!r!c", "RC"));
    let flat = athens.each_ref().map(|key| {
        let (folder, version) = key.split_once("/@v/").unwrap();
        let (version, extension) = version.rsplit_once('.').unwrap();
        let file = match extension {
            "info" => format!("{version}.info"),
            "mod" => "go.mod".to_owned(),
            "zip" => "source.zip".to_owned(),
            _ => "x".to_owned(),
        };
        format!("{folder}/{version}/{file}")
    });
    for (layout, keys) in [("goproxy", goproxy.map(str::to_owned)), ("athens", athens), ("athens_flat", flat)]
    {
        let s3 = storage(&format!(r#"{S3},"layout":"{layout}""#));
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let list = over(inventory(&s3, M).turn(&objects(&keys, false)));
        assert_eq!(list.as_deref(), Ok(all), "{layout}");
    }
}

#[test]
fn pages_are_put_together() {
    let s3 = storage(S3);
    let page = |keys: &[&str], more| {
        let Reply::Answered { status, headers, body } = objects(keys, more) else { panic!() };
        let body = String::from_utf8(body).unwrap().replace("<Is", "<EncodingType>url</EncodingType><Is");
        Reply::Answered { status, headers, body: body.into() }
    };
    let first = [
        "example.com/m/%40v/v1.0.0.info",
        "example.com/m/%40v/v1.0.0.mod",
        "example.com/m/%40v/v1.0.0.zip",
        "example.com/m/%40v/v2.0.0%2Bincompatible.info",
    ];
    let Turned::More(more) = inventory(&s3, M).turn(&page(&first, true)) else { panic!() };
    let callout = more.callout(&s3);
    assert!(
        callout.path.ends_with("v&start-after=example.com%2Fm%2F%40v%2Fv2.0.0%2Bincompatible.info"),
        "{}",
        callout.path
    );
    // Not all stores escape a `+`.
    let last = ["example.com/m/%40v/v2.0.0+incompatible.mod", "example.com/m/%40v/v2.0.0+incompatible.zip"];
    let list = over(more.clone().turn(&page(&last, false)));
    assert_eq!(list.as_deref(), Ok("v1.0.0\nv2.0.0+incompatible\n"));
    for stuck in [&first[..], &[]] {
        let why = over(more.clone().turn(&page(stuck, true))).unwrap_err();
        assert!(why.contains("names no next page"), "{why}");
    }
}

#[test]
fn a_module_with_too_many_objects_is_said_to_be_one() {
    let s3 = storage(S3);
    let mut inventory = inventory(&s3, M);
    for page in 1..=MAX_PAGES {
        let key = format!("example.com/m/@v/v1.0.{page:03}.info");
        match inventory.turn(&objects(&[&key], true)) {
            Turned::More(more) if page < MAX_PAGES => inventory = more,
            turned => {
                assert_eq!(page, MAX_PAGES);
                let why = over(turned).unwrap_err();
                return assert_eq!(why, "it has more than 64000 objects for this module");
            }
        }
    }
    panic!("no end");
}

#[test]
fn folders_are_listed_in_two_ways() {
    let nginx = storage(r#""url":"http://s/x""#);
    let body = r#"[
        { "name":"v1.0.0.info", "type":"file", "mtime":"Tue, 02 Jan 2024 03:04:05 GMT", "size":50 },
        { "name":"v1.0.0.mod", "type":"file" }, { "name":"list", "type":"file" }, {"name":"v1.0.0.zip"}
    ]"#;
    assert_eq!(over(inventory(&nginx, M).turn(&answered(200, body))).as_deref(), Ok("v1.0.0\n"));

    let dav = storage(r#""url":"http://s/x","listing":"propfind""#);
    let hrefs = [
        "/x/example.com/m/@v/",
        "/x/example.com/m/%40v/v1.0.0.info",
        "http://s/x/example.com/m/@v/v1.0.0.mod",
        "\n /y/example.com/m/@v/v1.0.0.zip\n",
        "/x/example.com/m/@v/below/v1.0.1.info",
    ];
    let body = |hrefs: &[&str]| {
        let response = |href| {
            format!(
                "<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:resourcetype/></D:prop>\
                 <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
            )
        };
        let responses: String = hrefs.iter().map(response).collect();
        format!("<?xml version=\"1.0\"?>\n<D:multistatus xmlns:D=\"DAV:\">{responses}</D:multistatus>")
    };
    let list = over(inventory(&dav, M).turn(&answered(207, &body(&hrefs))));
    assert_eq!(list.as_deref(), Ok("v1.0.0\n"));
    assert_eq!(over(inventory(&dav, M).turn(&answered(404, ""))).as_deref(), Ok(""));

    let hrefs = ["/example.com/m/", "/example.com/m/v1.0.0/", "/example.com/m/v2/"];
    let dav = storage(r#""url":"http://s","layout":"athens_flat","listing":"propfind""#);
    let Turned::More(inside) = inventory(&dav, M).turn(&answered(207, &body(&hrefs))) else { panic!() };
    assert_eq!(asked(&inside.callout(&dav)), ("PROPFIND", "/example.com/m/v1.0.0/"));
    let hrefs =
        ["", "go.mod", "source.zip", "v1.0.0.info"].map(|name| format!("/example.com/m/v1.0.0/{name}"));
    let list = over(inside.turn(&answered(207, &body(&hrefs.each_ref().map(String::as_str)))));
    assert_eq!(list.as_deref(), Ok("v1.0.0\n"));
}

#[test]
fn a_folder_of_a_version_is_looked_into() {
    let nginx = storage(r#""url":"http://s","layout":"athens_flat""#);
    let folders = ["v2.0.0+incompatible", "v1.0.0", "v1.1.0", "v1.2.0", "v2", "sub", "v2.0.0"];
    let names = |names: &[&str]| {
        let entries: Vec<String> = names.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
        answered(200, &format!("[{}]", entries.join(",")))
    };
    let mut turned = inventory(&nginx, M).turn(&names(&folders));
    let mut looked = Vec::new();
    while let Turned::More(inside) = turned {
        let path = inside.callout(&nginx).path;
        turned = inside.turn(&match path.as_str() {
            "/example.com/m/v1.0.0/" => names(&["go.mod", "source.zip", "v1.0.0.info"]),
            // What go has looked at, and never downloaded.
            "/example.com/m/v1.1.0/" => names(&["go.mod"]),
            "/example.com/m/v2.0.0+incompatible/" => {
                names(&["v2.0.0+incompatible.info", "go.mod", "source.zip"])
            }
            // It was removed a moment ago.
            _ => answered(404, ""),
        });
        looked.push(path);
    }
    assert_eq!(over(turned).as_deref(), Ok("v1.0.0\nv2.0.0+incompatible\n"));
    assert_eq!(looked.len(), 5, "{looked:?}");

    let Turned::More(inside) = inventory(&nginx, M).turn(&names(&folders)) else { panic!() };
    let why = over(inside.turn(&answered(500, ""))).unwrap_err();
    assert!(why.contains("it answered 500"), "{why}");
}

#[test]
fn no_folder_is_told_from_a_server_that_lists_none() {
    let nginx = storage(r#""url":"http://s/x""#);
    let Turned::More(root) = inventory(&nginx, M).turn(&answered(404, "")) else { panic!() };
    assert_eq!(asked(&root.callout(&nginx)), ("GET", "/x/"));
    let others = r#"[{"name":"example.com"}]"#;
    assert_eq!(over(root.clone().turn(&answered(200, others))).as_deref(), Ok(""));
    let why = over(root.turn(&answered(404, ""))).unwrap_err();
    assert!(why.contains("autoindex_format json"), "{why}");
}

#[test]
fn what_is_no_listing_says_what_to_look_at() {
    let large = format!("[{}", " ".repeat(MAX_BYTES));
    for (fields, reply, want) in [
        (S3, answered(403, "<Error><Code>AccessDenied</Code></Error>"), "s3:ListBucket"),
        (S3, answered(404, "<Error><Code>NoSuchKey</Code></Error>"), "storage.key_prefix"),
        (S3, answered(404, "<Error><Code>NoSuchBucket</Code></Error>"), "(NoSuchBucket)"),
        (S3, answered(200, ""), "no list of objects"),
        (S3, answered(200, "<html></html>"), "no list of objects"),
        (S3, objects(&["a"], false), ""),
        (S3, Reply::Failed(CallFailure::TimedOut), "did not answer in time"),
        (r#""url":"http://s""#, answered(200, "<html>"), "autoindex_format json"),
        (r#""url":"http://s""#, answered(200, "{}"), "not as JSON"),
        (r#""url":"http://s""#, answered(200, &large), "larger than 4 MiB"),
        (r#""url":"http://s""#, answered(403, ""), "autoindex on"),
        (r#""url":"http://s""#, answered(500, ""), "it answered 500"),
        (r#""url":"http://s","listing":"propfind""#, answered(405, ""), "`storage.listing`"),
        (r#""url":"http://s","listing":"propfind""#, answered(200, "[]"), "it answered 200"),
        (r#""url":"http://s","listing":"propfind""#, answered(207, "[]"), "no multi-status"),
    ] {
        match (over(inventory(&storage(fields), M).turn(&reply)), want) {
            (Ok(list), "") => assert_eq!(list, ""),
            (Err(why), want) => assert!(!want.is_empty() && why.contains(want), "{want}: {why}"),
            (Ok(list), want) => panic!("{want}: {list:?}"),
        }
    }
}
