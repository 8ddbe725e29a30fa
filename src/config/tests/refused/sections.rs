//! The other sections, one by one.

use super::{UPSTREAM, check};

#[test]
fn matching() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],"match":{{{fields}}}}}"#),
        &[
            (r#""hosts":["a.example.com","*.example.com","10.0.0.1","[::1]"]"#, &[]),
            (
                r#""hosts":["*","a.*.com","a:80","a..b",""]"#,
                &[
                    r#"$.match.hosts[0]: "*" is not a host pattern: leave `hosts` out to answer for every host"#,
                    r#"$.match.hosts[1]: "a.*.com" is not a host pattern: only a whole first label can be a `*`"#,
                    r#"$.match.hosts[2]: "a:80" is not a host pattern: hosts are compared without their port"#,
                    r#"$.match.hosts[3]: "a..b" is not a host pattern: such as goproxy.example.com, or *.example.com for every host below it"#,
                    r#"$.match.hosts[4]: "" is not a host pattern: such as goproxy.example.com, or *.example.com for every host below it"#,
                ],
            ),
            (r#""path_prefix":"/a/b/""#, &[]),
            (
                r#""path_prefix":"goproxy""#,
                &[
                    r#"$.match.path_prefix: "goproxy" is not a path prefix such as /x/y: it does not begin with a slash"#,
                ],
            ),
            (
                r#""path_prefix":"/a//b""#,
                &[
                    r#"$.match.path_prefix: "/a//b" is not a path prefix such as /x/y: it has an empty element, `.` or `..`"#,
                ],
            ),
            (
                r#""path_prefix":"/a%20b""#,
                &[
                    r#"$.match.path_prefix: "/a%20b" is not a path prefix such as /x/y: it has an escape; write it as it is after decoding"#,
                ],
            ),
            (
                r#""path_prefix":"/x/@v""#,
                &[
                    r#"$.match.path_prefix: "/x/@v" is not a path prefix such as /x/y: an `@` makes it look like a request for a module"#,
                ],
            ),
            (r#""route_header":"x y""#, &[r#"$.match.route_header: "x y" is not a header name"#]),
            (
                r#""route_header":"Authorization""#,
                &[
                    r#"$.match.route_header: "Authorization" has a meaning of its own; take one such as x-modgate-cluster"#,
                ],
            ),
            (
                r#""route_header":"x-envoy-retry-on""#,
                &[
                    r#"$.match.route_header: "x-envoy-retry-on" has a meaning of its own; take one such as x-modgate-cluster"#,
                ],
            ),
            (r#""route_header":":path""#, &[r#"$.match.route_header: ":path" is not a header name"#]),
        ],
    );
}

#[test]
fn sumdbs() {
    check(
        |fields| {
            format!(r#"{{"upstreams":[{UPSTREAM}],"sumdb":[{{"cluster":"c","url":"http://h",{fields}}}]}}"#)
        },
        &[
            (r#""name":"sum.golang.org""#, &[]),
            (
                r#""name":"sum.example.com/db/v2","key":"sum.example.com/db/v2+10597d69+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq""#,
                &[],
            ),
            (
                r#""name":"sum.example.com""#,
                &[
                    r#"$.sumdb[0].key: missing: the verifier key of "sum.example.com", which GOSUMDB has after the name; none is built in"#,
                ],
            ),
            (
                r#""name":"sum.example.com","key":"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8""#,
                &[r#"$.sumdb[0].key: it is the key of "sum.golang.org", not of "sum.example.com""#],
            ),
            (
                r#""name":"sum.golang.org","key":"sum.golang.org""#,
                &[
                    r#"$.sumdb[0].key: it is not a verifier key: it is not of the form <name>+<8 hex digits>+<base64>"#,
                ],
            ),
            (
                r#""name":"sum.golang.org","key":"sum.golang.org+033de0ae+Ac4z""#,
                &[
                    r#"$.sumdb[0].key: it is not a verifier key: its 8 hex digits are not those of its name and its base64 part: was it cut or mistyped?"#,
                ],
            ),
            (r#""name":"sum.golang.org","key":1"#, &["$.sumdb[0].key: expected text, found 1"]),
            (
                r#""name":"https://sum.golang.org""#,
                &[
                    r#"$.sumdb[0].name: "https://sum.golang.org" is not the name of a checksum database: a host such as sum.golang.org, or host/path"#,
                ],
            ),
            (
                r#""name":"sum.golang.org+033de0ae""#,
                &[
                    r#"$.sumdb[0].name: "sum.golang.org+033de0ae" is not the name of a checksum database: a host such as sum.golang.org, or host/path"#,
                ],
            ),
            (
                r#""timeout":"1s""#,
                &["$.sumdb[0].name: missing: its name as in GOSUMDB, such as sum.golang.org"],
            ),
            (
                r#""name":"sum.golang.org"},{"cluster":"c","url":"http://h","name":"sum.golang.org""#,
                &[r#"$.sumdb[1].name: "sum.golang.org" is the name of $.sumdb[0] already; give it another"#],
            ),
        ],
    );
}

#[test]
fn verify() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],"verify":{{{fields}}}}}"#),
        &[
            (r#""mode":"when_available""#, &[]),
            (r#""mode":"off","overrides":[]"#, &[]),
            (r#""overrides":[{"modules":["a.b"],"mode":"off"}]"#, &[]),
            (
                r#""mode":"on""#,
                &[r#"$.verify.mode: expected one of `require`, `when_available`, `off`, found "on""#],
            ),
            (
                r#""mode":false"#,
                &[
                    "$.verify.mode: expected text, found false; YAML has made it of a bare off, no or n: write the word in quotes, as in \"off\"",
                ],
            ),
            (
                r#""overrides":[{"modules":[true],"mode":"off"}]"#,
                &[
                    "$.verify.overrides[0].modules[0]: expected text, found true; YAML has made it of a bare on, yes or y: write the word in quotes",
                ],
            ),
            (r#""overrides":false"#, &["$.verify.overrides: expected a list, found false"]),
            (
                r#""overrides":[{"modules":[]},{"mode":"off"}]"#,
                &[
                    "$.verify.overrides[0].mode: missing: require, when_available or off",
                    "$.verify.overrides[0].modules: missing: globs of the modules that are verified in another way",
                    "$.verify.overrides[1].modules: missing: globs of the modules that are verified in another way",
                ],
            ),
            (
                r#""overrides":[{"modules":["[a"],"mode":"off"}]"#,
                &[
                    r#"$.verify.overrides[0].modules[0]: malformed pattern "[a": a class is not closed with a bracket"#,
                ],
            ),
            (
                r#""override":[],"overrides":[{"modules":["a.b"],"mod":"off","mode":"off"}]"#,
                &[
                    r#"$.verify.override: unknown field; did you mean "overrides"?"#,
                    r#"$.verify.overrides[0].mod: unknown field; did you mean "mode"?"#,
                ],
            ),
            (r#""overrides":{}"#, &["$.verify.overrides: expected a list, found an object"]),
        ],
    );
}

#[test]
fn storage() {
    check(
        |fields| format!(r#"{{"storage":{{"cluster":"c","url":"http://h",{fields}}}}}"#),
        &[
            (r#""dialect":"webdav","layout":"goproxy","write":false"#, &[]),
            (r#""dialect":"s3","layout":"athens","key_prefix":"go/modules/","reverify":"never""#, &[]),
            (r#""dialect":"s3","listing":"autoindex""#, &[]),
            (
                r#""dialect":"s3","listing":"propfind""#,
                &["$.storage.listing: S3 is listed as S3 is: leave it out"],
            ),
            (r#""dialect":"ftp""#, &[r#"$.storage.dialect: expected `s3` or `webdav`, found "ftp""#]),
            (
                r#""layout":"athens-flat""#,
                &[
                    r#"$.storage.layout: expected one of `athens`, `athens_flat`, `goproxy`, found "athens-flat""#,
                ],
            ),
            (
                r#""key_prefix":"/go""#,
                &[
                    r#"$.storage.key_prefix: "/go" is not the beginning of a name such as x/y: it has an empty element, `.` or `..`"#,
                ],
            ),
            (
                r#""key_prefix":"go//m%20""#,
                &[
                    r#"$.storage.key_prefix: "go//m%20" is not the beginning of a name such as x/y: it has an empty element, `.` or `..`"#,
                ],
            ),
            (
                r#""part_bytes":33554432,"parts_in_flight":7"#,
                &[
                    "$.storage.parts_in_flight: too much: 7 parts on their way and 2 more would hold 301989888 bytes, \
                   268435456 is the most",
                ],
            ),
            (
                r#""part_bytes":1048576,"parts_in_flight":0"#,
                &[
                    "$.storage.part_bytes: 1048576 is not from 5242880 to 67108864",
                    "$.storage.parts_in_flight: 0 is not from 1 to 16",
                ],
            ),
            (
                r#""gather_bytes":268435457"#,
                &["$.storage.gather_bytes: 268435457 is not from 0 to 268435456"],
            ),
            (r#""write":"yes""#, &[r#"$.storage.write: expected true or false, found "yes""#]),
        ],
    );
}

#[test]
fn index_freshness_admin() {
    let unseen = "is not from 0s to 1day: new versions would stay unseen";
    let instead = "there is no such field any more; the index is sized by its memory: write \"bytes\", or nothing for the default of \
                   134217728 (128 MiB)";
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],{fields}}}"#),
        &[
            (r#""index":{"bytes":32767}"#, &["$.index.bytes: 32767 is not from 32768 to 2147483648"]),
            (
                r#""index":{"bytes":2147483649}"#,
                &["$.index.bytes: 2147483649 is not from 32768 to 2147483648"],
            ),
            (r#""index":{"bytes":-1}"#, &["$.index.bytes: expected a whole number, not negative, found -1"]),
            (
                r#""index":{"bytes":"16KiB"}"#,
                &[r#"$.index.bytes: expected a whole number, not negative, found "16KiB""#],
            ),
            // What there was before: the names say nothing of what to write now.
            (
                r#""index":{"slots":4096,"negative_slots":1024,"max_entry_bytes":32768}"#,
                &[
                    &format!("$.index.slots: {instead}"),
                    &format!("$.index.negative_slots: {instead}"),
                    &format!("$.index.max_entry_bytes: {instead}"),
                ],
            ),
            (r#""freshness":{"list":"0s","negative":"0s"}"#, &[]),
            (
                r#""freshness":{"list":"25h","negative":"2h"}"#,
                &[
                    &format!("$.freshness.list: \"25h\" {unseen}"),
                    "$.freshness.negative: \"2h\" is not from 0s to 1h: what exists by now would stay hidden",
                ],
            ),
            (
                r#""freshness":{"stale_while_revalidate":"0s","stale_if_error":"0s","client_no_cache":false}"#,
                &[],
            ),
            (
                r#""freshness":{"stale_while_revalidate":"2days","stale_if_error":"31days","client_no_cache":"no"}"#,
                &[
                    "$.freshness.stale_while_revalidate: \"2days\" is not from 0s to 1day: new versions would stay unseen",
                    "$.freshness.stale_if_error: \"31days\" is not from 0s to 30days: to be cut off for good, have a storage and no upstreams",
                    r#"$.freshness.client_no_cache: expected true or false, found "no""#,
                ],
            ),
            (
                r#""freshness":{"stale_on_error":"1h"}"#,
                &[r#"$.freshness.stale_on_error: unknown field; did you mean "stale_if_error"?"#],
            ),
            (r#""exposure":{}"#, &[]),
            (r#""exposure":{"days":366,"callers":true}"#, &[]),
            (
                r#""exposure":{"days":0,"callers":"no"}"#,
                &[
                    "$.exposure.days: 0 is not from 1 to 366: leave `exposure` out to remember nothing, and keep access logs for longer",
                    r#"$.exposure.callers: expected true or false, found "no""#,
                ],
            ),
            (r#""exposure":true"#, &["$.exposure: expected an object, found true"]),
            (r#""storage":{"cluster":"s","url":"http://s"},"catalog":{}"#, &[]),
            (
                r#""storage":{"cluster":"s","url":"http://s"},"catalog":{"principals":["@authenticated"]}"#,
                &[],
            ),
            (r#""catalog":{}"#, &["$.catalog: a catalog without a storage: there is nothing to list"]),
            (
                r#""storage":{"cluster":"s","url":"http://s"},"catalog":{"principals":[]}"#,
                &[
                    "$.catalog.principals: an empty list names no caller; leave `catalog` out to have no such pages",
                ],
            ),
            (
                r#""storage":{"cluster":"s","url":"http://s"},"catalog":{"principals":["@all"]}"#,
                &[
                    r#"$.catalog.principals[0]: "@all" names no caller: of the words with @ there are @anonymous and @authenticated alone"#,
                ],
            ),
            (r#""admin":{"path_prefix":"/_modgate"}"#, &[]),
            (
                r#""admin":{"path_prefix":"/"}"#,
                &[
                    r#"$.admin.path_prefix: "/" is not a path prefix such as /x/y: it would take every request"#,
                ],
            ),
            (
                r#""admin":{"path_prefix":"/x/@v/"}"#,
                &[
                    r#"$.admin.path_prefix: "/x/@v/" is not a path prefix such as /x/y: it looks like the path of a module"#,
                ],
            ),
            (
                r#""admin":{"path_prefix":"/example.com/"}"#,
                &[
                    r#"$.admin.path_prefix: "/example.com/" is not a path prefix such as /x/y: it looks like the path of a module"#,
                ],
            ),
            (
                r#""admin":{"path_prefix":"/sumdb/"}"#,
                &[
                    r#"$.admin.path_prefix: "/sumdb/" is not a path prefix such as /x/y: checksum databases lie there"#,
                ],
            ),
        ],
    );
}

#[test]
fn fetch() {
    check(
        |fields| format!(r#"{{"upstreams":[{UPSTREAM}],"fetch":{{{fields}}}}}"#),
        &[
            (r#""concurrent":1,"concurrent_per_upstream":65536,"zip_wait":"0s","zip_bytes":0"#, &[]),
            // shorter than the upstream's timeout, which goes on for whoever asks again; zip_wait shrinks with it
            (r#""wait":"1s""#, &[]),
            (r#""wait":"1s","zip_wait":"1s""#, &[]),
            (
                r#""concurrent":0,"concurrent_per_upstream":65537,"zip_bytes":33554433"#,
                &[
                    "$.fetch.concurrent: 0 is not from 1 to 65536",
                    "$.fetch.concurrent_per_upstream: 65537 is not from 1 to 65536",
                    "$.fetch.zip_bytes: 33554433 is not from 0 to 33554432",
                ],
            ),
            (
                r#""wait":"5m","zip_wait":"5m""#,
                &[
                    r#"$.fetch.wait: "5m" is not from 1s to 4m: no fetch would be waited for, or Envoy would end the waiting request"#,
                    r#"$.fetch.zip_wait: "5m" is not from 0s to 4m: Envoy would end the waiting request"#,
                ],
            ),
            (
                r#""wait":"10s","zip_wait":"15s""#,
                &[
                    "$.fetch.zip_wait: 15s is longer than `wait`, 10s: the request would be over before it is streamed",
                ],
            ),
            (
                r#""concurrent":"many","wait":30,"wiat":"1m""#,
                &[
                    r#"$.fetch.concurrent: expected a whole number, not negative, found "many""#,
                    r#"$.fetch.wait: expected a duration as text, such as "30s" or "1h 30m", found 30"#,
                    r#"$.fetch.wiat: unknown field; did you mean "wait"?"#,
                ],
            ),
        ],
    );
}

#[test]
fn delivery() {
    check(
        |fields| format!(r#"{{"storage":{{"cluster":"c","url":"http://h","delivery":{{{fields}}}}}}}"#),
        &[
            (r#""zips":"redirect","url":"https://h/b","secure_link":{"secret":"s"}"#, &[]),
            (r#""url":"https://h/b","overrides":[{"modules":["a.com"],"zips":"redirect"}]"#, &[]),
            (
                r#""zips":"redirect""#,
                &[
                    "$.storage.delivery.url: missing: where clients reach the storage, as zips are redirected there",
                ],
            ),
            (
                r#""overrides":[{"modules":[]},{"modules":["a.com"],"zips":"redirect"}]"#,
                &[
                    "$.storage.delivery.url: missing: where clients reach the storage, as zips are redirected there",
                    r#"$.storage.delivery.overrides[0].zips: missing: how the zips of these modules are delivered"#,
                    r#"$.storage.delivery.overrides[0].modules: missing: the modules it is for, such as ["github.com/acme"]"#,
                ],
            ),
            (
                r#""url":"modules.example.com","expires":"8d""#,
                &[
                    "$.storage.delivery.url: a URL begins with http:// or https://",
                    r#"$.storage.delivery.expires: "8d" is not from 1s to 7days: no client could use it in time, or S3 would refuse it"#,
                ],
            ),
            (
                r#""url":"https://h","expires":"1500ms","s3":{"region":"a/b","access_key_id":"","secret_access_key":"a key "}"#,
                &[
                    "$.storage.delivery.expires: signed addresses count in whole seconds",
                    "$.storage.delivery.s3.region: it has other characters than letters, digits, `-`, `_` and `.`",
                    "$.storage.delivery.s3.access_key_id: missing: no address can be signed without",
                    "$.storage.delivery.s3.secret_access_key: it is printable ASCII, with no blank at its ends",
                ],
            ),
            (
                r#""url":"https://h","s3":{"region":"r","access_key_id":"a","secret_access_key":"s"},"secure_link":{"secret":"s"}"#,
                &["$.storage.delivery.secure_link: `s3` signs it already; keep one of the two"],
            ),
            // What is secret is not quoted, whatever it is taken for.
            (
                r#""url":"https://h","s3":"s3cret","secure_link":{"secret":4711,"sekret":"x"}"#,
                &[
                    "$.storage.delivery.s3: expected an object, found text",
                    "$.storage.delivery.secure_link.secret: expected text, found a number",
                    r#"$.storage.delivery.secure_link.sekret: unknown field; did you mean "secret"?"#,
                ],
            ),
        ],
    );
}

#[test]
fn advisories() {
    let source =
        |more: &str| format!(r#"{{"name":"go","format":"database","cluster":"c","url":"http://h"{more}}}"#);
    let sources = |list: &[String]| format!(r#""sources":[{}]"#, list.join(","));
    let one = |more: &str| sources(&[source(more)]);
    let zip =
        |url: &str| sources(&[format!(r#"{{"name":"go","format":"zip","cluster":"c","url":"{url}"}}"#)]);
    let mirror = |path: &str| format!(r#""mirror":"{path}",{}"#, one(""));
    let rows: Vec<(String, &[&str])> = vec![
        (one(""), &[]),
        (one(r#","interval":"1m","malicious":true,"redirects":{"a.example":"a"}"#), &[]),
        (zip("http://h/a.zip"), &[]),
        (r#""stale_after":"1m","when_stale":"fail""#.to_owned(), &[]),
        (
            sources(&["{}".to_owned()]),
            &[
                "$.advisories.sources[0].name: missing: what metrics and pages call it, such as go",
                "$.advisories.sources[0].format: missing: database or zip",
                "$.advisories.sources[0].cluster: missing: the name of the Envoy cluster that reaches it",
                "$.advisories.sources[0].authority: missing: give `url`, or the host it is addressed to",
            ],
        ),
        (
            sources(&[source(""), source("")]),
            &[
                r#"$.advisories.sources[1].name: "go" is the name of $.advisories.sources[0] already; give it another"#,
            ],
        ),
        (
            sources(&vec![source(""); 9])
                .split("go")
                .enumerate()
                .map(|(n, part)| if n == 0 { part.to_owned() } else { format!("go{n}{part}") })
                .collect(),
            &["$.advisories.sources[8]: too many: at most 8 are allowed"],
        ),
        (zip("http://h/folder/"), &["$.advisories.sources[0].url: it ends in a slash, and a zip is a file"]),
        (
            one(r#","interval":"1ms""#),
            &[
                r#"$.advisories.sources[0].interval: "1ms" is not from 1s to 1day: more often is a flood, and more seldom no news"#,
            ],
        ),
        (
            format!(r#""stale_after":"10m",{}"#, one("")),
            &[
                "$.advisories.sources[0].interval: not less than `stale_after`: what it has would be stale before it is asked again",
            ],
        ),
        (r#""stale_after":"1s""#.to_owned(), &[r#"$.advisories.stale_after: "1s" is not from 1m to 1year"#]),
        (
            r#""when_stale":"deny""#.to_owned(),
            &[r#"$.advisories.when_stale: expected `allow` or `fail`, found "deny""#],
        ),
        (format!(r#""mirror":"/vulndb",{}"#, one("")), &[]),
        (format!(r#""mirror":"/-vulndb/v1/",{}"#, one("")), &[]),
        (
            r#""mirror":"/vulndb""#.to_owned(),
            &["$.advisories.mirror: a mirror without `sources`: there is nothing to serve"],
        ),
        (
            mirror("vulndb"),
            &[
                r#"$.advisories.mirror: "vulndb" is not a path prefix such as /x/y: it does not begin with a slash"#,
            ],
        ),
        (
            mirror("/"),
            &[r#"$.advisories.mirror: "/" is not a path prefix such as /x/y: it would take every request"#],
        ),
        (
            mirror(""),
            &[r#"$.advisories.mirror: "" is not a path prefix such as /x/y: it would take every request"#],
        ),
        (
            mirror("/example.com/m"),
            &[
                r#"$.advisories.mirror: "/example.com/m" is not a path prefix such as /x/y: it looks like the path of a module"#,
            ],
        ),
        (
            mirror("/v/@v"),
            &[
                r#"$.advisories.mirror: "/v/@v" is not a path prefix such as /x/y: it looks like the path of a module"#,
            ],
        ),
        (
            mirror("/sumdb"),
            &[
                r#"$.advisories.mirror: "/sumdb" is not a path prefix such as /x/y: checksum databases lie there"#,
            ],
        ),
        (
            mirror("/-"),
            &[
                r#"$.advisories.mirror: "/-" is not a path prefix such as /x/y: the gateway's own pages lie there (`admin.path_prefix`)"#,
            ],
        ),
        (
            mirror("/-/vulndb"),
            &[
                r#"$.advisories.mirror: "/-/vulndb" is not a path prefix such as /x/y: the gateway's own pages lie there (`admin.path_prefix`)"#,
            ],
        ),
    ];
    let rows: Vec<(&str, &[&str])> =
        rows.iter().map(|(fields, problems)| (fields.as_str(), *problems)).collect();
    check(|fields| format!(r#"{{"upstreams":[{UPSTREAM}],"advisories":{{{fields}}}}}"#), &rows);
}
