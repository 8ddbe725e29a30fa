//! Builds that are fetched before a client asks: how far each is, for all workers to show, and how fast all of them fetch.
//!
//! The worker to which a build was posted fetches it and writes down once in a while how far it is. A place stands for one build until that
//! has ended, and is another's after that. Keys cannot be deleted, so the places are numbered.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Expected, SharedKv, bytes::take};
use crate::http::Timestamp;

/// How far a build is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Its place, and when it began: no other build has both.
    place: u8,
    /// When it was posted.
    pub began: Timestamp,
    /// When its worker wrote this.
    pub told: Timestamp,
    /// Files in all.
    pub files: u32,
    /// Files that are there.
    pub ready: u32,
    /// Files that the policy refuses.
    pub refused: u32,
    /// Files that no source has.
    pub missing: u32,
    /// Files of which no source could say.
    pub failed: u32,
    /// The first of those that are not there.
    pub troubles: Vec<Trouble>,
    /// How many more there are.
    pub more_troubles: u32,
    /// The first versions that come next.
    pub ahead: Vec<String>,
    /// What of the build is not fetched, and why.
    pub passed_over: Option<String>,
}

/// A file that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its path below the gateway's own.
    pub file: String,
    /// What became of it.
    pub kind: TroubleKind,
    /// Why, in a line.
    pub reason: String,
}

/// What became of a file that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TroubleKind {
    /// No source could say.
    Failed,
    /// No source has it.
    Missing,
    /// The policy refuses it.
    Refused,
}

impl TroubleKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Refused => "refused",
        }
    }
}

impl Progress {
    /// A build that begins now, in a place of its own; `None` where all places are of builds that are being fetched.
    pub fn begin(
        files: u32,
        passed_over: Option<String>,
        kv: &mut dyn SharedKv,
        now: Timestamp,
    ) -> Option<Self> {
        let mut progress = Self { began: now, told: now, files, passed_over, ..Self::default() };
        let mut free: Vec<(Timestamp, u8, Expected)> = Vec::new();
        for place in 0..PLACES {
            let read = kv.get(&name_of(place));
            let known = read.as_ref().and_then(|read| Self::decode(&read.value));
            match known {
                Some(known) if known.state(now) == RUNNING => {}
                known => {
                    let since = known.map(|known| known.told).unwrap_or_default();
                    free.push((since, place, Expected::unchanged(read.as_ref())));
                }
            }
        }
        // What ended last is shown for longest.
        free.sort_by_key(|(since, place, _)| (*since, *place));
        free.into_iter().find_map(|(_, place, expected)| {
            progress.place = place;
            kv.put(&name_of(place), &progress.encode(), expected).ok().map(|()| progress.clone())
        })
    }

    /// Writes down how far it is.
    pub fn tell(&mut self, kv: &mut dyn SharedKv, now: Timestamp) {
        let name = name_of(self.place);
        let read = kv.get(&name);
        let known = read.as_ref().and_then(|read| Self::decode(&read.value));
        self.told = now;
        if known.is_some_and(|known| known.began == self.began) {
            let _ = kv.put(&name, &self.encode(), Expected::unchanged(read.as_ref()));
        }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        format!("{:x}-{:x}", self.began.0, self.place)
    }

    /// Whether it is `running`, `done`, or was `lost` with its worker.
    pub fn state(&self, now: Timestamp) -> &'static str {
        if self.to_do() == 0 {
            "done"
        } else if now.is_within(LOST, self.told) {
            RUNNING
        } else {
            "lost"
        }
    }

    /// How many files are still to be looked at.
    pub fn to_do(&self) -> u32 {
        let done = [self.ready, self.refused, self.missing, self.failed];
        done.into_iter().fold(self.files, u32::saturating_sub)
    }

    /// So many files are there.
    pub fn note_ready(&mut self) {
        self.ready = self.ready.saturating_add(1);
    }

    /// A file is not there.
    pub fn note(&mut self, trouble: Trouble) {
        let count = match trouble.kind {
            TroubleKind::Failed => &mut self.failed,
            TroubleKind::Missing => &mut self.missing,
            TroubleKind::Refused => &mut self.refused,
        };
        *count = count.saturating_add(1);
        let weight = |one: &Trouble| one.file.len().saturating_add(one.reason.len());
        let held = self.troubles.iter().map(weight).fold(0, usize::saturating_add);
        if held.saturating_add(weight(&trouble)) <= MAX_TROUBLES {
            self.troubles.push(trouble);
        } else {
            self.more_troubles = self.more_troubles.saturating_add(1);
        }
    }

    /// These come next.
    pub fn look_ahead<'a>(&mut self, versions: impl Iterator<Item = (&'a str, &'a str)>) {
        self.ahead.clear();
        let mut held = 0_usize;
        for (module, version) in versions {
            held = held.saturating_add(module.len()).saturating_add(version.len());
            if held > MAX_AHEAD {
                return;
            }
            self.ahead.push(format!("{module}@{version}"));
        }
    }

    fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(&(LAYOUT, self)).unwrap_or_default()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (layout, progress): (u8, Self) = postcard::from_bytes(bytes).ok()?;
        (layout == LAYOUT).then_some(progress)
    }
}

/// How far the build is that is called `name`, where it was posted lately.
pub fn prewarming(kv: &dyn SharedKv, name: &str, now: Timestamp) -> Option<Progress> {
    let (began, place) = name.split_once('-')?;
    let place = u8::from_str_radix(place, 16).ok().filter(|place| *place < PLACES)?;
    let began = Timestamp(u64::from_str_radix(began, 16).ok()?);
    let progress = Progress::decode(&kv.get(&name_of(place))?.value)?;
    let is_it = progress.began == began && progress.place == place;
    (is_it && now.is_within(KEPT, progress.told)).then_some(progress)
}

