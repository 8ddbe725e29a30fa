//! The operations of S3 that Modgate uses; `s3s` answers all others with 501.

use std::sync::Arc;

use futures_util::StreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3 as Api, S3Request, S3Response, S3Result, s3_error};

use super::super::S3;
use super::{Object, Objects, Piece, State, Upload, blob, lock, object};

type Reply<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl Api for Objects {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Reply<PutObjectOutput> {
        let input = request.input;
        in_bucket(&input.bucket)?;
        let piece = self.receive(input.body, input.content_length).await?;
        let mut state = lock(&self.0.state);
        may_create(&state, &input.key, input.if_none_match.as_ref())?;
        let made = object(vec![piece], input.content_type);
        let e_tag = Some(ETag::Strong(made.tag.clone()));
        state.objects.insert(input.key, made);
        Ok(S3Response::new(PutObjectOutput { e_tag, ..Default::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Reply<GetObjectOutput> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key)?;
        let total = object.length();
        let range = input.range.map(|range| range.check(total)).transpose()?;
        let (from, to) = range.as_ref().map_or((0, total), |range| (range.start, range.end));
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(blob(&object, from, to)),
            content_length: Some(signed(to - from)?),
            content_range: range.map(|range| format!("bytes {}-{}/{total}", range.start, range.end - 1)),
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.tag)),
            last_modified: Some(object.modified.into()),
            ..Default::default()
        }))
    }

    async fn head_bucket(&self, _: S3Request<HeadBucketInput>) -> Reply<HeadBucketOutput> {
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Reply<HeadObjectOutput> {
        let object = self.find(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(signed(object.length())?),
            content_type: object.content_type,
            e_tag: Some(ETag::Strong(object.tag)),
            last_modified: Some(object.modified.into()),
            ..Default::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> Reply<DeleteObjectOutput> {
        in_bucket(&request.input.bucket)?;
        self.remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Reply<ListObjectsV2Output> {
        let input = request.input;
        in_bucket(&input.bucket)?;
        if input.continuation_token.is_some() || input.delimiter.is_some() {
            return Err(s3_error!(NotImplemented, "lists go on after a key, and are not grouped"));
        }
        let escaped = input.encoding_type.as_ref().is_some_and(|kind| kind.as_str() == EncodingType::URL);
        let prefix = input.prefix.unwrap_or_default();
        let after = input.start_after.unwrap_or_default();
        let wanted = input.max_keys.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let most = wanted.min(self.page());
        let state = lock(&self.0.state);
        let mut found = state.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
        let contents = found.by_ref().take(most).map(|(key, object)| listed(key, object, escaped));
        let contents = contents.collect::<S3Result<Vec<_>>>()?;
        Ok(S3Response::new(ListObjectsV2Output {
            is_truncated: Some(found.next().is_some()),
            key_count: i32::try_from(contents.len()).ok(),
            contents: Some(contents),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            prefix: Some(prefix),
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Reply<CreateMultipartUploadOutput> {
        let input = request.input;
        in_bucket(&input.bucket)?;
        // With characters that a query must escape: stores differ, AWS's own have `.`, `_` and `-`.
        let id = format!("{:08}.a_b-c/d+e==", self.turn());
        let upload =
            Upload { key: input.key.clone(), content_type: input.content_type, parts: Default::default() };
        lock(&self.0.state).uploads.insert(id.clone(), upload);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Reply<UploadPartOutput> {
        let input = request.input;
        if !(1..=10_000).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "part numbers are 1 to 10000"));
        }
        self.has_upload(&input.upload_id, &input.key)?;
        let piece = self.receive(input.body, input.content_length).await?;
        let e_tag = Some(ETag::Strong(piece.tag.clone()));
        let mut state = lock(&self.0.state);
        // Aborted while the part came in: AWS says the same.
        let upload = state.uploads.get_mut(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        upload.parts.insert(input.part_number, piece);
        Ok(S3Response::new(UploadPartOutput { e_tag, ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Reply<CompleteMultipartUploadOutput> {
        let input = request.input;
        self.has_upload(&input.upload_id, &input.key)?;
        let mut state = lock(&self.0.state);
        let upload = state.uploads.get(&input.upload_id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let made = object(assemble(upload, &listed)?, upload.content_type.clone());
        // Where it may not, the upload stays open: to abort it is the client's.
        may_create(&state, &input.key, input.if_none_match.as_ref())?;
        let e_tag = Some(ETag::Strong(made.tag.clone()));
        state.uploads.remove(&input.upload_id);
        state.objects.insert(input.key.clone(), made);
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag,
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Reply<AbortMultipartUploadOutput> {
        self.has_upload(&request.input.upload_id, &request.input.key)?;
        lock(&self.0.state).uploads.remove(&request.input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

impl Objects {
    fn find(&self, bucket: &str, key: &str) -> S3Result<Object> {
        in_bucket(bucket)?;
        lock(&self.0.state).objects.get(key).cloned().ok_or_else(|| s3_error!(NoSuchKey))
    }

    fn has_upload(&self, id: &str, key: &str) -> S3Result<()> {
        let state = lock(&self.0.state);
        let known = state.uploads.get(id).is_some_and(|upload| upload.key == key);
        if known { Ok(()) } else { Err(s3_error!(NoSuchUpload)) }
    }

    /// All of a body, or an error when it is not as long as its head says.
    async fn receive(&self, body: Option<StreamingBlob>, length: Option<i64>) -> S3Result<Arc<Piece>> {
        let mut piece = self.piece().map_err(|error| s3_error!(error, InternalError))?;
        if let Some(mut body) = body {
            while let Some(chunk) = body.next().await {
                let chunk = chunk.map_err(|_| s3_error!(IncompleteBody))?;
                piece.write(&chunk).map_err(|error| s3_error!(error, InternalError))?;
            }
        }
        let piece = piece.done();
        if length.is_some_and(|length| u64::try_from(length) != Ok(piece.length)) {
            return Err(s3_error!(IncompleteBody));
        }
        Ok(piece)
    }
}

fn in_bucket(bucket: &str) -> S3Result<()> {
    if bucket == S3::BUCKET { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
}

/// `If-None-Match: *` creates and never replaces.
fn may_create(state: &State, key: &str, condition: Option<&ETagCondition>) -> S3Result<()> {
    match condition {
        None => Ok(()),
        Some(condition) if !condition.is_any() => {
            Err(s3_error!(NotImplemented, "of If-None-Match, only * is known to a write"))
        }
        Some(_) if state.objects.contains_key(key) => Err(s3_error!(PreconditionFailed)),
        Some(_) => Ok(()),
    }
}

/// The parts that a client lists, in its order.
fn assemble(upload: &Upload, listed: &[CompletedPart]) -> S3Result<Vec<Arc<Piece>>> {
    let mut pieces: Vec<Arc<Piece>> = Vec::new();
    let mut last = 0;
    for part in listed {
        let number = part.part_number.unwrap_or_default();
        if number <= last {
            return Err(s3_error!(InvalidPartOrder));
        }
        last = number;
        let piece = upload.parts.get(&number).ok_or_else(|| s3_error!(InvalidPart))?;
        if part.e_tag.as_ref().is_none_or(|tag| tag.value() != piece.tag) {
            return Err(s3_error!(InvalidPart));
        }
        if pieces.last().is_some_and(|before| before.length < LEAST_PART) {
            return Err(s3_error!(EntityTooSmall));
        }
        pieces.push(Arc::clone(piece));
    }
    if pieces.is_empty() { Err(s3_error!(MalformedXML)) } else { Ok(pieces) }
}

fn listed(key: &str, object: &Object, escaped: bool) -> S3Result<s3s::dto::Object> {
    let key =
        if escaped { utf8_percent_encode(key, NON_ALPHANUMERIC).to_string() } else { key.to_owned() };
    Ok(s3s::dto::Object {
        e_tag: Some(ETag::Strong(object.tag.clone())),
        key: Some(key),
        last_modified: Some(object.modified.into()),
        size: Some(signed(object.length())?),
        ..Default::default()
    })
}

fn signed(length: u64) -> S3Result<i64> {
    i64::try_from(length).map_err(|error| s3_error!(error, InternalError))
}

/// Of every part but the last: docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html.
const LEAST_PART: u64 = 5 << 20;
