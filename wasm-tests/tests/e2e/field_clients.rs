//! Clients that close, that speak HTTP/1.0, that stand behind nginx: each gets the whole answer, however slowly it reads, be it a
//! document of megabytes that the filter gives, a zip from storage, or one that is read along while it streams.

use std::net::SocketAddr;
use std::thread::{self, sleep};
use std::time::Duration;

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::Scripted;
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::module::{Module, large_go_mod};
use modgate_wasm_tests::nginx::Nginx;
use serde_json::json;

/// Longer than Envoy keeps what is not flushed yet of a connection that closes, by default.
const STILL: Duration = Duration::from_secs(3);
/// A go.mod that the filter answers with. All clients together stay below what it lets clients leave unread (48 MiB).
const DOCUMENT: usize = 4 << 20;
/// More than Envoy and the kernel hold of a download.
const ZIP: u64 = 40 << 20;

#[derive(Clone, Copy, Debug)]
struct Client {
    name: &'static str,
    version: &'static str,
    header: &'static str,
    behind_nginx: bool,
}

const CLIENTS: [Client; 5] = [
    Client {
        name: "says `Connection: close`",
        version: "HTTP/1.1",
        header: "connection: close\r\n",
        behind_nginx: false,
    },
    Client { name: "keeps its connection", version: "HTTP/1.1", header: "", behind_nginx: false },
    Client { name: "speaks HTTP/1.0", version: "HTTP/1.0", header: "", behind_nginx: false },
    Client {
        name: "speaks HTTP/1.0 and asks to keep its connection",
        version: "HTTP/1.0",
        header: "connection: keep-alive\r\n",
        behind_nginx: false,
    },
    Client {
        name: "stands behind nginx with its defaults",
        version: "HTTP/1.1",
        header: "connection: close\r\n",
        behind_nginx: true,
    },
];

impl Client {
    /// Asks, stands still when no more than `left` bytes are to come, and reads the rest: what came, byte by byte.
    fn reads(self, addr: SocketAddr, path: &str, whole: &Body, left: u64) -> bool {
        let mut conn = Conn::open(addr).unwrap();
        let Self { version, header, .. } = self;
        conn.write(format!("GET {path} {version}\r\nhost: modules.example\r\n{header}\r\n").as_bytes())
            .unwrap();
        let head = conn.head().unwrap();
        assert_eq!(head.status, 200, "{self:?} {path}");
        let mut seen = 0;
        while seen < whole.len() - left {
            seen += conn.skip_some().unwrap() as u64;
        }
        sleep(STILL);
        while seen < whole.len() {
            match conn.skip_some() {
                Ok(more @ 1..) => seen += more as u64,
                end => panic!("{self:?} {path}: {seen} of {} bytes: {end:?}", whole.len()),
            }
        }
        seen == whole.len()
    }
}

#[test]
fn every_client_gets_the_whole_however_slowly_it_reads() {
    // Zips above 1 MiB are streamed, to each client anew.
    let patch = json!({"fetch": {"zip_bytes": 1 << 20}, "storage": {"gather_bytes": 0}});
    let stack = Scripted::with(&patch, |envoy| envoy.concurrency(2));
    let nginx = Nginx::before(stack.envoy.addr());
    let document = Module::new("example.com/document", "v1.0.0");
    let go_mod = Body::from(large_go_mod(DOCUMENT));
    stack.upstream.on(&document.url("mod"), Reply::ok(go_mod.clone()).served());
    let stored = Module::new("example.com/stored", "v1.0.0").padded(ZIP);
    stack.storage.serve(&stored);
    let streamed = Module::new("example.com/streamed", "v1.0.0").padded(ZIP);
    stack.upstream.serve(&streamed);
    let answers = [
        ("a go.mod of 4 MiB", document.url("mod"), go_mod),
        ("a zip of 40 MiB from storage", stored.url("zip"), stored.zip()),
        ("a zip of 40 MiB as it streams", streamed.url("zip"), streamed.zip()),
    ];
    // The whole is as it should be, for one who reads at once; what follows counts bytes.
    for (what, path, whole) in &answers {
        let answer = Request::get(path).compare_body(whole.clone()).send(stack.envoy.addr());
        assert_eq!((answer.status, answer.length, answer.pattern), (200, whole.len(), true), "{what}");
    }
    for (what, path, whole) in &answers {
        let running: Vec<_> = CLIENTS
            .into_iter()
            .flat_map(|client| [whole.len(), 1_000_000].map(|left| (client, left)))
            .map(|(client, left)| {
                let addr = if client.behind_nginx { nginx.addr() } else { stack.envoy.addr() };
                let (path, whole) = (path.clone(), whole.clone());
                thread::spawn(move || client.reads(addr, &path, &whole, left))
            })
            .collect();
        let ended: Vec<_> = running.into_iter().map(thread::JoinHandle::join).collect();
        assert!(ended.into_iter().all(|whole| whole.is_ok_and(|whole| whole)), "{what}: see above");
    }
    for client in CLIENTS {
        for (what, ..) in &answers {
            let fault =
                format!("{} and stands still for 3 s before it reads {what}, or near its end", client.name);
            Row {
                kind: "clients",
                fault: &fault,
                spoken: client.version,
                client: "the whole of it",
                asked: "nothing more",
            }
            .seen();
        }
    }
}
