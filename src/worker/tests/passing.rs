//! Zips that are read along as they pass: which of them reach a client whole, and in which pieces whatever comes.

mod crowded;
mod slow;

use super::{body, streaming, world};
use crate::{
    cx::{StreamId, Verdict},
    flow::{Ask, Passing, Routed, Sums},
    goproxy::{Failure, FailureKind, Target, Zip},
    host::envoy::reply::response_head,
    modzip::{Check, H1},
    plan::Source,
    shared::{Entry, Loss, Region},
    sim::{Fate, World, zip},
};

const PATH: &str = "/example.com/m/@v/v1.0.0.zip";
const STORED: &str = "/modules/example.com/m/@v/v1.0.0.zip";
const KEY: &str = "example.com/m/@v/v1.0.0.zip";

/// How a response ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With its last bytes.
    WithBytes,
    /// With no bytes, after its last ones.
    Empty,
    /// With trailers.
    Trailers,
}

const ENDS: [End; 3] = [End::WithBytes, End::Empty, End::Trailers];

fn good() -> Vec<u8> {
    let text = "package m\n\n// Words, words, words.\n".repeat(40);
    let files = [("go.mod", b"module example.com/m\n".to_vec()), ("m.go", text.into_bytes())];
    zip("example.com/m@v1.0.0/", &files)
}

/// Ten megabytes in ten kilobytes: ten calls' work.
fn dense() -> Vec<u8> {
    zip("example.com/m@v1.0.0/", &[("zeros", vec![0; 10 << 20])])
}

fn h1(zip: &[u8]) -> [u8; 32] {
    let asked = asked();
    let mut check = Check::new(&asked.module, &asked.version);
    check.push(zip, usize::MAX).unwrap();
    check.finish().unwrap().h1.0
}

fn proven(zip: &[u8]) -> Sums {
    Sums::Proven { zip: h1(zip), go_mod: [0; 32] }
}

fn unproven(acceptable: bool) -> Sums {
    let reason = "example.com/m@v1.0.0: no answer from checksum database x".to_owned();
    Sums::Unproven { failure: Failure { kind: FailureKind::Bad, reason, retry_after: None }, acceptable }
}

fn asked() -> Zip {
    match Target::parse(KEY) {
        Ok(Target::Zip(zip)) => zip,
        other => panic!("{other:?}"),
    }
}

/// A download of which the head came and `sums` are known.
fn begin(world: &mut World, source: Source, length: Option<usize>, sums: Option<Sums>) -> StreamId {
    let stream = world.begin(0, PATH);
    world.settle();
    let routed = Routed { checked: false, ..Routed::new(asked(), source, Ask::default()) };
    let headers =
        length.map(|length| ("content-length".to_owned(), length.to_string())).into_iter().collect();
    let head = response_head(200, headers, None, None, false);
    let passing = Passing::new(routed, &head, sums, false);
    world.worker(0).clients.arrive(stream);
    world.worker(0).passages.insert(stream, passing);
    stream
}

fn upstream(world: &mut World, length: Option<usize>, sums: Option<Sums>) -> StreamId {
    begin(world, Source::Upstream(0), length, sums)
}

/// Its body comes in pieces of `size`, as long as anybody waits for it.
fn send(world: &mut World, stream: StreamId, bytes: &[u8], size: usize, end: End) {
    let pieces: Vec<_> = bytes.chunks(size).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let ends = end == End::WithBytes && at + 1 == pieces.len();
        world.body(0, stream, piece, ends);
        if world.download(stream).fate != Fate::Open {
            return;
        }
    }
    match end {
        End::WithBytes if !pieces.is_empty() => {}
        End::WithBytes | End::Empty => world.body(0, stream, &[], true),
        End::Trailers => world.trailers(0, stream),
    }
}

fn hear(world: &mut World, stream: StreamId, sums: Sums) {
    world.event(0, |worker, cx| {
        worker.passages.set_sums(stream, sums, &mut worker.services, cx);
        worker.settle(cx);
    });
}

fn outcomes(world: &World, outcome: &str) -> u64 {
    world.counters.get(&format!("modgate.verifications_total.outcome.{outcome}")).copied().unwrap_or_default()
}

/// What the client of a download has that was to be `bytes`: all of it, or else not its end.
#[track_caller]
fn assert_fate(world: &World, stream: StreamId, bytes: &[u8], fate: Fate, what: &str) {
    let download = world.download(stream);
    assert_eq!(download.fate, fate, "{what}: {:?}", world.log.last());
    if fate == Fate::Complete {
        assert!(download.got == bytes, "{what}: not what was sent");
    } else {
        let last = bytes.len().saturating_sub(22);
        assert!(download.got.len() <= last, "{what}: {} of {}", download.got.len(), bytes.len());
        assert!(bytes.starts_with(&download.got), "{what}");
    }
}

