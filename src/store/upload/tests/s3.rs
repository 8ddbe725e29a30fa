//! A bucket.

use std::collections::BTreeMap;

use super::*;

/// A bucket: objects, and uploads of which nobody sees anything.
#[derive(Default)]
pub(super) struct S3 {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    begun: u32,
    /// What was asked, in order.
    pub(super) log: Vec<String>,
    /// Which request fails, how, and whether all of its kind do from there on.
    fail_at: Option<(usize, Fault, bool)>,
}

/// What may go wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// It does not arrive.
    Dropped,
    /// It is done, and the reply does not arrive.
    Lost,
    /// 403.
    Refused,
    /// 503.
    Slow,
}

impl Fault {
    pub(super) const ALL: [Self; 4] = [Self::Dropped, Self::Lost, Self::Refused, Self::Slow];
}

impl S3 {
    /// One whose request number `step` fails, and where it is `lasting` every later one of its kind.
    pub(super) fn failing(step: usize, fault: Fault, lasting: bool) -> Self {
        Self { fail_at: Some((step, fault, lasting)), ..Self::default() }
    }

    pub(super) fn object(&self, key: &str) -> Option<&Vec<u8>> {
        self.objects.get(key)
    }

    pub(super) fn put(&mut self, key: &str, bytes: &[u8]) {
        self.objects.insert(key.to_owned(), bytes.to_vec());
    }

    /// Uploads neither completed nor aborted.
    pub(super) fn uploads(&self) -> usize {
        self.uploads.len()
    }

    /// Answers all that an upload asks.
    pub(super) fn serve(&mut self, upload: &mut Upload) {
        while let Some((ordinal, callout)) = upload.next_call() {
            let reply = self.ask(&callout);
            upload.reply(ordinal, &reply);
        }
    }

    pub(super) fn ask(&mut self, callout: &Callout) -> Reply {
        let (path, query) = callout.path.split_once('?').unwrap_or((&callout.path, ""));
        let key = path.trim_start_matches('/').to_owned();
        let value = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        let (upload, part) = (value("uploadId"), value("partNumber"));
        let kind = match (callout.method, &upload, part.is_some()) {
            ("HEAD", None, _) => "HEAD",
            ("PUT", None, _) => "PUT",
            ("POST", None, _) => "BEGIN",
            ("PUT", Some(_), true) => "PART",
            ("POST", Some(_), _) => "COMPLETE",
            ("DELETE", Some(_), _) => "ABORT",
            other => panic!("{other:?}"),
        };
        let line = format!("{kind} {key}");
        let at = self.log.len();
        self.log.push(line.clone());
        let fault = self.fail_at.and_then(|(step, fault, lasting)| {
            let is_same_kind = self.log.get(step) == Some(&line);
            (at == step || lasting && at > step && is_same_kind).then_some(fault)
        });
        match fault {
            Some(Fault::Dropped) => return Reply::Failed(CallFailure::Dropped),
            Some(Fault::Refused) => return error(403, "AccessDenied"),
            Some(Fault::Slow) => return error(503, "SlowDown"),
            Some(Fault::Lost) | None => {}
        }
        let only_new = callout.headers.iter().any(|(name, value)| name == "if-none-match" && value == "*");
        let reply = match (kind, upload) {
            ("BEGIN", _) => self.begin(),
            ("HEAD", _) => answered(if self.objects.contains_key(&key) { 200 } else { 404 }, &[], ""),
            ("PUT", _) if only_new && self.objects.contains_key(&key) => error(412, "PreconditionFailed"),
            ("PUT", _) => {
                self.put(&key, &callout.body);
                answered(200, &[("etag", "\"e\"")], "")
            }
            (_, Some(id)) => {
                let number = part.map(|number| number.parse().unwrap());
                self.with_upload(kind, &key, &id, number, &callout.body)
            }
            (_, None) => panic!("{line}"),
        };
        if fault.is_some() { Reply::Failed(CallFailure::TimedOut) } else { reply }
    }

    fn begin(&mut self) -> Reply {
        self.begun += 1;
        let id = format!("id/{}", self.begun);
        let body = format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        self.uploads.insert(id.replace('/', "%2F"), BTreeMap::new());
        answered(200, &[], &body)
    }

    fn with_upload(&mut self, kind: &str, key: &str, id: &str, part: Option<u32>, body: &[u8]) -> Reply {
        let Some(parts) = self.uploads.get_mut(id) else { return error(404, "NoSuchUpload") };
        match (kind, part) {
            ("PART", Some(number)) => {
                parts.insert(number, body.to_vec());
                answered(200, &[("etag", &format!("\"{number}\""))], "")
            }
            ("ABORT", _) => {
                self.uploads.remove(id);
                answered(204, &[], "")
            }
            // As Amazon does where it takes long: the status is sent before it is known.
            _ if self.objects.contains_key(key) => error(200, "PreconditionFailed"),
            _ => {
                let named: String = (1..=parts.len())
                    .map(|n| format!("<Part><PartNumber>{n}</PartNumber><ETag>&quot;{n}&quot;</ETag></Part>"))
                    .collect();
                assert!(
                    std::str::from_utf8(body).unwrap().contains(&format!(">{named}</Complete")),
                    "all of them"
                );
                let last = parts.len() as u32;
                assert!(parts.iter().all(|(n, part)| *n == last || part.len() >= PART), "EntityTooSmall");
                let whole = parts.values().flatten().copied().collect();
                self.objects.insert(key.to_owned(), whole);
                self.uploads.remove(id);
                answered(200, &[], "<CompleteMultipartUploadResult/>")
            }
        }
    }
}

fn error(status: u16, code: &str) -> Reply {
    answered(status, &[], &format!("<Error><Code>{code}</Code></Error>"))
}

fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    Reply::Answered { status, headers: headers.iter().copied().collect::<Headers>(), body: body.into() }
}
