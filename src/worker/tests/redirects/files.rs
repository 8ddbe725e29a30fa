//! Documents: what is followed and what is not.

use super::*;
use crate::http::{Headers, Reply};

#[test]
fn every_redirect_that_leads_somewhere_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        for location in [
            "https://store.test/x/y",
            "//store.test/x/y",
            "HTTPS://Store.test:443/x/y#part",
            "https://me:pw@store.test/x/y",
        ] {
            let mut world = World::new(1, &config(""));
            redirect(&mut world, MOD, status, location);
            world.cluster("store").serve("/x/y", GO_MOD);
            let answer = world.get(0, MOD);
            assert_eq!((answer.status, body(&answer)), (200, GO_MOD), "{status} {location}");
            assert_eq!(asked(&world, "store"), ["GET /x/y"]);
            let sent = &world.clusters["store"].callouts[0];
            assert_eq!((sent.authority.as_str(), sent.scheme), ("store.test", "https"));
            assert!(
                sent.headers
                    .iter()
                    .all(|(name, _)| matches!(name.as_str(), "user-agent" | "accept-encoding"))
            );
        }
        for location in ["/elsewhere/mod", "../../../elsewhere/mod", "https://HOME.test/elsewhere/mod"] {
            let mut world = World::new(1, &config(""));
            redirect(&mut world, "/m/@v/v1.0.0.mod", status, location.trim_start_matches("../../"));
            redirect(&mut world, MOD, status, location);
            world.cluster("home").serve("/elsewhere/mod", GO_MOD).serve("/base/elsewhere/mod", GO_MOD);
            let answer = world.get(0, MOD);
            assert_eq!((answer.status, body(&answer)), (200, GO_MOD), "{status} {location}");
            let sent = &world.clusters["home"].callouts[1];
            assert!(
                sent.headers.contains(&("authorization".to_owned(), CREDENTIAL.to_owned())),
                "{location}"
            );
        }
    }
}

#[test]
fn what_leads_nowhere_is_a_bad_answer_that_says_why() {
    let not_listed = "redirects to else.test, which is not listed; add \"else.test\": \"<cluster>\" to `redirects` of upstream up";
    for (status, location, why) in [
        (302, "https://else.test/x?Signature=S1GNATURE", not_listed),
        (301, "https://me:S1GNATURE@else.test/", not_listed),
        (302, "", "upstream up redirects to nowhere (302)"),
        (300, "https://store.test/x", "upstream up redirects to https://store.test (300)"),
        (305, "https://store.test/x", "upstream up redirects to https://store.test (305)"),
        (304, "https://store.test/x", "upstream up answered 304"),
        (302, "ftp://store.test/S1GNATURE", "redirects to an address that is neither http nor https"),
        (302, "https:///S1GNATURE", "redirects to an address without a host"),
    ] {
        for path in [MOD, LIST, ZIP] {
            for more in ["", STREAMED, STORAGE] {
                let mut world = World::new(1, &config(more));
                world.cluster("storage");
                world.cluster("store").serve("/x", GO_MOD);
                redirect(&mut world, path, status, location);
                let answer = world.get(0, path);
                assert_eq!(answer.status, 502, "{status} {location} {path} {more}");
                assert!(body(&answer).contains(why), "{status} {location} {path} {more}: {}", body(&answer));
                assert!(!body(&answer).contains(SIGNATURE), "{}", body(&answer));
                assert_eq!(asked(&world, "store"), [""; 0]);
            }
        }
    }
}