#[test]
fn scenario_a_good_zip_arrives_as_it_was_sent_whatever_it_comes_in() {
    let good = good();
    for size in [1, 7, 100, good.len() - 1, good.len()] {
        for end in ENDS {
            for length in [None, Some(good.len())] {
                for (sums, outcome) in
                    [(Sums::Exempt, "exempt"), (proven(&good), "ok"), (unproven(true), "accepted")]
                {
                    let mut world = streaming(1);
                    let stream = upstream(&mut world, length, Some(sums));
                    send(&mut world, stream, &good, size, end);
                    let what = format!("by {size}, {end:?}, {length:?}, {outcome}");
                    assert_fate(&world, stream, &good, Fate::Complete, &what);
                    assert_eq!(outcomes(&world, outcome), 1, "{what}");
                    assert!(world.is_idle(), "{what}");
                }
            }
        }
    }
}

#[test]
fn scenario_bytes_go_on_as_they_come_all_but_the_end() {
    let good = good();
    let mut world = streaming(1);
    let stream = upstream(&mut world, Some(good.len()), Some(Sums::Exempt));
    for (at, byte) in good.iter().enumerate() {
        world.body(0, stream, &[*byte], false);
        let got = world.download(stream).got.len();
        // Of a record's first four bytes nobody knows yet whether it is the end's.
        assert!(at + 1 - got <= 3 || at + 1 > good.len() - 22, "{got} of {}", at + 1);
        assert!(got <= good.len() - 22, "{got} of {}", at + 1);
    }
    world.body(0, stream, &[], true);
    assert_fate(&world, stream, &good, Fate::Complete, "in the end");
}

#[test]
fn scenario_no_other_zip_than_the_proven_one_is_completed() {
    let good = good();
    let sums = proven(&good);
    let mut same = 0;
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 0x20;
        let (size, end) = ([3, 64, good.len()][at % 3], ENDS[at / 3 % 3]);
        let length = (at % 2 == 0).then_some(good.len());
        let mut world = streaming(1);
        let stream = upstream(&mut world, length, Some(sums.clone()));
        send(&mut world, stream, &flipped, size, end);
        if world.download(stream).fate == Fate::Complete {
            // What neither the hash nor the go command looks at, such as a file's time.
            assert_eq!(h1(&flipped), h1(&good), "byte {at}");
            same += 1;
            continue;
        }
        let download = world.download(stream);
        assert_eq!(download.fate, Fate::Reset, "byte {at}");
        // What is taken for a name of thousands of bytes has no end that could be held back; what is promised has.
        let held = usize::from(length.is_some() || end == End::WithBytes);
        assert!(download.got.len() + held <= flipped.len(), "byte {at}");
        assert_eq!(outcomes(&world, "unfit") + outcomes(&world, "mismatch"), 1, "byte {at}");
        assert!(world.is_idle(), "byte {at}");
    }
    // Of so small a zip the local headers are a good part, of which the go command reads the lengths alone.
    assert!(same < good.len() / 2, "{same} bytes of {} are nobody's", good.len());
}

#[test]
fn scenario_a_zip_of_another_hash_is_reset_and_said_so() {
    let (good, other) = (good(), dense());
    let expected = H1(h1(&other)).to_string();
    for size in [100, good.len()] {
        let mut world = streaming(1);
        let stream = upstream(&mut world, None, Some(proven(&other)));
        send(&mut world, stream, &good, size, End::Empty);
        assert_fate(&world, stream, &good, Fate::Reset, "another hash");
        assert_eq!(outcomes(&world, "mismatch"), 1);
        let log = world.log.concat();
        for word in
            ["ERROR", "example.com/m@v1.0.0", "upstream public", &expected, &H1(h1(&good)).to_string()]
        {
            assert!(log.contains(word), "{word} in {log}");
        }
    }
}

#[test]
fn scenario_the_end_waits_for_sums_that_come_late() {
    let good = good();
    for end in ENDS {
        for (sums, fate, outcome) in [
            (proven(&good), Fate::Complete, "ok"),
            (proven(&dense()), Fate::Reset, "mismatch"),
            (Sums::Exempt, Fate::Complete, "exempt"),
            (unproven(true), Fate::Complete, "accepted"),
            (unproven(false), Fate::Reset, "unproven"),
        ] {
            let mut world = streaming(1);
            let stream = upstream(&mut world, None, None);
            send(&mut world, stream, &good, 100, end);
            assert_fate(&world, stream, &good, Fate::Open, "without sums");
            hear(&mut world, stream, sums);
            assert_fate(&world, stream, &good, fate, outcome);
            assert_eq!(outcomes(&world, outcome), 1);
            assert!(world.is_idle());
        }
    }
}

