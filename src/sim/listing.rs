//! What a store says it has, in the words of each kind.

use std::collections::BTreeSet;
use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// ListObjectsV2 of the objects at `paths`, where the bucket is at `bucket`: at most `most` of them.
pub(super) fn objects<'a>(
    bucket: &str,
    query: &str,
    paths: impl Iterator<Item = &'a str>,
    most: usize,
) -> String {
    let value = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.map(decoded).unwrap_or_default()
    };
    assert_eq!((value("list-type"), value("encoding-type")), ("2".to_owned(), "url".to_owned()));
    let (prefix, after) = (value("prefix"), value("start-after"));
    let keys: BTreeSet<String> = paths
        .filter_map(|path| path.strip_prefix(bucket))
        .map(decoded)
        .filter(|key| **key > *after)
        .collect();
    let keys: Vec<_> = keys.iter().filter(|key| key.starts_with(&prefix)).collect();
    let most = most.min(value("max-keys").parse().unwrap());
    let mut body = format!(
        "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"u\"><Prefix>{prefix}</Prefix><EncodingType>url</EncodingType>\
         <IsTruncated>{}</IsTruncated>",
        keys.len() > most
    );
    for key in keys.iter().take(most) {
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC);
        write!(body, "<Contents><Key>{key}</Key><Size>1</Size></Contents>").unwrap();
    }
    body + "</ListBucketResult>"
}

/// What is in the folder at `folder` (a path with a slash at its end), as nginx lists it; `None` where there is no such folder.
pub(super) fn autoindex<'a>(folder: &str, paths: impl Iterator<Item = &'a str>) -> Option<String> {
    let entries: Vec<_> = within(folder, paths)?
        .iter()
        .map(|name| match name.strip_suffix('/') {
            Some(name) => serde_json::json!({"name": name, "type": "directory"}),
            None => serde_json::json!({"name": name, "type": "file", "size": 1}),
        })
        .collect();
    Some(serde_json::Value::from(entries).to_string())
}

/// As [`autoindex`], as WebDAV has it.
pub(super) fn multistatus<'a>(folder: &str, paths: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut body =
        format!("<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{folder}</D:href></D:response>");
    for name in within(folder, paths)? {
        write!(body, "<D:response><D:href>{folder}{name}</D:href></D:response>").unwrap();
    }
    Some(body + "</D:multistatus>")
}

/// Names, those of folders with a slash.
fn within<'a>(folder: &str, paths: impl Iterator<Item = &'a str>) -> Option<BTreeSet<String>> {
    let folder = decoded(folder);
    let names: BTreeSet<String> = paths
        .filter_map(|path| decoded(path).strip_prefix(&folder).map(str::to_owned))
        .filter_map(|name| name.split_inclusive('/').next().map(str::to_owned))
        .collect();
    (!names.is_empty()).then_some(names)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}
