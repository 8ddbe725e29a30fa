//! What one request or one bad moment of storage must not take from everybody: a zip that storage has.

use std::time::Duration;

use modgate_wasm_tests::attack::site::Site;
use modgate_wasm_tests::attack::{Trial, bounds};
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;

const WORKERS: u32 = 2;
/// More than nginx takes of one header (8 KiB).
const LONG: usize = 9_000;

/// Headers that a download takes along to storage, in values that a store may not like.
fn headers() -> Vec<(&'static str, String)> {
    let long = "x".repeat(LONG);
    let tag = format!("\"{long}\"");
    vec![
        ("tracestate", long.clone()),
        ("traceparent", long.clone()),
        ("range", format!("bytes=0-1{}", ",3-4".repeat(LONG / 4))),
        ("range", "bytes=99999999-".to_owned()),
        ("range", "lines=1-2".to_owned()),
        ("if-range", tag.clone()),
        ("if-none-match", tag.clone()),
        ("if-none-match", "*".to_owned()),
        ("if-match", tag),
        ("if-match", "\"other\"".to_owned()),
        ("if-modified-since", long.clone()),
        ("if-unmodified-since", long),
        ("if-unmodified-since", "Mon, 01 Jan 2001 00:00:00 GMT".to_owned()),
        ("x-request-id", "x".repeat(LONG)),
        ("user-agent", "x".repeat(LONG)),
    ]
}

fn module(number: usize) -> Module {
    Module::new(&format!("poisoned.example/m{number}"), "v1.0.0").padded(20 << 10)
}

fn whole(answer: &Response, module: &Module) -> bool {
    answer.status == 200 && answer.pattern && answer.length == module.zip().len()
}

/// GETs of a module's zip over connections of their own, so that every worker has one: what was not right.
fn everybody(envoy: &Envoy, module: &Module, from: Option<&str>) -> Option<String> {
    let zip = Request::get(&module.url("zip")).compare_body(module.zip()).deadline(Duration::from_secs(10));
    (0..2 * WORKERS).find_map(|_| match zip.try_send(envoy.addr()) {
        Ok(answer) => {
            let cache = answer.header("x-modgate-cache").unwrap_or("-").to_owned();
            let right = whole(&answer, module) && from.is_none_or(|from| from == cache);
            (!right).then(|| format!("{} {cache}, {} bytes", answer.status, answer.length))
        }
        Err(error) => Some(error.to_string()),
    })
}

#[test]
fn a_request_with_headers_that_storage_refuses() {
    let mut trial = Trial::beside("poisoning by a client");
    let site = Site::start(WORKERS);
    let headers = headers();
    trial.size(format!("{} requests, with and without upstream", headers.len()));
    trial.begin(&site.envoy);
    let poison = |envoy: &Envoy, number: usize| {
        let (name, value) = &headers[number];
        let request = Request::get(&module(number).url("zip")).header(name, value);
        let answer = request.try_send(envoy.addr());
        let answer = answer.map_or_else(|error| error.to_string(), |answer| answer.status.to_string());
        format!("{name}: {} ({answer})", &value[..value.len().min(12)])
    };
    let next = headers.iter().enumerate().map(|(number, _)| {
        let module = module(number);
        site.warm(&module);
        let before = site.upstream.hits(&module.url("zip"));
        let poisoned = poison(&site.envoy, number);
        let wrong = everybody(&site.envoy, &module, Some("storage"));
        let asked = site.upstream.hits(&module.url("zip")) - before;
        wrong.map(|wrong| format!("{poisoned}, then {wrong}, {asked} downloads upstream"))
    });
    trial.check_all("everybody's next", next);
    let Site { envoy, upstream, storage } = site;
    drop(upstream);
    // Once more, now that nobody else has it.
    let next = headers.iter().enumerate().map(|(number, _)| {
        let poisoned = poison(&envoy, number);
        everybody(&envoy, &module(number), None).map(|wrong| format!("{poisoned}, then {wrong}"))
    });
    trial.check_all("everybody's next without upstream", next);
    trial.memory(&envoy);
    drop(storage);
    trial.end();
}

