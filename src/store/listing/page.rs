//! One page of a listing, as each kind of store writes it.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::store::xml;

/// Some of what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Page {
    /// Keys of objects, or names in a folder without what they are below, unescaped.
    pub(in crate::store) names: Vec<String>,
    /// Whether there are others after the last of these.
    pub(in crate::store) more: bool,
}

/// Reads an answer to ListObjectsV2.
pub(in crate::store) fn objects(body: &[u8]) -> Result<Page, &'static str> {
    const NO_LIST: &str = "bad answer: no list of objects";
    let mut page = Page { names: Vec::new(), more: false };
    let (mut escaped, mut is_list) = (false, false);
    is_small(body)?;
    xml::read(body, MAX_BYTES, |outer, name, text| match (outer, name) {
        ([], "ListBucketResult") => is_list = true,
        ([_], "EncodingType") => escaped = text == "url",
        ([_], "IsTruncated") => page.more = text == "true",
        ([_, object], "Key") if object.name == "Contents" => page.names.push(text.to_owned()),
        _ => {}
    })
    .filter(|()| is_list)
    .ok_or(NO_LIST)?;
    // It is not said before the keys are. Where they are escaped a `+` is a blank, which is in no name that is looked for,
    // to some stores, and itself to others.
    if escaped {
        for name in &mut page.names {
            *name = unescape(name).ok_or(NO_LIST)?;
        }
    }
    Ok(page)
}

/// Reads a folder as nginx lists it with `autoindex_format json`.
pub(in crate::store) fn autoindex(body: &[u8]) -> Result<Page, &'static str> {
    #[derive(Deserialize)]
    struct Entry {
        name: String,
    }
    is_small(body)?;
    if body.trim_ascii_start().starts_with(b"<") {
        return Err("it lists folders as web pages: they must be JSON (nginx: `autoindex_format json`)");
    }
    let entries: Vec<Entry> = serde_json::from_slice(body)
        .map_err(|_| "bad answer: it lists folders, but not as JSON with names")?;
    let names = entries.into_iter().map(|entry| entry.name).collect();
    Ok(Page { names, more: false })
}

/// Reads what is in `folder`, a key that ends in a slash, from an answer to PROPFIND (RFC 4918, section 13). The folder itself is
/// in it as well.
pub(in crate::store) fn multistatus(body: &[u8], folder: &str) -> Result<Page, &'static str> {
    const NO_LIST: &str = "bad answer: no multi-status of a folder";
    let mut names = Vec::new();
    let mut is_list = false;
    is_small(body)?;
    xml::read(body, MAX_BYTES, |outer, name, text| match (outer, name) {
        ([], "multistatus") => is_list = true,
        ([_, response], "href") if response.name == "response" => names.extend(within(folder, text)),
        _ => {}
    })
    .filter(|()| is_list)
    .ok_or(NO_LIST)?;
    Ok(Page { names, more: false })
}

/// The name in `folder` of what an `href` leads to: a URL, or its path. Proxies in between may have changed what comes before.
fn within(folder: &str, href: &str) -> Option<String> {
    let path = unescape(href.trim())?;
    let path = path.strip_suffix('/').unwrap_or(&path);
    let name = path.get(path.rfind('/')?.checked_add(1)?..)?;
    path.strip_suffix(name)?.ends_with(folder).then(|| name.to_owned())
}

fn unescape(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

fn is_small(body: &[u8]) -> Result<(), &'static str> {
    if body.len() > MAX_BYTES { Err("its listing is larger than 4 MiB") } else { Ok(()) }
}

/// 4 MiB: what takes longer to read would be felt by all other requests of the worker. 14,000 versions in nginx's words.
pub(in crate::store) const MAX_BYTES: usize = 4 << 20;
