//! What bounds the configuration beside the bounds of single numbers and durations, which their sections declare: lists, texts, what
//! several fields come to together. Each with the reason for its value.

use std::time::Duration;

use crate::metrics::{OwnReason, Unruled};

/// The headers that the download route of `envoy/gateway.yaml` adds where the configuration has an upstream or the storage told
/// them: those that known module proxies and stores take credentials in.
pub const CONFIDED_HEADERS: [&str; 6] =
    ["authorization", "private-token", "deploy-token", "job-token", "x-jfrog-art-api", "x-api-key"];

/// Envoy counts a callout's time in whole milliseconds and takes 0 for "no limit".
pub const MIN_TIMEOUT: Duration = Duration::from_millis(1);

/// A client's stream that waits for a callout is ended by Envoy after `stream_idle_timeout`, 5 minutes by default: a
/// callout must be over before, with time left to answer.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(4 * 60);

/// Parts that one upload may hold beside those on their way: one that waits, and one that comes.
pub const SPARE_PARTS: u32 = 2;

/// 256 MiB that the uploads of one worker hold together at most: a fourth of what a VM may have in Envoy.
pub const MAX_UPLOAD_BYTES: u32 = 256 << 20;

/// How long a list waits for the go.mod that says which of its versions are retracted, before it is given without: a source that hangs for a
/// file that no client may have is to stop no build.
pub const RETRACTIONS_WAIT: Duration = Duration::from_secs(20);

/// How long a zip may come from an upstream by way of a client while the worker gathers it, in room that is there for one zip: 128 MiB at
/// 17 Mbit/s. A client that takes longer is not waited for: the zip is copied.
pub const GATHER_TIME: Duration = Duration::from_secs(60);

/// How long such a copy may take. An upstream that is slower than a fifth of that rate would keep all other zips out.
pub const GATHER_COPY_TIME: Duration = Duration::from_secs(5 * 60);

/// The largest record of a "not found": its key, status and expiry. Names longer than that are not remembered.
pub const NEGATIVE_ENTRY_BYTES: u32 = 1024;

/// Leases at once. A key has one of them, and shares it with all keys that fall there: among 100 fetches under way one in forty finds its
/// lease taken, and fetches without.
pub const LEASE_SLOTS: u32 = 4096;

/// The largest lease: its key, and the queues of the workers that wait. Free ones are empty.
pub const LEASE_BYTES: u32 = 1024;

/// A page of the index. Envoy's call costs 1 us whether it copies 1 KiB or 10; 8 KiB hold some twenty usual records, so that pages fill
/// evenly. With what a string of the host has beside its bytes, it is a whole size of its allocator.
pub const PAGE_BYTES: u32 = (8 << 10) - 16;

/// A page of large documents. Even a large go.mod fits, and so does the list of a module with 2,000 tags, some 20 KB
/// (github.com/aws/aws-sdk-go). Reading 100 KiB would take 9 us, under the one lock all workers share (measured on Envoy 1.40).
pub const LARGE_PAGE_BYTES: u32 = (32 << 10) - 16;

/// The share of the index that pages of large documents have: one of so many parts. Of usual documents one in fifty is larger than half a
/// page, and those come to a fourth of the bytes.
pub const LARGE_SHARE: u32 = 4;

/// The share of the index that "not found" answers have: one of so many parts. They only take the repetition out of a flood, they need not
/// hold all of it.
pub const MISSING_SHARE: u32 = 32;

/// What a key of shared data costs beside its value: Envoy's map node, key and allocator rounding. Measured: 106 to 130 bytes.
pub const KEY_OVERHEAD_BYTES: u32 = 160;

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

/// What metrics call the storage, the checksum databases and the source of the bundle, where they would call an upstream by its name.
pub const RESERVED_NAMES: [&str; 3] = ["policy_bundle", "storage", "sumdb"];

/// What metrics call the sources of advisories and the feeds of indexes begins so, where they would call an upstream by its name.
pub const RESERVED_PREFIXES: [&str; 2] = ["advisories_", "feed_"];

/// Sources of advisories: Go's own, GitHub's, malice, an operator's, and as many again. Each is a table in every worker.
pub const MAX_ADVISORY_SOURCES: usize = 8;

