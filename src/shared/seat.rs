//! A worker's place: which one it is, and what its host can do.

/// A worker's queue, as the host names it; another worker's messages to it arrive there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueId(pub u32);

/// A worker's place among those that share this memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// Its own queue. Of a host that has none, a number that no other worker of this memory has.
    pub queue: QueueId,
    /// The key of every hash of this memory: the same for all workers, unknown outside.
    pub seed: u64,
    /// What the host can do.
    pub host: Capabilities,
}

/// What a host can do that not every host can, and what the core does where it cannot.
///
/// The core asks for nothing that its host cannot do. A host that can do more than it says is served worse, not wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it carries messages between workers ([`crate::cx::Command::Notify`]). If not, a worker that follows another's search looks
    /// at the lease at each tick, and at the index once the lease is free. A failure is then each worker's own.
    pub queue: bool,
    /// Whether it holds the body of a response back until it is told what becomes of it ([`crate::cx::BodyVerdict::Hold`]). If not, a zip
    /// is given only once storage has it and it was read whole; all others are refused.
    pub hold_response: bool,
    /// Whether it takes an answer of the filter's in place of a response that was routed, before or as that begins
    /// ([`crate::cx::Verdict::Respond`]). If not, the status and the headers are changed to those of the answer and the body stays the
    /// source's; and how long a source may take to begin is the host's own to say.
    pub respond_late: bool,
    /// Whether it knows clusters by name. If not, a callout's cluster is host and port of the configured `url`. A request that is routed
    /// names the cluster in its header all the same: what that leads to is in the host's own configuration.
    pub named_clusters: bool,
}

impl Capabilities {
    /// All of them, as Envoy has.
    pub const ALL: Self = Self { queue: true, hold_response: true, respond_late: true, named_clusters: true };
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::ALL
    }
}
