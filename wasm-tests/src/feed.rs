//! An index of modules, of which a test says what became known.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use modgate::feed::{Moment, PAGE_LINES};
use modgate::http::Timestamp;

use crate::faulty::{Faulty, Reply};

/// An index, as Go's own serves it.
pub struct Feed {
    server: Faulty,
    lines: Arc<Mutex<Vec<Line>>>,
}

/// A line, and when it became known, in milliseconds.
struct Line {
    at: u64,
    time: String,
    text: String,
}

impl Feed {
    /// One that knows nothing yet.
    ///
    /// # Panics
    /// When loopback has no port left.
    #[must_use]
    pub fn start() -> Self {
        let (server, lines) = (Faulty::start(), Arc::<Mutex<Vec<Line>>>::default());
        let shown = Arc::clone(&lines);
        server.otherwise(move |seen| {
            let Some(query) = seen.target.strip_prefix("/index?since=") else { return Reply::status(404) };
            let since = query.split('&').next().unwrap_or_default();
            let lines = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let page = lines.iter().filter(|line| line.time.as_str() >= since).take(PAGE_LINES);
            Reply::ok(page.map(|line| line.text.as_str()).collect::<String>())
        });
        Self { server, lines }
    }

    /// Where it is.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// It gets to know these versions now, each a millisecond after the one before.
    ///
    /// # Panics
    /// When it is 1969.
    pub fn tell(&self, versions: impl IntoIterator<Item = (String, String)>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let next = lines.last().map_or(0, |last| last.at + 1).max(u64::try_from(now).unwrap());
        for (at, (module, version)) in (next..).zip(versions) {
            let time = Moment::of(Timestamp(at)).to_string();
            let text =
                format!("{{\"Path\":\"{module}\",\"Version\":\"{version}\",\"Timestamp\":\"{time}\"}}\n");
            lines.push(Line { at, time, text });
        }
    }

    /// Who has asked since this was asked last: the user agents, one for each question.
    #[must_use]
    pub fn askers(&self) -> Vec<String> {
        let asked = self.server.requests().into_iter().filter(|seen| seen.target.starts_with("/index?"));
        let askers = asked.map(|seen| seen.header("user-agent").unwrap_or_default().to_owned()).collect();
        self.server.forget();
        askers
    }
}
