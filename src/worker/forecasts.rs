//! What is likely to be asked for in the next hour is in the index before it begins.
//!
//! Which documents those are is learnt from the index: at the end of an hour one worker walks it for what was in use, and storage remembers that
//! for this hour of the week ([`Forecast`]). Gateways that share a storage learn together; of two that write at once one is not heard, and is
//! heard a week later. A document is in use that clients have asked for again after it came: what was asked for ahead and by nobody since is
//! not learnt from itself.
//!
//! ```text
//!  the hour ends ─▶ walk the index ─▶ GET forecast/mon-09.json ─▶ unite ─▶ PUT it
//!
//!  the next hour comes near ─▶ GET forecast/mon-10.json ─▶ over one window: ask for each that will not be fresh
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use log::Level;

use super::{
    key::{Owner, Slice},
    services::Services,
};
use crate::{
    config,
    cx::Cx,
    flow::cache_state::kept_until,
    forecast::{Forecast, Hour, MAX_BYTES, Used, beginning, hour},
    goproxy::{Document, File, Found, Target},
    http::{Reply, Timestamp},
    metrics::{Counter, Ended, ForecastOutcome, WriteOutcome},
    plan::{Source, Want, may_be_asked_anew},
    shared::{Cursor, Region, claim_hour},
    store::{self, Object},
};

/// What one worker learns, and foresees.
#[derive(Debug, Default)]
pub(super) struct Forecasts {
    /// The hours that are learnt: one, or two where the first takes an hour to be written.
    lessons: VecDeque<Lesson>,
    foreseen: Option<Foreseen>,
    /// What storage was asked last, while it has not answered.
    asked: Option<Question>,
    /// What was last said to be wrong.
    trouble: String,
}

/// An hour that is being learnt.
#[derive(Debug)]
struct Lesson {
    hour: u64,
    used: Used,
    /// Where the walk through the index goes on; `None` once it is over.
    cursor: Option<Cursor>,
    /// When storage may be asked.
    next: Timestamp,
}

/// An hour that comes.
#[derive(Debug)]
struct Foreseen {
    hour: u64,
    /// When storage may be asked; `None` once it has answered.
    next: Option<Timestamp>,
    /// What is still to be asked for, with the time from which on it may be.
    due: VecDeque<(Timestamp, Want)>,
}

/// What storage was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// What is likely to be asked for.
    Foreseen,
    /// What it remembers of an hour that was learnt.
    Learnt,
    /// To remember that.
    Write,
}

