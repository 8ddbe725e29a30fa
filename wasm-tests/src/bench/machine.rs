//! What a run was measured on, in words that name no host and no path.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use super::pin::Cores;

/// A fact and its name.
pub(super) type Fact = (&'static str, String);

/// What is so whatever is measured.
pub(super) fn facts(cores: Option<&Cores>) -> Vec<Fact> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).map(|rest| rest.trim_matches([' ', '\t', ':']));
    let count = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let pinned = cores.map_or_else(
        || "nothing is pinned to a core (no taskset, or one core only)".to_owned(),
        |_| "the measured server has one to itself".to_owned(),
    );
    vec![
        ("date", today()),
        ("CPU", format!("{}, {count} cores: {pinned}", model.unwrap_or("of no name"))),
        ("kernel", format!("Linux {}", kernel.split(['-', '\n']).next().unwrap_or_default())),
    ]
}

/// The first line a program says, with either output.
pub(super) fn first_line(command: &mut Command) -> String {
    let said = command.output().map(|said| [said.stdout, said.stderr].concat()).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    said.lines().next().unwrap_or("no version").trim().to_owned()
}

/// As `2 Jan 2026`.
fn today() -> String {
    let date = httpdate::fmt_http_date(SystemTime::now());
    date.split_whitespace().skip(1).take(3).collect::<Vec<_>>().join(" ").trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_its_version() {
        assert_eq!(first_line(Command::new("echo").args(["wrk 4.1\nand more"])), "wrk 4.1");
        assert_eq!(first_line(&mut Command::new("/none")), "no version");
    }

    #[test]
    fn facts_name_no_path() {
        let facts = facts(None);
        assert!(facts.len() == 3 && facts.iter().all(|(_, value)| !value.contains('/') && !value.is_empty()), "{facts:?}");
    }
}
