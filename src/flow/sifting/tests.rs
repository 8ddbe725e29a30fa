use super::*;
use crate::{
    config::Config,
    flow::{Mirror, Publications, Published, Shelf, Sightings, SourceHealth, Wishes},
    goproxy::{Failure, FailureKind, Missing},
    shared::{Capabilities, Index, Memory, Seat},
};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const DAY: u64 = 24 * 3_600_000;

struct World {
    config: Config,
    index: Index,
    memory: Memory,
    publications: Publications,
    mirror: Mirror,
    shelf: Shelf,
}

impl World {
    fn new(rules: &str) -> Self {
        let config = Config::parse(&format!(
            r#"{{"upstreams": [{{"cluster": "a", "url": "http://a.test"}}], "policy": {{"rules": [{rules}]}}}}"#
        ))
        .unwrap();
        let index = Index::new(&config, Seat::default());
        Self {
            config,
            index,
            memory: Memory::default(),
            publications: Publications::default(),
            mirror: Mirror::default(),
            shelf: Shelf::default(),
        }
    }

    fn with<T>(&mut self, act: impl FnOnce(&View<'_>, &mut Known<'_>, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx::new(NOW, &mut self.memory);
        let (config, in_force) = (&self.config, self.config.policy.in_force());
        let mut known = Known {
            host: Capabilities::ALL,
            config,
            in_force: &in_force,
            index: &mut self.index,
            publications: &self.publications,
            source_health: &SourceHealth::new(config),
            sightings: &mut Sightings::default(),
            mirror: &mut self.mirror,
            shelf: &mut self.shelf,
            wishes: &mut Wishes::default(),
        };
        let view = in_force.policy().view(&module(), &Caller::default());
        act(&view, &mut known, &mut cx)
    }

    /// What comes of `list` in slices of so many lines.
    fn sift(&mut self, list: &str, lines: usize) -> Sifted {
        self.with(|view, known, cx| {
            let found = Found::fetched(list.as_bytes().to_vec(), NOW);
            let mut sifting = Sifting::of(SiftingKey::of(&module(), &Caller::default(), view, false), &found);
            while !sifting.work_on(lines, view, known, cx) {}
            sifting.sifted()
        })
    }

    fn settle(&mut self, sifted: &mut Sifted) -> Vec<Version> {
        self.with(|view, known, cx| {
            sifted.settle(&module(), view, known.publications, Recorded::default, cx.now)
        })
    }

    fn learn(&mut self, published: impl IntoIterator<Item = (Version, Publication)>) {
        let mut all = Published::default();
        published.into_iter().for_each(|(version, publication)| all.note(version, publication));
        self.publications.learn(&module(), all);
    }
}

fn module() -> ModulePath {
    ModulePath::parse("example.com/m").unwrap()
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn text(sifted: &Sifted) -> String {
    let (body, tag) = sifted.listed();
    assert_eq!(tag, Etag::of(&body));
    String::from_utf8(body.to_vec()).unwrap()
}

/// So many versions, each third of them of today.
fn list(count: usize) -> String {
    (0..count).map(|n| format!("v1.{n}.0\n")).collect()
}

fn age(version: &Version) -> Publication {
    let minor: u64 = version.as_str().split('.').nth(1).unwrap().parse().unwrap();
    Publication::At(Timestamp(NOW.0 - if minor.is_multiple_of(3) { DAY } else { 90 * DAY }))
}

const COOLDOWN: &str = r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#;

#[test]
fn in_slices_it_comes_to_what_it_comes_to_at_once() {
    let list =
        "v0.0.0-20240102030405-abcdefabcdef\nv0.1.0\nv1.0.0-rc.1\nv1.0.0\nv1.1.0-rc.1\nv2.0.0+incompatible\n";
    for (rules, shown, newest, fitting) in [
        (
            r#"{"modules": ["*"], "versions": ["v1.0.0"], "action": "deny"}"#,
            "v0.1.0\nv1.0.0-rc.1\nv1.1.0-rc.1\nv2.0.0+incompatible\n",
            "v2.0.0+incompatible",
            "v0.1.0",
        ),
        (
            r#"{"modules": ["*"], "versions": ["v1.0.0-rc.1", "pseudo"], "action": "allow"},
               {"modules": ["*"], "action": "deny"}"#,
            "v1.0.0-rc.1\n",
            "v1.0.0-rc.1",
            "v1.0.0-rc.1",
        ),
        (
            r#"{"modules": ["*"], "versions": ["pseudo"], "action": "allow"}, {"modules": ["*"], "action": "deny"}"#,
            "",
            "v0.0.0-20240102030405-abcdefabcdef",
            "v0.0.0-20240102030405-abcdefabcdef",
        ),
    ] {
        let mut world = World::new(rules);
        for lines in [1, 2, 100, usize::MAX] {
            let sifted = world.sift(list, lines);
            assert_eq!(text(&sifted), shown, "{rules}");
            assert_eq!(sifted.newest(false), Some(&version(newest)), "{rules}");
            assert_eq!(sifted.newest(true), Some(&version(fitting)), "{rules}");
            assert_eq!(sifted.top(), Some(&version("v2.0.0+incompatible")));
            assert!(!sifted.is_part());
        }
    }
}

/// Each request has a bounded number of versions asked about, and what was found out of them is shown at once; in the end all is.
#[test]
fn each_request_gets_further_and_none_asks_for_more_than_it_may() {
    const COUNT: usize = 3 * MAX_DATED + 100;
    let mut world = World::new(COOLDOWN);
    let list = list(COUNT);
    let mut sifted = world.sift(&list, 1000);
    for round in 1..=4 {
        assert!(sifted.is_part());
        let asked = world.settle(&mut sifted);
        assert_eq!(asked.len(), if round == 4 { 100 } else { MAX_DATED });
        world.learn(asked.into_iter().map(|version| (version.clone(), age(&version))));
        world.settle(&mut sifted);
        let dated = COUNT.saturating_sub(round * MAX_DATED)..COUNT;
        let expected: String = dated.filter(|n| n % 3 != 0).map(|n| format!("v1.{n}.0\n")).collect();
        assert_eq!(text(&sifted), expected, "round {round}");
        assert_eq!(sifted.newest(true), Some(&version(&format!("v1.{}.0", COUNT - 2))));
    }
    assert!(!sifted.is_part());
    assert_eq!(sifted.holds_until(), Some(Timestamp(NOW.0 + 6 * DAY)));
    // Judged anew, it comes to the same.
    let mut anew = world.sift(&list, 1000);
    assert_eq!(world.settle(&mut anew), []);
    assert_eq!((text(&anew), anew.newest(true)), (text(&sifted), sifted.newest(true)));
}

/// The latest is to be found though a thousand nightly builds are newer.
#[test]
fn releases_are_asked_about_before_what_is_none() {
    let mut list = String::from("v0.0.0-20240102030405-abcdefabcdef\nv1.0.0\n");
    (0..2 * MAX_DATED).for_each(|n| list.push_str(&format!("v1.1.0-nightly.{n}\n")));
    list.push_str("v2.0.0+incompatible\n");
    let mut world = World::new(COOLDOWN);
    let mut sifted = world.sift(&list, usize::MAX);
    let asked = world.settle(&mut sifted);
    assert_eq!(asked.len(), MAX_DATED);
    assert_eq!(asked[..3], ["v1.0.0", "v2.0.0+incompatible", "v1.1.0-nightly.1023"].map(version));
}

#[test]
fn of_more_versions_than_are_remembered_the_rest_comes_later() {
    const COUNT: usize = MAX_UNDATED + 500;
    let mut world = World::new(COOLDOWN);
    let list = list(COUNT);
    let mut requests = 0;
    let mut sifted = world.sift(&list, usize::MAX);
    loop {
        let asked = world.settle(&mut sifted);
        if asked.is_empty() && sifted.is_part() {
            sifted = world.sift(&list, usize::MAX);
            continue;
        }
        if asked.is_empty() {
            break;
        }
        requests += 1;
        assert!(sifted.undated.len() <= MAX_UNDATED && requests < 20);
        world.learn(asked.into_iter().map(|version| (version.clone(), age(&version))));
    }
    assert_eq!(requests, 17);
    let expected: String = (0..COUNT).filter(|n| n % 3 != 0).map(|n| format!("v1.{n}.0\n")).collect();
    assert_eq!(text(&sifted), expected);
}

#[test]
fn what_could_not_be_said_is_asked_again_and_what_is_missing_is_not_shown() {
    let mut world = World::new(COOLDOWN);
    let mut sifted = world.sift("v1.0.0\nv1.1.0\nv1.2.0\n", usize::MAX);
    let failure = Failure { kind: FailureKind::Slow, reason: "slow".into(), retry_after: None };
    let missing = Missing { gone: false, reason: String::new(), since: NOW, limit: None };
    world.learn([
        (version("v1.0.0"), Publication::At(Timestamp(1))),
        (version("v1.1.0"), Publication::Failed(failure.clone())),
        (version("v1.2.0"), Publication::Missing(missing)),
    ]);
    assert_eq!(world.settle(&mut sifted), []);
    assert_eq!(
        (text(&sifted).as_str(), sifted.failed(), sifted.is_part()),
        ("v1.0.0\n", Some(&failure), true)
    );
    world.publications.forget_failures(&module());
    assert_eq!(world.settle(&mut sifted), [version("v1.1.0")]);
    assert_eq!((sifted.failed(), sifted.is_part()), (None, true));
}

/// A waiver may end before its last line is judged, or before a client asks for what came of it.
#[test]
fn what_is_judged_while_a_waiver_lifts_something_holds_until_it_ends() {
    let text = r#"{"upstreams": [{"cluster": "a", "url": "http://a.test"}], "policy": {
        "malicious": [{"id": "CORP-1", "exact": ["example.com/m"], "versions": ["v1.1.0"]}],
        "waivers": [{"exact": ["example.com/m"], "ids": ["CORP-1"], "until": "2023-11-14", "by": "sec", "reason": "seen"}]}}"#;
    let mut world = World { config: Config::parse(text).unwrap(), ..World::new("") };
    let sifted = world.sift("v1.0.0\nv1.1.0\n", 1);
    assert_eq!(sifted.listed().0.to_vec(), b"v1.0.0\nv1.1.0\n");
    assert_eq!(sifted.holds_until(), Some(Timestamp(1_700_006_400_000)));
}
