//! Zips: stored, streamed, by HEAD and in parts.

use super::*;
use crate::http::Length;

const ORIGIN: &str = "GET /base/example.com/m/@v/v1.0.0.zip";
const STORED: &str = "/modules/example.com/m/@v/v1.0.0.zip";

#[test]
fn a_whole_zip_is_fetched_from_there_and_stored() {
    let mut world = world_of(&config(STORAGE), ZIP, EMPTY_ZIP);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(set(route(&world, stream), "x-modgate-cluster"), "storage");
    assert_eq!(world.clusters["storage"].body(STORED).as_deref(), Some(EMPTY_ZIP));
    assert_eq!(asked(&world, "home").iter().filter(|asked| **asked == ORIGIN).count(), 1);
    assert_eq!(asked(&world, "store"), [format!("GET {SIGNED}")]);
}

#[test]
fn a_streamed_zip_is_routed_there_and_each_client_has_an_address_of_its_own() {
    let mut world = world_of(&config(STREAMED), ZIP, EMPTY_ZIP);
    for number in 1..=3 {
        let stream = world.begin(number % 2, ZIP);
        world.settle();
        let route = route(&world, stream).clone();
        assert_eq!((set(&route, "x-modgate-cluster"), route.cluster.as_str()), ("store", "store"));
        assert_eq!(set(&route, "x-modgate-host"), "store.test");
        assert_eq!(set(&route, ":scheme"), "https");
        assert_eq!(set(&route, ":path"), SIGNED);
        assert_eq!(set(&route, "x-envoy-original-path"), ZIP, "what access logs show in its place");
        assert!(route.confided.is_empty(), "{:?}", route.confided);
        assert_eq!((asked(&world, "home").len(), asked(&world, "store").len()), (number, number));
        let verdict =
            world.answer_routed(number % 2, stream, 200, &[("content-length", "22"), ("date", "now")]);
        assert!(matches!(verdict, Verdict::Edit(_)), "{verdict:?}");
    }
    assert!(
        world.clusters["store"].callouts.iter().all(|callout| callout
            .headers
            .iter()
            .any(|(name, value)| name == "range" && value == "bytes=0-0"))
    );
}

/// One search for all who wait, in whatever worker.
#[test]
fn a_crowd_is_sent_to_one_address() {
    let mut world = world_of(&config(STREAMED), ZIP, EMPTY_ZIP);
    let crowd: Vec<_> = (0..8).map(|number| world.begin(number % 2, ZIP)).collect();
    world.settle();
    for stream in crowd {
        assert_eq!(set(route(&world, stream), ":path"), SIGNED);
    }
    assert_eq!((asked(&world, "home").len(), asked(&world, "store").len()), (1, 1));
}

