//! What is for some callers only.

use super::*;

const MOD: &str = "/corp.test/m/@v/v1.0.0.mod";
const LIST: &str = "/corp.test/m/@v/list";

const TEAM_ONLY: &str = r#"{"modules": ["corp.test"], "principals": ["team-*"], "action": "allow"},
                           {"modules": ["corp.test"], "action": "deny"}"#;

fn furnished(workers: usize, rule: &str) -> World {
    let mut world = world(workers, &rules(rule));
    for module in ["corp.test/m", "open.test/m"] {
        publish(&mut world, module, &[("v1.0.0", 90 * DAY), ("v1.1.0", DAY)]);
        resolve(&mut world, module, "@latest", r#"{"Version":"v1.1.0"}"#);
    }
    world
}

fn ask_as(world: &mut World, worker: usize, caller: &str, path: &str) -> Got {
    let headers: &[(&str, &str)] = if caller.is_empty() { &[] } else { &[("x-user", caller)] };
    ask_with(world, worker, "GET", path, headers)
}

/// Above the index stands what a worker answered a moment ago, looked up by the path alone.
#[test]
fn what_one_caller_was_given_a_moment_ago_is_not_given_to_another() {
    for workers in [1, 2] {
        let mut world = furnished(workers, TEAM_ONLY);
        for round in 0..3 {
            for path in [
                MOD,
                LIST,
                "/corp.test/m/@latest",
                "/corp.test/m/@v/v1.0.0.info",
                "/corp.test/m/@v/v1.0.0.zip",
            ] {
                for worker in 0..workers {
                    for (caller, status) in
                        [("team-a", 200), ("bob", 403), ("", 403), ("team-b", 200), ("", 403)]
                    {
                        let got = ask_as(&mut world, worker, caller, path);
                        assert_eq!(got.status, status, "{round}: {path} by {caller:?}");
                        let cache_control = got.cache_control.split(',').next().unwrap();
                        assert!(
                            ["private", "no-store", ""].contains(&cache_control),
                            "{path}: {cache_control}"
                        );
                    }
                }
            }
        }
        // What is the same for all is so for those who ask here: a cache in front would ask nobody for his name.
        for _ in 0..2 {
            for path in ["/open.test/m/@v/v1.0.0.mod", "/open.test/m/@v/list"] {
                let got = ask_as(&mut world, 0, "bob", path);
                assert!(got.cache_control.starts_with("private, max-age="), "{path}: {got:?}");
            }
        }
        assert_idle(&mut world, workers);
    }
}

#[test]
fn one_search_answers_callers_of_whom_each_gets_his_own() {
    let rule = r#"{"modules": ["corp.test"], "versions": ["v1.1.0"], "principals": ["@anonymous"], "action": "deny"},
                  {"modules": ["corp.test"], "principals": ["bob"], "action": "cooldown", "age": "30d"}"#;
    for workers in [1, 4] {
        let mut world = furnished(workers, rule);
        let crowd: Vec<_> = (0..24)
            .map(|n| {
                let caller = ["", "bob", "ann"][n % 3];
                let headers: &[(&str, &str)] = if caller.is_empty() { &[] } else { &[("x-user", caller)] };
                let path = [LIST, "/corp.test/m/@latest"][n / 3 % 2];
                (n % workers, caller, path, world.begin_with(n % workers, "GET", path, headers))
            })
            .collect();
        world.settle();
        for (worker, caller, path, stream) in crowd {
            let got = end(&mut world, worker, stream);
            let (list, latest) =
                if caller == "ann" { ("v1.0.0\nv1.1.0\n", "v1.1.0") } else { ("v1.0.0\n", "v1.0.0") };
            if path == LIST {
                assert_eq!(got.body, list, "{caller:?}");
            } else {
                assert!(got.body.contains(latest), "{caller:?}: {got:?}");
            }
            assert!(got.cache_control.starts_with("private"), "{got:?}");
        }
        assert_eq!((asked(&world, "/@v/list"), asked(&world, "/@latest")), (1, 1));
        assert_idle(&mut world, workers);
    }
}

#[test]
fn who_cannot_be_told_is_refused_even_what_everybody_may_have() {
    let mut world = furnished(1, TEAM_ONLY);
    for names in [&[("x-user", "ann"), ("x-user", "team-a")][..], &[("x-user", "ann,team-a")]] {
        assert_eq!(ask_with(&mut world, 0, "GET", MOD, names).status, 403);
    }
    assert_eq!(world.counters["modgate.refusals_total.reason.caller"], 2);
}

#[test]
fn a_checksum_database_says_no_more_of_a_version_than_the_caller_may_have() {
    let mut world = furnished(1, TEAM_ONLY);
    let lookup = "/sumdb/sum.test/lookup/corp.test/m@v1.0.0";
    for _ in 0..2 {
        assert_eq!(ask_as(&mut world, 0, "bob", lookup).status, 403);
        let got = ask_as(&mut world, 0, "team-a", lookup);
        assert_eq!(got.status, 200);
        assert!(got.cache_control.starts_with("private"), "{got:?}");
    }
}