/// What metrics call refusals that no rule of a policy makes, or would make, where they would call one by its name.
pub const RESERVED_RULES: [&[&str]; 2] = [OwnReason::WORDS, Unruled::WORDS];

/// Rules of a configuration or of a bundle. Each costs a few hundred bytes in every worker, and JSON that is read whole.
pub const MAX_RULES: usize = 20_000;

/// What operators list as malicious themselves: more than that is a source of advisories.
pub const MAX_MALICIOUS: usize = 1000;

/// Hashes of zips that all of these list together: a megabyte in every worker, and a few milliseconds to read.
pub const MAX_HASHES: usize = 10_000;

/// Waivers of a configuration or of a bundle. They are read at once, and a person has decided each.
pub const MAX_WAIVERS: usize = 1000;

/// Who has decided a waiver, and where that is tracked: a name, a ticket.
pub const MAX_WAIVER_TEXT_BYTES: usize = 100;

/// The id of an advisory. `GO-2024-2687` has 12, the longest in use 24.
pub const MAX_ID_BYTES: usize = 64;

/// Members of one list in a rule: a rule for more modules than that is generated, and can as well be several.
pub const MAX_LISTED: usize = 10_000;

/// Modules that rules of one list look for look-alikes of. Each is kept with a hash for each of its letters: 700 bytes in every worker.
pub const MAX_LOOK_ALIKES: usize = 10_000;

/// Overrides of `policy.on_miss`: each is looked at for every module that is asked for.
pub const MAX_MISS_OVERRIDES: usize = 64;

/// The reason and the link of a rule: together with what else has to be said they fit into the 648 bytes that the go command
/// shows.
pub const MAX_REASON_BYTES: usize = 300;

/// As [`MAX_REASON_BYTES`].
pub const MAX_LINK_BYTES: usize = 200;

/// The largest bundle, in bytes: 20,000 rules of 200 bytes each. All workers read it from shared data, under its one lock, when
/// it changes: some 300 us.
pub const MAX_BUNDLE_BYTES: usize = 4 << 20;

/// Import paths whose repositories are told: an organisation has a few domains, and a `*` for the repositories of each.
pub const MAX_VANITIES: usize = 1000;

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

/// Feeds: Go's own, a company's, and as many again.
pub const MAX_FEEDS: usize = 4;

/// Bytes of a page of a feed, decoded: two thousand lines of 500 bytes, where the longest paths have 300.
pub const MAX_FEED_PAGE_BYTES: usize = 1 << 20;

/// Webhooks: one for each forge, or for each group of one.
pub const MAX_HOOKS: usize = 32;

/// Secrets of one webhook: the one in use, the one that follows it, and as many for two that send.
pub const MAX_HOOK_SECRETS: usize = 4;

/// The least bytes of a secret: 128 bits where they are drawn at random.
pub const MIN_HOOK_SECRET_BYTES: usize = 16;

/// The most: twice what any of the hosts takes.
pub const MAX_HOOK_SECRET_BYTES: usize = 512;

/// Patterns of repositories of one webhook: each is looked at for each delivery. A pattern is for a group of them.
pub const MAX_HOOK_REPOSITORIES: usize = 256;

/// What the bodies of requests to the filter's own pages may come to, all together in one worker, in bytes: a body counts from the
/// request's head until its answer, with the length that it says, or else with the most that its page takes. Hundreds of usual ones,
/// and a sixtieth of what a VM may have in Envoy.
pub const MAX_BODIES_BYTES: usize = 16 << 20;

/// What of that the bodies may come to that every client may send, those of webhooks: what is left is for callers who are named.
pub const MAX_OPEN_BODIES_BYTES: usize = 12 << 20;

/// How long such a body may take while others want its room: a host of webhooks sends it at once.
pub const OPEN_BODY_TIME: Duration = Duration::from_secs(1);

/// How long the body of a request to a page may take to come, from its head on. The largest comes within a second over any line
/// that a deployment or a forge has; who sends slower holds its room for so long.
pub const BODY_TIME: Duration = Duration::from_secs(10);
