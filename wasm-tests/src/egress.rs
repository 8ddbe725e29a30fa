//! The proxy that is the only way out of many a company: it opens a way to the hosts it knows by CONNECT, and reads nothing of what
//! passes. It refuses, or says nothing at all, when told to.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::tunnel;

/// The proxy. It takes no more connections once dropped.
#[derive(Debug)]
pub struct Egress {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

/// What it does with a CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Opens the way.
    Open,
    /// Opens it for who shows these credentials, as `Proxy-Authorization` has them, and answers 407 to others.
    For(String),
    /// Answers with this status.
    Refuse(u16),
    /// Takes the connection and never answers.
    Hang,
}

#[derive(Debug)]
struct Shared {
    /// Where names lead, each with its port.
    names: HashMap<String, SocketAddr>,
    manner: Mutex<Manner>,
    /// The head of everything that was asked of it.
    heads: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl Egress {
    /// One that knows these names, such as `proxy.example:443`.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn to(names: &[(&str, SocketAddr)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            names: names.iter().map(|(name, server)| ((*name).to_owned(), *server)).collect(),
            manner: Mutex::new(Manner::Open),
            heads: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        });
        let told = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if told.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let told = Arc::clone(&told);
                // An error is a connection that one of the two has ended.
                thread::spawn(move || told.serve(client));
            }
        });
        Self { addr, shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it does from now on; ways that are open stay open.
    pub fn set(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }

    /// The heads of all requests so far, in the order of arrival.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        lock(&self.shared.heads).clone()
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread: it finds the flag then.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        lock(&self.heads).push(head.clone());
        let manner = lock(&self.manner).clone();
        let shown = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("proxy-authorization").then_some(value)
        });
        let refused = match manner {
            Manner::Open => None,
            Manner::For(credentials) => (shown != Some(credentials.as_str())).then_some(407),
            Manner::Refuse(status) => Some(status),
            Manner::Hang => {
                while !self.stopped.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(50));
                }
                return Ok(());
            }
        };
        let known = head.strip_prefix("CONNECT ").and_then(|rest| self.names.get(rest.split(' ').next()?));
        match (refused, known) {
            (Some(status), _) => say(&mut client, status),
            (None, None) => say(&mut client, 502),
            (None, Some(server)) => {
                let server = TcpStream::connect(server)?;
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                tunnel::join(client, server)
            }
        }
    }
}

fn say(client: &mut TcpStream, status: u16) -> io::Result<()> {
    let page = "<html>SECRET page of the proxy</html>\n";
    write!(
        client,
        "HTTP/1.1 {status} No\r\nproxy-authenticate: Basic realm=\"SECRET\"\r\ncontent-type: text/html\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