#[test]
fn ten_are_followed_and_what_goes_on_is_a_loop_or_a_long_way() {
    for (hops, is_loop, want) in
        [(10, false, "200"), (11, false, "redirects more than 10 times"), (12, true, "redirects in a loop")]
    {
        let mut world = World::new(1, &config(""));
        let at = |hop: u32| format!("/{}", if is_loop { hop % 2 } else { hop });
        redirect(&mut world, MOD, 302, "/0");
        for hop in 0..hops - 1 {
            world.cluster("home").answer(&at(hop), 302, &[("location", &at(hop + 1))], "");
        }
        if !is_loop {
            world.cluster("home").serve(&at(hops - 1), GO_MOD);
        }
        let answer = world.get(0, MOD);
        let told = if answer.status == 200 { "200" } else { body(&answer) };
        assert!(told.contains(want), "{hops}: {told}");
        assert_eq!(asked(&world, "home").len(), 11, "{hops}: ten redirects and the first request");
    }
}

#[test]
fn what_the_other_host_refuses_is_its_refusal_and_no_rule() {
    for (status, want) in [(401, 502), (403, 502), (404, 404), (410, 410), (429, 503), (500, 502), (503, 503)]
    {
        let mut world = world_of(&config(""), MOD, "");
        let headers = [("content-type", "text/plain")];
        let words = format!("no: https://store.test{SIGNED} {SIGNED}");
        world.cluster("store").answer(SIGNED, status, &headers, &words);
        let answer = world.get(0, MOD);
        assert_eq!(answer.status, want, "{status}: {}", body(&answer));
        let who = "store.test (upstream up redirects there)";
        assert!(body(&answer).contains(who), "{status}: {}", body(&answer));
        assert!(body(&answer).contains(&status.to_string()) && !body(&answer).contains(SIGNATURE));
    }
    for (fault, want) in [(CallFailure::Unreachable, 502), (CallFailure::TimedOut, 504)] {
        let mut world = world_of(&config(""), MOD, "");
        world.cluster("store").fault = Some(fault);
        let answer = world.get(0, MOD);
        assert_eq!(answer.status, want);
        assert!(body(&answer).contains("store.test (upstream up redirects there)"), "{}", body(&answer));
    }
    // A page in place of the file is no file, whoever gives it.
    let mut world = world_of(&config(""), MOD, "<html>");
    let answer = world.get(0, MOD);
    assert_eq!(answer.status, 502);
    assert!(body(&answer).contains("bad answer from store.test"), "{}", body(&answer));
}

/// An address that was signed for a few seconds, which were over: the upstream signs another.
#[test]
fn where_the_other_host_refuses_an_address_the_upstream_is_asked_for_another_once() {
    for status in [400, 403] {
        for (path, more) in [(MOD, ""), (LIST, ""), (ZIP, STORAGE), (ZIP, STREAMED)] {
            let content = match path {
                MOD => GO_MOD,
                LIST => "v1.0.0\n",
                _ => EMPTY_ZIP,
            };
            let mut world = world_of(&config(more), path, content);
            let over = Reply::Answered {
                status,
                headers: Headers::default(),
                body: b"Request has expired".to_vec(),
            };
            world.cluster("store").first(SIGNED, vec![over]);
            let stream = world.begin(0, path);
            world.settle();
            match world.verdict(stream) {
                Verdict::Respond(answer) => {
                    assert_eq!(answer.status, 200, "{status} {path}: {}", body(answer));
                }
                Verdict::Route(_) => assert_eq!(path, ZIP),
                other => panic!("{other:?}"),
            }
            let again = asked(&world, "home").iter().filter(|asked| asked.ends_with(path)).count();
            assert_eq!(again, 2, "{status} {path}: {:?}", asked(&world, "home"));
        }
    }
}

#[test]
fn of_http_2_there_nothing_is_known() {
    let config = config("").replace("\"cluster\": \"home\"", "\"http2\": true, \"cluster\": \"home\"");
    let mut world = world_of(&config, LIST, "v1.0.0\n");
    world.cluster("store").hides_ends = true;
    let answer = world.get(0, LIST);
    assert_eq!(answer.status, 502);
    assert!(body(&answer).contains("it came without a length"), "{}", body(&answer));
}

