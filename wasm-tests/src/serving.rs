//! What an asynchronous server of the harness runs on: a thread of its own, gone with its connections when dropped.

use std::future::Future;
use std::io;
use std::net::TcpListener;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// Accepts connections until dropped.
#[derive(Debug)]
pub(crate) struct Serving(Option<Runtime>);

impl Serving {
    /// Hands each connection to `serve`, which may also block: on [`tokio::task::spawn_blocking`].
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn start<F, S>(listener: TcpListener, mut serve: F) -> io::Result<Self>
    where
        F: FnMut(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(serve(stream));
                }
            }
        });
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Without waiting: a reply that hangs on purpose would hang its test.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
