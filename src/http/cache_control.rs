//! `Cache-Control` (RFC 9111, section 5.2), as far as this filter acts on it.

use std::time::Duration;

use super::Headers;

/// What all `Cache-Control` headers of a message say together.
///
/// Where they contradict each other, or make no sense, the stricter counts (RFC 9111, section 4.2.1): a number that is
/// none is zero, and of several numbers it is the smallest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// `no-cache`. Also the form that names header fields, as most caches have it (section 5.2.2.4).
    pub no_cache: bool,
    /// `no-store`.
    pub no_store: bool,
    /// `max-age`.
    pub max_age: Option<Duration>,
    /// `s-maxage`: instead of `max-age`, for caches that several clients share.
    pub s_maxage: Option<Duration>,
}

impl CacheControl {
    /// Reads them; nothing in them is an error.
    pub fn of(headers: &Headers) -> Self {
        let mut read = Self::default();
        for directive in headers.all("cache-control").flat_map(directives) {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let stricter = |known: Option<Duration>| {
                let seconds = delta_seconds(argument.trim().trim_matches('"')).unwrap_or_default();
                Some(known.map_or(seconds, |known| known.min(seconds)))
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "no-cache" => read.no_cache = true,
                "no-store" => read.no_store = true,
                "max-age" => read.max_age = stricter(read.max_age),
                "s-maxage" => read.s_maxage = stricter(read.s_maxage),
                _ => {}
            }
        }
        read
    }
}

/// Seconds as `Age` and `max-age` have them: digits alone, and what is too large to count is very large (section 1.2.2).
pub fn delta_seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

/// The directives of one header: between commas, but for those within quotes.
fn directives(value: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    value.split(move |character| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' => return !is_quoted,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> CacheControl {
        CacheControl::of(&values.iter().map(|value| ("Cache-Control", *value)).collect())
    }

    #[test]
    fn directives_are_read_wherever_they_stand() {
        let seconds = |n| Some(Duration::from_secs(n));
        let nothing = CacheControl::default();
        let no_cache = CacheControl { no_cache: true, ..nothing };
        let no_store = CacheControl { no_store: true, ..nothing };
        let max_age = |n| CacheControl { max_age: seconds(n), ..nothing };
        for (values, expected) in [
            (&[][..], nothing),
            (&["public, must-revalidate, immutable"], nothing),
            // as Rails, and so GitLab, answers by default
            (&["max-age=0, private, must-revalidate"], max_age(0)),
            (&["public, max-age=60"], max_age(60)),
            (&["Public,MAX-AGE=60"], max_age(60)),
            (&[" max-age = \"60\" "], max_age(60)),
            (&["max-age=60", "no-cache"], CacheControl { no_cache: true, ..max_age(60) }),
            (&["s-maxage=5,max-age=60"], CacheControl { s_maxage: seconds(5), ..max_age(60) }),
            (&["no-store", "No-Store"], no_store),
            (&["no-cache=\"set-cookie, max-age=7\", x"], no_cache),
            // what is between quotes is no directive, an escaped quote ends none
            (&["ext=\"no-cache, no-store\", max-age=1"], max_age(1)),
            (&["ext=\"a\\\", no-cache\", max-age=1"], max_age(1)),
            // the stricter counts
            (&["max-age=60, max-age=5"], max_age(5)),
            (&["max-age=5", "max-age=60"], max_age(5)),
            (&["max-age=soon"], max_age(0)),
            (&["max-age=-1"], max_age(0)),
            (&["max-age=+60"], max_age(0)),
            (&["max-age=1.5"], max_age(0)),
            (&["max-age"], max_age(0)),
            (&["max-age="], max_age(0)),
            (&["max-age=99999999999999999999"], max_age(u64::from(u32::MAX))),
            // junk
            (&["", ",", "=", "\"", "\\", ", ,=,\"\\", "é=ü"], nothing),
            (&["maxage=1, max-age2=1, xno-cache, no cache"], nothing),
        ] {
            assert_eq!(read(values), expected, "{values:?}");
        }
    }
}