/// A gateway before a store that can be told to fail, with `count` modules in it, each checked.
struct Failing {
    envoy: Envoy,
    upstream: Option<Faulty>,
    storage: Faulty,
}

impl Failing {
    fn start(count: usize) -> Self {
        let (upstream, storage) = (Faulty::start(), Faulty::store());
        let envoy = builder(upstream.addr(), storage.addr()).concurrency(WORKERS).alone().start();
        let started = Self { envoy, upstream: Some(upstream), storage };
        (0..count).for_each(|number| started.store(&module(number)));
        started
    }

    #[track_caller]
    fn store(&self, module: &Module) {
        self.upstream.as_ref().expect("an upstream").serve(module);
        for kind in ["zip", "mod", "info"] {
            self.storage.keep(&module.url(kind));
        }
        assert_eq!(self.envoy.get(&module.url("mod")).status, 200);
        wait::until("it comes from storage", Duration::from_secs(20), || {
            everybody(&self.envoy, module, Some("storage")).is_none()
        });
    }

    /// A gateway to the same two that remembers nothing.
    fn another(&self) -> Envoy {
        let upstream = self.upstream.as_ref().expect("an upstream");
        builder(upstream.addr(), self.storage.addr()).concurrency(WORKERS).alone().start()
    }
}

/// The zip as a store gives it.
fn good(module: &Module) -> Reply {
    Reply::ok(module.zip()).header("content-type", "application/zip").served().ranges()
}

