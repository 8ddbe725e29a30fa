//! wrk, for HTTP/1.1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::machine;
use crate::bench::pin::{self, Cores};
use super::{GRACE, Load, Order, Target};
use crate::process::Process;
use crate::tools;

/// wrk, ready to run.
#[derive(Debug)]
pub(super) struct Wrk<'a> {
    program: PathBuf,
    script: PathBuf,
    log: PathBuf,
    cores: Option<&'a Cores>,
}

impl<'a> Wrk<'a> {
    pub(super) fn new(cores: Option<&'a Cores>, dir: &Path) -> Result<Self, String> {
        let script = dir.join("wrk.lua");
        fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
        Ok(Self { program: tools::find("MODGATE_WRK")?, script, log: dir.join("wrk.log"), cores })
    }

    pub(super) fn version(&self) -> String {
        let said = machine::first_line(Command::new(&self.program).arg("-v"));
        said.split(" [").next().unwrap_or_default().to_owned()
    }

    pub(super) fn run(&self, order: &Order<'_>) -> Result<Load, String> {
        let _ = fs::remove_file(&self.log);
        let mut command = pin::command(self.cores, &self.program);
        command.args(["-t1", "--timeout", "10s"]).arg(format!("-c{}", order.at_once));
        command.arg(format!("-d{}s", order.length.as_secs())).arg("-s").arg(&self.script);
        for (name, value) in order.headers {
            command.arg("-H").arg(format!("{name}: {value}"));
        }
        let base = format!("http://{}", order.addr);
        match order.target {
            Target::Same(target) => command.arg(format!("{base}{target}")),
            Target::Below(path) => command.arg(&base).arg("--").arg(path),
        };
        let process = Process::start("wrk", command, &self.log).map_err(|error| error.to_string())?;
        let ended = process.wait(order.length + GRACE);
        let output = process.log();
        match ended.filter(std::process::ExitStatus::success).and_then(|_| read(&output)) {
            Some(load) => Ok(load),
            None => Err(format!("wrk failed:\n{output}")),
        }
    }
}

fn read(output: &str) -> Option<Load> {
    let mut numbers = output.lines().last()?.strip_prefix("load ")?.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Load {
        requests: next()?,
        bytes: next()?,
        broken: next()?,
        refused: next()?,
        p99: Duration::from_micros(next()?),
    })
}

const SCRIPT: &str = include_str!("wrk.lua");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_read() {
        let p99 = Duration::from_millis(7);
        let load = Load { requests: 10, bytes: 200, broken: 0, refused: 3, p99 };
        assert_eq!(read("Running 3s test\nload 10 200 0 3 7000\n"), Some(load));
        assert_eq!(read("unable to connect\n"), None);
        assert_eq!(read(""), None);
    }
}
