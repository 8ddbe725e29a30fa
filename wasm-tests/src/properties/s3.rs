//! S3: what a store answers to an upload in parts, and any store to what it has of a module.
//!
//! Input: the body of the answer, which is taken for one to each of the questions.

use std::sync::LazyLock;

use modgate::config::{Config, Dialect, Storage};
use modgate::gomod::{ModulePath, Version};
use modgate::http::{Callout, Headers, Reply};
use modgate::store::{self, Inventory, Stored, Turned, Written, multipart};

static STORAGE: LazyLock<Storage> = LazyLock::new(|| {
    let text = r#"{"storage":{"cluster":"s","url":"http://s/b","dialect":"s3"}}"#;
    Config::parse(text).expect("a configuration").storage.expect("a storage")
});

/// A store of each kind, and the status that its listings have.
static LISTED: LazyLock<Vec<(Storage, u16)>> = LazyLock::new(|| {
    let kinds = [
        (r#""dialect":"s3""#, 200),
        (r#""dialect":"s3","layout":"athens_flat""#, 200),
        (r#""listing":"autoindex""#, 200),
        (r#""listing":"propfind""#, 207),
        (r#""listing":"propfind","layout":"athens_flat""#, 207),
    ];
    let storage = |fields: &str| {
        let text = format!(r#"{{"storage":{{"cluster":"s","url":"http://s/b",{fields}}}}}"#);
        Config::parse(&text).expect("a configuration").storage.expect("a storage")
    };
    kinds.map(|(fields, status)| (storage(fields), status)).into()
});

static MODULE: LazyLock<ModulePath> =
    LazyLock::new(|| ModulePath::parse("example.com/m").expect("a module path"));

/// No answer panics; what is taken for an upload makes requests that can be sent and signed; no error is a success, and reasons
/// are one line.
pub fn check(input: &[u8]) {
    let reply = |status| Reply::Answered { status, headers: Headers::default(), body: input.to_vec() };
    let key = "example.com/m/@v/v1.0.0.zip";
    match multipart::judge_begin(&reply(200)) {
        Ok(id) => {
            assert_eq!(multipart::judge_begin(&reply(200)).as_ref(), Ok(&id), "read twice, it is the same");
            assert!(
                matches!(multipart::judge_complete(&reply(200)), Written::Failed(_)),
                "an upload is no object"
            );
            can_be_signed(&multipart::part(&STORAGE, key, &id, 1, Vec::new().into()));
            can_be_signed(&multipart::complete(&STORAGE, key, &id, [].iter()));
            can_be_signed(&multipart::abort(&STORAGE, key, &id));
        }
        Err(trouble) => is_one_line(&trouble.why),
    }
    match multipart::judge_complete(&reply(200)) {
        Written::Failed(trouble) => is_one_line(&trouble.why),
        Written::Stored => {
            assert!(!contains(input, b"</Error>") || contains(input, b"CompleteMultipartUploadResult"));
        }
        Written::Exists => assert!(contains(input, b"Error")),
    }
    for status in [403, 404, 503] {
        match store::judge_presence(&reply(status)) {
            Stored::Unavailable(why) => is_one_line(&why),
            Stored::Absent => assert_eq!(status, 404),
            said => panic!("{status}: {said:?}"),
        }
    }
    for (storage, status) in LISTED.iter() {
        match Inventory::of(storage, &MODULE).turn(&reply(*status)) {
            Turned::More(inventory) => {
                let callout = inventory.callout(storage);
                if storage.dialect == Dialect::Webdav {
                    // What is inside the folder of a version, which is one of this module's.
                    let folder = callout.path.strip_prefix("/b/example.com/m/").expect("below the module");
                    let version = folder.strip_suffix('/').expect("a folder").replace("%2B", "+");
                    assert!(Version::parse(&version).is_ok(), "{}", callout.path);
                    continue;
                }
                let (path, query) = callout.path.split_once('?').expect("a query");
                assert_eq!(path, "/b/");
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte);
                assert!(query.bytes().all(is_plain) && query.contains("&start-after="), "{query}");
            }
            Turned::Over(Stored::Present(list)) => {
                let list = String::from_utf8(list).expect("text");
                let versions: Vec<_> =
                    list.lines().map(|line| Version::parse(line).expect("a version")).collect();
                assert!(versions.is_sorted_by(|one, other| one < other), "{list}");
            }
            Turned::Over(Stored::Unavailable(why)) => is_one_line(&why),
            Turned::Over(said) => panic!("{said:?}"),
        }
    }
}

/// Nothing stands in the path and query that a signature would have escaped.
fn can_be_signed(callout: &Callout) {
    let (path, query) = callout.path.split_once('?').expect("a query");
    assert_eq!(path, "/b/example.com/m/%40v/v1.0.0.zip");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte);
    assert!(query.bytes().all(is_plain) && query.len() < 4096, "{query}");
    assert_eq!(query.matches("uploadId=").count(), 1, "{query}");
}

fn is_one_line(why: &str) {
    assert!(!why.is_empty() && !why.chars().any(char::is_control) && why.len() < 512, "{why:?}");
}

fn contains(input: &[u8], word: &[u8]) -> bool {
    input.windows(word.len()).any(|window| window == word)
}
