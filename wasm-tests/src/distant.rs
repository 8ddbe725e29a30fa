//! A server that is far away: a way to one on this machine, on which every byte takes its time. It delays and does not throttle: what is sent
//! in one piece arrives in one piece, so much later.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::acceptor::Acceptor;

/// The way. It takes no more connections once dropped.
#[derive(Debug)]
pub struct Distant(Acceptor);

/// Bytes, and when they arrive.
type Sent = (Instant, Vec<u8>);

impl Distant {
    /// One to `server`, which is a round trip of `round_trip` away. To connect takes one too: this machine takes a connection at once, so what a
    /// client sends first is late by as much.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn to(server: SocketAddr, round_trip: Duration) -> Self {
        Self(Acceptor::start(move |client| join(client, server, Instant::now() + round_trip, round_trip / 2)))
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// It as the base of URLs.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }
}

fn join(client: TcpStream, server: SocketAddr, connected: Instant, one_way: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    for socket in [&client, &server] {
        socket.set_nodelay(true)?;
    }
    let now = Instant::now();
    lead(client.try_clone()?, server.try_clone()?, connected, one_way);
    lead(server, client, now, one_way);
    Ok(())
}

/// Has what `from` sends reach `to`, so much later; nothing sets out before `begin`.
fn lead(from: TcpStream, to: TcpStream, begin: Instant, one_way: Duration) {
    let (sent, due) = sync_channel(IN_FLIGHT);
    thread::spawn(move || collect(from, &sent, begin, one_way));
    thread::spawn(move || deliver(&due, to));
}

fn collect(mut from: TcpStream, sent: &SyncSender<Sent>, begin: Instant, one_way: Duration) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        let arrives = Instant::now().max(begin) + one_way;
        if sent.send((arrives, piece[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn deliver(due: &Receiver<Sent>, mut to: TcpStream) {
    for (arrives, bytes) in due {
        thread::sleep(arrives.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Pieces on their way at once: 16 MiB, several times what a round trip of the bench holds at the speed of loopback.
const IN_FLIGHT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faulty::{Faulty, Reply};
    use crate::http::Request;

    #[test]
    fn a_request_takes_a_round_trip_and_one_to_connect() {
        let near = Faulty::start();
        near.on("/file", Reply::ok("content"));
        let far = Distant::to(near.addr(), Duration::from_millis(60));
        let begun = Instant::now();
        let answer = Request::get("/file").send(far.addr());
        assert_eq!((answer.status, answer.text().as_str()), (200, "content"));
        assert!(begun.elapsed() >= Duration::from_millis(120), "after {:?}", begun.elapsed());
    }
}
