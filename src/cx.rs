//! What a machine gets beside its event, and what it can have the host do.

use std::{rc::Rc, time::Duration};

use log::Level;

use crate::{
    endpoint,
    http::{Body, Callout, Response, ResponseHead, Timestamp},
    metrics::{Counter, Gauge, Histogram, Measure},
    shared::{Day, QueueId, SharedKv},
};

/// A callout, as the core names it. Only the adapter knows what the host calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u32);

/// A client's request, as the host names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(pub u32);

/// What becomes of a stream: exactly one each time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The stream goes on as it is.
    Continue,
    /// Its headers change (those of the request, or of the response once that has come), and it goes on.
    Edit(Edit),
    /// The client gets this response.
    Respond(Rc<Response>),
    /// The request goes to a cluster, by the gateway's download route.
    Route(Route),
    /// The host holds it; a [`Command::Resume`] follows.
    Wait,
}

/// What becomes of a piece of a response's body, or of its trailers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum BodyVerdict {
    /// It goes on: as it is, or these bytes in its place.
    Pass(Option<Vec<u8>>),
    /// The host holds it back, as it is or these bytes in its place, with all that follows; a [`Command::Release`] or a
    /// [`Command::Reset`] follows, unless one of the next verdicts is another.
    Hold(Option<Vec<u8>>),
    /// The host resets the stream: the client must not take the bytes that it has for the whole.
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
    /// The change that makes `head`, which has come, the head of `response`. The source's body follows, so the headers that frame it stay.
    pub fn as_if(response: &Response, head: &ResponseHead) -> Self {
        let is_of_body = |name: &str| FRAMING.contains(&name);
        let remove = head.headers.names().filter(|name| !is_of_body(name)).map(str::to_owned).collect();
        let own = response.headers.iter().filter(|(name, _)| !is_of_body(name));
        let own = own.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let status = (":status".to_owned(), response.status.to_string());
        Self { remove, set: [status].into_iter().chain(own).collect() }
    }
}

/// Headers that say where a body ends, and how it is encoded.
const FRAMING: [&str; 3] = ["content-encoding", "content-length", "transfer-encoding"];

/// How a request is sent to a cluster. `:authority` stays the client's, for the host has chosen the virtual host by it. The cluster's
/// authority stands in a header that the download route reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Headers to put, in place of any of the same name.
    pub set: Vec<(String, String)>,
    /// The cluster. The host is told of it beside the request as well, so the download route knows that no client wrote the header.
    pub cluster: String,
    /// Headers for the cluster alone. The host is told of them beside the request, and the download route alone adds them.
    pub confided: Vec<(String, String)>,
    /// Whether the client's range and conditions go along.
    pub selects: bool,
}

impl Route {
    /// Whether it puts a header of this name.
    pub fn sets(&self, header: &str) -> bool {
        self.set.iter().any(|(name, _)| name == header)
    }

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

/// Something for the host to do. The result, if there is one, comes back in a later event.
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
    /// Pass on the response that the host holds back.
    Release {
        /// Whose.
        stream: StreamId,
    },
    /// Reset a stream whose response has begun.
    Reset {
        /// Which.
        stream: StreamId,
    },
    /// Resume a stream that waits, or answer one that was routed and whose response has not begun. If that response begins before the host
    /// carries this out, the client gets the answer in its place.
    Resume {
        /// Which.
        stream: StreamId,
        /// How; never [`Verdict::Wait`], and for one that was routed an answer.
        verdict: Verdict,
    },
}

/// A zip that a client was given, or was told where to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which version, as it is called in a ledger.
    pub version: String,
    /// Who the client is; an anonymous one has no name.
    pub caller: Box<str>,
    /// When.
    pub day: Day,
}

/// The surroundings of one step.
pub struct Cx<'a> {
    /// The time.
    pub now: Timestamp,
    /// The memory that workers share.
    pub kv: &'a mut dyn SharedKv,
    /// What the host has to do, in order.
    pub commands: Vec<Command>,
    /// What was counted. The worker adds it up, and tells the host later.
    pub counted: Vec<(Counter, u64)>,
    /// Zips that clients were told where to get. The worker notes them.
    pub given: Vec<Given>,
}

impl<'a> Cx<'a> {
    /// Surroundings without a command yet.
    pub fn new(now: Timestamp, kv: &'a mut dyn SharedKv) -> Self {
        Self { now, kv, commands: Vec::new(), counted: Vec::new(), given: Vec::new() }
    }

    /// Has the host make a callout.
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

    /// Sets a gauge. Costs a call of the host each time.
    pub fn set(&mut self, gauge: Gauge, value: u64) {
        self.commands.push(Command::Measure(Measure::set(gauge, value)));
    }

    /// Records a time. Costs a call of the host each time, so no answer that is given at once records one.
    pub fn record(&mut self, histogram: Histogram, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.commands.push(Command::Measure(Measure::record(histogram, millis)));
    }

    /// Has the host log a line.
    pub fn log(&mut self, level: Level, line: String) {
        self.commands.push(Command::Log(level, line));
    }
}
