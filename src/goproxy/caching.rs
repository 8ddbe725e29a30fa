//! What others may say about how long an answer holds: an upstream of its own, a client of the one it wants.

use std::time::Duration;

use crate::http::{CacheControl, Headers, delta_seconds};

/// How long a reply allows what it says to be held fresh, from its arrival on; `None` where it does not restrict that.
///
/// For documents that can change only: a version's files never do, also where a reply says otherwise.
///
/// - `s-maxage`, or else `max-age`, less the `Age` the reply already has.
/// - `no-cache` is no time at all: every request asks. It is kept nevertheless, for when the upstream cannot be asked.
/// - `no-store` is read as `no-cache`. It is meant for secrets, and a list of versions is no secret to the clients of this gateway. Not to
///   keep it would only let every outage of the upstream stop their builds.
/// - `private` is no restriction. It keeps the answer for one user out of a shared cache. Here the gateway asked, by its own credentials,
///   for all users that it lets in.
/// - `must-revalidate` is no restriction either, though to RFC 9111 it is one: frameworks put it into every reply (Rails,
///   and so GitLab: `max-age=0, private, must-revalidate`), and how old an answer may be during an outage is up to who
///   runs the gateway, in `freshness.stale_if_error`.
pub fn freshness_limit(headers: &Headers) -> Option<Duration> {
    let said = CacheControl::of(headers);
    if said.no_cache || said.no_store {
        return Some(Duration::ZERO);
    }
    let age = headers.first("age").and_then(|age| delta_seconds(age.trim())).unwrap_or_default();
    said.s_maxage.or(said.max_age).map(|lifetime| lifetime.saturating_sub(age))
}

/// Whether a client asks for an answer that is not from here, if that can be: `Cache-Control: no-cache` or `max-age=0`, as
/// browsers reload. `Pragma` is not looked at: RFC 9111 (section 5.4) gave it up, and every look at a header costs each hit.
pub fn wants_revalidation(headers: &Headers) -> bool {
    let said = CacheControl::of(headers);
    said.no_cache || said.max_age == Some(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().copied().collect()
    }

    #[test]
    fn an_upstream_can_only_shorten() {
        let control = |value| ("cache-control", value);
        for (reply, seconds) in [
            (&[][..], None),
            (&[control("public")], None),
            (&[control("private, must-revalidate, proxy-revalidate")], None),
            (&[control("max-age=60")], Some(60)),
            // a mirror behind a cache of its own
            (&[control("public, max-age=60"), ("age", "12")], Some(48)),
            (&[control("max-age=60"), ("age", "61")], Some(0)),
            (&[control("max-age=60"), ("age", "old"), ("age", "59")], Some(60)),
            (&[control("max-age=60"), ("age", "-5")], Some(60)),
            // the word for shared caches wins, even where it is the longer one
            (&[control("s-maxage=90, max-age=0")], Some(90)),
            (&[control("s-maxage=10, max-age=60"), ("age", "4")], Some(6)),
            (&[control("no-cache, max-age=60")], Some(0)),
            (&[control("no-store")], Some(0)),
            (&[control("max-age=0, private, must-revalidate")], Some(0)),
            // an age alone says nothing
            (&[("age", "100")], None),
            (&[("pragma", "no-cache"), ("expires", "0")], None),
        ] {
            assert_eq!(freshness_limit(&headers(reply)), seconds.map(Duration::from_secs), "{reply:?}");
        }
    }

    #[test]
    fn a_client_asks_anew_in_two_ways() {
        for (request, anew) in [
            (&[][..], false),
            (&[("cache-control", "no-cache")], true),
            (&[("Cache-Control", "max-age=0")], true),
            (&[("cache-control", "max-age=60")], false),
            (&[("cache-control", "max-stale=60"), ("cache-control", "NO-CACHE")], true),
            (&[("cache-control", "no-store")], false),
            (&[("pragma", "no-cache")], false),
        ] {
            assert_eq!(wants_revalidation(&headers(request)), anew, "{request:?}");
        }
    }
}
