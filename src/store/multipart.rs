//! Multipart uploads of S3: a large object in parts, which no reader sees before all are put together.
//!
//! An upload that is begun takes up room until it is completed or aborted, or until a lifecycle rule of the bucket ends it
//! (`AbortIncompleteMultipartUpload`). Where the begin of an upload is never answered its id is unknown, so the rule is needed.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::{
    reply::{WriteFailure, Written, code, judge_write},
    request::{ONLY_NEW, path, query_value},
    xml::Answer,
};
use crate::{
    config::Storage,
    endpoint,
    http::{Body, Callout, Reply},
};

/// What the store calls an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadId(String);

/// What the store calls a part that it has taken: its `ETag`, with the quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartTag(String);

/// Begins an upload of `key`.
pub fn begin(storage: &Storage, key: &str, content_type: &str) -> Callout {
    let mut callout = request(storage, "POST", key, "uploads=");
    callout.headers.push(("content-type".to_owned(), content_type.to_owned()));
    callout
}

/// Uploads one part. Parts are numbered from 1, and all but the last have 5 MiB at least.
pub fn part(storage: &Storage, key: &str, upload: &UploadId, number: u32, body: Body) -> Callout {
    let query = format!("partNumber={number}&{}", upload.query());
    Callout { body, ..request(storage, "PUT", key, &query) }
}

/// Puts the parts together, in order, unless there is an object called `key` already.
pub fn complete<'a>(
    storage: &Storage,
    key: &str,
    upload: &UploadId,
    parts: impl Iterator<Item = &'a PartTag>,
) -> Callout {
    let mut body = format!("<CompleteMultipartUpload xmlns=\"{NAMESPACE}\">");
    for (number, PartTag(tag)) in (1..).zip(parts) {
        let tag = escape(tag.as_str());
        // Writing to a text does not fail.
        let _ = write!(
            body,
            "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>",
            number = number as u32
        );
    }
    body += "</CompleteMultipartUpload>";
    let mut callout = request(storage, "POST", key, &upload.query());
    callout.headers.push(("content-type".to_owned(), "application/xml".to_owned()));
    callout.headers.push(ONLY_NEW.map(str::to_owned).into());
    callout.body = body.into();
    callout
}

/// Has the store forget an upload and its parts.
pub fn abort(storage: &Storage, key: &str, upload: &UploadId) -> Callout {
    request(storage, "DELETE", key, &upload.query())
}

/// Reads the reply to [`begin`].
///
/// # Errors
/// What was wrong; there may be an upload all the same.
pub fn judge_begin(reply: &Reply) -> Result<UploadId, WriteFailure> {
    let Reply::Answered { status: 200, body, .. } = reply else { return Err(WriteFailure::of(reply)) };
    let answer = Answer::read(body).filter(|answer| answer.root == "InitiateMultipartUploadResult");
    let id = answer.as_ref().and_then(|answer| answer.field("UploadId")).unwrap_or_default();
    if (1..=MAX_ID_BYTES).contains(&id.len()) {
        Ok(UploadId(id.to_owned()))
    } else {
        Err(WriteFailure::bad("no upload id"))
    }
}

/// Reads the reply to [`part`].
///
/// # Errors
/// What was wrong; the part may be sent again under the same number.
pub fn judge_part(reply: &Reply) -> Result<PartTag, WriteFailure> {
    let Reply::Answered { status: 200, headers, .. } = reply else { return Err(WriteFailure::of(reply)) };
    match headers.first("etag") {
        Some(tag) if !tag.is_empty() => Ok(PartTag(tag.to_owned())),
        _ => Err(WriteFailure::bad("no etag")),
    }
}

/// Reads the reply to [`complete`]. S3 begins to answer 200 before it knows: the body says what came of it.
pub fn judge_complete(reply: &Reply) -> Written {
    let Reply::Answered { status: 200, headers, body } = reply else { return judge_write(reply) };
    if Answer::read(body).is_some_and(|answer| answer.root == "CompleteMultipartUploadResult") {
        return Written::Stored;
    }
    let status = match code(body).as_deref() {
        Some("PreconditionFailed") => 412,
        Some("ConditionalRequestConflict" | "OperationAborted") => 409,
        Some("InternalError" | "ServiceUnavailable" | "SlowDown") => 500,
        Some(_) => 400,
        None => return Written::Failed(WriteFailure::bad("neither a result nor an error")),
    };
    judge_write(&Reply::Answered { status, headers: headers.clone(), body: body.clone() })
}

/// Reads the reply to [`abort`]. An upload that is not there is one less to abort.
///
/// # Errors
/// What was wrong; the parts may be there still.
pub fn judge_abort(reply: &Reply) -> Result<(), WriteFailure> {
    match reply {
        Reply::Answered { status: 200 | 204 | 404, .. } => Ok(()),
        reply => Err(WriteFailure::of(reply)),
    }
}

