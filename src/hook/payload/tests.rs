//! The bodies are written by us, in the shapes that the hosts document.

use super::*;

fn event(kind: Kind, event: &str, body: &str) -> Event {
    let names = ["x-github-event", "x-gitea-event"];
    let headers = names.into_iter().map(|name| (name, event)).collect();
    read(kind, &headers, body.as_bytes()).unwrap()
}

fn tag(name: &str, deed: Deed) -> Vec<RefChange> {
    vec![RefChange { name: RefName::Tag(name.to_owned()), deed }]
}

fn branch(name: &str) -> Vec<RefChange> {
    vec![RefChange { name: RefName::Branch(name.to_owned()), deed: Deed::Created }]
}

const ZEROS: &str = "0000000000000000000000000000000000000000";
const A: &str = "9d2f1a7c55a7d0f5e0a1c8e3f6b4a2d7c9e8f001";
const B: &str = "17aa03bb9d2f1a7c55a7d0f5e0a1c8e3f6b4a2d7";

#[test]
fn github_and_gitea() {
    let repository = r#""repository":{"full_name":"Acme/x","html_url":"https://github.com/Acme/x","clone_url":"https://github.com/Acme/x.git"}"#;
    for kind in [Kind::Github, Kind::Gitea] {
        let read = |what: &str, fields: &str| {
            let event = event(kind, what, &format!("{{{fields},{repository}}}"));
            assert_eq!(event.repositories, ["github.com/Acme/x"]);
            event
        };
        let push = |name: &str, before: &str, after: &str| {
            read("push", &format!(r#""ref":"{name}","before":"{before}","after":"{after}","forced":false"#))
                .refs
        };
        assert_eq!(push("refs/tags/v1.1.0", ZEROS, A), tag("v1.1.0", Deed::Created));
        assert_eq!(push("refs/tags/v1.1.0", A, ZEROS), tag("v1.1.0", Deed::Deleted));
        assert_eq!(push("refs/tags/sub/v1.1.0", A, B), tag("sub/v1.1.0", Deed::Moved));
        assert_eq!(push("refs/heads/main", A, B), branch("main"));
        let named =
            |what: &str, kind: &str| read(what, &format!(r#""ref":"v1.1.0","ref_type":"{kind}""#)).refs;
        assert_eq!(named("create", "tag"), tag("v1.1.0", Deed::Created));
        assert_eq!(named("delete", "tag"), tag("v1.1.0", Deed::Deleted));
        assert_eq!(named("create", "branch"), branch("v1.1.0"));
        let release = r#""action":"published","release":{"tag_name":"v1.1.0"}"#;
        assert_eq!(read("release", release).refs, tag("v1.1.0", Deed::Created));
        let ping = read("ping", r#""zen":"Keep it logically awesome.","hook_id":1"#);
        assert!(!ping.is_wanted());
    }
}

#[test]
fn gitlab() {
    let project = r#""project":{"path_with_namespace":"a/b/c","web_url":"https://gitlab.example.com/a/b/c","git_http_url":"https://gitlab.example.com/a/b/c.git"}"#;
    let read = |fields: &str| {
        let event = event(Kind::Gitlab, "", &format!("{{{fields},{project}}}"));
        assert_eq!(event.repositories, ["gitlab.example.com/a/b/c"]);
        event.refs
    };
    let push = |before: &str, after: &str| {
        read(&format!(
            r#""object_kind":"tag_push","ref":"refs/tags/v1.1.0","before":"{before}","after":"{after}""#
        ))
    };
    assert_eq!(push(ZEROS, A), tag("v1.1.0", Deed::Created));
    assert_eq!(push(A, ZEROS), tag("v1.1.0", Deed::Deleted));
    assert_eq!(push(A, B), tag("v1.1.0", Deed::Moved));
    let release = r#""object_kind":"release","action":"create","tag":"v1.1.0""#;
    assert_eq!(read(release), tag("v1.1.0", Deed::Created));
    assert_eq!(read(r#""object_kind":"note""#), []);
}

#[test]
fn bitbucket_of_both_kinds() {
    let body = |change: &str| {
        format!(
            r#"{{"push":{{"changes":[{change}]}},"repository":{{"full_name":"acme/x","links":{{"html":{{"href":"https://bitbucket.org/acme/x"}}}}}}}}"#
        )
    };
    let made = format!(r#"{{"old":null,"new":{{"type":"tag","name":"v1.1.0","target":{{"hash":"{A}"}}}}}}"#);
    let read = |change: &str| event(Kind::Bitbucket, "", &body(change));
    assert_eq!(read(&made).repositories, ["bitbucket.org/acme/x"]);
    assert_eq!(read(&made).refs, tag("v1.1.0", Deed::Created));
    let gone = format!(r#"{{"new":null,"old":{{"type":"tag","name":"v1.1.0","target":{{"hash":"{A}"}}}}}}"#);
    assert_eq!(read(&gone).refs, tag("v1.1.0", Deed::Deleted));
    // A tag that is made in its pages.
    assert!(!read("").is_wanted());

    let links = r#""links":{"clone":[{"name":"ssh","href":"ssh://git@git.example.com:7999/key/slug.git"},{"name":"http","href":"https://git.example.com/scm/key/slug.git"}]}"#;
    let change = |kind: &str, from: &str, to: &str| {
        format!(
            r#"{{"ref":{{"id":"refs/tags/v1.1.0","displayId":"v1.1.0","type":"TAG"}},"refId":"refs/tags/v1.1.0","fromHash":"{from}","toHash":"{to}","type":"{kind}"}}"#
        )
    };
    let read = |links: &str, change: &str| {
        let repository = format!(r#""repository":{{"slug":"slug","project":{{"key":"KEY"}}{links}}}"#);
        event(
            Kind::BitbucketDc,
            "",
            &format!(r#"{{"eventKey":"repo:refs_changed","changes":[{change}],{repository}}}"#),
        )
    };
    let added = read(&format!(",{links}"), &change("ADD", ZEROS, A));
    assert_eq!(added.repositories, ["git.example.com/key/slug", "git.example.com/scm/key/slug"]);
    assert_eq!(added.refs, tag("v1.1.0", Deed::Created));
    let page = r#","links":{"self":[{"href":"https://git.example.com/projects/KEY/repos/slug/browse"}]}"#;
    let updated = read(page, &change("UPDATE", A, B));
    assert!(updated.repositories.contains(&"git.example.com/KEY/slug".to_owned()), "{updated:?}");
    assert_eq!(updated.refs, tag("v1.1.0", Deed::Moved));
    assert_eq!(read("", &change("DELETE", A, ZEROS)).repositories, ["key/slug"]);
}

#[test]
fn azure_devops_and_gerrit() {
    let body = format!(
        r#"{{"id":"03c164c2","eventType":"git.push","resource":{{"refUpdates":[{{"name":"refs/tags/v1.1.0","oldObjectId":"{ZEROS}","newObjectId":"{A}"}}],"repository":{{"name":"repo","remoteUrl":"https://org@dev.azure.com/org/project/_git/repo"}}}}}}"#
    );
    let read = event(Kind::AzureDevops, "", &body);
    assert_eq!(read.repositories, ["dev.azure.com/org/project/_git/repo"]);
    assert_eq!(read.refs, tag("v1.1.0", Deed::Created));
    assert_eq!(
        delivery(Kind::AzureDevops, &Headers::default(), body.as_bytes()).as_deref(),
        Some("03c164c2")
    );

    let gerrit = |name: &str| {
        let body = format!(
            r#"{{"type":"ref-updated","refUpdate":{{"oldRev":"{ZEROS}","newRev":"{A}","refName":"{name}","project":"plugins/webhooks"}}}}"#
        );
        event(Kind::Gerrit, "", &body)
    };
    assert_eq!(gerrit("refs/tags/v1.1.0").repositories, ["plugins/webhooks"]);
    assert_eq!(gerrit("refs/tags/v1.1.0").refs, tag("v1.1.0", Deed::Created));
    assert_eq!(gerrit("master").refs, branch("master"));
    assert!(!gerrit("refs/changes/01/1/1").is_wanted());
}

#[test]
fn what_any_script_can_send() {
    for kind in [Kind::Generic, Kind::Standard] {
        let named = event(kind, "", r#"{"repository":"git.example.com/a/b","ref":"refs/tags/v1.1.0"}"#);
        assert_eq!(named.repositories, ["git.example.com/a/b"]);
        assert_eq!(named.refs, tag("v1.1.0", Deed::Created));
        let modules = event(kind, "", r#"{"modules":["go.example.com/m",7,"go.example.com/n/v2",""]}"#);
        assert_eq!(modules.modules, ["go.example.com/m", "go.example.com/n/v2"]);
        assert!(named.is_wanted() && modules.is_wanted());
        assert!(!event(kind, "", r#"{"repository":"git.example.com/a/b"}"#).is_wanted(), "which ref?");
    }
    let within = event(Kind::Standard, "", r#"{"type":"tag","data":{"modules":["go.example.com/m"]}}"#);
    assert_eq!(within.modules, ["go.example.com/m"]);
}

#[test]
fn each_host_calls_its_deliveries_something() {
    let headers: Headers = [
        ("x-github-delivery", "gh"),
        ("x-gitea-delivery", "gt"),
        ("idempotency-key", "gl"),
        ("x-request-uuid", "bb"),
        ("x-request-id", "dc"),
    ]
    .into_iter()
    .collect();
    for (kind, want) in [
        (Kind::Github, Some("gh")),
        (Kind::Gitea, Some("gt")),
        (Kind::Gitlab, Some("gl")),
        (Kind::Bitbucket, Some("bb")),
        (Kind::BitbucketDc, Some("dc")),
        (Kind::Gerrit, None),
        (Kind::Generic, None),
        (Kind::Standard, None),
    ] {
        assert_eq!(delivery(kind, &headers, b"{}").as_deref(), want, "{kind:?}");
    }
    let empty = [("x-github-delivery", "")].into_iter().collect();
    assert_eq!(delivery(Kind::Github, &empty, b"{}"), None);
}

const KINDS: [Kind; 9] = [
    Kind::AzureDevops,
    Kind::Bitbucket,
    Kind::BitbucketDc,
    Kind::Gerrit,
    Kind::Generic,
    Kind::Gitea,
    Kind::Github,
    Kind::Gitlab,
    Kind::Standard,
];

/// Bodies that are cut, or of which any text has another type, say less and break nothing; and no body is more than the bounds.
#[test]
fn whatever_comes_is_bounded() {
    let many: Vec<_> = (0..500)
        .map(|n| format!(r#"{{"name":"refs/tags/v1.0.{n}","ref":{{"id":"refs/tags/v1.0.{n}"}},"refName":"refs/tags/v1.0.{n}","new":{{"type":"tag","name":"v1.0.{n}"}},"href":"https://h.example/a/{n}"}}"#))
        .collect();
    let many = many.join(",");
    let names: Vec<_> = (0..500).map(|n| format!(r#""h.example/m{n}""#)).collect();
    let body = format!(
        r#"{{"id":"i","ref":"refs/tags/v1.0.0","changes":[{many}],"push":{{"changes":[{many}]}},"refUpdates":[{many}],"modules":[{}],"resource":{{"refUpdates":[{many}],"repository":{{"remoteUrl":"https://h.example/a/b"}}}},"project":{{"web_url":"https://h.example/a/b"}},"repository":{{"clone_url":"https://h.example/a/b.git","full_name":"a/b","slug":"b","links":{{"clone":[{many}],"self":[{many}],"html":{{"href":"https://h.example/a/b"}}}}}}}}"#,
        names.join(",")
    );
    for kind in KINDS {
        let event = read(kind, &Headers::default(), body.as_bytes()).unwrap();
        assert!(event.refs.len() <= MAX_REFS && event.repositories.len() <= MAX_NAMES, "{kind:?}");
        assert!(event.modules.len() <= MAX_MODULES, "{kind:?}");
        for cut in (0..body.len()).step_by(40_001).chain(0..20).chain(body.len() - 4..body.len()) {
            assert_eq!(read(kind, &Headers::default(), &body.as_bytes()[..cut]), Err(Unreadable));
        }
        for odd in
            ["7", "[]", "null", "{}", r#"{"ref":7,"repository":[],"changes":{},"refUpdate":[]}"#, r#""""#]
        {
            assert!(!read(kind, &Headers::default(), odd.as_bytes()).unwrap().is_wanted(), "{kind:?} {odd}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(kind, &Headers::default(), deep.as_bytes()), Err(Unreadable));
    }
}