#[test]
fn a_checksum_databases_redirects_are_followed() {
    use crate::{
        modzip::H1,
        sim::{Database, key},
    };
    let sumdb = format!(
        r#""sumdb": [{{"name": "sum.test", "key": "{}", "cluster": "home", "url": "https://home.test/sum",
                     "headers": {{"authorization": "{CREDENTIAL}"}}, "redirects": {{"*.test": "sum"}}}}],"#,
        key()
    );
    let mut world = World::new(1, &config(&sumdb));
    let mut database = Database::new("", 20);
    database.publish("example.com/m", "v1.0.0", &H1([7; 32]), &H1::of_go_mod(GO_MOD.as_bytes()));
    world.cluster("sum").database = Some(database);
    world.cluster("home").serve(&format!("/base{MOD}"), GO_MOD);
    let lookup = "lookup/example.com/m@v1.0.0";
    // All of it, part by part as the proof needs it.
    for _ in 0..20 {
        let answer = world.get(0, MOD);
        if answer.status == 200 {
            break;
        }
        let missing: Vec<_> = asked(&world, "home")
            .iter()
            .filter_map(|asked| asked.strip_prefix("GET /sum/"))
            .map(str::to_owned)
            .collect();
        for file in missing {
            let to = format!("https://cdn.test/{file}");
            world.cluster("home").answer(&format!("/sum/{file}"), 307, &[("location", &to)], "");
        }
        world.pass(60_000);
    }
    let answer = world.get(0, MOD);
    assert_eq!((answer.status, body(&answer)), (200, GO_MOD), "{:?}", asked(&world, "sum"));
    assert!(asked(&world, "sum").contains(&format!("GET /{lookup}").as_str()));
    assert!(asked(&world, "sum").iter().any(|asked| asked.contains("/tile/")));
    let sent = world.clusters["sum"].callouts.iter().flat_map(|callout| &callout.headers);
    assert!(sent.clone().count() > 0 && sent.clone().all(|(_, value)| value != CREDENTIAL));
}

#[test]
fn a_policy_bundles_redirects_are_followed() {
    let bundle = format!(
        r#""policy": {{"bundle": {{"cluster": "home", "url": "https://home.test/base/rules.json", "interval": "10s",
           "headers": {{"authorization": "{CREDENTIAL}"}}, "redirects": {{"store.test": "store"}}}}}},"#
    );
    let mut world = world_of(&config(&bundle), "/rules.json", "");
    let text = r#"{"version": 1, "rules": [{"modules": ["example.com/m"], "action": "deny"}]}"#;
    world.cluster("store").answer(SIGNED, 200, &[("etag", "\"t\"")], text);
    world.pass(1_000);
    assert_eq!(world.get(0, MOD).status, 403);
    assert_eq!((asked(&world, "home").len(), asked(&world, "store").len()), (1, 1));
    // The next time, of what is in force nothing but the tag comes back.
    world.pass(10_000);
    assert_eq!(world.counters["modgate.policy_bundle_polls_total.outcome.unchanged"], 1);
    let sent = &world.clusters["store"].callouts[1].headers;
    assert!(sent.contains(&("if-none-match".to_owned(), "\"t\"".to_owned())), "{sent:?}");
    assert!(sent.iter().all(|(_, value)| value != CREDENTIAL));
    // What it redirects to is refused: what was read stays in force.
    world.cluster("store").answer(SIGNED, 403, &[], "");
    world.pass(10_000);
    redirect(&mut world, "/rules.json", 302, "https://else.test/x?Signature=S1GNATURE");
    world.pass(10_000);
    assert_eq!(world.get(0, MOD).status, 403);
    let log = world.log.join("\n");
    assert!(log.contains("store.test, to which its source redirects, answers 403"), "{log}");
    assert!(log.contains("its source redirects to else.test, which is not listed; add \"else.test\": \"<cluster>\" to `redirects` of policy.bundle"), "{log}");
    assert!(!log.contains(SIGNATURE), "{log}");
}
