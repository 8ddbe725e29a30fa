//! What a machine gets beside its event, and what it may want done.

use std::{rc::Rc, time::Duration};

use log::Level;

use crate::{
    endpoint,
    http::{Body, Callout, Response, ResponseHead, Timestamp},
    metrics::{Counter, Gauge, Histogram, Measure},
    shared::{QueueId, SharedKv},
};

/// A callout, as the core names it. Only the adapter knows what the host calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u32);

/// A client's request, as the host names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(pub u32);

/// What a step leads to for the stream: exactly one each time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Let it go on as it is.
    Continue,
    /// Change its headers (of the request, or of the response once that is there) and let it go on.
    Edit(Edit),
    /// Answer it with this.
    Respond(Rc<Response>),
    /// Send the request to a cluster, by the gateway's download route.
    Route(Route),
    /// Hold it; a [`Command::Resume`] follows.
    Wait,
}

/// What a piece of a response's body, or its trailers, lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum BodyVerdict {
    /// It goes on: as it is, or these bytes in its place.
    Pass(Option<Vec<u8>>),
    /// The host holds it back, as it is or these bytes in its place, with all that follows; a [`Command::Release`] or a
    /// [`Command::Reset`] follows, unless one of the next verdicts is another.
    Hold(Option<Vec<u8>>),
    /// The stream is reset: the client must not take what it has for the whole.
    Reset,
}

/// A change of headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Names of headers to remove, done first.
    pub remove: Vec<String>,
    /// Headers to put, in place of any of the same name.
    pub set: Vec<(String, String)>,
}

impl Edit {
    /// The change that has `head`, which has come, be that of `response` as far as it can: the body that follows is another's.
    pub fn as_if(response: &Response, head: &ResponseHead) -> Self {
        let is_of_body = |name: &str| FRAMING.contains(&name);
        let remove = head.headers.names().filter(|name| !is_of_body(name)).map(str::to_owned).collect();
        let own = response.headers.iter().filter(|(name, _)| !is_of_body(name));
        let own = own.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let status = (":status".to_owned(), response.status.to_string());
        Self { remove, set: [status].into_iter().chain(own).collect() }
    }
}

/// What says where a body ends, and how it is encoded.
const FRAMING: [&str; 3] = ["content-encoding", "content-length", "transfer-encoding"];

/// How a request is sent to a cluster. `:authority` stays the client's: by it the host chooses the virtual host, and has done
/// so. What the cluster is to see in its place stands in a header that the download route reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Headers to put, in place of any of the same name.
    pub set: Vec<(String, String)>,
    /// The cluster, told to the host beside the request as well: by that the download route knows that no client wrote its header.
    pub cluster: String,
    /// Headers for the cluster alone, whatever route takes the request: they are told to the host beside the request, and the
    /// download route adds them.
    pub confided: Vec<(String, String)>,
    /// Whether what the client says of the bytes it wants goes along.
    pub selects: bool,
}

impl Route {
    /// The names, in lower case and each once, of those `headers` of the client's request that do not go along.
    pub fn left_behind<'a>(&self, headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<&'a str> {
        let headers: Vec<_> = headers.collect();
        let names = headers.iter().map(|(name, _)| *name);
        let mut left = endpoint::left_behind(headers.iter().copied());
        left.extend(names.filter(|name| !self.selects && endpoint::selects(name)));
        left.sort_unstable();
        left.dedup();
        left
    }
}

/// Something to be done, the result of which (if any) comes back in a later event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make a callout; its reply is reported under `id`.
    Call {
        /// Under which to report.
        id: CallId,
        /// What to send.
        callout: Callout,
    },
    /// Write to the host's log.
    Log(Level, String),
    /// Measure.
    Measure(Measure),
    /// Send a message to another worker, where the host carries any.
    Notify {
        /// Its queue.
        queue: QueueId,
        /// What [`crate::worker::Worker::message`] is to be given there. Shared: a go.mod of 16 MiB, copied for each of sixty
        /// workers, is all the memory that a VM may have.
        message: Body,
    },
    /// Let the response go on that the host holds back.
    Release {
        /// Whose.
        stream: StreamId,
    },
    /// Reset a stream whose response has begun.
    Reset {
        /// Which.
        stream: StreamId,
    },
    /// Let a stream that waits go on; or answer one that was routed, whose response has not begun. Should that begin before the host
    /// comes to it, the answer is given in its place.
    Resume {
        /// Which.
        stream: StreamId,
        /// How; never [`Verdict::Wait`], and for one that was routed an answer.
        verdict: Verdict,
    },
}

/// The surroundings of one step.
pub struct Cx<'a> {
    /// The time.
    pub now: Timestamp,
    /// The memory that workers share.
    pub kv: &'a mut dyn SharedKv,
    /// What is to be done, in order.
    pub commands: Vec<Command>,
    /// What was counted: the worker adds it up, and the host is told of it later.
    pub counted: Vec<(Counter, u64)>,
}

impl<'a> Cx<'a> {
    /// Surroundings with nothing to be done yet.
    pub fn new(now: Timestamp, kv: &'a mut dyn SharedKv) -> Self {
        Self { now, kv, commands: Vec::new(), counted: Vec::new() }
    }

    /// Asks for a callout.
    pub fn call(&mut self, id: CallId, callout: Callout) {
        self.commands.push(Command::Call { id, callout });
    }

    /// Counts one.
    pub fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Adds to a counter.
    pub fn add(&mut self, counter: Counter, by: u64) {
        self.counted.push((counter, by));
    }

    /// Says what a gauge says now. Each time is a call of the host.
    pub fn set(&mut self, gauge: Gauge, value: u64) {
        self.commands.push(Command::Measure(Measure::set(gauge, value)));
    }

    /// Records a time. Each is a call of the host, so no answer that is given at once has one.
    pub fn record(&mut self, histogram: Histogram, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.commands.push(Command::Measure(Measure::record(histogram, millis)));
    }

    /// Logs.
    pub fn log(&mut self, level: Level, line: String) {
        self.commands.push(Command::Log(level, line));
    }
}
