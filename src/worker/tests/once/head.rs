//! Servers that know no HEAD.

use super::*;
use crate::http::Response;

/// A HEAD of a zip that nobody has asked for, from an upstream that answers every HEAD with `code`, as the client sees it.
fn head(world: &mut World, code: u16) -> Response {
    world.cluster("public").head_answered = Some(code);
    let stream = world.begin_with(0, "HEAD", ZIP, &[]);
    world.settle();
    match world.verdict(stream) {
        Verdict::Respond(_) => world.response(stream),
        _ => match world.answer_routed_as(0, stream, &status(code)) {
            Verdict::Respond(answer) => (*answer).clone(),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn a_server_without_head_hides_its_zips_from_nobody() {
    for code in [400, 403, 404, 405, 410, 501] {
        let mut world = super::super::streaming(2);
        world
            .cluster("public")
            .serve(ORIGIN, EMPTY_ZIP)
            .serve("/base/example.com/m/@v/v1.0.0.info", super::super::INFO);
        let answer = head(&mut world, code);
        assert_eq!(answer.status, 200, "{code}: {}", body(&answer));
        assert!(answer.headers.iter().all(|(name, _)| *name != "content-length"), "{code}");
        for worker in [1, 0] {
            assert_eq!(next(&mut world, worker), "public", "{code}");
        }
    }
}

#[test]
fn a_head_of_what_is_not_there_is_a_404_by_a_get() {
    for code in [404, 405, 501] {
        let mut world = super::super::streaming(1);
        let answer = head(&mut world, code);
        assert_eq!(answer.status, 404, "{code}");
        assert_eq!(next(&mut world, 0), "404", "{code}: it was asked for as everybody does");
    }
}

/// Who has waited for long enough is sent to who may have it: nobody has said whether the zip is there.
#[test]
fn a_head_that_is_routed_unasked_is_never_a_404() {
    for code in [400, 403, 404, 405, 410, 501] {
        let mut world = super::super::streaming(1);
        world.cluster("public").latency = 60_000;
        let plain = world.begin(0, ZIP);
        let head = world.begin_with(0, "HEAD", ZIP, &[]);
        world.pass(16_000);
        assert_eq!((routed_to(&world, plain), routed_to(&world, head)), ("public", "public"));
        let Verdict::Respond(answer) = world.answer_routed_as(0, head, &status(code)) else {
            panic!("{code}")
        };
        assert_eq!(answer.status, 502, "{code}");
        world.cluster("public").serve(ORIGIN, EMPTY_ZIP).latency = 100;
        assert_eq!(next(&mut world, 0), "public", "{code}");
    }
}

#[test]
fn a_store_without_head_gives_what_it_has() {
    for code in [405, 501] {
        let mut world =
            World::new(1, &super::super::CONFIG.replace("modules\"", "modules\", \"reverify\": \"never\""));
        world.cluster("storage").serve(STORED, EMPTY_ZIP).head_answered = Some(code);
        world.cluster("public");
        assert_eq!(next(&mut world, 0), "storage", "{code}");
        let Verdict::Respond(answer) = answered(&mut world, REQUESTS[1], &status(code)) else {
            panic!("{code}")
        };
        assert_eq!(answer.status, 200, "{code}");
    }
}
