//! nginx, with the files themselves and as a proxy that caches them.

use std::net::SocketAddr;
use std::path::Path;

use super::{Context, Part, Server};
use crate::bench::case::Case;
use crate::http::Response;
use crate::nginx;
use crate::port::Port;
use crate::process::Process;

/// One that listens for both HTTPs, each at an address of its own: before 1.25 it tells them apart in no other way.
#[derive(Debug)]
pub(in crate::bench) struct Peer {
    process: Process,
    http1: Port,
    http2: Port,
}

/// The files themselves.
pub(super) fn serving(context: &Context<'_>) -> Result<Server, String> {
    let peer = Peer::files(&context.site.folder("files")?, &context.site.tree())?;
    Ok(Server::new(peer.http1(), Some(peer.http2.addr()), vec![Part::Nginx(peer)]))
}

/// A proxy of the origin.
pub(super) fn caching(context: &Context<'_>) -> Result<Server, String> {
    let peer = Peer::caching(&context.site.folder("caching")?, context.site.origin())?;
    Ok(Server::new(peer.http1(), Some(peer.http2.addr()), vec![Part::Nginx(peer)]))
}

/// Whether an answer is out of a [`Peer::caching`].
pub(super) fn from_cache(answer: &Response, _: &Case) -> bool {
    answer.header("x-cache-status") == Some("HIT")
}

impl Peer {
    pub(in crate::bench) fn files(dir: &Path, root: &Path) -> Result<Self, String> {
        let root = root.display();
        Self::start(dir, "", &format!("root \"{root}\"; add_header Cache-Control \"public, max-age=86400\" always;"))
    }

    pub(super) fn caching(dir: &Path, origin: SocketAddr) -> Result<Self, String> {
        let cache = dir.join("cache");
        let cache = format!("proxy_cache_path \"{}\" levels=1:2 keys_zone=modules:10m max_size=1g inactive=1d;", cache.display());
        let location = format!(
            "proxy_pass http://{origin}; proxy_cache modules; proxy_cache_lock on;
            add_header X-Cache-Status $upstream_cache_status always;"
        );
        Self::start(dir, &cache, &location)
    }

    pub(in crate::bench) fn http1(&self) -> SocketAddr {
        self.http1.addr()
    }

    pub(in crate::bench) fn pid(&self) -> u32 {
        self.process.pid()
    }

    fn start(dir: &Path, http: &str, location: &str) -> Result<Self, String> {
        let (http1, http2) = (Port::reserve(), Port::reserve());
        let text = format!(
            "worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    log_not_found off;
    sendfile on;
    tcp_nopush on;
    # h2load does not connect again where nginx says that a connection has had enough.
    keepalive_requests 1000000000;
    client_body_temp_path tmp-body;
    proxy_temp_path tmp-proxy;
    fastcgi_temp_path tmp-fastcgi;
    uwsgi_temp_path tmp-uwsgi;
    scgi_temp_path tmp-scgi;
    types {{ application/json info; application/zip zip; }}
    default_type \"text/plain; charset=utf-8\";
    {http}
    server {{
        listen {};
        listen {} http2;
        location / {{ {location} }}
    }}
}}
",
            http1.addr(),
            http2.addr()
        );
        Ok(Self { process: nginx::run(dir, "nginx", &text)?, http1, http2 })
    }
}
