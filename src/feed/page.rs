//! One page of a feed.

use serde::Deserialize;

use super::{Mark, Moment, PAGE_LINES, mark::hash};
use crate::{
    gomod::{ModulePath, Version, check},
    http::Body,
};

/// A version that became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its module.
    pub module: ModulePath,
    /// It.
    pub version: Version,
}

/// A page that is being read.
#[derive(Debug)]
pub struct Page {
    body: Body,
    at: usize,
    /// From when on it is.
    since: Moment,
    /// Up to when it may be by our clock.
    latest: Moment,
    lines: usize,
    /// Lines from before the time that was asked for, and from after the latest.
    older: usize,
    ahead: usize,
    /// Lines that say nothing.
    odd: usize,
    news: usize,
}

/// What came is no page of a feed, or none that leads on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPage {
    /// Not one line is one of a feed: this is how it begins.
    #[error("it is no feed of an index: it begins {0:?}")]
    NoFeed(String),
    /// A whole page, and none of it is from after the time that was asked for: the next page would be the same.
    #[error("it does not heed `since`: a whole page is from before the time that was asked for")]
    Unheeded,
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    #[serde(borrow)]
    path: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    version: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    timestamp: std::borrow::Cow<'a, str>,
}

impl Page {
    /// The one that was asked for with `mark`, of which nothing was read. No mark goes beyond `latest`: a line with a time of the future,
    /// which may be wrong, would hide all that comes until then.
    pub fn new(body: Body, mark: &Mark, latest: Moment) -> Self {
        Self { body, at: 0, since: mark.since(), latest, lines: 0, older: 0, ahead: 0, odd: 0, news: 0 }
    }

    /// Reads on, at most `most` lines, and adds what is new to `published`. Whether that was all.
    pub fn work(&mut self, most: usize, mark: &mut Mark, published: &mut Vec<Published>) -> bool {
        for _ in 0..most {
            let rest = self.body.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return true;
            }
            let end = rest.iter().position(|byte| *byte == b'\n');
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let length = end.map_or(rest.len(), |end| end.saturating_add(1));
            match read(line) {
                Some((time, line, of)) => {
                    self.lines = self.lines.saturating_add(1);
                    self.older = self.older.saturating_add(usize::from(time < self.since));
                    self.ahead = self.ahead.saturating_add(usize::from(time > self.latest));
                    if mark.passes(time, line, self.latest) {
                        self.news = self.news.saturating_add(1);
                        published.extend(of);
                    }
                }
                // The last line may have been cut. It comes whole with the next page.
                None if end.is_none() => {}
                None if line.trim_ascii().is_empty() => {}
                None => self.odd = self.odd.saturating_add(1),
            }
            self.at = self.at.saturating_add(length);
        }
        self.at >= self.body.len()
    }

    /// Whether there is another page behind, now that this one was read; `mark` goes where that begins.
    ///
    /// # Errors
    /// Where not one line was one of a feed, and some should have been; or where the next page would be this one.
    pub fn end(&self, mark: &mut Mark) -> Result<bool, NoPage> {
        if self.lines == 0 && (self.odd > 0 || !self.body.trim_ascii().is_empty()) {
            let begin = self.body.get(..SHOWN).unwrap_or(&self.body);
            return Err(NoPage::NoFeed(String::from_utf8_lossy(begin).into_owned()));
        }
        let is_full = self.lines.saturating_add(self.odd) >= PAGE_LINES;
        let leads_on = is_full && mark.since() > self.since;
        if !is_full || leads_on {
            return Ok(is_full);
        }
        // Asked for that time once more, the server says the same.
        if self.older > 0 {
            return Err(NoPage::Unheeded);
        }
        // All of it has the time that it was to begin with, unless the rest is from a future that is waited for.
        if self.ahead == 0 {
            mark.step();
        }
        Ok(self.ahead == 0)
    }

    /// Lines that were new, and those that said nothing.
    pub fn counts(&self) -> (usize, usize) {
        (self.news, self.odd)
    }
}

/// Reads a line: its time, the hash by which it is known, and what it says, where the proxy protocol knows such a version.
fn read(line: &[u8]) -> Option<(Moment, u64, Option<Published>)> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let time = Moment::parse(&line.timestamp)?;
    let of = ModulePath::parse(&line.path).ok().zip(Version::parse(&line.version).ok());
    let of = of.filter(|(module, version)| check(module, version).is_ok());
    let of = of.map(|(module, version)| Published { module, version });
    Some((time, hash(&line.path, &line.version), of))
}