/// What a store that is well says once in its life.
fn moments() -> [(&'static str, Reply); 9] {
    [
        ("503", Reply::status(503).served()),
        ("503 SlowDown", Reply::status(503).served().header("retry-after", "1")),
        ("500", Reply::status(500).served()),
        ("429", Reply::status(429).served()),
        ("403", Reply::status(403).served()),
        ("400", Reply::status(400).served()),
        ("dropped", Reply::ok("").close_before_head()),
        ("no HTTP", Reply::raw(b"220 ftp ready\r\n")),
        ("cut", good(&module(0)).close_after(9_000)),
    ]
}

#[test]
fn one_bad_answer_of_storage() {
    let mut trial = Trial::beside("one bad answer of storage");
    let moments = moments();
    trial.size(format!("{} answers, with and without upstream", moments.len()));
    let mut failing = Failing::start(moments.len());
    trial.begin(&failing.envoy);
    let fail = |failing: &Failing, number: usize| {
        let (module, (name, bad)) = (module(number), &moments[number]);
        failing.storage.on_each(&format!("GET {}", module.url("zip")), [bad.clone(), good(&module)]);
        let unlucky = Request::get(&module.url("zip")).try_send(failing.envoy.addr());
        let unlucky = unlucky.map_or_else(|error| error.to_string(), |answer| answer.status.to_string());
        let absent = matches!(unlucky.as_str(), "404" | "410");
        (absent, format!("{name} ({unlucky})"))
    };
    let next = (0..moments.len()).map(|number| {
        let module = module(number);
        let (absent, what) = fail(&failing, number);
        let wrong = everybody(&failing.envoy, &module, None);
        let again = || everybody(&failing.envoy, &module, Some("storage")).is_none().then_some(());
        let late = wait::poll(bounds::AFTER_ONE_BAD_ANSWER, again).is_none();
        match (absent, wrong, late) {
            (true, ..) => Some(format!("{what} says that it does not exist")),
            (_, Some(wrong), _) => Some(format!("{what}, then {wrong}")),
            (.., true) => Some(format!("{what}, then not from storage")),
            (.., false) => None,
        }
    });
    trial.check_all("everybody's next", next);
    failing.upstream = None;
    let next = (0..moments.len()).map(|number| {
        let (_, what) = fail(&failing, number);
        everybody(&failing.envoy, &module(number), Some("storage"))
            .map(|wrong| format!("{what}, then {wrong}"))
    });
    trial.check_all("everybody's next without upstream", next);
    trial.memory(&failing.envoy);
    trial.end();
}

#[test]
fn a_maintenance_page_instead_of_zips_that_are_known() {
    maintenance("maintenance page, zips known", false);
}

#[test]
fn a_maintenance_page_instead_of_zips_that_are_new() {
    maintenance("maintenance page, zips new", true);
}

/// `fresh`: before a gateway that has not yet read what storage has.
fn maintenance(name: &'static str, fresh: bool) {
    let mut trial = Trial::beside(name);
    let count = 6;
    trial.size(format!("{count} zips"));
    let mut failing = Failing::start(count);
    if fresh {
        failing.envoy = failing.another();
    }
    trial.begin(&failing.envoy);
    let page = Reply::ok("<html>Back soon</html>").header("content-type", "text/html").served();
    let modules: Vec<Module> = (0..count).map(module).collect();
    modules.iter().for_each(|module| failing.storage.on(&module.url("zip"), page.clone()));
    let answers: Vec<_> = modules.iter().map(|module| everybody(&failing.envoy, module, None)).collect();
    // Who meets the first page is told so; then storage is known to be unwell.
    trial.check_all("meanwhile, but for the first", answers.into_iter().skip(1));
    modules.iter().for_each(|module| failing.storage.on(&module.url("zip"), good(module)));
    let of_storage = |module| everybody(&failing.envoy, module, Some("storage"));
    let back = wait::poll(bounds::WELL_AGAIN, || {
        modules.iter().all(|module| of_storage(module).is_none()).then_some(())
    });
    trial.check(back.is_some(), format!("not from storage {:?} later", bounds::WELL_AGAIN));
    failing.upstream = None;
    let left = modules.iter().map(|module| everybody(&failing.envoy, module, None));
    trial.check_all("then without upstream", left);
    trial.memory(&failing.envoy);
    trial.end();
}

/// A file system takes names of 255 bytes; Go has no limit.
#[test]
fn names_that_storage_cannot_take() {
    let mut trial = Trial::beside("names that storage cannot take");
    let site = Site::start(1);
    trial.size("1, then 10 modules with an element of 300 bytes");
    trial.begin(&site.envoy);
    for (round, count) in [1, 10].into_iter().enumerate() {
        for number in 0..count {
            let module = Module::new(&format!("long.example/{}{round}{number}", "x".repeat(300)), "v1.0.0");
            site.upstream.serve(&module);
            let zip = Request::get(&module.url("zip")).compare_body(module.zip());
            let answer = zip.send(site.envoy.addr());
            trial.check(whole(&answer, &module), format!("its own zip: {answer:?}"));
        }
        let next = Module::new(&format!("calm.example/next{round}"), "v1.0.0");
        let answer = Request::get(&next.url("zip")).compare_body(next.zip()).send(site.envoy.addr());
        trial.check(whole(&answer, &next), format!("another's: {answer:?}"));
        let file = site.storage.data().join(next.url("zip").trim_start_matches('/'));
        let stored = wait::poll(Duration::from_secs(5), || file.exists().then_some(()));
        trial.check(stored.is_some(), format!("after {count} of them another module was not stored"));
    }
    trial.memory(&site.envoy);
    trial.end();
}

/// One that is fetched whole into storage, and one that is streamed to each who asks, HEAD or GET.
#[test]
fn a_head_that_the_upstream_does_not_know() {
    let mut trial = Trial::beside("HEAD of a zip refused upstream");
    let site = Site::start(WORKERS);
    let statuses = [404, 410, 403, 405, 500];
    trial.size(format!("{} statuses, 2 zips each", statuses.len()));
    trial.begin(&site.envoy);
    let cases = statuses.into_iter().flat_map(|status| [(status, 20 << 10), (status, 12 << 20)]);
    let next = cases.enumerate().map(|(number, (status, bytes))| {
        let module = Module::new(&format!("head.example/m{number}"), "v1.0.0").padded(bytes);
        site.upstream.serve(&module);
        site.upstream.on(&format!("HEAD {}", module.url("zip")), Reply::status(status).served());
        let head = Request::new("HEAD", &module.url("zip")).send(site.envoy.addr()).status;
        let wrong = everybody(&site.envoy, &module, None);
        wrong.map(|wrong| format!("HEAD {status} ({head}) of {bytes} bytes, then {wrong}"))
    });
    trial.check_all("everybody's GET", next);
    trial.memory(&site.envoy);
    trial.end();
}
