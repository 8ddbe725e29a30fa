//! An upstream that does what a test tells it, well or badly, and remembers every request.
//!
//! Replies are scripted per path, or per method and path:
//!
//! ```no_run
//! use modgate_wasm_tests::faulty::{Faulty, Reply};
//! let upstream = Faulty::start();
//! upstream.on("/example.com/m/@v/list", Reply::ok("v1.0.0\n"));
//! upstream.on("PUT /example.com/m/@v/v1.0.0.info", Reply::status(507));
//! upstream.on_each("/flaky", [Reply::status(500), Reply::ok("at last")]);
//! ```
//!
//! Paths are compared with `%21` read as `!`, the two ways of writing an escaped capital.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::body::Body;
use crate::module::Module;
use crate::serving::Serving;
use crate::wait;

mod http2;
mod reply;
mod serve;

pub use reply::{Gate, Reply};

/// The server. It stops, and cuts its connections, when dropped.
#[derive(Debug)]
pub struct Faulty {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    _serving: Option<Serving>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The target, exactly as sent.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// When its head had arrived.
    pub at: Instant,
}

impl Seen {
    /// The value of the first header called `name` (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Faulty {
    /// Starts one that answers 404 to everything.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// As [`Faulty::start`], on an address that others know already.
    ///
    /// # Panics
    /// When somebody else listens there.
    #[must_use]
    pub fn start_at(addr: SocketAddr) -> Self {
        let listener = TcpListener::bind(addr).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let accepting = thread::spawn(move || accept(&listener, &for_thread));
        Self { addr, shared, accepting: Some(accepting), _serving: None }
    }

    /// As [`Faulty::start`], in HTTP/2 without TLS, which a client must know beforehand. A cut there is a reset stream.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn start_http2() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let for_connections = Arc::clone(&shared);
        let serving =
            Serving::start(listener, move |stream| http2::connection(stream, Arc::clone(&for_connections)));
        Self { addr, shared, accepting: None, _serving: Some(serving.expect("a thread for it")) }
    }

    /// Starts one that takes every PUT, as an empty store would, and answers 404 to everything else.
    ///
    /// # Panics
    /// As [`Faulty::start`].
    #[must_use]
    pub fn store() -> Self {
        let store = Self::start();
        store.otherwise(|seen| Reply::status(if seen.method == "PUT" { 201 } else { 404 }).served());
        store
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on, answers `route` (`/path` or `METHOD /path`) with `reply`.
    pub fn on(&self, route: &str, reply: Reply) {
        self.on_each(route, [reply]);
    }

    /// Answers `route` with these in turn; the last one stays.
    pub fn on_each(&self, route: &str, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.scripts).insert(same(route), Script::Each(replies.into_iter().collect()));
    }

    /// Answers `route` with what `answer` makes of the request.
    pub fn on_fn(&self, route: &str, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        lock(&self.shared.scripts).insert(same(route), Script::Made(Arc::new(answer)));
    }

    /// Answers what no route names with what `answer` makes of it, instead of 404.
    pub fn otherwise(&self, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        self.on_fn("*", answer);
    }

    /// From now on has at `path` what is PUT there, as a store would: the whole of it or a range.
    pub fn keep(&self, path: &str) {
        let kept = Mutex::new(None);
        self.on_fn(path, move |seen| {
            let mut kept = lock(&kept);
            match (seen.method.as_str(), &*kept) {
                ("PUT", _) => {
                    *kept = Some(Body::from(seen.body.clone()));
                    Reply::status(201).served()
                }
                (_, Some(body)) => Reply::ok(body.clone()).served().ranges(),
                (_, None) => Reply::status(404).served(),
            }
        });
    }

    /// Serves a module as a GOPROXY would: its list, info, mod and zip.
    pub fn serve(&self, module: &Module) {
        for (path, reply) in module.replies() {
            self.on(&path, reply);
        }
    }

    /// Serves several versions of one module: all are in its list, and the last is its latest.
    pub fn serve_all(&self, versions: &[Module]) {
        for module in versions {
            self.serve(module);
        }
        let list: String = versions.iter().flat_map(|module| [module.version(), "\n"]).collect();
        if let Some(module) = versions.last() {
            self.on(&module.list_url(), Reply::ok(list));
        }
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// The requests for `path`, whatever their method.
    #[must_use]
    pub fn requests_for(&self, path: &str) -> Vec<Seen> {
        self.requests().into_iter().filter(|seen| same(&seen.target) == same(path)).collect()
    }

    /// How often `path` was asked for with this method.
    #[must_use]
    pub fn hits_with(&self, method: &str, path: &str) -> usize {
        self.requests_for(path).iter().filter(|seen| seen.method == method).count()
    }

    /// How often `path` was asked for.
    #[must_use]
    pub fn hits(&self, path: &str) -> usize {
        self.requests_for(path).len()
    }

    /// Waits until `path` has been asked for `count` times.
    ///
    /// # Panics
    /// When that does not happen within 10 seconds.
    #[track_caller]
    pub fn wait_hits(&self, path: &str, count: usize) {
        wait::until(&format!("{count} requests for {path}"), Duration::from_secs(10), || {
            self.hits(path) >= count
        });
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        lock(&self.shared.seen).clear();
    }

    /// Remembers no request from now on, for floods of them.
    pub fn remember_nothing(&self) {
        self.shared.forgetful.store(true, Ordering::Relaxed);
        self.forget();
    }

    /// How many requests there have been, remembered or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.open.total.load(Ordering::SeqCst)
    }

    /// The most requests that were ever waiting for their answers at once.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.shared.open.most.load(Ordering::SeqCst)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in lock(&self.shared.connections).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.accepting.take() {
            // Wakes it: it finds the flag then.
            let _ = TcpStream::connect(self.addr);
            let _ = thread.join();
        }
    }
}

