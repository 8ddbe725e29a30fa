//! Uploads into an S3 that is nothing but what S3 promises, with faults.

mod s3;

use self::s3::{Fault, S3};
use super::*;
use crate::{
    config::Config,
    http::{CallFailure, Headers},
};

/// S3 would have none so small; the rules are the same.
const PART: usize = 64;

fn storage(fields: &str) -> Storage {
    let text = format!(r#"{{"storage":{{"cluster":"s","url":"http://s",{fields}}}}}"#);
    Storage { part_bytes: PART as u32, ..Config::parse(&text).unwrap().storage.unwrap() }
}

fn upload() -> Upload {
    let storage = storage(r#""dialect":"s3""#);
    Upload::begin(&storage, "k".to_owned(), "application/zip", None, 0, Vec::new())
}

/// `length` bytes, none like those around it.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Pushes all of `bytes` as Envoy would, with the store answering at once.
fn push(upload: &mut Upload, s3: &mut S3, bytes: &[u8]) {
    for chunk in bytes.chunks(PART / 3) {
        upload.push(chunk);
        s3.serve(upload);
    }
}

#[test]
fn what_is_small_is_one_request_that_overwrites_nothing() {
    for length in [1, PART - 1, PART] {
        let (mut s3, mut upload, bytes) = (S3::default(), upload(), bytes(length));
        push(&mut upload, &mut s3, &bytes);
        assert_eq!(s3.log, Vec::<String>::new(), "nothing is sent before it is good");
        upload.commit();
        s3.serve(&mut upload);
        assert_eq!(upload.outcome(), Some(&UploadOutcome::Stored));
        assert_eq!(s3.log, ["PUT k"]);
        assert!(s3.object("k") == Some(&bytes), "{length}");
        assert_eq!(upload.held(), 0);
    }
}

#[test]
fn storage_has_as_much_time_for_a_request_as_it_would_have_for_parts() {
    for (length, seconds) in [(1, 5), (8 << 20, 5), ((8 << 20) + 1, 10), (128 << 20, 80)] {
        let webdav = storage(r#""dialect":"webdav","timeout":"5s""#);
        let mut upload = Upload::begin(&webdav, "k".to_owned(), "application/zip", None, 0, Vec::new());
        upload.widen(128 << 20, Some(length), Vec::new());
        upload.push(&vec![7; usize::try_from(length).unwrap()]);
        upload.commit();
        let (look, callout) = upload.next_call().unwrap();
        assert_eq!((callout.method, callout.timeout), ("HEAD", Duration::from_secs(5)));
        upload.reply(look, &Reply::Answered { status: 404, headers: Headers::default(), body: Vec::new() });
        let (_, callout) = upload.next_call().unwrap();
        assert_eq!((callout.method, callout.timeout), ("PUT", Duration::from_secs(seconds)), "{length}");
    }
}

#[test]
fn what_is_large_goes_in_parts_and_is_seen_when_it_is_good() {
    for (length, parts) in [(PART + 1, 2), (2 * PART, 2), (3 * PART + 7, 4)] {
        let (mut s3, mut upload, bytes) = (S3::default(), upload(), bytes(length));
        push(&mut upload, &mut s3, &bytes);
        assert!(upload.held() <= PART, "the store has the others");
        assert_eq!((s3.object("k"), s3.uploads()), (None, 1));
        upload.commit();
        s3.serve(&mut upload);
        assert_eq!(upload.outcome(), Some(&UploadOutcome::Stored));
        assert!(s3.object("k") == Some(&bytes), "{length}");
        assert_eq!(s3.log.iter().filter(|line| line.starts_with("PART")).count(), parts);
        assert!(s3.uploads() == 0 && !upload.has_leftovers());
    }
}

#[test]
fn what_is_not_good_is_never_seen() {
    for length in [0, 1, PART, PART + 1, 2 * PART + 1] {
        let (mut s3, mut upload) = (S3::default(), upload());
        push(&mut upload, &mut s3, &bytes(length));
        upload.abort();
        s3.serve(&mut upload);
        assert_eq!(upload.outcome(), Some(&UploadOutcome::Aborted));
        assert_eq!((s3.object("k"), s3.uploads()), (None, 0));
        // It stays given up.
        upload.push(b"x");
        upload.commit();
        assert!(upload.next_call().is_none() && upload.held() == 0);
    }
}

#[test]
fn an_upload_that_begins_after_all_is_given_up_too() {
    let (mut s3, mut upload) = (S3::default(), upload());
    upload.push(&bytes(PART + 1));
    let (ordinal, begin) = upload.next_call().unwrap();
    upload.abort();
    assert!(upload.next_call().is_none() && upload.outcome().is_none());
    let reply = s3.ask(&begin);
    upload.reply(ordinal, &reply);
    assert_eq!(s3.uploads(), 1);
    s3.serve(&mut upload);
    assert_eq!((upload.outcome(), s3.uploads()), (Some(&UploadOutcome::Aborted), 0));
}

#[test]
fn parts_on_their_way_are_waited_for_before_the_upload_is_given_up() {
    let (mut s3, mut upload) = (S3::default(), upload());
    upload.push(&bytes(3 * PART + 1));
    let (ordinal, begin) = upload.next_call().unwrap();
    upload.reply(ordinal, &s3.ask(&begin));
    let sent: Vec<_> = std::iter::from_fn(|| upload.next_call()).collect();
    assert_eq!(sent.len(), 2, "no more at once than configured");
    upload.abort();
    for (ordinal, part) in sent {
        assert!(upload.next_call().is_none());
        upload.reply(ordinal, &s3.ask(&part));
    }
    s3.serve(&mut upload);
    assert_eq!(s3.log.last().unwrap(), "ABORT k");
    assert_eq!((upload.outcome(), s3.uploads()), (Some(&UploadOutcome::Aborted), 0));
}

#[test]
fn an_object_that_is_there_stays_and_the_upload_goes() {
    for length in [1, PART + 1] {
        let (mut s3, mut upload) = (S3::default(), upload());
        push(&mut upload, &mut s3, &bytes(length));
        s3.put("k", b"theirs");
        upload.commit();
        s3.serve(&mut upload);
        assert_eq!(upload.outcome(), Some(&UploadOutcome::Exists));
        assert!(s3.object("k").is_some_and(|object| object == b"theirs"));
        assert_eq!(s3.uploads(), 0);
    }
}

#[test]
fn memory_is_bounded_while_the_store_takes_nothing() {
    let mut upload = upload();
    let most = 4 * PART;
    for chunk in bytes(5 * PART).chunks(PART / 3) {
        upload.push(chunk);
        assert!(upload.held() <= most);
    }
    assert!(upload.is_overrun());
    upload.commit();
    let Some(UploadOutcome::Failed(trouble)) = upload.outcome() else { panic!("{:?}", upload.outcome()) };
    assert_eq!((trouble.outcome.as_str(), upload.held()), ("overrun", 0));
}

#[test]
fn over_webdav_it_is_one_request_of_a_bounded_length() {
    let storage = storage(r#""dialect":"webdav""#);
    let begin = |total| Upload::begin(&storage, "k".to_owned(), "application/zip", total, 100, Vec::new());
    let (mut s3, mut upload) = (S3::default(), begin(Some(100)));
    upload.push(&bytes(60));
    upload.push(&bytes(40));
    assert!(upload.next_call().is_none());
    upload.commit();
    let mut there = upload.clone();
    let (ordinal, look) = upload.next_call().unwrap();
    upload.reply(ordinal, &s3.ask(&look));
    let (ordinal, put) = upload.next_call().unwrap();
    assert!(!put.headers.iter().any(|(name, _)| name == "if-none-match"));
    upload.reply(ordinal, &s3.ask(&put));
    assert_eq!((upload.outcome(), s3.object("k").map(Vec::len)), (Some(&UploadOutcome::Stored), Some(100)));

    s3.serve(&mut there);
    assert_eq!((there.outcome(), s3.log.last().unwrap().as_str()), (Some(&UploadOutcome::Exists), "HEAD k"));

    assert!(begin(Some(101)).is_overrun(), "it is known before the first byte");
    let mut upload = begin(None);
    upload.push(&bytes(100));
    assert!(!upload.is_overrun());
    upload.push(b"x");
    assert!(upload.is_overrun());
    upload.abort();
    assert_eq!(upload.outcome(), Some(&UploadOutcome::Aborted));
}

/// At every step of an upload of three parts, every fault, once and for ever.
#[test]
fn whatever_fails_nothing_half_is_seen_and_nothing_is_left() {
    let all = bytes(2 * PART + 1);
    let mut outcomes = Vec::new();
    for step in 0..6 {
        for fault in Fault::ALL {
            for lasting in [false, true] {
                let (mut s3, mut upload) = (S3::failing(step, fault, lasting), upload());
                push(&mut upload, &mut s3, &all);
                upload.commit();
                s3.serve(&mut upload);
                let what = format!("{fault:?} at {step}, lasting: {lasting}: {:?}", s3.log);
                let outcome = upload.outcome().unwrap_or_else(|| panic!("{what}"));
                match outcome {
                    UploadOutcome::Stored => assert!(s3.object("k") == Some(&all), "{what}"),
                    // The reply to the complete was lost, and the next one told.
                    UploadOutcome::Exists => {
                        assert!(s3.object("k") == Some(&all) && fault == Fault::Lost, "{what}");
                    }
                    UploadOutcome::Failed(_) => {
                        assert!(s3.object("k").is_none() || fault == Fault::Lost && step == 4, "{what}");
                    }
                    UploadOutcome::Aborted => panic!("{what}"),
                }
                // Of what was never told to have begun, nobody knows.
                let unknown = fault == Fault::Lost && step == 0;
                assert!(s3.uploads() == 0 || upload.has_leftovers() || unknown, "{what}");
                assert!(
                    lasting || !matches!(outcome, UploadOutcome::Failed(_)) || fault == Fault::Refused,
                    "{what}"
                );
                assert!(s3.log.len() <= 16, "{what}");
                outcomes.push(outcome.clone());
            }
        }
    }
    assert!(outcomes.contains(&UploadOutcome::Stored) && outcomes.contains(&UploadOutcome::Exists));
    assert!(outcomes.iter().any(|outcome| matches!(outcome, UploadOutcome::Failed(_))));
}

/// Replies in any order, and an end at any moment.
#[test]
fn replies_may_come_in_any_order() {
    let all = bytes(3 * PART + 9);
    for seed in 1..60_u64 {
        let mut random = seed;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let aborts = draw(2) == 0;
        let (mut s3, mut upload) = (S3::default(), upload());
        let mut chunks = all.chunks(PART / 2);
        let mut sent = Vec::new();
        while upload.outcome().is_none() {
            sent.extend(std::iter::from_fn(|| upload.next_call()));
            assert!(sent.len() <= 2);
            if draw(2) == 0 && !sent.is_empty() {
                let at = draw(sent.len() as u64) as usize;
                let (ordinal, callout): (u32, Callout) = sent.swap_remove(at);
                upload.reply(ordinal, &s3.ask(&callout));
            } else if aborts && draw(12) == 0 {
                upload.abort();
            } else if let Some(chunk) = chunks.next() {
                upload.push(chunk);
            } else if aborts {
                upload.abort();
            } else {
                upload.commit();
            }
        }
        assert_eq!(s3.uploads(), 0, "{:?}", s3.log);
        match upload.outcome() {
            Some(UploadOutcome::Stored) => assert!(s3.object("k") == Some(&all) && !aborts),
            Some(UploadOutcome::Aborted) => assert!(aborts && s3.object("k").is_none()),
            // The draw kept the store from answering.
            other => assert!(upload.is_overrun() && s3.object("k").is_none(), "{other:?}"),
        }
    }
}

#[test]
fn a_reply_to_nothing_changes_nothing() {
    let mut upload = upload();
    let before = upload.clone();
    upload.reply(7, &Reply::Failed(CallFailure::Broken));
    upload.reply(0, &Reply::Answered { status: 200, headers: Headers::default(), body: Vec::new() });
    assert_eq!(upload, before);
}
