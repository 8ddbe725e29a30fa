//! h2load, for HTTP/2.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::machine;
use crate::bench::pin::{self, Cores};
use super::{GRACE, Load, Order, Target};
use crate::process::Process;
use crate::tools;

/// h2load, ready to run.
#[derive(Debug)]
pub(super) struct H2load<'a> {
    program: PathBuf,
    log: PathBuf,
    times: PathBuf,
    cores: Option<&'a Cores>,
}

impl<'a> H2load<'a> {
    pub(super) fn new(cores: Option<&'a Cores>, dir: &Path) -> Result<Self, String> {
        let program = tools::find("MODGATE_H2LOAD")?;
        Ok(Self { program, log: dir.join("h2load.log"), times: dir.join("h2load.times"), cores })
    }

    pub(super) fn version(&self) -> String {
        machine::first_line(Command::new(&self.program).arg("--version"))
    }

    pub(super) fn run(&self, order: &Order<'_>) -> Result<Load, String> {
        for file in [&self.log, &self.times] {
            let _ = fs::remove_file(file);
        }
        let Target::Same(target) = order.target else {
            return Err("h2load knows only targets that are written down".to_owned());
        };
        let streams = if order.apart { 1 } else { STREAMS.min(order.at_once) };
        let mut command = pin::command(self.cores, &self.program);
        command.args(["-t1", "-w", STREAM_WINDOW]).arg(format!("-c{}", order.at_once / streams));
        command.arg(format!("-m{streams}")).arg(format!("-D{}", order.length.as_secs()));
        command.arg("--log-file").arg(&self.times);
        for (name, value) in order.headers {
            // It has a `user-agent` of its own, which only the same spelling replaces.
            command.arg("-H").arg(format!("{}: {value}", name.to_lowercase()));
        }
        command.arg(format!("http://{}{target}", order.addr));
        let process = Process::start("h2load", command, &self.log).map_err(|error| error.to_string())?;
        let ended = process.wait(order.length + GRACE);
        let output = process.log();
        let times = fs::read_to_string(&self.times).unwrap_or_default();
        match ended.filter(std::process::ExitStatus::success).and_then(|_| read(&output, &times)) {
            Some(load) => Ok(load),
            None => Err(format!("h2load failed:\n{output}")),
        }
    }
}

/// What it says at its end, and how long each request took.
fn read(output: &str, times: &str) -> Option<Load> {
    let line = |start: &str| output.lines().find_map(|line| line.strip_prefix(start));
    let (requests, codes) = (line("requests: ")?, line("status codes: ")?);
    // `traffic: 1.2MB (12) total, 3B (3) headers (space savings 9.9%), 1.1MB (11) data`
    let (_, data) = line("traffic: ")?.strip_suffix(") data")?.rsplit_once('(')?;
    let refused = number(codes, "4xx")? + number(codes, "5xx")?;
    Some(Load {
        requests: number(codes, "2xx")? + number(codes, "3xx")? + refused,
        bytes: data.parse().ok()?,
        broken: number(requests, "errored")? + number(requests, "timeout")?,
        refused,
        p99: within(times),
    })
}

/// The number before `word` in `3 one, 4 two`.
fn number(line: &str, word: &str) -> Option<u64> {
    let part = line.split(", ").find_map(|part| part.strip_suffix(word))?;
    part.trim().parse().ok()
}

/// The 99th percentile of the third column, in microseconds.
fn within(times: &str) -> Duration {
    let mut all: Vec<u64> =
        times.lines().filter_map(|line| line.split('\t').nth(2)?.trim().parse().ok()).collect();
    all.sort_unstable();
    let at = all.len() * 99 / 100;
    Duration::from_micros(all.get(at).copied().unwrap_or_default())
}

/// Requests under way on each connection: a go command has one connection, and asks for about as much at once.
const STREAMS: u32 = 8;
/// Bits of a stream's window: 4 MiB, the go command's.
const STREAM_WINDOW: &str = "22";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_read() {
        let output = "finished in 1.00s, 4000.00 req/s, 488.54KB/s
requests: 4019 total, 4028 started, 4019 done, 3000 succeeded, 1019 failed, 2 errored, 1 timeout
status codes: 2900 2xx, 100 3xx, 990 4xx, 10 5xx
traffic: 488.54KB (500264) total, 406.25KB (416000) headers (space savings 40.23%), 11.72KB (12000) data
time for request:       44us      9.11ms       873us       830us    97.95%
";
        let p99 = Duration::from_micros(9_000);
        let load = Load { requests: 4000, bytes: 12_000, broken: 3, refused: 1000, p99 };
        let times: String = (0..100).map(|n| format!("1796076873014148\t200\t{}\n", n / 99 * 9_000)).collect();
        assert_eq!(read(output, &times), Some(load));
        assert_eq!(read("unable to connect\n", ""), None);
    }
}
