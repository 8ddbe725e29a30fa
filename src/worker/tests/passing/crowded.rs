//! More zips at once, or zips of more files, than there is memory to read.

use super::*;
use crate::worker::Worker;

/// As many downloads as may be read at once, each as light as can be.
fn crowd(world: &mut World) -> Vec<StreamId> {
    let most = (256 << 20) / Check::LEAST;
    (0..most).map(|_| upstream(world, None, Some(Sums::Exempt))).collect()
}

/// A zip of many files with nothing in them.
fn teeming() -> Vec<u8> {
    let names: Vec<_> = (0..20_000).map(|number| format!("{number}.go")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), Vec::new())).collect();
    zip("example.com/m@v1.0.0/", &files)
}

fn answer(world: &mut World) -> Verdict {
    let stream = world.begin(0, PATH);
    world.settle();
    world.answer_routed(0, stream, 200, &[("date", "now")])
}

#[test]
fn scenario_one_more_than_can_be_read_is_told_to_come_back() {
    let mut world = streaming(1);
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", "PK");
    let mut streams = crowd(&mut world);
    let Verdict::Respond(refusal) = answer(&mut world) else { panic!("it goes on") };
    assert_eq!(refusal.status, 503);
    world.leave(0, streams.pop().unwrap());
    world.leave(0, streams.pop().unwrap());
    assert!(matches!(answer(&mut world), Verdict::Edit(_)));
}

/// Whoever publishes such a module and asks for it often enough would end the VM, and with it every download.
#[test]
fn scenario_a_zip_of_many_files_is_given_up_where_no_memory_is_left_for_it() {
    let (teeming, good) = (teeming(), good());
    for is_crowded in [false, true] {
        let mut world = streaming(1);
        let mut streams = if is_crowded { crowd(&mut world) } else { Vec::new() };
        streams.truncate(streams.len().saturating_sub(10));
        let held =
            |worker: &Worker| worker.clients.streams().chain(worker.passages.streams()).collect::<Vec<_>>();
        for stream in held(world.worker(0)) {
            if is_crowded && !streams.contains(&stream) {
                world.leave(0, stream);
            }
        }
        let stream = upstream(&mut world, None, Some(Sums::Exempt));
        send(&mut world, stream, &teeming, 32 << 10, End::Empty);
        while world.work(0) {}
        let fate = if is_crowded { Fate::Reset } else { Fate::Complete };
        assert_fate(&world, stream, &teeming, fate, &format!("{is_crowded}"));
        assert_eq!(outcomes(&world, "crowded"), u64::from(is_crowded));
        // The others are none the worse for it.
        if let Some(stream) = streams.pop() {
            send(&mut world, stream, &good, 100, End::Empty);
            assert_fate(&world, stream, &good, Fate::Complete, "a usual one");
        }
    }
}
