//! What a process costs, from `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

use super::family;

/// Memory and CPU time of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The most resident memory in bytes since the start, or since [`forget_peak`].
    pub peak: u64,
    /// Resident memory in bytes.
    pub rss: u64,
    /// User and system time since its start, all threads.
    pub cpu: Duration,
}

/// The usage of process `pid`, while it runs.
#[must_use]
pub fn of(pid: u32) -> Option<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(Usage { peak: memory(&status, "VmHWM:")?, rss: memory(&status, "VmRSS:")?, cpu: cpu(&stat)? })
}

/// The usage of process `pid` and of all that it has started, while it runs. Of those that have ended, what their parents know: their time.
#[must_use]
pub fn of_family(pid: u32) -> Option<Usage> {
    let one = |pid: u32| {
        let ended = cpu_of_ended(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        of(pid).map(|usage| Usage { cpu: usage.cpu + ended, ..usage })
    };
    let children = family::descendants(pid).into_iter().filter_map(one);
    let add = |sum: Usage, more: Usage| Usage {
        peak: sum.peak + more.peak,
        rss: sum.rss + more.rss,
        cpu: sum.cpu + more.cpu,
    };
    Some(children.fold(one(pid)?, add))
}

/// Lets the peak of process `pid` begin anew.
///
/// # Errors
/// When the process is gone or somebody else's.
pub fn forget_peak(pid: u32) -> io::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

fn memory(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

fn cpu(stat: &str) -> Option<Duration> {
    ticks(stat, 11)
}

/// Of the children that it has waited for.
fn cpu_of_ended(stat: &str) -> Option<Duration> {
    ticks(stat, 13)
}

/// User and system time, the first of which is field `at` after the name.
fn ticks(stat: &str, at: usize) -> Option<Duration> {
    // The program's name, in parentheses, may itself hold spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(at);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // Linux shows these in units of 1/100 s to every program (USER_HZ).
    Some(Duration::from_millis(ticks * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b)) S 1 7 7 0 -1 0 1 2 3 4 150 50 20 5";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_of_ended(stat), Some(Duration::from_millis(250)));
    }

    #[test]
    fn this_process_has_memory() {
        let usage = of(std::process::id()).unwrap();
        assert!(usage.rss > 100_000 && usage.peak >= usage.rss, "{usage:?}");
        assert!(of_family(std::process::id()).unwrap().peak > 100_000);
    }
}
