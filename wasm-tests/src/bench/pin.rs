//! Who runs on which core: load and server on one core would take each other's caches.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{self, family};

/// A core for the measured server and the others for the rest, held by util-linux's `taskset`.
#[derive(Debug)]
pub(super) struct Cores {
    taskset: PathBuf,
    measured: u32,
    others: String,
}

/// A command for `program`, on the cores of the rest.
pub(super) fn command(cores: Option<&Cores>, program: &Path) -> Command {
    let Some(cores) = cores else { return process::command(program) };
    let mut command = process::command(&cores.taskset);
    command.args(["-c", &cores.others]).arg(program);
    command
}

impl Cores {
    /// The cores of this machine; nothing where there is one only, or no `taskset`.
    pub(super) fn find() -> Result<Option<Self>, String> {
        let path = env::var_os("PATH").unwrap_or_default();
        let taskset = env::split_paths(&path).map(|dir| dir.join("taskset")).find(|file| file.is_file());
        let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        Ok(taskset.zip(split(allowed.unwrap_or_default())).map(|(taskset, (measured, others))| Self {
            taskset,
            measured,
            others,
        }))
    }

    /// Gives the measured server's core to all threads of `pid` and what it has started.
    pub(super) fn pin_measured(&self, pid: u32) -> Result<(), String> {
        self.pin_all(pid, &self.measured.to_string())
    }

    /// Gives the other cores to `pid` and what it has started.
    pub(super) fn pin_other(&self, pid: u32) -> Result<(), String> {
        self.pin_all(pid, &self.others)
    }

    fn pin_all(&self, pid: u32, cores: &str) -> Result<(), String> {
        family::descendants(pid).into_iter().chain([pid]).try_for_each(|pid| self.pin(pid, cores))
    }

    fn pin(&self, pid: u32, cores: &str) -> Result<(), String> {
        let status = Command::new(&self.taskset)
            .args(["-a", "-p", "-c", cores, &pid.to_string()])
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("taskset: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("taskset cannot move {pid} to core {cores}")) }
    }
}

/// The last core of a list such as `0-3,8` (the first ones serve interrupts), and all others.
fn split(list: &str) -> Option<(u32, String)> {
    let mut cores = Vec::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cores.extend(first.parse::<u32>().ok()?..=last.parse().ok()?);
    }
    let measured = cores.pop()?;
    let others: Vec<_> = cores.iter().map(u32::to_string).collect();
    (!others.is_empty()).then(|| (measured, others.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_split() {
        assert_eq!(split("\t0-1\n"), Some((1, "0".to_owned())));
        assert_eq!(split("0-2,5"), Some((5, "0,1,2".to_owned())));
        assert_eq!(split("3"), None, "nothing to share");
        assert_eq!(split(""), None);
    }
}