impl UploadId {
    fn query(&self) -> String {
        format!("uploadId={}", query_value(&self.0))
    }
}

/// The names in a query are in alphabetical order, and each has an equals sign, as the signature needs it.
fn request(storage: &Storage, method: &'static str, key: &str, query: &str) -> Callout {
    endpoint::request(&storage.endpoint, method, format!("{}?{query}", path(storage, key)))
}

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Amazon's are some 130 bytes; what is to fit into a path is not without a limit.
const MAX_ID_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, http::Headers};

    fn storage() -> Storage {
        let text = r#"{"storage":{"cluster":"s","url":"http://s/b","dialect":"s3"}}"#;
        Config::parse(text).unwrap().storage.unwrap()
    }

    fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        Reply::Answered { status, headers: headers.iter().copied().collect::<Headers>(), body: body.into() }
    }

    fn id(text: &str) -> UploadId {
        let body = format!(
            "<InitiateMultipartUploadResult xmlns=\"{NAMESPACE}\"><Bucket>b</Bucket><UploadId>{}</UploadId>\
             </InitiateMultipartUploadResult>",
            escape(text)
        );
        judge_begin(&answered(200, &[], &body)).unwrap()
    }

    #[test]
    fn requests_are_spelled_as_they_are_signed() {
        let (storage, key, id) = (storage(), "a.com/m/@v/v1.0.0.zip", id("2~x/y+z=&"));
        let path = "/b/a.com/m/%40v/v1.0.0.zip";
        let escaped = "2~x%2Fy%2Bz%3D%26";

        let callout = begin(&storage, key, "application/zip");
        assert_eq!((callout.method, callout.path), ("POST", format!("{path}?uploads=")));
        assert!(callout.headers.contains(&("content-type".to_owned(), "application/zip".to_owned())));

        let callout = part(&storage, key, &id, 7, b"x".to_vec().into());
        assert_eq!((callout.method, &callout.body[..]), ("PUT", b"x".as_slice()));
        assert_eq!(callout.path, format!("{path}?partNumber=7&uploadId={escaped}"));

        let tags = ["\"a\"", "<b>"].map(|tag| judge_part(&answered(200, &[("ETag", tag)], "")).unwrap());
        let callout = complete(&storage, key, &id, tags.iter());
        assert_eq!((callout.method, callout.path), ("POST", format!("{path}?uploadId={escaped}")));
        assert!(callout.headers.contains(&("if-none-match".to_owned(), "*".to_owned())));
        let body = std::str::from_utf8(&callout.body).unwrap();
        assert!(body.contains("<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"), "{body}");
        assert!(body.contains("<PartNumber>2</PartNumber><ETag>&lt;b&gt;</ETag>"), "{body}");
        assert_eq!(Answer::read(body.as_bytes()).unwrap().root, "CompleteMultipartUpload");

        let callout = abort(&storage, key, &id);
        assert_eq!((callout.method, callout.path), ("DELETE", format!("{path}?uploadId={escaped}")));
    }

    #[test]
    fn an_answer_that_lacks_what_was_asked_for_is_trouble() {
        for body in
            ["", "<html></html>", "<InitiateMultipartUploadResult/>", "<Error><UploadId>1</UploadId></Error>"]
        {
            assert_eq!(
                judge_begin(&answered(200, &[], body)),
                Err(WriteFailure::bad("no upload id")),
                "{body}"
            );
        }
        assert_eq!(judge_part(&answered(200, &[], "")), Err(WriteFailure::bad("no etag")));
        assert_eq!(judge_begin(&answered(403, &[], "")).unwrap_err().outcome.as_str(), "refused");
    }

    #[test]
    fn a_good_status_alone_completes_nothing() {
        let error = |code| answered(200, &[], &format!("  <Error><Code>{code}</Code></Error>"));
        let result = "<?xml version=\"1.0\"?>\n <CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";
        assert_eq!(judge_complete(&answered(200, &[], result)), Written::Stored);
        assert_eq!(judge_complete(&error("PreconditionFailed")), Written::Exists);
        assert_eq!(judge_complete(&answered(412, &[], "")), Written::Exists);
        let passing = |reply: &Reply| match judge_complete(reply) {
            Written::Failed(trouble) => trouble.passing,
            other => panic!("{other:?}"),
        };
        assert!(passing(&error("InternalError")) && passing(&error("ConditionalRequestConflict")));
        assert!(passing(&answered(200, &[], "")) && !passing(&error("InvalidPart")));
        assert!(!passing(&answered(404, &[], "<Error><Code>NoSuchUpload</Code></Error>")));
    }

    #[test]
    fn what_is_gone_is_aborted() {
        assert_eq!(judge_abort(&answered(204, &[], "")), Ok(()));
        assert_eq!(judge_abort(&answered(404, &[], "")), Ok(()));
        assert!(judge_abort(&answered(500, &[], "")).unwrap_err().passing);
    }
}
