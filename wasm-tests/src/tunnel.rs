//! A proxy that leads every CONNECT to one address: how the go command reaches a server on this machine by any name.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The proxy. It takes no more connections once dropped.
#[derive(Debug)]
pub struct Tunnel {
    addr: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Tunnel {
    /// One to `server`.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let stopped = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopped);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                // An error is a connection that one of the two has ended.
                thread::spawn(move || lead(client, server));
            }
        });
        Self { addr, stopped }
    }

    /// What `HTTPS_PROXY` names it by.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread: it finds the flag then.
        let _ = TcpStream::connect(self.addr);
    }
}

fn lead(mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let server = TcpStream::connect(server)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    join(client, server)
}

/// Passes on what each of the two sends, until both have ended.
pub(crate) fn join(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (up, down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    thread::spawn(move || copy(up.0, up.1));
    copy(down.0, down.1)
}

fn copy(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    copied.map(|_| ())
}
