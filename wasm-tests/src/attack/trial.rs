//! One attack: what was measured, which of it had to hold, and the row of the table.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::bounds;
use super::bystander::Suffered;
use crate::envoy::Envoy;

/// An attack under way. While there is one, no other of this process begins: they measure.
#[derive(Debug)]
pub struct Trial {
    name: &'static str,
    size: String,
    before: Option<u64>,
    peak: Option<u64>,
    others: Option<Suffered>,
    notes: Vec<String>,
    failures: Vec<String>,
    ended: bool,
    _alone: MutexGuard<'static, ()>,
}

impl Trial {
    /// Waits for its turn.
    #[must_use]
    pub fn of(name: &'static str) -> Self {
        Self {
            name,
            size: String::new(),
            before: None,
            peak: None,
            others: None,
            notes: Vec::new(),
            failures: Vec::new(),
            ended: false,
            _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// How much of it there was, in words for the table.
    pub fn size(&mut self, size: impl Display) {
        self.size = size.to_string();
    }

    /// Lets the peak of the gateway's memory begin anew.
    pub fn begin(&mut self, envoy: &Envoy) {
        self.before = Some(envoy.forget_peak());
    }

    /// Has to hold.
    pub fn check(&mut self, holds: bool, what: impl Display) {
        if !holds {
            self.failures.push(what.to_string());
        }
    }

    /// Worth saying beside the verdict.
    pub fn note(&mut self, what: impl Display) {
        self.notes.push(what.to_string());
    }

    /// Its peak since [`Trial::begin`] has to stay within [`bounds::MEMORY`], and its filter must not have crashed.
    pub fn memory(&mut self, envoy: &Envoy) {
        let peak = envoy.usage().peak;
        self.peak = Some(peak);
        let most = bounds::MEMORY;
        self.check(peak <= most, format!("{} MB of memory, more than {}", peak >> 20, most >> 20));
        self.alive(envoy);
    }

    /// Its filter must not have crashed.
    pub fn alive(&mut self, envoy: &Envoy) {
        let reloads: u64 =
            envoy.stats_now().iter().filter(|(name, _)| name.contains("vm_reload")).map(|(_, value)| value).sum();
        self.check(reloads == 0, format!("the filter's VM trapped {reloads} times"));
    }

    /// All of them were served, and in time.
    pub fn others(&mut self, suffered: Suffered) {
        println!("{}: others: {suffered}", self.name);
        let (most, worst) = (suffered.within(99), suffered.within(100));
        self.check(suffered.total() >= 50, format!("only {} requests of others", suffered.total()));
        self.check(suffered.failed() == 0, format!("others failed: {:?}", suffered.failures()));
        self.check(most <= bounds::OTHERS, format!("others' p99 {} ({})", ms(most), suffered.slowest(99)));
        self.check(worst <= bounds::OTHERS_WORST, format!("others' worst {}", ms(worst)));
        self.others = Some(suffered);
    }

    /// Writes its row.
    ///
    /// # Panics
    /// When something did not hold.
    #[track_caller]
    pub fn end(mut self) {
        self.ended = true;
        self.write();
        assert!(self.failures.is_empty(), "{}: {}", self.name, self.failures.join("; "));
    }

    fn row(&self) -> String {
        let memory = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string());
        let (times, failed) = match &self.others {
            Some(others) => (
                [50, 99, 100].map(|percent| ms(others.within(percent))).join(" / "),
                format!("{} of {}", others.failed(), others.total()),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let verdict = match (self.ended, self.failures.is_empty()) {
            (true, true) => "holds".to_owned(),
            (true, false) => format!("FAILS: {}", self.failures.join("; ")),
            (false, _) => format!("DID NOT FINISH {}", self.failures.join("; ")),
        };
        let notes = if self.notes.is_empty() { String::new() } else { format!(" ({})", self.notes.join("; ")) };
        format!(
            "| {} | {} | {} / {} | {times} | {failed} | {verdict}{notes} |",
            self.name,
            self.size,
            memory(self.before),
            memory(self.peak)
        )
    }

    fn write(&self) {
        let row = self.row();
        println!("{row}");
        let Some(file) = env::var_os(TABLE).filter(|file| !file.is_empty()) else { return };
        let file = OpenOptions::new().create(true).append(true).open(file);
        let written = file.and_then(|mut file| writeln!(file, "{row}"));
        if let Err(error) = written {
            eprintln!("{TABLE}: {error}");
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !self.ended && thread::panicking() {
            self.write();
        }
    }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The file to which rows are added, for `make attack` to show.
const TABLE: &str = "MODGATE_ATTACK_TABLE";

static ALONE: Mutex<()> = Mutex::new(());
