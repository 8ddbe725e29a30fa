//! What the gateway reaches under each attack, as the README states it. An attack fails where it is exceeded.

use std::time::Duration;

/// The most resident memory of an Envoy of one worker, whatever the clients do: 130 MB that it has when idle, and what the
/// shipped configuration lets all clients together make it keep.
pub const MEMORY: u64 = 600 << 20;

/// 99 of 100 requests of others are answered within this, of each kind: hits, look-ups that an upstream answers at once, and
/// downloads from storage. The machine of the measurement has two cores, one of which the attackers have.
pub const OTHERS: Duration = Duration::from_millis(250);

/// The same in the short form, which runs among other tests on machines with other users: there it shows that others are served, and
/// `make attack` how fast.
pub const OTHERS_AMONG_TESTS: Duration = Duration::from_secs(2);

/// The slowest of them.
pub const OTHERS_WORST: Duration = Duration::from_secs(2);

/// As [`OTHERS_AMONG_TESTS`]: less than the patience of a bystander.
pub const OTHERS_WORST_AMONG_TESTS: Duration = Duration::from_secs(6);

/// How long a bystander waits for an answer before it counts as a failure.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// Until a client whose source hangs is answered by another source that is well: `storage.timeout` (5 s) and one tick.
pub const OTHER_SOURCE: Duration = Duration::from_millis(6_500);

/// Until storage that failed once is asked again for what it has, while an upstream has it too.
pub const AFTER_ONE_BAD_ANSWER: Duration = Duration::from_secs(5);

/// Until storage that is well again is asked again for what it said nonsense about: it is asked last for 20 s.
pub const WELL_AGAIN: Duration = Duration::from_secs(25);

/// Requests to an upstream that one GET may cause: what a list asks for when versions must have an age.
pub const REQUESTS_OF_ONE: usize = 1_000;

/// Requests to an upstream that are still sent once the client whose they are has left: those under way.
pub const REQUESTS_OF_NOBODY: usize = 128;

/// Attackers stop here: the machine has other users, and the attack has succeeded.
pub const FUSE: u64 = 3 << 30;
