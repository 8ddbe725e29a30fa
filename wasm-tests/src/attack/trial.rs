//! One attack: what was measured, which of it had to hold, and the row of the table.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use super::{Form, bounds};
use super::bystander::Suffered;
use crate::envoy::Envoy;

/// An attack under way.
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
    _turn: Turn,
}

/// Held only to keep others of this process from what disturbs them.
#[derive(Debug)]
enum Turn {
    Alone(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
    Beside(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
}

impl Trial {
    /// One that measures how long others wait: no other runs while it does. It waits for its turn.
    #[must_use]
    pub fn alone(name: &'static str) -> Self {
        Self::new(name, Turn::Alone(TURNS.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// One that measures no times of milliseconds: others of this kind may run beside it. It waits for its turn.
    #[must_use]
    pub fn beside(name: &'static str) -> Self {
        Self::new(name, Turn::Beside(TURNS.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn new(name: &'static str, turn: Turn) -> Self {
        Self {
            name,
            size: String::new(),
            before: None,
            peak: None,
            others: None,
            notes: Vec::new(),
            failures: Vec::new(),
            ended: false,
            _turn: turn,
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

    /// None of `all` may have gone wrong; of those that did, the first is told.
    pub fn check_all(&mut self, what: &str, all: impl IntoIterator<Item = Option<String>>) {
        let (mut count, mut wrong) = (0, Vec::new());
        for one in all {
            count += 1;
            wrong.extend(one);
        }
        if let Some(first) = wrong.first() {
            self.failures.push(format!("{what}: {} of {count} wrong, such as {first}", wrong.len()));
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
        let most = suffered.within(99);
        let bound = Form::wanted().of(bounds::OTHERS_AMONG_TESTS, bounds::OTHERS);
        self.check(most <= bound, format!("others' p99 {} ({})", ms(most), suffered.slowest(99)));
        self.served(suffered);
    }

    /// All of them were served in time, but for those who were told at once that an upstream is asked as much as it may be.
    pub fn others_or_busy(&mut self, suffered: Suffered) {
        let most = suffered.within(99);
        let bound = Form::wanted().of(bounds::OTHERS_AMONG_TESTS, bounds::OTHERS);
        self.check(most <= bound, format!("others' p99 {} ({})", ms(most), suffered.slowest(99)));
        let is_refusal = |what: &str| matches!(what, "list: 503" | "look-up: 503");
        let other = suffered.failures().keys().find(|what| !is_refusal(what));
        self.check(other.is_none(), format!("others failed: {:?}", suffered.failures()));
        self.others = Some(suffered);
    }

    /// All of them were served, if not as fast: the attackers are many honest clients, who take the machine for themselves.
    pub fn served(&mut self, suffered: Suffered) {
        println!("{}: others: {suffered}", self.name);
        let worst = suffered.within(100);
        self.check(suffered.total() >= 50, format!("only {} requests of others", suffered.total()));
        self.check(suffered.failed() == 0, format!("others failed: {:?}", suffered.failures()));
        let bound = Form::wanted().of(bounds::OTHERS_WORST_AMONG_TESTS, bounds::OTHERS_WORST);
        self.check(worst <= bound, format!("others' worst {}", ms(worst)));
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

static TURNS: RwLock<()> = RwLock::new(());
