//! Dates as HTTP has them.

use chrono::NaiveDateTime;

use super::Timestamp;

/// A date in the form that RFC 9110 (section 5.6.7) has every sender use, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`; `None` for any other, and
/// for times before 1970. The two older forms are not read: no server in use sends them.
pub fn http_date(text: &str) -> Option<Timestamp> {
    // The parser takes days and hours of one digit, and any blanks; the form has one length.
    if text.len() != LENGTH {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    u64::try_from(time.and_utc().timestamp_millis()).ok().map(Timestamp)
}

const LENGTH: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_form_that_is_sent_is_read() {
        for (text, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            // another day of the week, and no such day
            ("Mon, 06 Nov 1994 08:49:37 GMT", None),
            ("Thu, 29 Feb 2023 23:59:59 GMT", None),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
            // older forms, other zones, other lengths, junk
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49:37 UTC", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT ", None),
            ("1994-11-06T08:49:37.000000000Z", None),
            ("", None),
            ("120", None),
        ] {
            assert_eq!(http_date(text), seconds.map(|seconds: u64| Timestamp(seconds * 1000)), "{text}");
        }
    }
}
