//! An object store that verifies signatures, and fails on demand: one bucket, one pair of keys, requests in path style.
//!
//! `s3s` does what every S3 server does alike: signatures (in headers and in presigned URLs), XML, routing. What it serves
//! is `objects`, which keeps to what AWS documents where stores differ: a conditional create is atomic, parts below
//! 5 MiB are refused, an upload stays open until it is completed or aborted.
//!
//! ```no_run
//! use modgate_wasm_tests::s3::{S3, Trouble};
//! let store = S3::start();
//! store.trouble(|asked| asked.is("PUT", "partNumber=2").then(|| Trouble::error(503, "SlowDown")));
//! assert!(store.open_uploads().is_empty());
//! ```

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bootstrap::s3::Keys;
use crate::envoy::Builder;
use crate::faulty::Gate;
use crate::serving::Serving;

mod objects;
mod serve;

use objects::Objects;

impl Keys {
    /// Those of this store.
    #[must_use]
    pub fn of_harness() -> Self {
        Self { region: S3::REGION.to_owned(), id: S3::ACCESS_KEY.to_owned(), secret: S3::SECRET_KEY.to_owned() }
    }
}

impl Builder {
    /// Points a cluster, new or known, at this store, and has what goes there signed.
    #[must_use]
    pub fn cluster_s3(self, name: &str, store: SocketAddr) -> Self {
        self.cluster(name, store).signed(name, &Keys::of_harness())
    }
}

/// The server. It stops, and forgets its objects, when dropped.
#[derive(Debug)]
pub struct S3 {
    addr: SocketAddr,
    objects: Objects,
    control: Arc<Control>,
    _serving: Serving,
}

/// A request as it arrived, without its body.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The target, exactly as sent.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// When its head had arrived.
    pub at: Instant,
    /// What it was answered; nothing as long as it is not, or where its answer was kept from it.
    pub status: Option<u16>,
}

impl Asked {
    /// The value of the first header called `name` (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it has this method, and `part` somewhere in its target.
    #[must_use]
    pub fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.target.contains(part)
    }
}

/// What happens to a request instead of its answer.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It is not carried out, and answered with this status and body.
    Answer(u16, String),
    /// It is carried out this much later.
    Delay(Duration),
    /// It is carried out once the gate is open.
    Held(Gate),
    /// It is not carried out, and its connection closes without a word.
    Dropped,
    /// It is carried out, and its connection closes without a word: the client cannot know.
    AnswerLost,
}

impl Trouble {
    /// An error as S3 words it, such as 503 `SlowDown`. With status 200 it is what AWS sends when completing an upload
    /// fails after its head has gone out.
    #[must_use]
    pub fn error(status: u16, code: &str) -> Self {
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>as told</Message></Error>"
        );
        Self::Answer(status, document)
    }
}

type Chooser = Box<dyn Fn(&Asked) -> Option<Trouble> + Send + Sync>;

/// What a test and the connections share.
#[derive(Default)]
struct Control {
    asked: Mutex<Vec<Asked>>,
    trouble: Mutex<Option<Chooser>>,
}

impl S3 {
    /// The one bucket.
    pub const BUCKET: &str = "modules";
    /// The one access key. With `/` and `+` in its secret, as many have.
    pub const ACCESS_KEY: &str = "MODGATETESTKEY";
    /// Its secret.
    pub const SECRET_KEY: &str = "secret/of+the/harness";
    /// What signatures must name as region is up to the client here; stores that check it want their own.
    pub const REGION: &str = "us-east-1";

    /// Starts one with an empty bucket.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let addr = listener.local_addr().expect("its address");
        let (objects, control) = (Objects::new(), Arc::<Control>::default());
        let service = serve::service(objects.clone());
        let shared = Arc::clone(&control);
        let serving = Serving::start(listener, move |stream| {
            serve::connection(stream, service.clone(), Arc::clone(&shared))
        });
        Self { addr, objects, control, _serving: serving.expect("a thread for it") }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on asks `choose` of every request whether, and how, it goes wrong; before signatures are looked at.
    pub fn trouble(&self, choose: impl Fn(&Asked) -> Option<Trouble> + Send + Sync + 'static) {
        *lock(&self.control.trouble) = Some(Box::new(choose));
    }

    /// From now on nothing goes wrong.
    pub fn no_trouble(&self) {
        *lock(&self.control.trouble) = None;
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Asked> {
        lock(&self.control.asked).clone()
    }

    /// How many requests so far have this method, and `part` in their target.
    #[must_use]
    pub fn hits(&self, method: &str, part: &str) -> usize {
        lock(&self.control.asked).iter().filter(|asked| asked.is(method, part)).count()
    }

    /// The keys of all objects, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.objects.keys()
    }

    /// An object's bytes.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.objects.read(key)
    }

    /// Writes an object past every request, over what was there: a bucket somebody has, or corruption.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        self.objects.write(key, bytes).expect("a file for the object");
    }

    /// Removes an object past every request.
    pub fn remove(&self, key: &str) {
        self.objects.remove(key);
    }

    /// From now on a listing has so many keys at most, instead of 1000.
    pub fn list_in_pages_of(&self, keys: usize) {
        self.objects.list_in_pages_of(keys);
    }

    /// The keys of uploads in parts that are neither completed nor aborted: what a bucket's owner pays for.
    #[must_use]
    pub fn open_uploads(&self) -> Vec<String> {
        self.objects.open_uploads()
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("asked", &lock(&self.asked).len()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
