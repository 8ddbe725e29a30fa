//! nginx configurations, and what is changed in one before it is run.

use std::net::SocketAddr;
use std::path::Path;

use crate::tls::Certificate;

/// Where a configuration is to run.
pub(super) struct Place<'a> {
    pub(super) listen: SocketAddr,
    pub(super) root: &'a Path,
    pub(super) access_log: &'a Path,
    pub(super) pid: &'a Path,
    pub(super) superuser: bool,
    /// One worker only, so that the access log is in the order of the answers.
    pub(super) ordered: bool,
}

/// `text` for that place: its `listen`, `root`, `access_log` and `pid` replaced, the rest untouched.
pub(super) fn placed(text: &str, place: &Place<'_>) -> Result<String, String> {
    let set = |line: &str, word: &str| line.trim_start().starts_with(&format!("{word} "));
    let head = head(place.pid, place.superuser);
    let (mut listens, mut roots) = (0, 0);
    let mut lines = Vec::new();
    for line in text.lines() {
        if ["daemon", "pid", "user", "access_log", "error_log"].iter().any(|word| set(line, word)) {
            continue;
        }
        if place.ordered && set(line, "worker_processes") {
            lines.push("worker_processes 1;".to_owned());
        } else if set(line, "listen") {
            listens += 1;
            let tls = if line.contains(" ssl") { " ssl" } else { "" };
            lines.push(format!("listen {}{tls};", place.listen));
        } else if set(line, "root") {
            roots += 1;
            lines.push(format!("root \"{}\";", place.root.display()));
        } else {
            lines.push(line.to_owned());
            if line.trim_start().starts_with("http {") {
                lines.push(format!("access_log \"{}\" combined;", place.access_log.display()));
            }
        }
    }
    if (listens, roots) != (1, 1) {
        return Err(format!(
            "the nginx configuration has {listens} listen and {roots} root lines, not one of each"
        ));
    }
    Ok([head, lines].concat().join("\n") + "\n")
}

/// `text`, to be run as it is.
#[cfg(feature = "suites")]
pub(super) fn alone(text: &str, pid: &Path, superuser: bool) -> String {
    head(pid, superuser).join("\n") + "\n" + text
}

fn head(pid: &Path, superuser: bool) -> Vec<String> {
    let mut head = vec!["daemon off;".to_owned(), format!("pid \"{}\";", pid.display())];
    if superuser {
        // Its workers would otherwise run as somebody who may not enter a temporary folder of root's.
        head.push("user root;".to_owned());
    }
    head
}

/// A static upstream.
pub(super) fn upstream(certificate: Option<&Certificate>) -> String {
    let (ssl, files) = certificate.map(tls).unwrap_or_default();
    format!(
        "worker_processes 1;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path tmp-upstream-body;
    proxy_temp_path tmp-upstream-proxy;
    fastcgi_temp_path tmp-upstream-fastcgi;
    uwsgi_temp_path tmp-upstream-uwsgi;
    scgi_temp_path tmp-upstream-scgi;
    sendfile on;
    types {{ application/json info; application/zip zip; }}
    default_type \"text/plain; charset=utf-8\";
    server {{
        listen 127.0.0.1:0{ssl};
        {files}
        root tree;
        location ~ /@latest$ {{ default_type application/json; }}
    }}
}}
"
    )
}

/// What `listen` says, and what stands beside it, where TLS is spoken.
fn tls(made: &Certificate) -> (&'static str, String) {
    let (certificate, key) = (made.certificate.display(), made.key.display());
    (" ssl", format!("ssl_certificate \"{certificate}\"; ssl_certificate_key \"{key}\";"))
}

/// A proxy before a gateway, with nginx' defaults; with a certificate it speaks TLS.
pub(super) fn front(gateway: SocketAddr, certificate: Option<&Certificate>) -> String {
    let (ssl, files) = certificate.map(tls).unwrap_or_default();
    format!(
        "worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path tmp-front-body;
    proxy_temp_path tmp-front-proxy;
    fastcgi_temp_path tmp-front-fastcgi;
    uwsgi_temp_path tmp-front-uwsgi;
    scgi_temp_path tmp-front-scgi;
    server {{
        listen 127.0.0.1:0{ssl};
        {files}
        root tree;
        location / {{ proxy_pass http://{gateway}; }}
        location /stripped/ {{ proxy_pass http://{gateway}/; }}
    }}
}}
"
    )
}

/// Method, target and status of a line in the `combined` format.
pub(super) fn request(line: &str) -> Option<(String, String, u16)> {
    let mut parts = line.splitn(3, '"').skip(1);
    let mut words = parts.next()?.split(' ');
    let status = parts.next()?.split_whitespace().next()?.parse().ok()?;
    Some((words.next()?.to_owned(), words.next()?.to_owned(), status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn place() -> Place<'static> {
        Place {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 1234)),
            root: Path::new("/d"),
            access_log: Path::new("/a.log"),
            pid: Path::new("/n.pid"),
            superuser: false,
            ordered: true,
        }
    }

    #[test]
    fn only_the_place_changes() {
        let text = "pid x;\nworker_processes auto;\nhttp {\n  server {\n    listen 127.0.0.1:9000;\n    root data;\n    dav_methods PUT;\n  }\n}\n";
        let placed = placed(text, &place()).unwrap();
        assert_eq!(
            placed,
            "daemon off;\npid \"/n.pid\";\nworker_processes 1;\nhttp {\naccess_log \"/a.log\" combined;\n  server {\nlisten 127.0.0.1:1234;\n\
             root \"/d\";\n    dav_methods PUT;\n  }\n}\n"
        );
        assert!(super::placed("http {\n}\n", &place()).is_err(), "nothing to place");
    }

    #[test]
    fn a_line_of_the_access_log() {
        let line =
            r#"127.0.0.1 - - [01/Jan/2024:00:00:00 +0000] "GET /m/@v/list HTTP/1.1" 404 153 "-" "a b""#;
        assert_eq!(request(line), Some(("GET".to_owned(), "/m/@v/list".to_owned(), 404)));
    }
}