#[test]
fn scenario_sums_that_come_in_the_middle_complete_nothing_by_themselves() {
    let good = good();
    let mut world = streaming(1);
    let stream = upstream(&mut world, Some(good.len()), None);
    world.body(0, stream, &good[..200], false);
    hear(&mut world, stream, proven(&good));
    world.body(0, stream, &good[200..], false);
    assert_fate(&world, stream, &good, Fate::Open, "more may follow");
    world.body(0, stream, &[], true);
    assert_fate(&world, stream, &good, Fate::Complete, "nothing follows");

    let stream = upstream(&mut world, None, None);
    world.body(0, stream, &good[..200], false);
    hear(&mut world, stream, unproven(false));
    assert_fate(&world, stream, &good, Fate::Reset, "it will never be proven");
}

#[test]
fn scenario_a_zip_that_is_cut_is_reset() {
    let good = good();
    for cut in 0..good.len() {
        let mut world = streaming(1);
        let (size, end) = ([3, good.len()][cut % 2], ENDS[cut % 3]);
        let length = (cut % 5 == 0).then_some(cut);
        let stream = upstream(&mut world, length, Some(Sums::Exempt));
        send(&mut world, stream, &good[..cut], size, end);
        assert_fate(&world, stream, &good, Fate::Reset, &format!("cut at {cut}, {end:?}, {length:?}"));
        assert_eq!(outcomes(&world, "unfit"), 1);
    }
}

#[test]
fn scenario_what_follows_the_end_makes_it_none() {
    let good = good();
    let longer = [&good[..], b"x"].concat();
    for (size, sums_first) in
        [(1, true), (1, false), (good.len(), true), (good.len(), false), (longer.len(), true)]
    {
        for end in ENDS {
            let mut world = streaming(1);
            let stream = upstream(&mut world, None, sums_first.then(|| proven(&good)));
            send(&mut world, stream, &longer, size, end);
            assert_fate(&world, stream, &good, Fate::Reset, &format!("by {size}, {end:?}"));
            assert_eq!(outcomes(&world, "unfit"), 1);
        }
    }
}

#[test]
fn scenario_nothing_of_a_refused_zip_passes_until_its_reset() {
    let mut world = streaming(1);
    let stream = upstream(&mut world, None, Some(Sums::Exempt));
    // The host is about to reset it, and was given more of it meanwhile.
    world.worker(0).passages.refuse(stream);
    world.body(0, stream, b"more", false);
    assert_eq!((world.download(stream).fate, world.download(stream).got.len()), (Fate::Reset, 0));
}

#[test]
fn scenario_a_bad_zip_in_storage_is_not_given_again_and_a_good_one_is() {
    for (bytes, fate) in [(good(), Fate::Complete), (dense(), Fate::Reset)] {
        let mut world = world(1);
        world.cluster("storage").serve(STORED, "PK");
        let stream = begin(&mut world, Source::Storage, None, Some(proven(&good())));
        send(&mut world, stream, &bytes, 100, End::Empty);
        while world.work(0) {}
        assert_fate(&world, stream, &bytes, fate, "from storage");
        let entry = world.event(0, |worker, cx| worker.services.index.peek(cx.kv, Region::Found, KEY));
        match fate {
            Fate::Complete => {
                assert_eq!(entry, Some(Entry::Stored { since: world.now, checked: true, doubted: false }));
            }
            _ => assert_eq!(entry, Some(Entry::Lost { since: world.now, loss: Loss::Wrong })),
        }
    }
}

#[test]
fn scenario_what_cannot_be_read_along_is_refused_at_its_head() {
    for (headers, ends, reason) in [
        (&[("content-encoding", "gzip")][..], false, "it is encoded"),
        (&[("content-length", "524288001")], false, "it is larger than 524288000 bytes"),
        (&[("content-length", "0")], true, "it is empty"),
    ] {
        let mut world = streaming(1);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
        let stream = world.begin(0, PATH);
        world.settle();
        let headers = headers.iter().copied().chain([("date", "now")]).collect();
        let head = response_head(200, headers, None, None, ends);
        let Verdict::Respond(answer) = world.answer_routed_as(0, stream, &head) else {
            panic!("it goes on: {reason}");
        };
        assert_eq!(answer.status, 502, "{reason}");
        assert!(body(&answer).contains(reason), "{}", body(&answer));
        assert_eq!(outcomes(&world, "unfit"), 1, "{reason}");
        assert!(world.is_idle(), "{reason}");
    }
    for headers in [&[("content-encoding", "identity")][..], &[("content-length", "524288000")]] {
        let mut world = streaming(1);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
        let stream = world.begin(0, PATH);
        world.settle();
        let verdict = world.answer_routed(0, stream, 200, &[headers, &[("date", "now")]].concat());
        assert!(matches!(verdict, Verdict::Edit(_)), "{headers:?}");
    }
}
