//! Every default and every bound of the configuration, each with the reason for its value.
//!
//! The generated reference prints these constants, so it cannot say anything else than what is compiled.

use std::time::Duration;

/// The request header that names the cluster of a routed request; Envoy's route reads it as `cluster_header`.
pub const DEFAULT_ROUTE_HEADER: &str = "x-modgate-cluster";

/// The request header that names the host a routed request is addressed to; Envoy's route reads it as `host_rewrite_header`.
pub const DEFAULT_HOST_HEADER: &str = "x-modgate-host";

/// Where Modgate's own pages lie. No module path starts with a dash (`module.CheckPath`), so nothing is shadowed.
pub const DEFAULT_ADMIN_PREFIX: &str = "/-/";

/// The headers that the download route of `envoy/gateway.yaml` adds where the configuration has an upstream or the storage told
/// them: those that known module proxies and stores take credentials in.
pub const CONFIDED_HEADERS: [&str; 6] =
    ["authorization", "private-token", "deploy-token", "job-token", "x-jfrog-art-api", "x-api-key"];

/// Default time for one callout to an upstream or a checksum database. A public proxy that has to fetch a module from its origin first
/// takes seconds, and up to a minute before it gives up itself and says why (reported: 58 s); others that stand before a repository
/// of gigabytes begin to answer after a hundred. The go command itself waits without a limit.
pub const DEFAULT_UPSTREAM_TIMEOUT: Duration = Duration::from_secs(120);

/// Default time for one callout to the storage. It is near and only reads what it has; when it does not answer, an
/// upstream can, and the client should not wait for minutes to get there.
pub const DEFAULT_STORAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Envoy counts a callout's time in whole milliseconds and takes 0 for "no limit".
pub const MIN_TIMEOUT: Duration = Duration::from_millis(1);

/// A client's stream that waits for a callout is ended by Envoy after `stream_idle_timeout`, 5 minutes by default: a
/// callout must be over before, with time left to answer.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(4 * 60);

/// Default freshness of what can change: `@v/list`, `@latest`, queries, the tree head of a checksum database and what
/// the storage is known to hold. A new version takes about a minute to show on the public mirror as well, and however
/// many builds ask within that minute, they cost one question.
pub const DEFAULT_FRESHNESS: Duration = Duration::from_secs(60);

/// Default time a "not found" is believed. Shorter: somebody who has just pushed a tag is waiting for it.
pub const DEFAULT_NEGATIVE: Duration = Duration::from_secs(30);

/// A day: beyond, a new version would stay unseen for longer than any build pipeline, and there is nothing to gain,
/// since a stale answer is served anyway while every source is down.
pub const MAX_FRESHNESS: Duration = Duration::from_secs(24 * 60 * 60);

/// An hour: a "not found" hides a version that exists by now, and nothing but time lifts it.
pub const MAX_NEGATIVE: Duration = Duration::from_secs(60 * 60);

/// Default time an answer is still given at once beyond its freshness, while it is asked for anew: as long again as it
/// was fresh. What is asked for every other minute is then never waited for, and never older than two minutes.
pub const DEFAULT_STALE_WHILE_REVALIDATE: Duration = Duration::from_secs(60);

/// Default time an answer is given beyond its freshness while nobody who knows can be asked: an upstream that fails in
/// the evening is repaired in the morning, and no build has failed for it.
pub const DEFAULT_STALE_IF_ERROR: Duration = Duration::from_secs(24 * 60 * 60);

/// 30 days: a list that has not been confirmed for longer is no cached answer any more but a site that is cut off, which
/// is what a storage without upstreams is for.
pub const MAX_STALE_IF_ERROR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The go command never sends `no-cache`: it is a person who has just pushed a tag, or a CI job made for that. As it takes
/// effect once a second per answer at most, letting everybody do it costs little.
pub const DEFAULT_CLIENT_NO_CACHE: bool = true;

/// Default fetches at once in one worker. The go command keeps about as many requests under way as its machine has
/// processors: this is dozens of builds that start with nothing cached, and beyond is a flood, every fetch of which costs
/// memory and a connection.
pub const DEFAULT_CONCURRENT: u32 = 512;

/// Default requests at once to one upstream from all workers: half of the fetches of one worker, so that one that hangs leaves the
/// other half to the rest, and as many as the clusters of `envoy/gateway.yaml` may have connections (`max_connections`).
pub const DEFAULT_CONCURRENT_PER_UPSTREAM: u32 = 256;

/// With none nothing would ever be fetched.
pub const MIN_CONCURRENT: u32 = 1;