enum Script {
    Each(VecDeque<Reply>),
    Made(Arc<dyn Fn(&Seen) -> Reply + Send + Sync>),
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Script>>,
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<HashMap<SocketAddr, TcpStream>>,
    stopped: AtomicBool,
    forgetful: AtomicBool,
    open: Open,
}

/// Requests that have arrived and whose answers have not begun.
#[derive(Default)]
struct Open {
    now: AtomicUsize,
    most: AtomicUsize,
    total: AtomicUsize,
}

/// One of them, until dropped.
struct Opened<'a>(&'a Open);

impl Open {
    fn one(&self) -> Opened<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.total.fetch_add(1, Ordering::SeqCst);
        Opened(self)
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("requests", &lock(&self.seen).len()).finish_non_exhaustive()
    }
}

impl Shared {
    fn reply_to(&self, seen: &Seen) -> Reply {
        let target = same(&seen.target);
        let path = target.split('?').next().unwrap_or_default();
        let routes = [format!("{} {target}", seen.method), target.clone(), path.to_owned(), "*".to_owned()];
        let made = {
            let mut scripts = lock(&self.scripts);
            match routes
                .iter()
                .find(|route| scripts.contains_key(*route))
                .and_then(|key| scripts.get_mut(key))
            {
                None => return Reply::status(404).body("not found: nothing is scripted for this path\n"),
                Some(Script::Each(replies)) if replies.len() > 1 => {
                    return replies.pop_front().expect("several");
                }
                Some(Script::Each(replies)) => {
                    return replies.front().cloned().unwrap_or_else(|| Reply::status(404));
                }
                Some(Script::Made(answer)) => Arc::clone(answer),
            }
        };
        // Outside the lock: it may script other routes.
        made(seen)
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped() {
            return;
        }
        let Ok(stream) = stream else { continue };
        let (Ok(peer), Ok(handle)) = (stream.peer_addr(), stream.try_clone()) else { continue };
        lock(&shared.connections).insert(peer, handle);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // An error is a connection the other side, or the script, has ended.
            let _ = serve::connection(&stream, &shared);
            let _ = stream.shutdown(Shutdown::Both);
            lock(&shared.connections).remove(&peer);
        });
    }
}

fn same(path: &str) -> String {
    path.replace("%21", "!")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
