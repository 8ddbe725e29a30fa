use zlib_rs::{Deflate, DeflateFlush, Status};

use super::*;

/// `content` as a server encodes it; windows of 15 bits are deflate's, of 31 gzip's.
fn encoded(content: &[u8], window: u8) -> Vec<u8> {
    let mut deflate = Deflate::new(6, true, window);
    let mut packed = vec![0; content.len() + 1000];
    assert_eq!(deflate.compress(content, &mut packed, DeflateFlush::Finish), Ok(Status::StreamEnd));
    packed.truncate(usize::try_from(deflate.total_out()).unwrap());
    packed
}

fn headers(coding: &str) -> Headers {
    [("content-encoding", coding)].into_iter().collect()
}

fn decode(coding: &str, body: &[u8], most: usize) -> Result<Option<Vec<u8>>, BadCoding> {
    Decoder::of(&headers(coding), body, most)?.map(Decoder::whole).transpose()
}

#[test]
fn what_is_encoded_once_is_decoded() {
    let text = b"v1.0.0\nv1.1.0\n".repeat(1000);
    let gzip = encoded(&text, 31);
    let deflate = encoded(&text, 15);
    for (coding, body) in [
        ("gzip", &gzip),
        ("GZIP", &gzip),
        ("x-gzip", &gzip),
        (" gzip ", &gzip),
        ("identity, gzip", &gzip),
        ("gzip,", &gzip),
        ("deflate", &deflate),
    ] {
        assert_eq!(decode(coding, body, text.len()), Ok(Some(text.clone())), "{coding}");
        for slice in [1, 7, 1000, 100_000] {
            let mut decoder = Decoder::of(&headers(coding), body, text.len()).unwrap().unwrap();
            let mut slices = 1;
            while !decoder.work(slice).unwrap() {
                slices += 1;
            }
            assert!(slices >= body.len() / slice, "{coding} {slice}");
            assert_eq!(decoder.finish(), text, "{coding} {slice}");
        }
    }
    // One gzip after the other is one.
    let two = [encoded(b"v1.0.0\n", 31), encoded(b"", 31), encoded(b"v1.1.0\n", 31)].concat();
    assert_eq!(decode("gzip", &two, 100), Ok(Some(b"v1.0.0\nv1.1.0\n".to_vec())));
    // Nothing is encoded, or there is nothing.
    for coding in ["", "identity", "Identity, "] {
        assert_eq!(decode(coding, b"v1.0.0\n", 100), Ok(None), "{coding}");
    }
    assert_eq!(decode("gzip", b"", 100), Ok(None));
}

#[test]
fn what_is_not_decoded_says_why() {
    let good = encoded(b"v1.0.0\n", 31);
    let changed = |at: usize| {
        let mut body = good.clone();
        body[at] ^= 1;
        body
    };
    let (sum, length) = (good.len() - 8, good.len() - 4);
    for (coding, body, want) in [
        ("gzip", b"v1.0.0\n".to_vec(), BadCoding::Corrupt(GZIP)),
        ("gzip", changed(0), BadCoding::Corrupt(GZIP)),
        ("gzip", changed(sum), BadCoding::Corrupt(GZIP)),
        ("gzip", changed(length), BadCoding::Corrupt(GZIP)),
        ("gzip", [good.as_slice(), b"\n\n"].concat(), BadCoding::Corrupt(GZIP)),
        ("gzip", [good.as_slice(), &good[..5]].concat(), BadCoding::Cut(GZIP)),
        ("deflate", good.clone(), BadCoding::Corrupt(DEFLATE)),
        ("deflate", [encoded(b"v1.0.0\n", 15), b"x".to_vec()].concat(), BadCoding::Corrupt(DEFLATE)),
        ("br", good.clone(), BadCoding::Unknown("br".to_owned())),
        ("zstd", good.clone(), BadCoding::Unknown("zstd".to_owned())),
        ("gzip, gzip", good.clone(), BadCoding::Stacked("gzip, gzip".to_owned())),
        ("gzip, br", good.clone(), BadCoding::Stacked("gzip, br".to_owned())),
    ] {
        assert_eq!(decode(coding, &body, 100), Err(want), "{coding}");
    }
    for end in 1..good.len() {
        assert_eq!(decode("gzip", &good[..end], 100), Err(BadCoding::Cut(GZIP)), "{end} bytes");
    }
}

#[test]
fn a_bomb_makes_no_more_than_it_may() {
    let bomb = encoded(&vec![0; 64 << 20], 31);
    assert!(bomb.len() < 100_000);
    let mut decoder = Decoder::of(&headers("gzip"), &bomb, 1 << 20).unwrap().unwrap();
    assert_eq!(decoder.work(usize::MAX), Err(BadCoding::TooLarge(GZIP, 1 << 20)));
    assert!(decoder.made.len() <= (1 << 20) + 1 && decoder.made.capacity() <= 4 << 20);
    // As much as there may be is right.
    let full = encoded(&vec![0; 1 << 20], 31);
    assert_eq!(decode("gzip", &full, 1 << 20), Ok(Some(vec![0; 1 << 20])));
    assert_eq!(decode("gzip", &full, (1 << 20) - 1), Err(BadCoding::TooLarge(GZIP, (1 << 20) - 1)));
}

#[test]
fn what_is_decoded_is_as_if_it_had_come_plain() {
    let pairs = [("content-encoding", "gzip"), ("content-length", "30"), ("etag", "\"1\"")];
    let headers = pairs.into_iter().collect::<Headers>().decoded(7);
    assert_eq!(headers, [("etag", "\"1\""), ("content-length", "7")].into_iter().collect());
    let reply = Reply::Answered { status: 200, headers, body: b"v1.0.0\n".to_vec() };
    assert!(!reply.may_be_cut(false), "a gzip shows its own end");
}

#[test]
fn what_a_refusal_says_can_be_read() {
    let said = |body: Vec<u8>, coding: &str| {
        let reply = Reply::Answered { status: 404, headers: headers(coding), body };
        match reply.said_plainly(100) {
            Reply::Answered { status: 404, body, .. } => String::from_utf8(body).unwrap(),
            reply => panic!("{reply:?}"),
        }
    };
    assert_eq!(said(encoded(b"no such module", 31), "gzip"), "no such module");
    assert_eq!(said(encoded(&[b'x'; 101], 31), "gzip"), "");
    assert_eq!(said(b"\x1f\x8b\x08".to_vec(), "gzip"), "");
    assert_eq!(said(b"plain".to_vec(), "br"), "");
    assert_eq!(said(b"plain".to_vec(), "identity"), "plain");
}

/// An empty gzip has twenty bytes, and costs as much to begin as a large one.
#[test]
fn a_great_many_gzips_keep_nobody_waiting() {
    let of = |members: usize| {
        let body = encoded(b"", 31).repeat(members);
        let mut decoder = Decoder::of(&headers("gzip"), &body, 1 << 20).unwrap().unwrap();
        let (mut turns, mut before) = (0, 1);
        loop {
            let done = decoder.work(512 << 10);
            assert!(decoder.members - before <= 8, "{} in one turn", decoder.members - before);
            (turns, before) = (turns + 1, decoder.members);
            if done != Ok(false) {
                return (turns, done);
            }
        }
    };
    assert_eq!(of(8), (1, Ok(true)));
    assert_eq!(of(1024), (128, Ok(true)));
    assert_eq!(of(1025).1, Err(BadCoding::Scattered("gzip")));
    assert_eq!(of(50_000).1, Err(BadCoding::Scattered("gzip")));
}