/// 65536: past the connections an address has ports for, it is no bound any more.
pub const MAX_CONCURRENT: u32 = 1 << 16;

/// Default time a request waits for a fetch: an upstream may use up its 120 s after it has failed once or twice, or been left alone for a
/// while. Where a download is then sent there, it has that time once more, and both together end before a stream counts as idle,
/// after 300 s in `envoy/gateway.yaml` as in Envoy itself. The go command waits without a limit of its own.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(150);

/// Less than a second no upstream beyond the mesh can be counted on to answer in: it would be a refusal of all fetches.
pub const MIN_WAIT: Duration = Duration::from_secs(1);

/// As [`MAX_TIMEOUT`], and for the same reason: an answer has to come before Envoy ends the stream as idle.
pub const MAX_WAIT: Duration = MAX_TIMEOUT;

/// Default time a request for a zip waits for it to be stored: 8 MiB at 5 Mbit/s take 13 s. Meanwhile its client has got
/// nothing, so a zip that takes longer had better be streamed.
pub const DEFAULT_ZIP_WAIT: Duration = Duration::from_secs(15);

/// Default size up to which a zip is fetched whole: most modules by far are smaller. A fetched zip is held whole by Envoy
/// and copied into the filter, whose memory never shrinks.
pub const DEFAULT_ZIP_BYTES: u32 = 8 << 20;

/// 32 MiB: a callout with a longer answer fails in Envoy (`http.async_response_buffer_limit`; measured on 1.40).
pub const MAX_ZIP_BYTES: u32 = 32 << 20;

/// Default size of the parts of an upload. Over a storage whose every request takes 50 ms, two parts at once are 320 MB/s: more
/// than an upstream gives.
pub const DEFAULT_PART_BYTES: u32 = 8 << 20;

/// 5 MiB: S3 takes no smaller part but the last (Amazon S3, multipart upload limits).
pub const MIN_PART_BYTES: u32 = 5 << 20;

/// 64 MiB: a part is held in the filter's memory, which never shrinks, and eight such parts are half of what a VM may have.
pub const MAX_PART_BYTES: u32 = 64 << 20;

/// Default parts of one upload at once: while one is on its way, the next is.
pub const DEFAULT_PARTS_IN_FLIGHT: u32 = 2;

/// With none nothing would be uploaded.
pub const MIN_PARTS_IN_FLIGHT: u32 = 1;

/// 16: each is held in memory.
pub const MAX_PARTS_IN_FLIGHT: u32 = 16;

/// Parts that one upload may hold beside those on their way: one that waits, and one that comes.
pub const SPARE_PARTS: u32 = 2;

/// 256 MiB that the uploads of one worker hold together at most: a fourth of what a VM may have in Envoy.
pub const MAX_UPLOAD_BYTES: u32 = 256 << 20;

/// Default time a signed address can be used: it has to be when the download begins, not when it ends, and the go command
/// follows a redirect at once. The rest is for clocks that differ.
pub const DEFAULT_EXPIRES: Duration = Duration::from_secs(5 * 60);

/// Both ways of signing count in seconds.
pub const MIN_EXPIRES: Duration = Duration::from_secs(1);

/// 7 days: the most that a presigned URL may have (Signature Version 4, `X-Amz-Expires`).
pub const MAX_EXPIRES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Default slots for answers that exist: the small documents of about a thousand module versions in use.
pub const DEFAULT_SLOTS: u32 = 4096;

/// Default slots for "not found": they only take the repetition out of a flood, they need not hold all of it.
pub const DEFAULT_NEGATIVE_SLOTS: u32 = 1024;

/// Default size limit of a record: even a large go.mod fits, and so does the list of a module with 2,000 tags, some 20 KB
/// (github.com/aws/aws-sdk-go). Reading 10 KiB from Envoy's shared data takes 1 to 3 us, 100 KiB takes 9 us, under the
/// one lock all workers share (measured on Envoy 1.40).
pub const DEFAULT_MAX_ENTRY_BYTES: u32 = 32 * 1024;

/// No index without a slot.
pub const MIN_SLOTS: u32 = 1;

/// 2^20: about 130 MB for the keys alone (130 bytes each, measured on Envoy 1.40), and nothing is ever given back.
pub const MAX_SLOTS: u32 = 1 << 20;

/// A record carries its own key: a longest usual module path and version, with the `.info` document, fit.
pub const MIN_ENTRY_BYTES: u32 = 512;

