//! The load generator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::case::{Case, Target};
use super::pin::Cores;
use super::site::Site;
use crate::process::{self, Process};

/// wrk, ready to run.
#[derive(Debug)]
pub(super) struct Wrk<'a> {
    program: PathBuf,
    script: PathBuf,
    log: PathBuf,
    cores: Option<&'a Cores>,
}

/// What it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// Requests that were answered in full.
    pub(super) requests: u64,
    /// Bytes received, heads included.
    pub(super) bytes: u64,
    /// Connections refused, broken, or without an answer in time.
    pub(super) broken: u64,
    /// Answers of 400 and above.
    pub(super) refused: u64,
}

impl<'a> Wrk<'a> {
    /// Puts its script and its output into `dir`.
    pub(super) fn new(program: &Path, cores: Option<&'a Cores>, dir: &Path) -> Result<Self, String> {
        let script = dir.join("wrk.lua");
        fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
        Ok(Self { program: program.to_owned(), script, log: dir.join("wrk.log"), cores })
    }

    /// The command as a person would write it.
    pub(super) fn shown(&self) -> String {
        format!("wrk -t1 -c{CONNECTIONS}")
    }

    /// Loads the site with a case for so long.
    pub(super) fn run(
        &self,
        case: &Case,
        site: &Site,
        round: &str,
        length: Duration,
    ) -> Result<Load, String> {
        let _ = fs::remove_file(&self.log);
        let mut command = self.command();
        command.args(["-t1", "--timeout", "10s"]).arg(format!("-c{CONNECTIONS}"));
        command.arg(format!("-d{}s", length.as_secs())).arg("-s").arg(&self.script);
        for (name, value) in case.headers() {
            command.arg("-H").arg(format!("{name}: {value}"));
        }
        let base = format!("http://{}", site.addr(case.listener));
        match &case.target {
            Target::Same(target) => command.arg(format!("{base}{target}")),
            Target::Unknown => command.arg(&base).arg("--").arg(Target::unknown(round)),
        };
        let process = Process::start("wrk", command, &self.log).map_err(|error| error.to_string())?;
        let ended = process.wait(length + GRACE);
        let output = process.log();
        match ended.filter(std::process::ExitStatus::success).and_then(|_| read(&output)) {
            Some(load) => Ok(load),
            None => Err(format!("wrk failed:\n{output}")),
        }
    }

    fn command(&self) -> Command {
        self.cores.map_or_else(|| process::command(&self.program), |cores| cores.command(&self.program))
    }
}

fn read(output: &str) -> Option<Load> {
    let mut numbers = output.lines().last()?.strip_prefix("load ")?.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Load { requests: next()?, bytes: next()?, broken: next()?, refused: next()? })
}

/// As the Go proxies were measured.
pub(super) const CONNECTIONS: u64 = 32;

/// For answers on their way when the time is over.
const GRACE: Duration = Duration::from_secs(20);

const SCRIPT: &str = include_str!("wrk.lua");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_read() {
        let load = Load { requests: 10, bytes: 200, broken: 0, refused: 3 };
        assert_eq!(read("Running 3s test\nload 10 200 0 3\n"), Some(load));
        assert_eq!(read("unable to connect\n"), None);
        assert_eq!(read(""), None);
    }
}
