//! Leases: whatever stands in a slot, at most one worker leads, and whoever follows is told or can take over.
//!
//! Input: the path on the first line, the bytes in its slot below.

use modgate::config::Config;
use modgate::http::Timestamp;
use modgate::shared::{Expected, Index, LEASE, Lease, Leases, Memory, QueueId, Seat, SharedKv};

use super::first_line;

/// Two workers come upon any bytes.
pub fn check(input: &[u8]) {
    let (path, bytes) = first_line(input);
    let config = Config::parse(r#"{"storage": {"cluster": "s", "url": "http://s"}}"#).unwrap();
    let index = Index::new(&config, Seat::default());
    let [one, two] =
        [1, 2].map(|queue| Leases::new(&index, Seat { queue: QueueId(queue), ..Seat::default() }));
    let now = Timestamp(1_700_000_000_000);

    let mut kv = Memory::default();
    if one.acquire(&mut kv, &path, now) == Lease::Alone {
        assert!(path.len() > 512, "a free slot, and room for the key");
        return;
    }
    let slot = kv.keys().next().unwrap().to_owned();
    let own = kv.get(&slot).unwrap();
    // What the input says, and a lease of this very key with the input in its midst: who holds it, until when, who waits.
    let mut nearly = own.value.clone();
    nearly.iter_mut().skip(1).zip(bytes.iter().take(12)).for_each(|(place, byte)| *place = *byte);
    for value in [bytes, &nearly] {
        let mut kv = Memory::default();
        kv.put(&slot, value, Expected::Absent).unwrap();
        let leases = [one.acquire(&mut kv, &path, now), two.acquire(&mut kv, &path, now)];
        assert_ne!(leases, [Lease::Led; 2]);
        // Whatever it was, it is over by then.
        let late = Timestamp(now.0 + 4 * u64::try_from(LEASE.as_millis()).unwrap());
        assert_eq!(two.acquire(&mut kv, &path, late), Lease::Led);
        assert_eq!(one.acquire(&mut kv, &path, late), Lease::Followed);
        assert!(two.renew(&mut kv, &path, late) && !one.renew(&mut kv, &path, late));
        let told = two.release(&mut kv, &path);
        assert!(told.contains(&QueueId(1)) && !told.contains(&QueueId(2)), "{told:?}");
        assert!(!one.is_held(&kv, &path, late) && kv.bytes() == 0);
    }
}
