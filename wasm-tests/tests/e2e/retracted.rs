//! What the author of a module says of its versions: clients, headers and explain are told what the real go command prints of it.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{tools, wait};
use serde_json::{Value, json};

/// A gateway with this policy, to whose page that explains all may turn.
fn with(policy: &Value) -> Stack {
    let patch = json!({"policy": policy, "admin": {"explain": ["@anonymous"]}});
    Stack::with(&patch, |builder| builder.concurrency(2))
}

fn go(stack: &Stack) -> Go {
    Go::new(&stack.envoy.url())
}

/// The modules that the go command's own tests have for this, as they came with it: module by module, in Go's order.
fn of_the_go_command() -> BTreeMap<String, Vec<Module>> {
    let root = tools::go().canonicalize().unwrap();
    let tests = root.parent().unwrap().join("../src/cmd/go/testdata/mod");
    let mut modules: BTreeMap<String, Vec<Module>> = BTreeMap::new();
    let mut names: Vec<_> = fs::read_dir(&tests).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let name = name.into_string().unwrap();
        let is_one = ["retract", "deprecated", "undeprecated"]
            .iter()
            .any(|kind| name.starts_with(&format!("example.com_{kind}_")));
        if !is_one {
            continue;
        }
        let (path, version) = name.trim_end_matches(".txt").rsplit_once("_v").unwrap();
        let (path, version) = (path.replace('_', "/"), format!("v{version}"));
        let archive = fs::read_to_string(tests.join(&name)).unwrap();
        let go_mod = archive.split_once("-- .mod --\n").map(|(_, rest)| {
            rest.split_once("\n-- ").map_or(rest, |(text, _)| text).trim_end().to_owned() + "\n"
        });
        let module = Module::new(&path, &version);
        let module = match go_mod {
            Some(text) => module.go_mod_of(&text),
            // One of them has none, on purpose: the go command cannot read it either.
            None => module.go_mod_of(""),
        };
        modules.entry(path).or_default().push(module);
    }
    let newest = |one: &Module| modgate::gomod::Version::parse(one.version()).unwrap();
    modules.values_mut().for_each(|versions| versions.sort_by_key(newest));
    modules
}

fn serve(stack: &Stack, modules: &BTreeMap<String, Vec<Module>>) {
    for versions in modules.values() {
        stack.upstream.serve_all(versions);
        for one in versions.iter().filter(|one| one.go_mod().is_empty()) {
            stack.upstream.on(&one.url("mod"), Reply::status(404));
        }
        // As real proxies do: a version in a list is a tag.
        let tags = versions.iter().filter(|one| !is_pseudo(one));
        let list: String = tags.flat_map(|one| [one.version(), "\n"]).collect();
        stack.upstream.on(&versions[0].list_url(), Reply::ok(list));
    }
}

fn is_pseudo(module: &Module) -> bool {
    modgate::gomod::Version::parse(module.version()).unwrap().is_pseudo()
}

/// What the go command prints of each: why it is retracted, and the module deprecated.
fn printed(go: &Go, modules: &[&Module]) -> Vec<(Value, Value)> {
    let queries: Vec<_> = modules.iter().map(|module| module.query()).collect();
    let arguments: Vec<_> = ["list", "-m", "-u", "-retracted", "-json"]
        .into_iter()
        .chain(queries.iter().map(String::as_str))
        .collect();
    let all = go.run(&arguments).expect_ok().jsons();
    assert_eq!(all.len(), modules.len(), "{all:?}");
    for (one, module) in all.iter().zip(modules) {
        assert_eq!((&one["Path"], &one["Version"]), (&json!(path(module)), &json!(module.version())));
    }
    all.iter().map(|one| (one["Retracted"].clone(), one["Deprecated"].clone())).collect()
}

fn path(module: &Module) -> String {
    module.query().split_once('@').unwrap().0.to_owned()
}

fn explained(stack: &Stack, module: &Module) -> Value {
    stack.get(&format!("/-/explain?module={}&version={}", path(module), module.version())).json()
}

/// As a header has it: one line of printable ASCII, cut.
fn header(text: &Value) -> Option<String> {
    let line = text.as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    Some(if line.len() > 256 { format!("{}...", &line[..256]) } else { line })
}