impl Forecasts {
    /// What is to be asked for now, with what the index has of it.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) -> Vec<(Want, Option<Found>)> {
        let Some(rules) = services.config.sync.forecast else { return Vec::new() };
        self.begin(rules, services, cx);
        self.ask_storage(services, cx);
        self.take(services, cx)
    }

    /// Learns the hour that is over, and foresees the one that comes, where no other worker does.
    fn begin(&mut self, rules: config::Forecast, services: &mut Services, cx: &mut Cx<'_>) {
        let (now, sources) = (hour(cx.now), services.index.sources());
        let is_over = |before: Option<u64>| before.is_some_and(|before| before < now);
        if claim_hour(cx.kv, &format!("learnt {sources:016x}"), now).is_some_and(is_over)
            && services.config.writable_storage().is_some()
            && self.lessons.len() < MAX_LESSONS
            && let Some(hour) = now.checked_sub(1)
        {
            let cursor = Some(Cursor::BEGIN);
            self.lessons.push_back(Lesson { hour, used: Used::default(), cursor, next: cx.now });
            services.slices.add(Slice::Forecast);
        }
        let near = hour(cx.now.after(rules.lead));
        if near > now && claim_hour(cx.kv, &format!("foreseen {sources:016x}"), near).is_some() {
            self.foreseen = Some(Foreseen { hour: near, next: Some(cx.now), due: VecDeque::new() });
        }
        // What was not asked for until then is asked for by those who want it.
        if let Some(late) = self.foreseen.take_if(|foreseen| foreseen.hour <= now || foreseen.hour > near) {
            late.due.iter().for_each(|_| count(ForecastOutcome::Left, cx));
        }
    }

    /// Walks on through the index.
    pub(super) fn work(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(rules) = services.config.sync.forecast else { return };
        let Some(lesson) = self.lessons.iter_mut().find(|lesson| lesson.cursor.is_some()) else { return };
        let Some(cursor) = lesson.cursor else { return };
        let (sources, since) = (services.index.sources(), beginning(lesson.hour).0 / 1000);
        lesson.cursor = services.index.scan(cx.kv, cursor, PAGES_AT_ONCE, |region, _, occupant| {
            let path = occupant.key.path;
            let is_used = occupant.heat.uses > 0 && u64::from(occupant.heat.touched) >= since;
            let is_ours = region == Region::Found && occupant.key.sources == sources;
            if is_used && is_ours && want_of(path).is_some() {
                lesson.used.note(path, occupant.heat.uses, rules.documents);
            }
        });
        if self.lessons.iter().any(|lesson| lesson.cursor.is_some()) {
            services.slices.add(Slice::Forecast);
        }
    }

    /// Asks storage one thing at a time.
    fn ask_storage(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(storage) = services.config.storage.as_ref().filter(|_| self.asked.is_none()) else { return };
        let foreseen =
            self.foreseen.as_ref().filter(|foreseen| foreseen.next.is_some_and(|next| next <= cx.now));
        let lesson = self.lessons.front().filter(|lesson| lesson.cursor.is_none() && lesson.next <= cx.now);
        let (question, hour) = match (foreseen, lesson) {
            (Some(foreseen), _) => (Question::Foreseen, foreseen.hour),
            (None, Some(lesson)) => (Question::Learnt, lesson.hour),
            (None, None) => return,
        };
        let callout = store::get(storage, &store::forecast_key(storage, Hour::of(hour)));
        let permit = services.budget.take(Source::Storage, cx);
        services.call(Owner::Forecast, permit, callout, cx);
        self.asked = Some(question);
    }

    /// Storage has answered.
    pub(super) fn on_reply(&mut self, reply: &Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let (Some(question), Some(rules)) = (self.asked.take(), services.config.sync.forecast) else {
            return;
        };
        if question == Question::Write {
            return self.written(reply, cx);
        }
        let forecast = match store::judge_small(reply, MAX_BYTES) {
            Object::Absent => Ok(Forecast::default()),
            // What is none is written anew when its hour is learnt.
            Object::Present(text) => Ok(Forecast::read(text).unwrap_or_else(|why| {
                count(ForecastOutcome::Failed, cx);
                self.say(why, cx);
                Forecast::default()
            })),
            Object::Unavailable(why) => Err(why),
        };
        match (forecast, question) {
            (Ok(forecast), Question::Foreseen) => self.foresee(&forecast, rules, cx),
            (Ok(forecast), _) => self.write(&forecast, rules, services, cx),
            (Err(why), _) => {
                count(ForecastOutcome::Failed, cx);
                self.say(why, cx);
                let again = cx.now.after(PATIENCE);
                match question {
                    Question::Foreseen => {
                        if let Some(foreseen) = &mut self.foreseen {
                            foreseen.next = Some(again);
                        }
                    }
                    Question::Learnt | Question::Write => self.postpone(again),
                }
            }
        }
    }

    /// What stands in a forecast is due, spread over a window.
    fn foresee(&mut self, forecast: &Forecast, rules: config::Forecast, cx: &Cx<'_>) {
        let Some(foreseen) = &mut self.foreseen else { return };
        let wants: Vec<Want> = forecast.documents(rules.documents).into_iter().filter_map(want_of).collect();
        let window = u64::try_from(rules.window.as_millis()).unwrap_or(u64::MAX);
        let step =
            u64::try_from(wants.len()).ok().and_then(|all| window.checked_div(all)).unwrap_or_default();
        let at = |place: u64| cx.now.after(Duration::from_millis(step.saturating_mul(place)));
        foreseen.due = (0..).map(at).zip(wants).collect();
        foreseen.next = None;
    }

    /// What may be asked for by now.
    fn take(&mut self, services: &mut Services, cx: &mut Cx<'_>) -> Vec<(Want, Option<Found>)> {
        let Some(foreseen) = &mut self.foreseen else { return Vec::new() };
        let (mut taken, then) = (Vec::new(), beginning(foreseen.hour));
        while taken.len() < AT_ONCE
            && services.budget.has_room()
            && let Some((_, want)) = foreseen.due.pop_front_if(|(at, _)| *at <= cx.now)
        {
            if !may_be_asked_anew(&want, &services.config) {
                continue;
            }
            let (known, is_fresh) = kept_until(&want, then, &services.index, &services.config, cx);
            if is_fresh {
                count(ForecastOutcome::Fresh, cx);
                continue;
            }
            count(ForecastOutcome::Asked, cx);
            taken.push((want, known));
        }
        taken
    }

    /// What was learnt is written beside what storage has of the same hour.
    fn write(
        &mut self,
        stored: &Forecast,
        rules: config::Forecast,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some((storage, lesson)) = services.config.writable_storage().zip(self.lessons.front()) else {
            return;
        };
        let learnt = stored.clone().learnt(lesson.hour, &lesson.used, rules.documents);
        if learnt == *stored || learnt.documents(1).is_empty() {
            self.lessons.pop_front();
            return;
        }
        let key = store::forecast_key(storage, Hour::of(lesson.hour));
        let callout = store::replace(storage, &key, "application/json", learnt.text().into());
        let permit = services.budget.take(Source::Storage, cx);
        services.call(Owner::Forecast, permit, callout, cx);
        self.asked = Some(Question::Write);
    }

    fn written(&mut self, reply: &Reply, cx: &mut Cx<'_>) {
        let (outcome, failed) = match store::judge_write(reply) {
            store::Written::Stored => (WriteOutcome::STORED, None),
            store::Written::Exists => (Ended::Conflict.into(), None),
            store::Written::Failed(failure) => (failure.outcome, Some("storage took no forecast".to_owned())),
        };
        cx.count(Counter::StorageWrite { outcome });
        match failed {
            None => {
                count(ForecastOutcome::Learnt, cx);
                self.trouble.clear();
                self.lessons.pop_front();
            }
            Some(why) => {
                count(ForecastOutcome::Failed, cx);
                self.say(why, cx);
                self.postpone(cx.now.after(PATIENCE));
            }
        }
    }

    /// The hour that was learnt is tried once more then; with another that waits it gives way.
    fn postpone(&mut self, next: Timestamp) {
        if let Some(mut lesson) = self.lessons.pop_front()
            && self.lessons.is_empty()
        {
            lesson.next = next;
            self.lessons.push_front(lesson);
        }
    }

    /// Says it once.
    fn say(&mut self, trouble: String, cx: &mut Cx<'_>) {
        if trouble != self.trouble {
            cx.log(Level::Warn, format!("storage: what is likely to be asked for: {trouble}"));
            self.trouble = trouble;
        }
    }
}

fn count(outcome: ForecastOutcome, cx: &mut Cx<'_>) {
    cx.count(Counter::Forecast { outcome });
}

/// What the index calls `path`, where it is one that is asked for ahead: a list, `@latest`, a version's `.info` or `.mod`. A query is for one
/// developer, and a zip is in no index.
fn want_of(path: &str) -> Option<Want> {
    match Target::parse(path).ok()? {
        Target::Document(
            document @ Document::Module {
                file: File::Latest | File::List | File::Info(_) | File::Mod(_), ..
            },
        ) => Some(Want::Document(document)),
        Target::Document(_) | Target::Supported { .. } | Target::Zip(_) => None,
    }
}

/// Hours that wait to be written. A storage that takes none for an hour has one forgotten.
const MAX_LESSONS: usize = 2;

/// How soon storage is asked once more.
const PATIENCE: Duration = Duration::from_secs(30);

/// Flights that one tick begins.
const AT_ONCE: usize = 8;

/// Pages of the index that are read at one turn, some twenty records each, of which few were in use.
const PAGES_AT_ONCE: usize = 64;
