//! How a day is told.

use std::fmt::Write as _;
use std::fs;

use super::client::From;
use super::faults::{GROWTH, index, ratio};
use super::ledger::Touched;
use super::parameters::{Kind, MIX, WORKERS};
use super::tally::{CALM, Came, PARTS};
use super::{Day, Sample};
use crate::tools;

mod drawn;
mod machine;

impl Day {
    /// The page of a day.
    ///
    /// # Errors
    /// When the machine cannot be described.
    pub fn text(&self) -> Result<String, String> {
        let mut page = format!(
            "# Ten million requests\n\n<!-- Written by `make ten-million`. Do not edit. -->\n\n{}\n\n",
            self.summary()
        );
        page += "![Answers by where they came from, memory and rate over the day](ten-million.svg)\n\n";
        page += ABOUT;
        page += "\n## What was asked for\n\n";
        page += &self.asked();
        page += "\n## Times and sources\n\n";
        page += &self.parts();
        page += "\n## What the upstream heard\n\n";
        page += &self.upstream();
        page += "\n## Memory\n\n";
        page += &self.told_memory();
        page += "\n## The run\n\n";
        page += &self.run()?;
        Ok(page)
    }

    /// Writes the page and its chart into `docs/`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self) -> Result<(), String> {
        let docs = tools::repository().join("docs");
        for (file, text) in [("ten-million.md", self.text()?), ("ten-million.svg", self.chart().svg())] {
            let file = docs.join(file);
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let grown = self.memory().map(|memory| ratio(memory.most, memory.begun) - 1.0).into_iter().fold(0.0, f64::max);
        format!(
            "{} requests of a day, through one gateway of {} workers: {} wrong answers, {:.1} % from the index, {:.2} % from the \
             upstream, memory at most {:+.1} % between deployments. Another day: `make ten-million`.",
            grouped(self.plan.requests),
            WORKERS,
            self.tally.all_wrong,
            100.0 * self.share(&[From::Hit, From::Stale]),
            100.0 * ratio(self.heard.answered(), self.plan.requests),
            100.0 * grown,
        )
    }

    fn asked(&self) -> String {
        let mut table = "| | requests | 200 | 304 | 404 | 403 | told to come again |\n|---|--:|--:|--:|--:|--:|--:|\n".to_owned();
        for ((kind, _), row) in MIX.iter().zip(&self.tally.kinds) {
            let _ = write!(table, "| {} | {} |", name(*kind), grouped(row.iter().sum()));
            for came in [Came::Whole, Came::NotModified, Came::Missing, Came::Refused, Came::Excused] {
                let _ = write!(table, " {} |", grouped(row[came as usize]));
            }
            table += "\n";
        }
        let _ = write!(
            table,
            "\nEach answer was compared: its status, its tag and every byte of it. {} MB of zips were. \"Told to come again\" is a 5xx with \
             `Retry-After` for what no client had ever got, while the upstream was out; {} of these had a name, and all of them were \
             there when they were asked for once more.\n",
            grouped(self.tally.zip_bytes / 1_000_000),
            grouped(self.refused)
        );
        table
    }

    fn answers(&self, kind: Kind, came: Came) -> u64 {
        let row = MIX.iter().position(|(known, _)| *known == kind).unwrap_or_default();
        self.tally.kinds[row][came as usize]
    }

    fn parts(&self) -> String {
        let mut table = "| part of the day | % | p50 | p99 | p99.9 | longest | index | storage | upstream |\n\
                         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        let calm = &self.tally.times[CALM];
        for (part, times) in PARTS.iter().zip(&self.tally.times) {
            let _ = write!(table, "| {} | {} - {} |", part.name, part.from, part.to);
            for thousandths in [500, 990, 999] {
                let _ = write!(table, " {:.2} |", times.within(thousandths) / calm.within(thousandths));
            }
            let hundredths = index(part.from)..index(part.to);
            let from = |which: &[From]| -> u64 {
                let all = hundredths.clone().map(|hundredth| self.course.of(hundredth));
                all.map(|came| which.iter().map(|from| came[*from as usize]).sum::<u64>()).sum()
            };
            let all = from(&From::ALL);
            let percent = |which: &[From]| 100.0 * ratio(from(which), all);
            let _ = writeln!(
                table,
                " {:.1} | {:.2} % | {:.2} % | {:.2} % |",
                ratio(times.most, calm.most),
                percent(&[From::Hit, From::Stale]),
                percent(&[From::Storage]),
                percent(&[From::Upstream, From::Coalesced])
            );
        }
        let _ = write!(
            table,
            "\nTimes are ratios to those of \"{}\". {} clients ask without a pause, so that they are mostly the time in which a request \
             waits for its turn; while the upstream is out, they are those of its retries. What is missing of 100 % has no source: \
             refusals, and answers of the gateway's own.\n",
            PARTS[CALM].name, self.plan.clients
        );
        table
    }

