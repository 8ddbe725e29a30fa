//! Lists with times and pseudo-versions, and mirrors without an `@latest`: what is refused is offered in none of them.

use super::*;

const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const LATEST: &str = "/example.com/m/@latest";
const P1: &str = "v0.0.0-20210101000000-abcdefabcdef";
const P2: &str = "v0.0.0-20220101000000-abcdefabcdef";
/// Of a later name than all others, and of an earlier time.
const P3: &str = "v1.2.1-0.20200101000000-abcdefabcdef";

/// A mirror with this list, whose versions are all there, under this rule.
fn mirror(list: &str, rule: &str) -> World {
    let mut world = world(1, &rules(rule));
    for line in list.lines() {
        let version = line.split(' ').next().unwrap();
        publish_as(&mut world, M, version, &format!(r#"{{"Version":"{version}"}}"#));
    }
    world.cluster("public").serve(&upstream(M, "@v/list"), list);
    world
}

fn refuse(versions: &str) -> String {
    format!(
        r#"{{"name": "gone", "modules": ["*"], "versions": [{versions}], "action": "deny", "reason": "because"}}"#
    )
}

#[test]
fn lines_that_are_refused_vanish_and_the_others_stay_as_they_are() {
    for (refused, expected, latest) in [
        (r#""v1.0.0""#, format!("{P1} 2024-01-02T03:04:05Z\n{P2}\nv1.1.0 2020-01-02T03:04:05Z\n"), 404),
        // What the go command would take from the list is refused: the next one is in it.
        (r#""v1.0.0", "v1.1.0""#, format!("{P1} 2024-01-02T03:04:05Z\n{P2}\n"), 404),
        (r#""pseudo""#, "v1.0.0\nv1.1.0 2020-01-02T03:04:05Z\n".to_owned(), 404),
        // Nothing is left: who asks is told why, and not to ask elsewhere.
        (r#""<v2.0.0""#, String::new(), 403),
    ] {
        let list = format!("{P2}\n{P1} 2024-01-02T03:04:05Z\nv1.0.0\nv1.1.0 2020-01-02T03:04:05Z\n");
        let mut world = mirror(&list, &refuse(refused));
        for _ in 0..2 {
            let got = ask(&mut world, LIST);
            assert_eq!((got.status, got.body.as_str()), (200, expected.as_str()), "{refused}");
            for method in ["GET", "HEAD"] {
                let got = ask_with(&mut world, 0, method, LATEST, &[]);
                assert_eq!(got.status, latest, "{refused}: {got:?}");
                assert!(method == "HEAD" || latest == 404 || got.body.contains("because"), "{got:?}");
            }
        }
        assert_idle(&mut world, 1);
    }
}

#[test]
fn of_pseudo_versions_the_one_of_the_latest_time_stands_in_for_the_latest() {
    for (list, refused, newest) in [
        (format!("{P1}\n{P2}\n{P3}\n"), r#""v1.3.0""#.to_owned(), P2),
        (format!("{P1}\n{P2}\n{P3}\n"), format!(r#""v1.3.0", "{P2}""#), P1),
        (format!("{P1} 2024-01-02T03:04:05Z\n{P2}\n{P3}\n"), r#""v1.3.0""#.to_owned(), P1),
        (format!("{P1}\n{P2} 2019-01-02T03:04:05Z\n{P3}\n"), r#""v1.3.0""#.to_owned(), P1),
        (format!("{P1}\n{P2}\nv0.1.0-rc.1\n{P3}\n"), r#""v1.3.0""#.to_owned(), "v0.1.0-rc.1"),
    ] {
        let mut world = mirror(&list, &refuse(&refused));
        resolve(&mut world, M, "@latest", r#"{"Version":"v1.3.0"}"#);
        let got = ask(&mut world, LATEST);
        assert!(got.status == 200 && got.body.contains(newest), "{list:?} without {refused}: {got:?}");
    }
}

/// A time in a list is the mirror's word for the order of its lines, and not for when a version was published.
#[test]
fn a_time_in_a_list_makes_no_version_old_enough() {
    let mut world = world(1, &rules(r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#));
    publish(&mut world, M, &[("v1.0.0", 90 * DAY), ("v1.1.0", DAY)]);
    let list = "v1.0.0 2024-01-02T03:04:05Z\nv1.1.0 2001-01-02T03:04:05Z\n";
    world.cluster("public").serve(&upstream(M, "@v/list"), list);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0 2024-01-02T03:04:05Z\n");
}
