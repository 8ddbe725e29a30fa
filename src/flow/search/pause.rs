//! How long a search pauses before another attempt.

use std::time::Duration;

use super::Step;

/// The pause after so many attempts.
pub(super) fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(8))
}

/// A pause of about so long.
pub(super) fn about(pause: Duration) -> Step {
    Step::Pause { least: pause / 2, jitter: pause }
}

/// A pause that the source asked for: no shorter, and with jitter, as it asks all clients for the same.
pub(super) fn at_least(pause: Duration) -> Step {
    Step::Pause { least: pause, jitter: (pause / 8).clamp(PAUSE, PAUSE * 8) }
}

/// The first pause, which doubles each time. Most passing failures are over sooner; three pauses are two seconds.
pub(super) const PAUSE: Duration = Duration::from_millis(250);
