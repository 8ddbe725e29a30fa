//! Zips that are read more slowly than they come, or come in pieces that are too large to be held back.

use super::{End, assert_fate, dense, hear, outcomes, proven, send, upstream};
use crate::{
    flow::Sums,
    sim::{Fate, zip},
    worker::tests::streaming,
};

#[test]
fn scenario_a_zip_that_is_read_more_slowly_than_it_comes_arrives() {
    let dense = dense();
    for size in [5_000, dense.len()] {
        for (end, length, fate) in [
            (End::Empty, None, Fate::Complete),
            (End::WithBytes, None, Fate::Complete),
            (End::WithBytes, Some(dense.len()), Fate::Complete),
            (End::Trailers, Some(dense.len()), Fate::Complete),
            // Nobody knew that these were the last bytes when they could have been held back with the host.
            (End::Trailers, None, Fate::Reset),
        ] {
            let mut world = streaming(1);
            let stream = upstream(&mut world, length, Some(proven(&dense)));
            send(&mut world, stream, &dense, size, end);
            let what = format!("by {size}, {end:?}, {length:?}");
            if fate == Fate::Complete {
                assert_fate(&world, stream, &dense, Fate::Open, &what);
            }
            let mut slices = 0;
            while world.work(0) {
                slices += 1;
            }
            assert!(slices <= 11, "{what}: {slices} slices");
            assert_fate(&world, stream, &dense, fate, &what);
            assert!(world.is_idle(), "{what}");
        }
    }
}

#[test]
fn scenario_a_zip_read_to_its_end_between_two_pieces_goes_with_the_next() {
    let dense = dense();
    for (next, fate) in [
        (&[][..], Fate::Complete),
        // Then it was not the end.
        (b"x", Fate::Reset),
    ] {
        let mut world = streaming(1);
        let stream = upstream(&mut world, None, Some(Sums::Exempt));
        world.body(0, stream, &dense, false);
        while world.work(0) {}
        assert_fate(&world, stream, &dense, Fate::Open, "more may follow");
        world.body(0, stream, next, true);
        assert_fate(&world, stream, &dense, fate, &format!("{next:?} follows"));
    }
    let mut world = streaming(1);
    let stream = upstream(&mut world, None, Some(Sums::Exempt));
    world.body(0, stream, &dense, false);
    while world.work(0) {}
    world.trailers(0, stream);
    assert_fate(&world, stream, &dense, Fate::Reset, "nothing can be put before trailers");
    assert_eq!(outcomes(&world, "late"), 1);
}

#[test]
fn scenario_of_a_piece_too_large_to_be_held_back_all_but_the_end_goes_on() {
    let large = zip("example.com/m@v1.0.0/", &[("random", (0..100_000_u32).map(scramble).collect())]);
    for (end, fate) in
        [(End::WithBytes, Fate::Complete), (End::Empty, Fate::Complete), (End::Trailers, Fate::Reset)]
    {
        for length in [None, Some(large.len())] {
            let mut world = streaming(1);
            let stream = upstream(&mut world, length, Some(proven(&large)));
            if end != End::WithBytes {
                world.body(0, stream, &large, false);
                assert_eq!(world.download(stream).got.len(), large.len() - 22);
                send(&mut world, stream, &[], 1, end);
            } else {
                send(&mut world, stream, &large, large.len(), end);
            }
            assert_fate(&world, stream, &large, fate, &format!("{end:?}, {length:?}"));
        }
    }
}

#[test]
fn scenario_the_last_bytes_that_were_promised_do_not_go_ahead_of_the_verdict() {
    let large = zip("example.com/m@v1.0.0/", &[("random", (0..100_000_u32).map(scramble).collect())]);
    // Cut before its directory: there is no end that the parser could hold back.
    let cut = &large[..99_000];
    let mut world = streaming(1);
    let stream = upstream(&mut world, Some(cut.len()), Some(Sums::Exempt));
    world.body(0, stream, cut, false);
    assert_eq!(world.download(stream).got.len(), cut.len() - 22);
    world.body(0, stream, &[], true);
    assert_fate(&world, stream, cut, Fate::Reset, "as long as promised");
}

/// A byte that nobody can deflate.
fn scramble(number: u32) -> u8 {
    let [first, ..] =
        (number.wrapping_mul(0x9e37_79b9) ^ number.rotate_left(13)).wrapping_mul(0x85eb_ca6b).to_be_bytes();
    first
}

#[test]
fn scenario_a_client_that_leaves_ends_the_reading() {
    let dense = dense();
    for ends in [false, true] {
        let mut world = streaming(1);
        let stream = upstream(&mut world, None, None);
        world.body(0, stream, &dense, ends);
        assert!(world.work(0));
        world.leave(0, stream);
        while world.work(0) {}
        hear(&mut world, stream, Sums::Exempt);
        assert!(world.is_idle());
        assert_fate(&world, stream, &dense, Fate::Open, "nobody is there");
    }
}
