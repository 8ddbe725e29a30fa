//! The section `sync`.

use super::*;

const SECRET: &str = "sixteen-bytes-ok";

#[test]
fn hooks() {
    let good = format!(r#""name":"a","kind":"github","secrets":["{SECRET}"]"#);
    let many = vec![format!(r#""{SECRET}""#); 5].join(",");
    let long = "s".repeat(513);
    let no_secret = "a secret is 16 to 512 visible ASCII characters";
    check(
        |hooks| format!(r#"{{"upstreams":[{UPSTREAM}],"sync":{{"hooks":[{hooks}]}}}}"#),
        &[
            (&format!("{{{good}}}"), &[]),
            (
                "{}",
                &[
                    "$.sync.hooks[0].name: missing: what its address, metrics and logs call it, such as forge",
                    "$.sync.hooks[0].kind: missing: who sends it, such as github",
                    "$.sync.hooks[0].secrets: missing: what only the sender knows",
                ],
            ),
            (
                &format!("{{{good}}},{{{good}}}"),
                &[r#"$.sync.hooks[1].name: "a" is the name of $.sync.hooks[0] already; give it another"#],
            ),
            (
                &format!(r#"{{"name":"A/b","kind":"github","secrets":["{SECRET}"]}}"#),
                &[r#"$.sync.hooks[0].name: "A/b" is not 1 to 32 of a-z, 0-9, _ and - (it labels metrics)"#],
            ),
            (
                &format!(r#"{{"name":"a","kind":"github","secrets":[{many}]}}"#),
                &["$.sync.hooks[0].secrets: too many: at most 4 are allowed"],
            ),
            // No message shows a secret.
            (
                &format!(
                    r#"{{"name":"a","kind":"github","secrets":["short","{long}","with a blank in it"]}}"#
                ),
                &[
                    &format!("$.sync.hooks[0].secrets[0]: {no_secret}"),
                    &format!("$.sync.hooks[0].secrets[1]: {no_secret}"),
                    &format!("$.sync.hooks[0].secrets[2]: {no_secret}"),
                ],
            ),
            (
                r#"{"name":"a","kind":"standard","secrets":["whsec_not-base64-at-all","whsec_AAECAwQFBgcICQ=="]}"#,
                &[
                    "$.sync.hooks[0].secrets[0]: what follows whsec_ is not the base64 of 16 bytes or more",
                    "$.sync.hooks[0].secrets[1]: what follows whsec_ is not the base64 of 16 bytes or more",
                ],
            ),
            (
                &format!(r#"{{{good},"header":"x-a"}}"#),
                &["$.sync.hooks[0].header: this host proves itself by headers of its own: leave it out"],
            ),
            (
                &format!(r#"{{"name":"a","kind":"generic","secrets":["{SECRET}"],"header":"no header"}}"#),
                &[r#"$.sync.hooks[0].header: "no header" is not a header name"#],
            ),
            (
                &format!(r#"{{"name":"a","kind":"gerrit","secrets":["{SECRET}"]}}"#),
                &[
                    "$.sync.hooks[0].repositories: missing: this host does not say its name, so they say which modules its repositories have",
                ],
            ),
            (
                &format!(r#"{{"name":"a","kind":"svn","secrets":["{SECRET}"]}}"#),
                &[
                    r#"$.sync.hooks[0].kind: expected one of `azure_devops`, `bitbucket`, `bitbucket_dc`, `gerrit`, `generic`, `gitea`, `github`, `gitlab`, `standard`, found "svn""#,
                ],
            ),
        ],
    );
}

#[test]
fn the_modules_of_repositories() {
    check(
        |map| {
            format!(
                r#"{{"upstreams":[{UPSTREAM}],"sync":{{"hooks":[{{"name":"a","kind":"github","secrets":["{SECRET}"],"repositories":{{{map}}}}}]}}}}"#
            )
        },
        &[
            (
                r#""github.com/acme/*":"go.acme.example/*","github.com/x/y":"y.example","h/*":"all.example""#,
                &[],
            ),
            (
                r#""github.com/acme*":"go.acme.example/*""#,
                &[
                    r#"$.sync.hooks[0].repositories["github.com/acme*"]: "github.com/acme*" is not a repository's host and path, nor one with /* behind"#,
                ],
            ),
            (
                r#""https://github.com/acme/x":"go.acme.example/x""#,
                &[
                    r#"$.sync.hooks[0].repositories["https://github.com/acme/x"]: "https://github.com/acme/x" is not a repository's host and path, nor one with /* behind"#,
                ],
            ),
            (
                r#""github.com/acme/x":"go.acme.example/*""#,
                &[
                    r#"$.sync.hooks[0].repositories["github.com/acme/x"]: the repository has no asterisk that this one could stand for"#,
                ],
            ),
            (
                r#""github.com/acme/x":7"#,
                &[
                    r#"$.sync.hooks[0].repositories["github.com/acme/x"]: the path of modules is text, such as "go.example.com/*""#,
                ],
            ),
        ],
    );
}

#[test]
fn a_forecast() {
    let storage = r#""storage":{"cluster":"s","url":"http://s"},"#;
    check(
        |rest| format!(r#"{{"upstreams":[{UPSTREAM}],{rest}}}"#),
        &[
            (&format!(r#"{storage}"sync":{{"forecast":{{"window":"5m","ahead":12}}}}"#), &[]),
            (
                r#""sync":{"forecast":{}}"#,
                &[
                    "$.sync.forecast: without a storage that is written to, nothing would remember the weeks before",
                ],
            ),
            (
                &format!(r#"{storage}"sync":{{"forecast":{{"window":"6m","ahead":11}}}}"#),
                &[
                    "$.sync.forecast: `window` times `ahead` is more than an hour, and an hour is what is foreseen",
                ],
            ),
            (
                &format!(r#"{storage}"sync":{{"forecast":{{"window":"5s","ahead":0,"documents":1001}}}}"#),
                &[
                    "$.sync.forecast.window: \"5s\" is not from 10s to 30m",
                    "$.sync.forecast.ahead: 0 is not from 1 to 12",
                    "$.sync.forecast.documents: 1001 is not from 1 to 1000",
                ],
            ),
        ],
    );
}

#[test]
fn what_is_fetched_before_a_client_asks() {
    let storage = r#","storage":{"cluster":"s","url":"http://s"}"#;
    let kept_nowhere =
        "$.sync.prewarm: without a storage that is written to, what is fetched would be kept nowhere";
    check(
        |more| format!(r#"{{"upstreams":[{UPSTREAM}],"sync":{{"prewarm":{more}}}"#),
        &[
            (&format!("{{}}}}{storage}"), &[]),
            ("{}}", &[kept_nowhere]),
            (r#"{}},"storage":{"cluster":"s","url":"http://s","write":false}"#, &[kept_nowhere]),
            (
                &format!(r#"{{"principals":["@all"],"modules":["m"],"rate":0}}}}{storage}"#),
                &[
                    r#"$.sync.prewarm.principals[0]: "@all" names no caller: of the words with @ there are @anonymous and @authenticated alone"#,
                    r#"$.sync.prewarm.modules[0]: malformed pattern "m": no module path matches it: the first element "m" has no dot"#,
                    "$.sync.prewarm.rate: 0 is not from 1 to 1000",
                ],
            ),
        ],
    );
}

#[test]
fn fleet() {
    let feed = r#""feeds":[{"name":"a","cluster":"c","url":"http://h"}]"#;
    let storage = r#""storage":{"cluster":"c","url":"http://h"},"#;
    let every =
        "from 1s to 10s: more often is a flood, and more seldom a feed is taken to be read by no gateway";
    check(
        |fragment| format!(r#"{{"upstreams":[{UPSTREAM}],{fragment}}}"#),
        &[
            (&format!(r#"{storage}"sync":{{{feed},"fleet":{{}}}}"#), &[]),
            (&format!(r#"{storage}"sync":{{{feed},"fleet":{{"every":"10s"}}}}"#), &[]),
            (
                &format!(r#"{storage}"sync":{{{feed},"fleet":{{"every":"11s"}}}}"#),
                &[&format!(r#"$.sync.fleet.every: "11s" is not {every}"#)],
            ),
            (
                &format!(r#""sync":{{{feed},"fleet":{{}}}}"#),
                &[
                    "$.sync.fleet: it needs a `storage`: there the gateways tell each other what they have heard",
                ],
            ),
            (
                &format!(r#"{storage}"sync":{{"fleet":{{}}}}"#),
                &["$.sync.fleet: without `hooks` and `feeds` there is nothing to share"],
            ),
            // What was meant to be one is not missing as well.
            (
                &format!(r#"{storage}"sync":{{"feeds":7,"fleet":{{}}}}"#),
                &["$.sync.feeds: expected a list, found a number"],
            ),
        ],
    );
}