/// Takes the turn of one file, where one may be begun now: all workers begin `rate` in a second.
pub fn take_turn(kv: &mut dyn SharedKv, rate: u32, now: Timestamp) -> bool {
    let read = kv.get(PACE);
    let micros = now.0.saturating_mul(1000);
    let step = SECOND.checked_div(u64::from(rate)).unwrap_or(SECOND);
    let mut rest = read.as_ref().map_or(&[][..], |read| &read.value[..]);
    let next = take(&mut rest).map_or(0, u64::from_le_bytes);
    // What is further away is from before the clock was set back.
    let next = if next > micros.saturating_add(SECOND) { 0 } else { next };
    // A worker comes by at its ticks, and makes up for what was missed since the last one.
    let turn = next.max(micros.saturating_sub(TICK));
    turn <= micros
        && kv.put(PACE, &turn.saturating_add(step).to_le_bytes(), Expected::unchanged(read.as_ref())).is_ok()
}

fn name_of(place: u8) -> String {
    format!("modgate/prewarm/{place}")
}

/// Where it is kept when the next file may be begun, in microseconds.
const PACE: &str = "modgate/prewarm/pace";

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// Microseconds between two ticks of a worker.
const TICK: u64 = 100_000;

/// Builds that are fetched at once, or are remembered: at most 400 KiB. More than a few at once would only wait for one another.
const PLACES: u8 = 16;

/// How long it is shown what became of a build, unless others need its place: long enough for whoever posted it to come back.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// After which silence a worker is taken to have ended, or to have another configuration: it writes once a second.
const LOST: Duration = Duration::from_secs(30);

/// Bytes of names and reasons of the files that are not there: a hundred or so.
const MAX_TROUBLES: usize = 16 << 10;

/// Bytes of the versions that come next: forty or so.
const MAX_AHEAD: usize = 2 << 10;

const RUNNING: &str = "running";

const LAYOUT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Memory;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn after(millis: u64) -> Timestamp {
        NOW.after(Duration::from_millis(millis))
    }

    #[test]
    fn each_build_has_a_place_until_it_has_ended() {
        let mut memory = Memory::default();
        let mut all: Vec<_> =
            (0..PLACES).map(|_| Progress::begin(1, None, &mut memory, NOW).unwrap()).collect();
        assert_eq!(Progress::begin(1, None, &mut memory, NOW), None);
        let names: std::collections::BTreeSet<_> = all.iter().map(Progress::name).collect();
        assert_eq!(names.len(), all.len());
        for (at, progress) in all.iter().enumerate() {
            assert_eq!(prewarming(&memory, &progress.name(), after(1)).as_ref(), Some(progress), "{at}");
        }
        let third = &mut all[2];
        third.note_ready();
        third.tell(&mut memory, after(10));
        assert_eq!((third.to_do(), third.state(after(10))), (0, "done"));
        let next = Progress::begin(2, None, &mut memory, after(20)).unwrap();
        assert_eq!(prewarming(&memory, &third.name(), after(20)), None, "its place is another's");
        third.tell(&mut memory, after(30));
        assert_eq!(prewarming(&memory, &next.name(), after(30)), Some(next.clone()), "and stays so");
        // The worker is gone.
        let late = after(30_001);
        assert_eq!((next.state(late), all[0].state(late)), ("running", "lost"));
        assert!(Progress::begin(1, None, &mut memory, late).is_some());
        assert_eq!(prewarming(&memory, &next.name(), after(3_600_020)), None);
        for name in ["", "-", "x-0", "0-0", "0-10", "18bcfe56800-ff", "18bcfe56800-0/x"] {
            let found = prewarming(&memory, name, late);
            assert!(found.is_none_or(|found| found.name() == name), "{name}");
        }
        assert!(memory.keys().len() <= usize::from(PLACES));
    }

    #[test]
    fn what_is_kept_of_a_build_is_bounded() {
        let mut memory = Memory::default();
        let mut progress = Progress::begin(9_000, None, &mut memory, NOW).unwrap();
        for n in 0..9_000 {
            let (file, reason) = (format!("example.com/{n}/@v/v1.0.0.zip"), "x".repeat(200));
            progress.note(Trouble { file, kind: TroubleKind::Missing, reason });
        }
        let versions = (0..9_000).map(|_| ("example.com/m", "v1.0.0"));
        progress.look_ahead(versions);
        progress.tell(&mut memory, NOW);
        assert_eq!((progress.missing, progress.to_do()), (9_000, 0));
        assert!(progress.troubles.len() > 50 && progress.ahead.len() > 50);
        assert_eq!(progress.troubles.len() + usize::try_from(progress.more_troubles).unwrap(), 9_000);
        let bytes: usize = memory.keys().map(|key| memory.get(key).unwrap().value.len()).sum();
        assert!(bytes < 25 << 10, "{bytes}");
    }

    #[test]
    fn all_workers_together_keep_the_pace() {
        for rate in [1, 3, 20, 1000] {
            let mut memory = Memory::default();
            let mut taken = 0;
            for tick in 0..100 {
                // Two workers come by at each tick.
                for _ in 0..2 * rate {
                    taken += u32::from(take_turn(&mut memory, rate, after(tick * 100)));
                }
            }
            let want = rate * 10;
            assert!((want..=want + rate / 10 + 1).contains(&taken), "{taken} of {want}");
        }
        let mut memory = Memory::default();
        assert!(take_turn(&mut memory, 1, NOW));
        assert!(take_turn(&mut memory, 1, NOW.before(Duration::from_secs(3600))), "the clock was set back");
    }
}
