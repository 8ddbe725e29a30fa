//! What is in memory outlives the build that wrote it: it is found again, or it is nothing.

use super::{
    Entry, Heat, Index, Key, Leases, Loss, Memory, Occupant, Pages, Record, Region, START, SharedKv,
    Timestamp, after, config, found, index, seat, shaped,
};

const PATH: &str = "example.com/m/@v/list";

/// A change of the hash or of the names hides everything that workers of the build before wrote, leases included.
#[test]
fn a_key_lives_where_every_build_looks_for_it() {
    let (mut memory, mut index) = (
        Memory::default(),
        Index::new(&shaped(Pages { count: 4096, bytes: 300 }, Pages { count: 512, bytes: 1000 }), seat(1)),
    );
    index.keep(&mut memory, PATH, &found("v1.0.0\n", START), START);
    Leases::new(&index, seat(1)).acquire(&mut memory, PATH, START);
    assert_eq!(memory.keys().collect::<Vec<_>>(), ["modgate/index/found/900", "modgate/lease/642"]);
    index.keep(&mut memory, PATH, &found(&"v1.0.0\n".repeat(100), START), START);
    assert!(
        memory.keys().any(|key| key == "modgate/index/large/371"),
        "{:?}",
        memory.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_record_is_drawn_in_its_documentation() {
    let heat = Heat { uses: 3, touched: 0x0403_0201 };
    let key = Key { sources: u64::from_le_bytes(*b"SOURCES!"), path: "p" };
    let entry = Entry::Stored { since: Timestamp(0x0807_0605), checked: false, doubted: false };
    let bytes = Record { key, entry: &entry, heat }.encode().unwrap();
    let head = [4, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0];
    let (checked, limit) = ([0; 8], [0xff; 8]);
    assert_eq!(bytes, [&head[..], &checked, &limit, b"SOURCES!", &[1, 0], b"p"].concat());
    assert_eq!(Occupant::of(&bytes).unwrap().heat, heat);
}

#[test]
fn what_is_known_of_an_object_is_read_as_written() {
    let heat = Heat { uses: 3, touched: 0x0403_0201 };
    let (key, since) = (Key { sources: 7, path: "p" }, Timestamp(9));
    let stored = [(false, false), (true, false), (false, true), (true, true)]
        .map(|(checked, doubted)| Entry::Stored { since, checked, doubted });
    let lost = [Loss::Gone, Loss::NoZip, Loss::Wrong].map(|loss| Entry::Lost { since, loss });
    let streamed = [false, true].map(|moved| Entry::Streamed { upstream: 3, since, moved });
    let mut kinds = Vec::new();
    for entry in stored.into_iter().chain(lost).chain(streamed) {
        let bytes = Record { key, entry: &entry, heat }.encode().unwrap();
        assert_eq!(Entry::decode(&bytes, key), Some(entry));
        assert!(!kinds.contains(&bytes[0]), "{kinds:?}");
        kinds.push(bytes[0]);
    }
}

#[test]
fn a_page_is_drawn_in_its_documentation() {
    let (mut memory, mut index) = (
        Memory::default(),
        Index::new(&shaped(Pages { count: 1, bytes: 300 }, Pages { count: 0, bytes: 0 }), seat(1)),
    );
    for path in ["p", "longer"] {
        index.keep(&mut memory, path, &found("", START), START);
    }
    let page = memory.get("modgate/index/found/0").unwrap().value;
    assert_eq!((&page[..3], &page[60..62]), (&[6, 57, 0][..], &[62, 0][..]));
    assert_eq!(page.len(), 1 + 2 + 57 + 2 + 62);
}

/// What builds before this layout wrote, one record under a key: its page is empty, and it is read as nothing.
#[test]
fn a_record_of_layout_1_or_5_is_in_nobodys_way() {
    let (mut memory, mut index) = (Memory::default(), index(1));
    index.keep(&mut memory, PATH, &found("v1.0.0\n", START), START);
    let name = memory.keys().next().unwrap().to_owned();
    let record = memory.get(&name).unwrap().value[3..].to_vec();
    let (since, sources) = (START.0.to_le_bytes(), &record[30..38]);
    let one = [&[1, 4][..], &since, sources, &[21, 0], PATH.as_bytes()].concat();
    let five = [&[5][..], &record].concat();
    for old in [one, five] {
        let version = memory.get(&name).unwrap().version;
        memory.put(&name, &old, super::Expected::Version(version)).unwrap();
        assert_eq!(index.look_up(&mut memory, Region::Found, PATH, START), None);
        let entry = found("v1.0.1\n", Timestamp(0));
        index.keep(&mut memory, PATH, &entry, START);
        assert_eq!(index.look_up(&mut memory, Region::Found, PATH, START), Some(entry));
    }
}

/// Answers of other sources are not given, and a configuration rolled back finds its own again.
#[test]
fn a_change_of_the_configuration_drops_nothing() {
    let mut memory = Memory::default();
    let [mut before, mut since] = ["https://proxy.test", "https://other.test"].map(|url| {
        let config = format!(r#"{{"upstreams": [{{"cluster": "public", "url": "{url}"}}]}}"#);
        Index::new(&super::Config::parse(&config).unwrap(), seat(1))
    });
    for number in 0..100 {
        before.keep(&mut memory, &number.to_string(), &found("before", START), START);
        assert_eq!(since.look_up(&mut memory, Region::Found, &number.to_string(), START), None);
        since.keep(&mut memory, &number.to_string(), &found("since", START), START);
    }
    let body = |entry: Option<Entry>| match entry {
        Some(Entry::Found(found)) => String::from_utf8(found.body.to_vec()).unwrap(),
        other => format!("{other:?}"),
    };
    for number in 0..100 {
        assert_eq!(body(before.look_up(&mut memory, Region::Found, &number.to_string(), START)), "before");
        assert_eq!(body(since.look_up(&mut memory, Region::Found, &number.to_string(), START)), "since");
    }
}

#[test]
fn the_spread_is_the_same_on_all_workers_and_differs_by_path_and_time() {
    let [one, two] = [1, 2].map(|queue| Index::new(&config(4), seat(queue)));
    let mut seen = [0_u32; 4];
    for number in 0..1_000 {
        let (path, since) = (format!("m{}", number % 10), after(START, number / 10));
        let jitter = one.jitter(&path, since);
        assert_eq!(jitter, two.jitter(&path, since));
        seen[usize::from(jitter / 64)] += 1;
    }
    assert!(seen.iter().all(|quarter| (200..300).contains(quarter)), "{seen:?}");
}
