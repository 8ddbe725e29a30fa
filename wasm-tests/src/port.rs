//! Ports for programs that cannot report the one they were given.
//!
//! Envoy binds port 0 and says what it got, and so do our own servers. nginx needs a number beforehand. A port is held by
//! a lock on a file, so no two harness processes choose the same one, and lies below the range from which the kernel takes
//! the ports of outgoing connections.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A port of 127.0.0.1 that no other harness process uses while this lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn reserve() -> Self {
        let dir = env::temp_dir().join("modgate-ports");
        fs::create_dir_all(&dir).expect("a folder for port locks");
        let span = u32::from(LAST - FIRST);
        for _ in 0..span {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(process::id().wrapping_mul(97));
            let number = FIRST + u16::try_from(turn % span).expect("within the span");
            let Ok(lock) = File::create(dir.join(number.to_string())) else { continue };
            if lock.try_lock().is_ok() && is_free(SocketAddr::from((Ipv4Addr::LOCALHOST, number))) {
                return Self { number, _lock: lock };
            }
        }
        panic!("no free port between {FIRST} and {LAST}");
    }

    /// Its address on loopback.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

/// Whether something could listen there now. Envoy would share the port of another Envoy without a word
/// (`SO_REUSEPORT`); this bind does not.
#[must_use]
pub fn is_free(addr: SocketAddr) -> bool {
    TcpListener::bind(addr).is_ok()
}

const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;
static NEXT: AtomicU32 = AtomicU32::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ports_differ_and_a_taken_one_is_not_free() {
        let (one, two) = (Port::reserve(), Port::reserve());
        assert_ne!(one.addr(), two.addr());
        let held = TcpListener::bind(one.addr()).unwrap();
        assert!(!is_free(held.local_addr().unwrap()));
    }
}
