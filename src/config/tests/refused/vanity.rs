//! The section `vanity`.

use super::{UPSTREAM, check};

#[test]
fn vanity() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],"vanity":[{{{fields}}}]}}"#),
        &[
            (r#""import":"go.acme.example/*","repository":"https://git.acme.example/acme/*.git""#, &[]),
            (r#""import":"go.acme.example/X","repository":"ssh://git@git.acme.example:2222/x""#, &[]),
            (r#""import":"mods.example","vcs":"mod","repository":"http://goproxy:8080/modules""#, &[]),
            (
                r#""import":"go.acme.example/x","repository":"svn://h/x","vcs":"svn","subdirectory":"src/go""#,
                &[],
            ),
            (
                "",
                &[
                    "$.vanity[0].import: missing: an import path such as go.acme.example/widgets",
                    "$.vanity[0].repository: missing: the address of the repository",
                ],
            ),
            (
                r#""import":"go.acme.example/*/x","repository":"https://h/x""#,
                &[
                    r#"$.vanity[0].import: "go.acme.example/*/x" is not an import path: a `*` is the whole of the last element, and stands there alone"#,
                ],
            ),
            (
                r#""import":"widgets","repository":"https://h/x""#,
                &[
                    r#"$.vanity[0].import: "widgets" is not an import path: malformed module path "widgets": the first element "widgets" has no dot"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","repository":"https://user:pw@h/x""#,
                &[
                    r#"$.vanity[0].repository: "https://user:pw@h/x" is not the address of a repository: it carries a password, and every client is told it"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","repository":"h/x""#,
                &[
                    r#"$.vanity[0].repository: "h/x" is not the address of a repository: it has no scheme such as https://"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","repository":"file:///srv/x""#,
                &[
                    r#"$.vanity[0].repository: "file:///srv/x" is not the address of a repository: the go command takes no such scheme"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","vcs":"mod","repository":"ssh://h/x""#,
                &[
                    r#"$.vanity[0].repository: "ssh://h/x" is not the address of a repository: the go command takes no such scheme"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","repository":"https://h/a b""#,
                &[
                    r#"$.vanity[0].repository: "https://h/a b" is not the address of a repository: a character in it cannot stand in a URL"#,
                ],
            ),
            (
                r#""import":"go.acme.example/*","repository":"https://h/x""#,
                &[
                    r#"$.vanity[0].repository: "https://h/x" is not the address of a repository: it has one `*`, as `import` has: there the repository's name goes"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","repository":"https://h/*""#,
                &[
                    r#"$.vanity[0].repository: "https://h/*" is not the address of a repository: a `*` is for an `import` that ends in one"#,
                ],
            ),
            (
                r#""import":"go.acme.example/x","repository":"https://h/x","subdirectory":"../x""#,
                &[r#"$.vanity[0].subdirectory: "../x" is not a folder such as src/go"#],
            ),
            (
                r#""import":"go.acme.example/x","vcs":"cvs","repository":"https://h/x""#,
                &[
                    r#"$.vanity[0].vcs: expected one of `git`, `hg`, `svn`, `bzr`, `fossil`, `mod`, found "cvs""#,
                ],
            ),
        ],
    );
    check(
        |list| format!(r#"{{"upstreams":[{UPSTREAM}],"vanity":[{list}]}}"#),
        &[(
            r#"{"import":"go.acme.example/x","repository":"https://h/x"},{"import":"go.acme.example/x","repository":"https://h/y"}"#,
            &[r#"$.vanity[1].import: "go.acme.example/x" is that of $.vanity[0] already"#],
        )],
    );
}
