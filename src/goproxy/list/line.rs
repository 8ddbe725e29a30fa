//! One line of a list, as the go command reads it: a version, and a time where the proxy adds one.
//!
//! Semantics of cmd/go/internal/modfetch, `proxyRepo.Versions` and `proxyRepo.latestFromList`. The versions of a module are the first
//! words, without pseudo-versions. Where there is no `@latest`, the latest is the line with the greatest time: the second word, else the
//! time in a pseudo-version. A tag without a time, or a line whose second word is no time, does not count for that.

use crate::gomod::Version;

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    version: Version,
    /// The second word, where the go command heeds it.
    time: Option<Box<str>>,
}

/// A moment: seconds since 1970, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64, u32);

impl Line {
    /// Reads a line; `None` where its first word is no version.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let version = Version::parse(words.next()?).ok()?;
        let time = match words.next() {
            Some(word) if moment(word).is_some() => Some(word.into()),
            // What it is does not matter: it says that the pseudo-version's own time does not count.
            Some(_) if version.is_pseudo() => Some(NO_TIME.into()),
            Some(_) | None => None,
        };
        Some(Self { version, time })
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The time by which the go command would take it for the latest; `None` where it would not.
    pub fn when(&self) -> Option<Moment> {
        match &self.time {
            Some(time) => moment(time),
            None => self.version.pseudo()?.time().map(|seconds| Moment(seconds, 0)),
        }
    }

    /// Adds it to a list.
    pub fn write(&self, list: &mut Vec<u8>) {
        list.extend_from_slice(self.version.as_str().as_bytes());
        if let Some(time) = &self.time {
            list.push(b' ');
            list.extend_from_slice(time.as_bytes());
        }
        list.push(b'\n');
    }

    /// Of two lines of the same version the one that counts: the go command takes the greatest time.
    pub(super) fn or_later(self, other: Self) -> Self {
        if other.when() > self.when() { other } else { self }
    }
}

/// Reads a time as Go's `time.RFC3339` has it, after the zero of Go's clock.
fn moment(text: &str) -> Option<Moment> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"-:.TZ+".contains(&byte);
    if text.len() > MAX_TIME || !text.bytes().all(is_plain) {
        return None;
    }
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    let moment = Moment(time.timestamp(), time.timestamp_subsec_nanos());
    // Go has no second 60, which is read as a thousand million nanoseconds more.
    (moment > ZERO && moment.1 < 1_000_000_000).then_some(moment)
}

/// The zero of Go's clock, the year 1: nothing is later than nothing because of it.
const ZERO: Moment = Moment(-62_135_596_800, 0);

/// Stands for a second word that is no time.
const NO_TIME: &str = "-";

/// Bytes of a time: with nanoseconds and an offset it has 35.
const MAX_TIME: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_the_go_command_reads_of_it() {
        for (line, written, seconds) in [
            ("v1.0.0", "v1.0.0", None),
            ("v1.0.0 2020-01-02T03:04:05Z", "v1.0.0 2020-01-02T03:04:05Z", Some(1_577_934_245)),
            (
                "\tv1.0.0\t 2020-01-02T03:04:05+01:00 more\r",
                "v1.0.0 2020-01-02T03:04:05+01:00",
                Some(1_577_930_645),
            ),
            ("v1.0.0 2020-01-02T03:04:05.25Z", "v1.0.0 2020-01-02T03:04:05.25Z", Some(1_577_934_245)),
            // No times to Go.
            ("v1.0.0 yesterday", "v1.0.0", None),
            ("v1.0.0 2020-01-02", "v1.0.0", None),
            ("v1.0.0 2020-01-02t03:04:05z", "v1.0.0", None),
            ("v1.0.0 2020-01-02T03:04:60Z", "v1.0.0", None),
            ("v1.0.0 0001-01-01T00:00:00Z", "v1.0.0", None),
            ("v1.0.0 2020-01-02T03:04:05.00000000000000000000Z", "v1.0.0", None),
            // The time in a pseudo-version counts where there is no second word.
            ("v0.0.0-20200102030405-abcdefabcdef", "v0.0.0-20200102030405-abcdefabcdef", Some(1_577_934_245)),
            (
                "v0.0.0-20200102030405-abcdefabcdef 1970-01-01T00:00:01Z",
                "v0.0.0-20200102030405-abcdefabcdef 1970-01-01T00:00:01Z",
                Some(1),
            ),
            ("v0.0.0-20200102030405-abcdefabcdef x", "v0.0.0-20200102030405-abcdefabcdef -", None),
            ("v0.0.0-20201302030405-abcdefabcdef", "v0.0.0-20201302030405-abcdefabcdef", None),
        ] {
            let read = Line::parse(line).unwrap();
            let mut list = Vec::new();
            read.write(&mut list);
            assert_eq!(String::from_utf8(list).unwrap(), format!("{written}\n"), "{line}");
            assert_eq!(read.when().map(|moment| moment.0), seconds, "{line}");
            assert_eq!(Line::parse(written), Some(read), "it is read as it was written");
        }
        for line in ["", " ", "v1", "v1.0", "v1.0.0+meta 2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z v1.0.0"]
        {
            assert_eq!(Line::parse(line), None, "{line}");
        }
    }

    #[test]
    fn of_two_lines_the_later_counts() {
        let later = |one: &str, other: &str| {
            let lines = [Line::parse(one).unwrap(), Line::parse(other).unwrap()];
            let [a, b] = lines.clone().map(|line| line.when());
            let [one, other] = lines;
            let (one_way, back) = (one.clone().or_later(other.clone()), other.or_later(one));
            assert_eq!((one_way.when(), back.when()), (a.max(b), a.max(b)));
            let mut list = Vec::new();
            one_way.write(&mut list);
            String::from_utf8(list).unwrap()
        };
        let pseudo = "v0.0.0-20200102030405-abcdefabcdef";
        assert_eq!(later("v1.0.0", "v1.0.0 2020-01-02T03:04:05Z"), "v1.0.0 2020-01-02T03:04:05Z\n");
        assert_eq!(
            later("v1.0.0 2020-01-02T03:04:05.5Z", "v1.0.0 2020-01-02T03:04:05Z"),
            "v1.0.0 2020-01-02T03:04:05.5Z\n"
        );
        assert_eq!(later(pseudo, &format!("{pseudo} x")), format!("{pseudo}\n"));
        assert_eq!(later(pseudo, &format!("{pseudo} 2019-01-01T00:00:00Z")), format!("{pseudo}\n"));
    }
}