/// 1 MiB: copying that in or out takes 60 to 170 us, during which no other worker reads the index.
pub const MAX_ENTRY_BYTES: u32 = 1 << 20;

/// The largest record of a "not found": its key, status and expiry. Names longer than that are not remembered.
pub const NEGATIVE_ENTRY_BYTES: u32 = 1024;

/// Leases at once. A key has one of them, and shares it with whatever else falls there: among 100 fetches under way one in
/// forty finds its lease taken, and fetches without.
pub const LEASE_SLOTS: u32 = 4096;

/// The largest lease: its key, and the queues of the workers that wait. Free ones are empty.
pub const LEASE_BYTES: u32 = 1024;

/// What a slot costs beside its record: Envoy's map node, key and allocator rounding. Measured: 106 to 130 bytes.
pub const SLOT_OVERHEAD_BYTES: u32 = 160;

/// 4 GiB: the index lives in Envoy's memory and never shrinks. Past this size it is a slip of the pen or a database.
pub const MAX_INDEX_MEMORY_BYTES: u64 = 4 << 30;

/// Each upstream may be asked one after the other and is a label of every upstream metric.
pub const MAX_UPSTREAMS: usize = 64;

/// There are two public checksum databases and a few private ones.
pub const MAX_SUMDBS: usize = 16;

/// Overrides of `verify`: each is looked at for every module that is fetched.
pub const MAX_VERIFY_OVERRIDES: usize = 64;

/// An upstream's name is part of a metric's name, of which Envoy keeps one copy per metric and worker.
pub const MAX_NAME_BYTES: usize = 32;

/// The name of a proxy stands in reasons, of which the go command shows 648 bytes.
pub const MAX_EGRESS_BYTES: usize = 128;

/// What metrics call the storage and the checksum databases, where they would call an upstream by its name.
pub const RESERVED_NAMES: [&str; 2] = ["storage", "sumdb"];

/// What metrics call refusals that no rule of a policy makes, where they would call one by its name.
pub const RESERVED_RULES: [&str; 9] =
    ["budget", "caller", "default", "explain", "malformed", "method", "nosumdb", "policy", "unknown"];

/// Rules of a configuration or of a bundle. Each costs a few hundred bytes in every worker, and JSON that is read whole.
pub const MAX_RULES: usize = 20_000;

/// Members of one list in a rule: a rule for more modules than that is generated, and can as well be several.
pub const MAX_LISTED: usize = 10_000;

/// Overrides of `policy.on_miss`: each is looked at for every module that is asked for.
pub const MAX_MISS_OVERRIDES: usize = 64;

/// The reason and the link of a rule: together with what else has to be said they fit into the 648 bytes that the go command
/// shows.
pub const MAX_REASON_BYTES: usize = 300;

/// As [`MAX_REASON_BYTES`].
pub const MAX_LINK_BYTES: usize = 200;

/// A cool-down of less is over before anybody has looked at the version.
pub const MIN_AGE: Duration = Duration::from_secs(60);

/// A year of 365.25 days: who waits for longer wants a list of versions.
pub const MAX_AGE: Duration = Duration::from_secs(31_557_600);

/// The largest bundle, in bytes: 20,000 rules of 200 bytes each. All workers read it from shared data, under its one lock, when
/// it changes: some 300 us.
pub const MAX_BUNDLE_BYTES: usize = 4 << 20;

/// Default interval of a bundle: whoever changes a rule waits for it, and being told "not modified" costs nothing.
pub const DEFAULT_BUNDLE_INTERVAL: Duration = Duration::from_secs(30);

/// As often as the filter's clock is sure to tick in between.
pub const MIN_BUNDLE_INTERVAL: Duration = Duration::from_secs(1);

/// A day: a rule that comes later is no rule.
pub const MAX_BUNDLE_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Sources of callers' names: each is read for every request.
pub const MAX_CALLER_SOURCES: usize = 16;

/// A prefix tells kinds of names apart, such as `user:`.
pub const MAX_CALLER_PREFIX_BYTES: usize = 64;

/// Names of one caller. A token of Microsoft's Entra ID names at most 200 groups; no other identity provider is known to name more
/// unasked.
pub const MAX_CALLER_NAMES: usize = 256;

/// The longest name, its prefix not counted: a distinguished name, or a SPIFFE ID (2048 at most, in truth below 200).
pub const MAX_CALLER_NAME_BYTES: usize = 1024;

/// Hosts to which the redirects of one service are followed: an object store has one, a CDN a few.
pub const MAX_REDIRECTS: usize = 64;
