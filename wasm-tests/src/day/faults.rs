//! What has to hold of a day.

use super::client::From;
use super::judge::AFTERMATH;
use super::ledger::Touched;
use super::{Day, Sample};
use super::parameters::{FIRST_DEPLOYMENT, Kind, MIX, SECOND_DEPLOYMENT, WARM};

/// So much of what is asked for in the last part of the day is in the index: zips never are, nor is what nobody asked for before.
const HITS: f64 = 0.75;
/// Where nothing is deployed, memory may grow by so many hundredths, beside what the index takes in.
pub(super) const GROWTH: u64 = 2;
/// By so many bytes it may grow with a deployment. Each VM compiles the new configuration beside the old one, and gives no memory back;
/// fifty deployments take no more than ten (`reload::a_replaced_configuration_leaves`).
const DEPLOYED: u64 = 12 << 20;

/// Resident memory over a part of the day, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// From which hundredth on, and to which.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) begun: u64,
    pub(super) most: u64,
    /// What the index took in meanwhile.
    pub(super) filled: u64,
}

impl Day {
    /// What does not hold.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                faults.push(what);
            }
        };
        let tally = &self.tally;
        check(
            tally.all_wrong == 0,
            format!("{} answers were wrong:\n{}", tally.all_wrong, tally.wrong.join("\n")),
        );
        let counted: u64 = tally.kinds.iter().flatten().sum();
        check(counted == self.plan.requests, format!("{counted} of {} requests ended", self.plan.requests));
        check(
            self.still_refused.is_empty(),
            format!("after the outage: {}", self.still_refused.join("\n")),
        );
        check(tally.excused > 0, "the outage was not noticed".to_owned());
        check(
            self.last_excuse <= AFTERMATH,
            format!("{} ms after the outage it still said so", self.last_excuse),
        );
        let spans = self.memory();
        for memory in &spans {
            let bound = memory.begun + memory.begun * GROWTH / 100 + memory.filled + self.plan.room;
            check(memory.most <= bound, format!("memory grows beyond {bound}: {memory:?}"));
        }
        for pair in spans.windows(2) {
            let step = pair[1].begun.saturating_sub(pair[0].most);
            check(step <= DEPLOYED, format!("a deployment takes {step} bytes"));
        }
        let heard = &self.heard;
        check(
            heard.again <= self.fetched_again(),
            format!("files were fetched {} times too often: {heard:?}", heard.again),
        );
        for (what, heard, most) in self.bounds() {
            check(heard <= most, format!("{what}: {heard} asked of the upstream, of {most} at most"));
        }
        let hits = self.hits_in_the_end();
        check(hits >= HITS, format!("only {hits:.3} of the last answers were in the index"));
        faults
    }

    /// A file that was on its way when the connections were cut is fetched anew, by each client's search at most. A zip that was
    /// streamed, since a worker fetches no more than 16 at once, is fetched again for storage, and by each client until it is there.
    fn fetched_again(&self) -> u64 {
        self.plan.clients as u64 + 2 * self.tally.streamed
    }

    /// What the upstream answered, and how much that may be.
    pub(super) fn bounds(&self) -> [(&'static str, u64, u64); 6] {
        let heard = &self.heard;
        let Touched { info, go_mod, zip, list, latest } = self.touched;
        let times = self.plan.refreshes(self.took.as_secs_f64());
        let once = |touched| touched + self.fetched_again();
        let asked = |kind: Kind| {
            let row = MIX.iter().position(|(known, _)| *known == kind).unwrap_or_default();
            self.tally.kinds[row].iter().sum::<u64>()
        };
        let unknown = asked(Kind::UnknownModule) + asked(Kind::UnknownVersion);
        [
            (".info", heard.files[0], once(info)),
            ("go.mod", heard.files[1], once(go_mod)),
            ("zip", heard.files[2], once(zip)),
            ("list", heard.list, list * times),
            ("@latest", heard.latest, latest * times),
            ("unknown", heard.unknown, unknown),
        ]
    }

    /// Resident memory from when the index was warm, where nothing is deployed.
    pub(super) fn memory(&self) -> [Memory; 3] {
        let spans =
            [(WARM, FIRST_DEPLOYMENT), (FIRST_DEPLOYMENT + 1, SECOND_DEPLOYMENT), (SECOND_DEPLOYMENT + 1, 100)];
        spans.map(|(from, to)| {
            let samples = self.samples.get(index(from) - 1..index(to)).unwrap_or_default();
            let kept = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.touched.kept());
            Memory {
                from,
                to,
                begun: samples.first().map_or(0, |sample| sample.rss),
                most: samples.iter().map(|sample| sample.rss).max().unwrap_or_default(),
                filled: kept(samples.last()).saturating_sub(kept(samples.first())),
            }
        })
    }

    fn hits_in_the_end(&self) -> f64 {
        let last: Vec<_> = (index(SECOND_DEPLOYMENT)..100).map(|hundredth| self.course.of(hundredth)).collect();
        let hits = last.iter().map(|came| came[From::Hit as usize] + came[From::Stale as usize]).sum();
        ratio(hits, last.iter().flatten().sum())
    }

    pub(super) fn share(&self, from: &[From]) -> f64 {
        from.iter().map(|from| ratio(self.course.total(*from), self.plan.requests)).sum()
    }
}

#[allow(clippy::cast_precision_loss, reason = "a ratio needs no 53 bits")]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

pub(super) fn index(hundredth: u64) -> usize {
    usize::try_from(hundredth).unwrap_or_default()
}
