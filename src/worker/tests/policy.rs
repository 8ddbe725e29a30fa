//! Who may have which version, on every route, whoever asks and whatever index and storage had before the rule came.

mod callers;
mod chance;
mod clock;
mod contents;
mod cooldown;
mod denied_retracted;
mod elsewhere;
mod gate;
mod latest;
mod licenses;
mod long;
mod mirrors;
mod monitored;
mod names;
mod offline;
mod outages;
mod retracted;
mod routes;

use super::{EMPTY_ZIP, body, header};
use crate::{
    config::Config,
    cx::{StreamId, Verdict},
    modzip::H1,
    sim::{Database, World, key},
};

const DAY: u64 = 24 * HOUR;
const HOUR: u64 = 3_600_000;

/// Where the clock of every world begins.
const START: u64 = 1_700_000_000_000;

/// One upstream, storage, a checksum database and callers by a header, with `more` of the configuration.
fn config(more: &str) -> String {
    format!(
        r#"{{{more}
        "callers": {{"principals": [{{"header": "x-user", "trusted": true}}]}},
        "upstreams": [{{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}}],
        "storage": {{"cluster": "storage", "url": "http://storage.test/modules", "reverify": "never"}},
        "verify": {{"mode": "off"}},
        "sumdb": [{{"name": "sum.test", "key": "{}", "cluster": "sum", "url": "https://sum.test"}}]}}"#,
        key()
    )
}

/// [`config`] with these rules.
fn rules(rules: &str) -> String {
    config(&format!(r#""policy": {{"rules": [{rules}]}},"#))
}

fn world(workers: usize, config: &str) -> World {
    let mut world = World::new(workers, config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 100;
    world.cluster("sum").latency = 50;
    world.cluster("sum").database = Some(Database::new("", 20));
    world
}

/// All workers are configured anew; what they share stays as it is.
fn reconfigure(world: &mut World, workers: usize, config: &str) {
    (0..workers).for_each(|worker| world.replace(worker, config));
}

/// A path as upstreams are asked for it.
fn upstream(module: &str, file: &str) -> String {
    format!("/base/{}/{}", escaped(module), escaped(file)).replace('!', "%21")
}

/// `module` has these versions, each so many milliseconds old.
fn publish(world: &mut World, module: &str, versions: &[(&str, u64)]) {
    for (version, age) in versions {
        let info = format!(r#"{{"Version":"{version}","Time":"{}"}}"#, rfc3339(START - age));
        publish_as(world, module, version, &info);
    }
    let list: String = versions.iter().flat_map(|(version, _)| [version, "\n"]).collect();
    world.cluster("public").serve(&upstream(module, "@v/list"), &list);
}

/// One more version, with this `.info`.
fn publish_as(world: &mut World, module: &str, version: &str, info: &str) {
    let go_mod = format!("module {module}\n");
    let database = world.cluster("sum").database.as_mut().unwrap();
    database.publish(module, version, &H1([7; 32]), &H1::of_go_mod(go_mod.as_bytes()));
    let path = upstream(module, &format!("@v/{version}"));
    let public = world.cluster("public");
    public.serve(&format!("{path}.info"), info).serve(&format!("{path}.mod"), &go_mod);
    public.serve(&format!("{path}.zip"), EMPTY_ZIP);
}

/// What the file of a module says that names a version: `@latest`, `@v/master.info`.
fn resolve(world: &mut World, module: &str, file: &str, info: &str) {
    world.cluster("public").serve(&upstream(module, file), info);
}

fn rfc3339(millis: u64) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis);
    humantime::format_rfc3339_millis(time).to_string()
}

/// A path as a URL of the protocol has it.
fn escaped(path: &str) -> String {
    path.chars().fold(String::new(), |mut escaped, character| {
        if character.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(character.to_ascii_lowercase());
        escaped
    })
}

/// Every way to a version that is asked for by its name.
fn by_name(module: &str, version: &str) -> [String; 4] {
    let (module, version) = (escaped(module), escaped(version));
    let files = ["info", "mod", "zip"].map(|extension| format!("/{module}/@v/{version}.{extension}"));
    let [info, go_mod, zip] = files;
    [info, go_mod, zip, format!("/sumdb/sum.test/lookup/{module}@{version}")]
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Got {
    /// Of a zip that is routed, 200.
    status: u16,
    body: String,
    cache_control: String,
    location: String,
    /// `x-modgate-cache`.
    cache: String,
    /// `x-modgate-monitored`.
    monitored: Option<String>,
}

/// The end of a request, whose client leaves then.
#[track_caller]
fn end(world: &mut World, worker: usize, stream: StreamId) -> Got {
    let got = match world.verdict(stream) {
        Verdict::Respond(response) => Got {
            status: response.status,
            body: body(response).to_owned(),
            cache_control: header(response, "cache-control").to_owned(),
            location: header(response, "location").to_owned(),
            cache: header(response, "x-modgate-cache").to_owned(),
            monitored: response
                .monitored
                .as_ref()
                .map(|_| header(response, "x-modgate-monitored").to_owned()),
        },
        Verdict::Route(_) => {
            let [body, cache_control, location, cache] = [const { String::new() }; 4];
            Got { status: 200, body, cache_control, location, cache, monitored: None }
        }
        other => panic!("{stream:?} was not answered: {other:?}"),
    };
    world.leave(worker, stream);
    got
}

#[track_caller]
fn ask_with(world: &mut World, worker: usize, method: &str, path: &str, headers: &[(&str, &str)]) -> Got {
    let stream = world.begin_with(worker, method, path, headers);
    world.settle();
    end(world, worker, stream)
}

#[track_caller]
fn ask(world: &mut World, path: &str) -> Got {
    ask_with(world, 0, "GET", path, &[])
}

#[track_caller]
fn status(world: &mut World, path: &str) -> u16 {
    ask(world, path).status
}

/// Forgets what clusters were asked so far.
fn forget_asked(world: &mut World) {
    world.clusters.values_mut().for_each(|cluster| {
        cluster.asked.clear();
        cluster.callouts.clear();
    });
}

/// How often anybody was asked for a path that ends so.
fn asked(world: &World, suffix: &str) -> usize {
    let asked = world.clusters.values().flat_map(|cluster| &cluster.asked);
    asked.filter(|line| line.starts_with("GET ") && line.ends_with(suffix)).count()
}

#[track_caller]
fn assert_idle(world: &mut World, workers: usize) {
    assert!(world.is_idle());
    for worker in 0..workers {
        assert!(world.worker(worker).services.budget.is_unused(), "worker {worker}");
        assert!(world.worker(worker).jobs().is_empty(), "worker {worker}: {:?}", world.worker(worker).jobs());
    }
}
