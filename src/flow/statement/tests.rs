use super::*;
use crate::{
    config::Config,
    shared::{Memory, Seat},
};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn module() -> ModulePath {
    ModulePath::parse("example.com/M").unwrap()
}

fn newest_of(list: &str, denied: &[&str]) -> Option<String> {
    let newest = newest(list.as_bytes(), |version| denied.contains(&version.as_str()));
    newest.map(|version| version.as_str().to_owned())
}

/// As cmd/go's `queryLatestVersionIgnoringRetractions` takes it, of a list in Go's order.
#[test]
fn the_newest_release_with_a_go_mod_says_what_holds() {
    for (list, expected) in [
        ("", None),
        ("\n", None),
        ("v1.0.0\n", Some("v1.0.0")),
        ("v1.0.0\nv1.2.0\nv1.10.0\n", Some("v1.10.0")),
        ("v1.0.0\nv1.1.0-rc.1\n", Some("v1.0.0")),
        ("v1.0.0-rc.1\nv1.0.0-rc.2\n", Some("v1.0.0-rc.2")),
        ("v1.0.0\nv2.0.0+incompatible\nv3.0.0-rc.1+incompatible\n", Some("v1.0.0")),
        ("v1.0.0-rc.1\nv2.0.0+incompatible\n", Some("v2.0.0+incompatible")),
        ("v2.0.0-rc.1+incompatible\nv2.0.0-rc.2+incompatible\n", Some("v2.0.0-rc.2+incompatible")),
        ("v0.0.0-20200101000000-0123456789ab\n", None),
        ("v1.0.0\nv1.0.1-0.20200101000000-0123456789ab\n", Some("v1.0.0")),
        ("v1.0.0 2020-01-01T00:00:00Z\nv1.1.0 2020-01-02T00:00:00Z\n", Some("v1.1.0")),
    ] {
        assert_eq!(newest_of(list, &[]).as_deref(), expected, "{list:?}");
    }
    assert_eq!(newest_of("v1.0.0\nv1.1.0\nv1.2.0\n", &["v1.2.0"]).as_deref(), Some("v1.1.0"));
    assert_eq!(newest_of("v1.0.0-a\nv1.1.0\n", &["v1.1.0"]).as_deref(), Some("v1.0.0-a"));
}

/// A module with nothing but versions that say nothing is not read to its first.
#[test]
fn a_list_without_end_is_not_read_without_end() {
    let list: String = (0..5000).map(|n| format!("v1.{n}.0\n")).collect();
    let counted = std::cell::Cell::new(0);
    let found = newest(list.as_bytes(), |_| {
        counted.set(counted.get() + 1);
        true
    });
    assert_eq!((found, counted.get()), (None, MAX_JUDGED));
}

struct Kept(Index, Memory);

impl Kept {
    fn new() -> Self {
        let config =
            Config::parse(r#"{"upstreams": [{"cluster": "c", "url": "https://proxy.test"}]}"#).unwrap();
        Self(Index::new(&config, Seat::default()), Memory::default())
    }

    fn at<T>(&mut self, later: Duration, act: impl FnOnce(&mut Index, &mut Cx<'_>) -> T) -> T {
        let Self(index, memory) = self;
        act(index, &mut Cx::new(NOW.after(later), memory))
    }

    fn heard(&mut self, later: Duration) -> Option<(Heard, bool)> {
        self.at(later, |index, cx| {
            Heard::peek(&module(), index, cx).map(|heard| (heard.clone(), heard.is_current(cx.now)))
        })
    }
}

const RETRACTS: &str =
    "// Deprecated: use a.b/n\nmodule a.b/m\nretract v1.2.0 // leaks\nretract [v0.0.0, v1.0.0]\n";

#[test]
fn what_was_read_counts_until_the_next_is_read_and_is_current_for_an_hour() {
    let mut kept = Kept::new();
    assert_eq!(kept.heard(Duration::ZERO), None);
    let said = Statement::read(&version("v1.3.0"), RETRACTS.as_bytes());
    assert_eq!(said.deprecated.as_deref(), Some("use a.b/n"));
    let hour = Duration::from_secs(3600);
    assert!(kept.at(Duration::ZERO, |index, cx| note_newest(&module(), &version("v1.3.0"), index, cx)));
    let (heard, is_current) = kept.heard(Duration::ZERO).unwrap();
    assert_eq!((heard.statement, is_current), (None, false));
    // That of another version is not what is looked for.
    let other = Statement::silent(&version("v1.2.0"));
    kept.at(Duration::ZERO, |index, cx| note_statement(&module(), &other, index, cx));
    assert_eq!(kept.heard(Duration::ZERO).unwrap().0.statement, None);
    kept.at(Duration::ZERO, |index, cx| note_statement(&module(), &said, index, cx));
    let (heard, is_current) = kept.heard(hour - Duration::from_secs(1)).unwrap();
    assert_eq!((heard.statement.as_ref(), is_current), (Some(&said), true));
    assert!(!kept.heard(hour).unwrap().1, "the list is looked at again");
    // The same list once more.
    assert!(!kept.at(hour, |index, cx| note_newest(&module(), &version("v1.3.0"), index, cx)));
    assert!(kept.heard(hour).unwrap().1);
    // Another newest version.
    assert!(kept.at(hour, |index, cx| note_newest(&module(), &version("v1.4.0"), index, cx)));
    let (heard, is_current) = kept.heard(hour).unwrap();
    assert_eq!((heard.statement.as_ref(), is_current), (Some(&said), false));
    // It cannot be had: what is known stays, and no client waits for a minute.
    kept.at(hour, |index, cx| note_failed(&module(), index, cx));
    let (heard, _) = kept.heard(hour).unwrap();
    assert_eq!(heard.statement.as_ref(), Some(&said));
    assert!(heard.is_in_vain(NOW.after(hour + Duration::from_secs(59))));
    assert!(!heard.is_in_vain(NOW.after(hour + Duration::from_secs(60))));
    let undone = Statement::read(&version("v1.4.0"), b"module a.b/m\n");
    kept.at(hour, |index, cx| note_statement(&module(), &undone, index, cx));
    let (heard, is_current) = kept.heard(hour).unwrap();
    assert_eq!((heard.statement, is_current), (Some(undone), true));
}

#[test]
fn rationales_without_end_are_left_out_and_what_they_retract_is_not() {
    let lines: String = (0..1000).map(|n| format!("retract v1.{n}.0 // {}\n", "x".repeat(400))).collect();
    let said = Statement::read(&version("v2.0.0-a"), format!("module a.b/m\n{lines}").as_bytes());
    assert!(said.retractions.is_empty(), "larger than what is read at once");
    let lines: String = (0..200).map(|n| format!("retract v1.{n}.0 // {}\n", "x".repeat(400))).collect();
    let said = Statement::read(&version("v2.0.0-a"), format!("module a.b/m\n{lines}").as_bytes());
    let mut kept = Kept::new();
    kept.at(Duration::ZERO, |index, cx| note_statement(&module(), &said, index, cx));
    let heard = kept.heard(Duration::ZERO).unwrap().0.statement.unwrap();
    let all = |said: &Statement| -> Vec<_> {
        (0..250).map(|n| said.retractions.has(&version(&format!("v1.{n}.0")))).collect()
    };
    assert_eq!(all(&heard), all(&said));
    let bytes: usize = heard.retractions.all().iter().map(|one| one.rationale.len()).sum();
    assert!(bytes > 7_500 && bytes <= MAX_RATIONALES, "{bytes}");
}
