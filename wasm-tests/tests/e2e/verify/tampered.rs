//! Upstreams that give something else than the checksum database knows.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Error, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tamper::Tampering;

use super::{assert_good_next, assert_refused, key, modules, patch, said, site, small, wait_stored};

at_two_workers!(
    every_tampered_zip_is_refused,
    every_tampered_zip_is_refused_where_all_are_streamed,
    a_zip_that_ends_early_is_refused,
    a_tampered_go_mod_is_refused,
);

fn every_tampered_zip_is_refused(workers: u32) {
    let site = site(workers);
    for how in Tampering::REFUSED {
        let [small, large] = modules(&name(how));
        refuses(&site, how, &small, false);
        wait_stored(&site, &small);
        refuses(&site, how, &large, true);
    }
    // An alarm that says what was expected, of which module.
    for text in ["small.example/swapped@v1.0.0", "large.example/swapped@v1.0.0", "SECURITY ERROR"] {
        assert!(site.envoy.log_contains(text), "{text}");
    }
    assert!(site.envoy.metric("verifications_total.outcome.mismatch") >= 2);
    assert!(site.envoy.metric("verifications_total.outcome.unfit") >= 2);
}

fn every_tampered_zip_is_refused_where_all_are_streamed(workers: u32) {
    let site = Proving::with(workers, &patch(0));
    for how in Tampering::REFUSED {
        refuses(&site, how, &small(&name(how)), true);
    }
}

/// However it is sent, `module`'s zip with this wrong is refused; the right one is not.
#[track_caller]
fn refuses(site: &Proving, how: Tampering, module: &Module, streamed: bool) {
    site.has(module);
    let zip = how.of(&module.zip().to_vec());
    for (framing, reply) in [
        ("length", Reply::ok(zip.clone())),
        ("chunked", Reply::ok(zip.clone()).chunked()),
        ("until close", Reply::ok(zip).until_close()),
    ] {
        site.serves(module, reply);
        let what = format!("{how:?} {}, {framing}", module.query());
        match Request::get(&module.url("zip")).try_send(site.envoy.addr()) {
            Err(Error::Truncated(part)) if streamed => assert_eq!(part.status, 200, "{what}"),
            Ok(answer) if !streamed => assert_eq!(answer.status, 502, "{what}: {answer:?}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    // Verifying itself or not: what Go alone would take is refused as well.
    assert_refused(site, module, &site.trusting_go().mod_download(&[&module.query()]));
    assert_good_next(site, module);
}

fn name(how: Tampering) -> String {
    format!("{how:?}").to_lowercase()
}

fn a_zip_that_ends_early_is_refused(workers: u32) {
    let site = site(workers);
    for module in modules("short") {
        site.has(&module);
        let (zip, half) = (module.zip(), module.zip().len() / 2);
        let short = zip.to_vec()[..usize::try_from(half).unwrap()].to_vec();
        for reply in [
            Reply::ok(zip.clone()).close_after(half),
            Reply::ok(zip.clone()).chunked().close_after(half),
            Reply::ok(short.clone()).chunked(),
            Reply::ok(short).until_close(),
        ] {
            site.serves(&module, reply);
            assert_refused(&site, &module, &site.trusting_go().mod_download(&[&module.query()]));
        }
        assert_good_next(&site, &module);
    }
    wait_stored(&site, &small("short"));
}

fn a_tampered_go_mod_is_refused(workers: u32) {
    let site = site(workers);
    for module in modules("mod") {
        site.has(&module);
        // Good for go, and not what the database knows.
        let tampered = format!("{}\nrequire evil.example/m v1.0.0\n", module.go_mod());
        site.upstream.on(&module.url("mod"), Reply::ok(tampered));
        let answer = site.envoy.get(&module.url("mod"));
        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(answer.text().contains("checksum database"), "{answer:?}");
        let run = site.trusting_go().mod_download(&[&module.query()]);
        assert!(!run.ok() && said(&run).contains("502"), "{}", said(&run));
        site.settle();
        assert!(site.store.object(&key(&module, "mod")).is_none());
        site.upstream.serve(&module);
        assert_good_next(&site, &module);
    }
    wait_stored(&site, &small("mod"));
}
