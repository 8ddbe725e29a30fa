//! A proxy that leads every CONNECT to one address: how the go command reaches a server on this machine by any name.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use crate::acceptor::Acceptor;

/// The proxy. It takes no more connections once dropped.
#[derive(Debug)]
pub struct Tunnel(Acceptor);

impl Tunnel {
    /// One to `server`.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        Self(Acceptor::start(move |client| lead(client, server)))
    }

    /// What `HTTPS_PROXY` names it by.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
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