/// Of the modules of the go command's own tests, with every kind of comment, and of versions that retract themselves.
#[test]
fn what_go_prints_is_what_explain_and_headers_say() {
    let modules = of_the_go_command();
    let all: Vec<_> = modules.values().flatten().filter(|one| !one.go_mod().is_empty()).collect();
    assert!(all.len() >= 30, "{}", all.len());
    let [warned, monitored] =
        [with(&json!({"retracted": "warn"})), with(&json!({"retracted": "deny", "enforce": false}))];
    for (stack, is_monitored) in [(&warned, false), (&monitored, true)] {
        serve(stack, &modules);
        let printed = printed(&go(stack), &all);
        let retracted = printed.iter().filter(|(retracted, _)| !retracted.is_null()).count();
        let deprecated = printed.iter().filter(|(_, deprecated)| !deprecated.is_null()).count();
        assert!(retracted >= 15 && deprecated >= 4, "{retracted} {deprecated}");
        for (module, (retracted, deprecated)) in all.iter().zip(&printed) {
            let what = module.query();
            let author = &explained(stack, module)["author"];
            assert_eq!(author["retracted"], *retracted, "{what}: {author}");
            assert_eq!(author["deprecated"], *deprecated, "{what}: {author}");
            for kind in ["info", "mod", "zip"] {
                let answer = stack.get(&module.url(kind));
                assert_eq!(answer.status, 200, "{what}.{kind}");
                let said = |name: &str| answer.header(name).map(str::to_owned);
                assert_eq!(said("x-modgate-retracted"), header(&retracted[0]), "{what}.{kind}");
                assert_eq!(said("x-modgate-deprecated"), header(deprecated), "{what}.{kind}");
                let is_monitored = is_monitored && !retracted.is_null();
                let expected = is_monitored.then(|| "retracted".to_owned());
                assert_eq!(said("x-modgate-monitored"), expected, "{what}.{kind}");
            }
        }
        assert_eq!(stack.envoy.metric("refusals_total.reason.retracted"), 0);
        assert!(stack.envoy.metric("retracted_total.outcome.warned") > 45);
    }
    let says = |stack| explained(stack, all.iter().find(|one| one.version() == "v1.0.0-order").unwrap());
    assert_eq!(says(&warned)["author"]["by"], "v1.9.0");
    assert_eq!(says(&monitored)["monitored"]["decision"], "deny");
    assert!(says(&monitored)["monitored"]["says"].as_str().unwrap().contains("policy.retracted"));
}

/// By every name, by the first request, whichever it is; what is not retracted is not in the way.
#[test]
fn what_go_calls_retracted_is_denied() {
    let modules = of_the_go_command();
    let all: Vec<_> = modules.values().flatten().filter(|one| !one.go_mod().is_empty()).collect();
    let (shown, denied) = (with(&json!({})), with(&json!({"retracted": "deny"})));
    serve(&shown, &modules);
    serve(&denied, &modules);
    for (module, (retracted, _)) in all.iter().zip(printed(&go(&shown), &all)) {
        let what = module.query();
        for kind in ["zip", "mod", "info"] {
            let answer = denied.get(&module.url(kind));
            let text = answer.text();
            assert_eq!(answer.status, if retracted.is_null() { 200 } else { 403 }, "{what}.{kind}: {text}");
            if !retracted.is_null() {
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                assert!(text.contains(&format!("{what} is retracted by its author")), "{text}");
                assert!(text.contains("What to do: use another version"), "{text}");
                assert!(text.lines().count() <= 8 && text.len() <= 648, "{text}");
            }
        }
        assert_eq!(
            explained(&denied, module)["decision"],
            if retracted.is_null() { "allow" } else { "deny" }
        );
    }
    // `go list -m -versions` hides what is retracted by itself, and shows the same of a gateway that hides it before.
    for path in ["example.com/retract", "example.com/retract/self/prev", "example.com/retract/rationale"] {
        assert_eq!(go(&denied).list_versions(path), go(&shown).list_versions(path), "{path}");
        let of = |stack: &Stack| go(stack).run(&["list", "-m", "-retracted", "-versions", path]).stdout;
        assert!(of(&shown).len() > of(&denied).len(), "{path}");
    }
    for query in ["example.com/retract/self/prev@latest", "example.com/retract/self/prerelease@latest"] {
        assert_eq!(go(&denied).resolve(query), go(&shown).resolve(query), "{query}");
    }
    let run = go(&denied).get("example.com/retract/rationale@v1.0.0-order");
    assert!(!run.ok() && run.stderr.contains("degenerate range"), "{}", run.stderr);
    assert!(denied.envoy.metric("refusals_total.reason.retracted") > 45);
    assert_eq!(denied.envoy.metric("retracted_total.outcome.unknown"), 0, "of all of them it is known");
}