/// Bytes of what is no page that an error shows.
const SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, version: &str, time: &str) -> String {
        format!("{{\"Path\":\"{path}\",\"Version\":\"{version}\",\"Timestamp\":\"{time}\"}}\n")
    }

    /// What a page brings to who has read up to there, and whether there is another behind.
    fn read(text: &str, mark: &mut Mark) -> (String, Result<bool, NoPage>) {
        let latest = Moment::parse("2026-11-30T10:05:00Z").unwrap();
        let (mut page, mut published) =
            (Page::new(text.as_bytes().to_vec().into(), mark, latest), Vec::new());
        while !page.work(3, mark, &mut published) {}
        let brought = published.iter().map(|one| format!("{}@{}", one.module.as_str(), one.version));
        (brought.collect::<Vec<_>>().join(" "), page.end(mark))
    }

    fn since(time: &str) -> Mark {
        Mark::from(Moment::parse(time).unwrap())
    }

    const T1: &str = "2026-11-30T10:00:00.000001Z";
    const T2: &str = "2026-11-30T10:00:00.000002Z";

    #[test]
    fn what_was_read_at_the_seam_is_not_read_again() {
        let mut mark = since("2026-11-30T09:00:00Z");
        let first = line("a.b", "v1.0.0", T1) + &line("a.b/c", "v1.0.0", T2);
        assert_eq!(read(&first, &mut mark), ("a.b@v1.0.0 a.b/c@v1.0.0".to_owned(), Ok(false)));
        let second = line("a.b/c", "v1.0.0", T2) + &line("a.b/d", "v1.0.0", T2);
        assert_eq!(read(&second, &mut mark), ("a.b/d@v1.0.0".to_owned(), Ok(false)));
        assert_eq!(read(&second, &mut mark), (String::new(), Ok(false)));
        assert_eq!(read(&line("a.b", "v1.0.1", T1), &mut mark).0, "", "it is older than what was read");
        assert_eq!(Mark::decode(&mark.encode()), Some(mark));
    }

    #[test]
    fn a_line_that_is_cut_comes_again() {
        let mut mark = since("2026-11-30T09:00:00Z");
        let whole = line("a.b", "v1.0.0", T1) + &line("a.b", "v1.0.1", T2);
        for end in line("a.b", "v1.0.0", T1).len()..whole.len() - 2 {
            assert_eq!(read(&whole[..end], &mut mark.clone()), ("a.b@v1.0.0".to_owned(), Ok(false)), "{end}");
        }
        assert_eq!(read(whole.trim_end(), &mut mark).0, "a.b@v1.0.0 a.b@v1.0.1", "the last has no end");
    }

    #[test]
    fn a_page_of_one_time_is_stepped_over() {
        let page: String = (0..PAGE_LINES).map(|n| line(&format!("a.b/m{n}"), "v1.0.0", T1)).collect();
        let mut mark = since("2026-11-30T09:00:00Z");
        let (brought, more) = read(&page, &mut mark);
        assert_eq!(
            (brought.split(' ').count(), more, mark.since()),
            (PAGE_LINES, Ok(true), since(T1).since())
        );
        // Who has read it knows each line; who takes over knows some. Both come to its end.
        let mut other = Mark::decode(&mark.encode()).unwrap();
        assert!(mark.encode().len() <= 1000);
        assert_eq!(read(&page, &mut mark), (String::new(), Ok(true)));
        let (again, more) = read(&page, &mut other);
        assert_eq!((again.split(' ').count(), more), (PAGE_LINES - 100, Ok(true)));
        assert_eq!((mark, other), (since(T2), since(T2)));
    }

    /// A server, or one line of it, may be wrong.
    #[test]
    fn a_line_from_the_future_hides_nothing_that_comes_before_then() {
        let mut mark = since("2026-11-30T09:00:00Z");
        let future = line("a.b", "v9.0.0", "9999-12-31T23:59:59Z");
        let first = line("a.b", "v1.0.0", T1) + &future;
        assert_eq!(
            read(&first, &mut mark),
            ("a.b@v1.0.0".to_owned(), Ok(false)),
            "v9.0.0 is of no such module"
        );
        let future = line("a.b/v9", "v9.0.0", "9999-12-31T23:59:59Z");
        assert_eq!(read(&future, &mut mark), ("a.b/v9@v9.0.0".to_owned(), Ok(false)), "it is heeded");
        assert_eq!(read(&future, &mut mark), (String::new(), Ok(false)), "once");
        assert_eq!(mark.since(), since(T1).since());
        let second = line("a.b", "v1.0.1", T2) + &future;
        assert!(read(&second, &mut mark).0.starts_with("a.b@v1.0.1"));
        assert_eq!(mark.since(), since(T2).since());
        // A whole page of them leads nowhere, and is not asked for again at once.
        let page: String =
            (0..PAGE_LINES).map(|n| line(&format!("a.b/m{n}"), "v1.0.0", "2027-01-01T00:00:00Z")).collect();
        assert_eq!(read(&page, &mut mark).1, Ok(false));
        assert_eq!(mark.since(), since(T2).since());
    }

    #[test]
    fn a_server_that_does_not_heed_the_time_is_not_asked_for_the_same_page_again() {
        let mut mark = since(T1);
        let page: String =
            (0..PAGE_LINES).map(|n| line(&format!("a.b/m{n}"), "v1.0.0", "2019-01-01T00:00:00Z")).collect();
        assert_eq!(read(&page, &mut mark), (String::new(), Err(NoPage::Unheeded)));
        assert_eq!(mark.since(), since(T1).since());
        // Where it has little it does no harm.
        let some = line("a.b", "v1.0.0", "2019-01-01T00:00:00Z") + &line("a.b", "v1.0.1", T2);
        assert_eq!(read(&some, &mut mark), ("a.b@v1.0.1".to_owned(), Ok(false)));
    }

    #[test]
    fn what_is_odd_is_passed_over_and_what_is_no_feed_is_said() {
        let mut mark = since("2026-11-30T09:00:00Z");
        let odd = [
            "{}\n".to_owned(),
            "null\n".to_owned(),
            line("nodot", "v1.0.0", T1),
            line("a.b", "1.0.0", T1),
            line("a.b/v2", "v1.0.0", T1),
            line("a.b", "v1.0.0", "yesterday"),
            "\n".to_owned(),
            line("a.b", "v1.0.0", T2).replace('}', ",\"More\":[1]}"),
        ];
        assert_eq!(read(&odd.concat(), &mut mark), ("a.b@v1.0.0".to_owned(), Ok(false)));
        let html = "<html>\n<p>not here</p>\n</html>\n";
        let no_page = "it is no feed of an index: it begins \"<html>\\n<p>not here</p>\\n</html>\\n\"";
        assert_eq!(read(html, &mut mark).1.unwrap_err().to_string(), no_page);
        assert_eq!(read("", &mut mark), (String::new(), Ok(false)), "there is nothing new");
    }
}