#[test]
fn on_its_own_host_a_streamed_zip_takes_the_credentials_along() {
    for redirects in [r#", "redirects": {"store.test": "store"}"#, ""] {
        let config = config(STREAMED).replace(r#", "redirects": {"store.test": "store"}"#, redirects);
        let mut world = World::new(1, &config);
        redirect(&mut world, ZIP, 302, "/files/7?token=S1GNATURE");
        world.cluster("home").serve("/files/7?token=S1GNATURE", EMPTY_ZIP);
        let stream = world.begin(0, ZIP);
        world.settle();
        let route = route(&world, stream);
        assert_eq!(
            (set(route, "x-modgate-cluster"), set(route, ":path")),
            ("home", "/files/7?token=S1GNATURE")
        );
        assert_eq!(route.confided, [("authorization".to_owned(), CREDENTIAL.to_owned())]);
        let method = if redirects.is_empty() { "HEAD" } else { "GET" };
        assert_eq!(
            asked(&world, "home"),
            [format!("{method} /base{ZIP}"), format!("{method} /files/7?token=S1GNATURE")]
        );
    }
}

#[test]
fn what_is_too_large_to_be_stored_in_passing_is_routed_where_it_was_found() {
    let large = format!("PK\u{3}\u{4}{}", "x".repeat(8 << 20));
    let mut world = world_of(&config(STORAGE), ZIP, &large);
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(
        (set(route(&world, stream), "x-modgate-cluster"), set(route(&world, stream), ":path")),
        ("store", SIGNED)
    );
    // And where storage does not take it.
    let mut world = world_of(&config(STORAGE), ZIP, EMPTY_ZIP);
    world.cluster("storage").refuse_put = true;
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(
        (set(route(&world, stream), "x-modgate-cluster"), set(route(&world, stream), ":path")),
        ("store", SIGNED)
    );
}

#[test]
fn a_head_says_how_long_the_zip_is_whatever_its_source_knows_of_heads() {
    for more in [STREAMED, STORAGE] {
        let mut world = world_of(&config(more), ZIP, EMPTY_ZIP);
        for _ in 0..2 {
            let stream = world.begin_with(0, "HEAD", ZIP, &[]);
            world.settle();
            let answer = world.response(stream);
            assert_eq!((answer.status, answer.length), (200, Length::Said(22)), "{more}");
            assert_eq!(header(&answer, "content-type"), "application/zip");
            assert!(
                asked(&world, "store").iter().all(|asked| asked.starts_with("GET ")),
                "a signed address is good for GET alone"
            );
        }
    }
    // Without redirects, of a source that knows no HEAD, or says nothing by it.
    for head in [Some(400), Some(403), Some(405), Some(501), None] {
        let mut world =
            World::new(1, &config(STREAMED).replace(r#", "redirects": {"store.test": "store"}"#, ""));
        let home = world.cluster("home");
        (home.head_answered, home.gives_ranges) = (head, true);
        home.serve(&format!("/base{ZIP}"), EMPTY_ZIP);
        let stream = world.begin_with(0, "HEAD", ZIP, &[]);
        world.settle();
        assert_eq!(
            (world.response(stream).status, world.response(stream).length),
            (200, Length::Said(22)),
            "{head:?}"
        );
    }
    // And of a storage that knows none.
    let mut world =
        World::new(1, &config(&STORAGE.replace("modules\"", "modules\", \"reverify\": \"never\"")));
    let storage = world.cluster("storage");
    (storage.head_answered, storage.gives_ranges) = (Some(405), true);
    storage.serve(STORED, EMPTY_ZIP);
    for _ in 0..2 {
        let stream = world.begin_with(0, "HEAD", ZIP, &[]);
        world.settle();
        let answer = world.response(stream);
        assert_eq!(
            (answer.status, answer.length, header(&answer, "etag")),
            (200, Length::Said(22), "\"it\"")
        );
    }
}

#[test]
fn a_range_of_what_is_read_along_is_the_whole_there_too() {
    let mut world = world_of(&config(STREAMED), ZIP, EMPTY_ZIP);
    let stream = world.begin_with(0, "GET", ZIP, &[("range", "bytes=0-3")]);
    world.settle();
    assert!(!route(&world, stream).selects);
}

/// What a routed request is answered by the upstream that said, when it was asked, that it has the zip itself.
fn redirected(world: &mut World, worker: usize, location: &str) -> (StreamId, Response) {
    let stream = world.begin(worker, ZIP);
    world.settle();
    assert_eq!(set(route(world, stream), "x-modgate-cluster"), "home");
    let headers = [
        ("location", location),
        ("date", "now"),
        ("content-type", "application/zip"),
        ("content-length", "22"),
    ];
    match world.answer_routed(worker, stream, 302, &headers) {
        Verdict::Respond(answer) => (stream, (*answer).clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_who_was_sent_to_what_moved_comes_again_once() {
    let mut world = World::new(2, &config(STREAMED));
    let home = world.cluster("home");
    home.gives_ranges = true;
    home.serve(&format!("/base{ZIP}"), EMPTY_ZIP);
    // Two clients at once; neither is to blame.
    for worker in [0, 1] {
        let (_, answer) = redirected(&mut world, worker, &format!("https://store.test{SIGNED}"));
        if worker == 1 {
            // It was asked where it is, and had it.
            assert_eq!(answer.status, 502, "{}", body(&answer));
            assert!(body(&answer).contains("upstream up redirects once more"), "{}", body(&answer));
            break;
        }
        assert_eq!((answer.status, header(&answer, "location")), (307, "v1.0.0.zip"));
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(answer.body.len(), 0);
    }
    // The next one is sent where it leads.
    let store = world.cluster("store");
    store.gives_ranges = true;
    store.serve(SIGNED, EMPTY_ZIP);
    redirect(&mut world, ZIP, 302, &format!("https://store.test{SIGNED}"));
    let stream = world.begin(0, ZIP);
    world.settle();
    assert_eq!(set(route(&world, stream), "x-modgate-cluster"), "store");
}

#[test]
fn two_clients_who_were_sent_there_at_once_both_come_again() {
    let mut world = World::new(1, &config(STREAMED));
    world.cluster("home").serve(&format!("/base{ZIP}"), EMPTY_ZIP);
    let streams = [world.begin(0, ZIP), world.begin(0, ZIP)];
    world.settle();
    for stream in streams {
        let headers = [("location", "/x"), ("date", "now")];
        let Verdict::Respond(answer) = world.answer_routed(0, stream, 302, &headers) else {
            panic!("passed on")
        };
        assert_eq!(answer.status, 307);
    }
}

#[test]
fn a_client_who_was_sent_to_what_leads_nowhere_is_told_so() {
    let mut world = World::new(1, &config(STREAMED));
    world.cluster("home").serve(&format!("/base{ZIP}"), EMPTY_ZIP);
    let (_, answer) = redirected(&mut world, 0, "https://else.test/x?Signature=S1GNATURE");
    assert_eq!(answer.status, 502);
    assert!(body(&answer).contains("redirects to else.test, which is not listed"), "{}", body(&answer));
    assert!(!body(&answer).contains(SIGNATURE));
}

#[test]
fn what_a_client_is_refused_there_is_the_other_hosts_refusal() {
    for (status, want) in [(403, 502), (404, 404), (500, 502), (302, 502)] {
        let mut world = world_of(&config(STREAMED), ZIP, EMPTY_ZIP);
        let stream = world.begin(0, ZIP);
        world.settle();
        let headers = [
            ("date", "now"),
            ("content-type", "application/xml"),
            ("location", "https://else.test/S1GNATURE"),
        ];
        let Verdict::Respond(answer) = world.answer_routed(0, stream, status, &headers) else {
            panic!("{status}")
        };
        assert_eq!(answer.status, want, "{status}");
        assert!(
            body(&answer).contains("store.test (upstream up redirects there)"),
            "{status}: {}",
            body(&answer)
        );
        assert!(!body(&answer).contains(SIGNATURE));
        // The next one has an address of its own.
        if want == 502 {
            let stream = world.begin(0, ZIP);
            world.settle();
            assert_eq!(set(route(&world, stream), "x-modgate-cluster"), "store", "{status}");
        }
    }
}

#[test]
fn whoever_waited_for_long_enough_is_sent_to_where_it_is_being_fetched() {
    let mut world = world_of(&config(STORAGE), ZIP, EMPTY_ZIP);
    world.cluster("store").latency = 25_000;
    let stream = world.begin(0, ZIP);
    world.pass(16_000);
    assert_eq!(
        (set(route(&world, stream), "x-modgate-cluster"), set(route(&world, stream), ":path")),
        ("store", SIGNED)
    );
}

#[test]
fn a_storage_that_redirects_is_configured_wrongly_and_not_followed() {
    for (status, code) in [(301, "PermanentRedirect"), (307, "TemporaryRedirect"), (302, "")] {
        for path in [MOD, ZIP] {
            let mut world = World::new(1, &format!("{{{}}}", STORAGE.trim_end_matches(',')));
            let headers = [
                ("location", "https://b.s3.eu-west-1.amazonaws.test/x?S1GNATURE"),
                ("x-amz-bucket-region", "eu-west-1"),
            ];
            let error = format!("<Error><Code>{code}</Code></Error>");
            world.cluster("storage").answer(&format!("/modules{path}"), status, &headers, &error);
            let answer = world.get(0, path);
            assert_eq!(answer.status, 502, "{status} {path}");
            let told = body(&answer);
            for part in [
                "storage",
                "redirects to https://b.s3.eu-west-1.amazonaws.test",
                "the bucket is in eu-west-1",
                "region is configured wrongly",
            ] {
                assert!(told.contains(part), "{status} {path}: {told}");
            }
            assert!(!told.contains(SIGNATURE));
        }
    }
}

#[test]
fn whoever_comes_again_waits_for_where_it_leads_however_slow_that_is() {
    let mut world = World::new(2, &config(STREAMED));
    let home = world.cluster("home");
    home.gives_ranges = true;
    home.serve(&format!("/base{ZIP}"), EMPTY_ZIP);
    assert_eq!(redirected(&mut world, 0, &format!("https://store.test{SIGNED}")).1.status, 307);
    redirect(&mut world, ZIP, 302, &format!("https://store.test{SIGNED}"));
    world.cluster("home").latency = 20_000;
    let store = world.cluster("store");
    store.gives_ranges = true;
    store.serve(SIGNED, EMPTY_ZIP);
    let streams = [world.begin(0, ZIP), world.begin(1, ZIP)];
    world.pass(17_000);
    for stream in streams {
        assert_eq!(*world.verdict(stream), Verdict::Wait, "it would be redirected once more");
    }
    world.settle();
    for stream in streams {
        assert_eq!(set(route(&world, stream), "x-modgate-cluster"), "store");
    }
}
