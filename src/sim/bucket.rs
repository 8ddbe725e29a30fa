//! Uploads in parts, as S3 takes them: nothing of them is seen before they are completed.

use std::collections::BTreeMap;

/// The uploads that are neither completed nor aborted.
#[derive(Debug, Default)]
pub struct Bucket {
    open: BTreeMap<String, Upload>,
    begun: u32,
}

#[derive(Debug, Default)]
struct Upload {
    path: String,
    parts: BTreeMap<u32, Vec<u8>>,
}

/// What is answered, and the object that there is by it.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) etag: String,
    pub(super) body: String,
    pub(super) object: Option<Vec<u8>>,
}

impl Bucket {
    /// How many uploads are open.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// How many uploads were begun.
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// A request with a query; `is_there` says that an object is where none may be.
    pub(super) fn ask(
        &mut self,
        method: &str,
        path: &str,
        query: &str,
        body: &[u8],
        is_there: bool,
    ) -> Answer {
        let value = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        let Some(id) = value("uploadId") else {
            assert_eq!((method, query), ("POST", "uploads="));
            self.begun += 1;
            let id = format!("u{}", self.begun);
            let body = format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            );
            self.open.insert(id, Upload { path: path.to_owned(), parts: BTreeMap::new() });
            return Answer { status: 200, body, ..Answer::default() };
        };
        let Some(upload) = self.open.get_mut(&id) else { return error(404, "NoSuchUpload") };
        assert_eq!(upload.path, path);
        match (method, value("partNumber")) {
            ("PUT", Some(number)) => {
                upload.parts.insert(number.parse().unwrap(), body.to_vec());
                Answer { status: 200, etag: format!("\"part {number}\""), ..Answer::default() }
            }
            ("POST", None) if is_there => error(412, "PreconditionFailed"),
            ("POST", None) => {
                let numbers = upload.parts.keys().copied();
                assert!(numbers.eq(1..=upload.parts.len() as u32), "parts are missing");
                let all_but_last = upload.parts.len() - 1;
                let sizes: Vec<_> = upload.parts.values().map(Vec::len).take(all_but_last).collect();
                assert!(sizes.iter().all(|size| *size >= MIN_PART), "{sizes:?}");
                let object = upload.parts.values().flatten().copied().collect();
                self.open.remove(&id);
                let body = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>".to_owned();
                Answer { status: 200, body, object: Some(object), ..Answer::default() }
            }
            ("DELETE", None) => {
                self.open.remove(&id);
                Answer { status: 204, ..Answer::default() }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn error(status: u16, code: &str) -> Answer {
    Answer { status, body: format!("<Error><Code>{code}</Code></Error>"), ..Answer::default() }
}

/// S3 takes no smaller part but the last.
const MIN_PART: usize = 5 << 20;