    fn upstream(&self) -> String {
        let mut table = "| | needed by clients | asked of the upstream | at most |\n|---|--:|--:|--:|\n".to_owned();
        let Touched { info, go_mod, zip, list, latest } = self.touched;
        let touched = [info, go_mod, zip, list, latest];
        for (at, (what, heard, most)) in self.bounds().into_iter().enumerate() {
            let served = touched.get(at).map_or_else(|| "none".to_owned(), |count| grouped(*count));
            let _ = writeln!(table, "| {what} | {served} | {} | {} |", grouped(heard), grouped(most));
        }
        let last = self.samples.last().map_or([0; 3], |sample| sample.sent);
        let _ = write!(
            table,
            "\nNeeded are different files, not requests; for a zip all of its version is fetched. The upstream was asked for {} files once more: what was under \
             way when it cut its connections, and {} zips that were streamed to their clients, for a worker fetches no more than 16 \
             at once into storage. A list and `@latest` are asked for once, and then no more often than each time they have grown old: {} times in this \
             run at most. Beyond these, the upstream answered 503 to {} requests in the second half of the outage. The checksum \
             database was asked for {} records, {} tiles and {} tree heads. Storage got {} requests, {} of \
             them for zips that clients downloaded.\n",
            self.heard.again,
            self.tally.streamed,
            self.plan.refreshes(self.took.as_secs_f64()),
            grouped(self.heard.failed),
            grouped(self.proven[0]),
            grouped(self.proven[1]),
            grouped(self.proven[2]),
            grouped(last[0]),
            grouped(self.answers(Kind::Zip, Came::Whole))
        );
        table
    }

    fn told_memory(&self) -> String {
        let mut text = format!(
            "Resident memory of the whole Envoy: {} MB before the first request.\n\n\
             | requests, % | MB at first | MB at most | taken in by the index, MB |\n|--:|--:|--:|--:|\n",
            self.before >> 20
        );
        for memory in self.memory() {
            let megabytes = |bytes: u64| ratio(bytes, 1 << 20);
            let _ = writeln!(
                text,
                "| {} - {} | {:.1} | {:.1} | {:.1} |",
                memory.from,
                memory.to,
                megabytes(memory.begun),
                megabytes(memory.most),
                megabytes(memory.filled)
            );
        }
        let _ = write!(
            text,
            "\nBeside what the index takes in, it may grow by {GROWTH} % in each. Between them are the deployments: each VM compiles the new \
             configuration beside the old one, and gives no memory back. Fifty deployments take no more than ten \
             (`reload::a_replaced_configuration_leaves`).\n"
        );
        text
    }

    fn run(&self) -> Result<String, String> {
        let minutes = self.took.as_secs_f64() / 60.0;
        let outage = self.outage.as_secs();
        Ok(format!(
            "{}\n\nThe day took {minutes:.1} minutes, the outage {outage} seconds. Envoy took {:.0} % of a core, {:.0} requests for each \
             second of one. The gateway is `envoy/gateway.yaml` with its access log thrown away; clients, nginx, upstream and checksum \
             database shared its cores. The requests are drawn from seed {}, so that all days of one seed ask the same.\n",
            machine::described()?,
            100.0 * self.cpu.as_secs_f64() / self.took.as_secs_f64(),
            ratio(self.plan.requests, 1) / self.cpu.as_secs_f64(),
            self.plan.seed
        ))
    }
}

impl Sample {
    /// Seconds since the beginning.
    fn seconds(&self) -> f64 {
        self.at.as_secs_f64()
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Info => "`.info`",
        Kind::Mod => "`.mod`",
        Kind::Zip => "`.zip`",
        Kind::List => "`@v/list`",
        Kind::Latest => "`@latest`",
        Kind::Lookup => "a lookup in the checksum database",
        Kind::Tile => "a tile of it",
        Kind::Head => "its tree head",
        Kind::Supported => "whether the gateway serves it",
        Kind::UnknownModule => "a module that nobody has",
        Kind::UnknownVersion => "a version that nobody has",
    }
}

/// With a comma for each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What the run is, for who reads the page.
const ABOUT: &str = "\
The day is drawn by `wasm-tests/src/day/parameters.rs`: 1,500 modules of 20 versions, both popular by Zipf's law with exponent 1. Go.mod
files, `.info`, lists, `@latest`, zips of 1 to 190 KB, lookups and tiles of a checksum database are asked for, 15 % of the documents
that a client has with its tag, and 2 % names that nobody has. All is verified, as shipped.

| at | happens |
|---|---|
| 30 % | 200 rules are deployed, none of which decides about what is asked for |
| 45 % | the upstream refuses connections, and has cut those it had |
| 47 % | it takes connections, and answers 503 |
| 50 % | it serves |
| 60 % | one more rule is deployed, which refuses a module. From then on every request for it has to be a 403 |

A day goes as fast as it goes, and freshness is real time. So a list that is fresh for a minute is refreshed about as often as the run
has minutes, and 1,440 times in a day of 24 hours: the upstream hears of each file once in either, and of lists and `@latest` more in
the longer. Each half of the outage ends when the last request of its hundredths is answered, if only by a refusal.
";

#[cfg(test)]
mod tests {
    use super::super::parameters::{
        FIRST_DEPLOYMENT, MODULES, OUTAGE, OUTAGE_HALF, OUTAGE_OVER, RULES, SECOND_DEPLOYMENT, VERSIONS,
    };
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 10_000_000].map(grouped), ["0", "999", "1,000", "10,000,000"]);
    }

    #[test]
    fn the_page_says_when_what_happens() {
        for at in [FIRST_DEPLOYMENT, OUTAGE, OUTAGE_HALF, OUTAGE_OVER, SECOND_DEPLOYMENT] {
            assert!(ABOUT.contains(&format!("| {at} % |")), "{at}");
        }
        assert!(ABOUT.contains(&format!("{RULES} rules")));
        let modules = grouped(MODULES as u64);
        assert!(ABOUT.contains(&format!("{modules} modules of {VERSIONS} versions")));
    }
}
