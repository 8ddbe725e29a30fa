//! S3: what a store answers to an upload in parts.
//!
//! Input: the body of the answer, which is taken for one to each of the questions.

use std::sync::LazyLock;

use modgate::config::{Config, Storage};
use modgate::http::{Callout, Headers, Reply};
use modgate::store::{self, Stored, Written, multipart};

static STORAGE: LazyLock<Storage> = LazyLock::new(|| {
    let text = r#"{"storage":{"cluster":"s","url":"http://s/b","dialect":"s3"}}"#;
    Config::parse(text).expect("a configuration").storage.expect("a storage")
});

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