const MODULE: &str = "example.com/Acme/log";

fn versions() -> Vec<Module> {
    let mut versions: Vec<_> =
        ["v1.0.0", "v1.1.0", "v1.2.0"].iter().map(|version| Module::new(MODULE, version)).collect();
    let go_mod = format!("module {MODULE}\n\ngo 1.21\n\nretract v1.2.0 // It writes tokens to the log.\n");
    versions.push(Module::new(MODULE, "v1.3.0").go_mod_of(&go_mod));
    versions
}

#[test]
fn a_build_with_a_retracted_version_goes_on_but_where_that_is_denied() {
    let build = |stack: &Stack| {
        stack.upstream.serve_all(&versions());
        let go = go(stack).env("GOFLAGS", "-mod=mod");
        let go_mod = format!("module example.test/scratch\n\ngo 1.21\n\nrequire {MODULE} v1.2.0\n");
        fs::write(go.work().join("go.mod"), go_mod).unwrap();
        fs::write(go.work().join("a.go"), format!("package a\n\nimport _ \"{MODULE}\"\n")).unwrap();
        go.run(&["build", "./..."])
    };
    for policy in [
        json!({}),
        json!({"retracted": "warn"}),
        json!({"retracted": "deny", "enforce": false}),
        json!({"retracted": "deny", "rules": [{"exact": [MODULE], "versions": ["v1.2.0"], "action": "allow"}]}),
    ] {
        let run = build(&with(&policy));
        assert!(run.ok(), "{policy}: {}", run.stderr);
    }
    let denied = with(&json!({"retracted": "deny"}));
    let run = build(&denied);
    assert!(!run.ok() && run.stderr.contains("It writes tokens to the log."), "{}", run.stderr);
    go(&denied).get(&format!("{MODULE}@latest")).expect_ok();
    assert_eq!(go(&denied).list_versions(MODULE), ["v1.0.0", "v1.1.0", "v1.3.0"]);
}

/// The list and the go.mod fail, or hang: a build waits, and goes on.
#[test]
fn a_source_that_fails_stops_no_build() {
    let all = versions();
    let files = [all[0].list_url(), all[3].url("mod")];
    for (file, reply) in files.iter().flat_map(|file| {
        [(file, Reply::status(503)), (file, Reply::status(500)), (file, Reply::ok("").close_before_head())]
    }) {
        let stack = with(&json!({"retracted": "deny"}));
        stack.upstream.serve_all(&all);
        stack.upstream.on(file, reply);
        let answer = stack.get(&all[2].url("mod"));
        assert_eq!(answer.status, 200, "{file}: {}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("max-age=0"), "{file}");
        let answer = stack.get(&all[2].url("zip"));
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("max-age=0")), "{file}");
        assert_eq!(stack.envoy.metric("retracted_total.outcome.unknown"), 2, "{file}");
    }
}

/// It is learnt once for all workers; until then nothing waits for it.
#[test]
fn a_warning_comes_as_soon_as_it_is_known() {
    let stack = with(&json!({"retracted": "warn"}));
    let all = versions();
    stack.upstream.serve_all(&all);
    let gate = Gate::new();
    stack.upstream.on(&all[3].url("mod"), Reply::ok(all[3].go_mod().to_owned()).held(&gate));
    let warned = || stack.get(&all[2].url("info")).header("x-modgate-retracted").map(str::to_owned);
    for _ in 0..5 {
        assert_eq!(warned(), None);
    }
    stack.upstream.wait_hits(&all[3].url("mod"), 1);
    assert_eq!(warned(), None);
    gate.open();
    let why = "It writes tokens to the log.";
    wait::until("it is known", Duration::from_secs(10), || warned().as_deref() == Some(why));
    assert_eq!(stack.get(&all[2].url("zip")).header("x-modgate-retracted"), Some(why));
    assert_eq!(stack.get(&all[0].url("info")).header("x-modgate-retracted"), None);
    assert_eq!(stack.upstream.hits(&all[3].url("mod")), 1);
}
