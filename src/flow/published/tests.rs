use super::{by_version::MAX_RECORDS, *};
use crate::{
    config::{self, Config, Pages},
    goproxy::FailureKind,
    shared::{Memory, Seat},
};

/// A list has no pseudo-versions, but storage does, and their names are six times as long as others.
#[test]
fn what_was_found_out_is_recalled_however_long_the_names_are() {
    let config = r#"{"upstreams": [{"cluster": "a", "url": "http://a.test"}]}"#;
    let pages = |count, bytes| Pages { count, bytes };
    let index = config::Index { found: pages(4096, 2048), large: pages(0, 0), missing: pages(1, 2048) };
    let config = Config { index, ..Config::parse(config).unwrap() };
    let module = ModulePath::parse("example.com/m").unwrap();
    for name in
        ["v1.0.%", "v0.0.0-20230101000000-abcdef%", "v1.0.0-%.with.a.name.that.nobody.gives.to.any.version"]
    {
        let version = |n: usize| Version::parse(&name.replace('%', &n.to_string())).unwrap();
        let mut index = Index::new(&config, Seat::default());
        let mut memory = Memory::default();
        let mut cx = Cx::new(Timestamp(1_700_000_000_000), &mut memory);
        let mut found = Published::default();
        for n in 100_000..100_300 {
            found.note(version(n), Publication::At(Timestamp(1_700_000_000_000 + n as u64)));
        }
        found.keep(&module, Clock::Info, &mut index, &mut cx);
        let other = Recorded::recall(&module, Clock::Log, &mut index, &mut cx);
        assert_eq!(other, Recorded::default(), "one clock's dates are not another's");
        let recalled = Recorded::recall(&module, Clock::Info, &mut index, &mut cx);
        let room = MAX_RECORDS * (1800 / (name.len() + 20));
        for n in (100_000..100_300).rev().take(room.min(300)) {
            let time = Timestamp(1_700_000_000_000 + n as u64);
            assert_eq!(recalled.get(version(n).as_str()), Some(time), "{n} of {name}");
            assert_eq!(published(&module, &version(n), &index, &cx), Some(time), "{n} of {name}");
        }
        assert!(recalled.0.len() <= 300);
    }
}

#[test]
fn what_a_worker_remembers_is_bounded_in_bytes_whatever_the_modules_are_like() {
    let mut known = Publications::default();
    for number in 0..40 {
        let module = ModulePath::parse(&format!("example.com/m{number}")).unwrap();
        for part in 0..10 {
            let mut some = Published::default();
            for n in 0..if number % 3 == 0 { 100 } else { 10 } {
                let version = long(part, n);
                let publication = if n % 7 == 0 { failed() } else { Publication::At(Timestamp(n)) };
                some.note(version, publication);
            }
            known.learn(&module, some);
            known.forget_failures(&module);
            let held: usize = known.modules.values().map(|(_, published)| published.bytes).sum();
            assert!(known.bytes == held && held <= MAX_BYTES, "{held}");
            assert_eq!(known.modules.len(), known.order.len());
        }
        let published = known.of(&module).unwrap();
        assert!(published.versions.values().all(|publication| matches!(publication, Publication::At(_))));
        assert!(published.get(&long(9, 1)).is_some());
    }
    assert!(known.modules.len() < 40, "nothing was forgotten");
}

#[test]
fn of_a_module_too_long_to_be_remembered_the_newest_versions_are() {
    let module = ModulePath::parse("example.com/m").unwrap();
    let mut known = Publications::default();
    for minor in 0..5000 {
        let mut some = Published::default();
        some.note(long(minor, 0), Publication::At(Timestamp(1)));
        known.learn(&module, some);
    }
    let is_known = |minor| known.of(&module).unwrap().get(&long(minor, 0)).is_some();
    assert!(is_known(4999) && is_known(2000) && !is_known(0));
}

/// A version that takes two KiB to remember.
fn long(minor: u64, patch: u64) -> Version {
    Version::parse(&format!("v1.{minor}.{patch}-{}", "x".repeat(2048))).unwrap()
}

fn failed() -> Publication {
    Publication::Failed(Failure { kind: FailureKind::Slow, reason: String::new(), retry_after: None })
}
