//! A port of loopback whose connections each have a thread.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The port. It takes no more connections once dropped.
#[derive(Debug)]
pub(crate) struct Acceptor {
    addr: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Acceptor {
    /// One that gives each connection to `serve`, whose error is a connection that one of the two has ended.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub(crate) fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let stopped = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopped);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                let serve = serve.clone();
                thread::spawn(move || serve(client));
            }
        });
        Self { addr, stopped }
    }

    /// Where it listens.
    #[must_use]
    #[cfg(feature = "suites")]
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// It as the base of URLs.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread: it finds the flag then.
        let _ = TcpStream::connect(self.addr);
    }
}
