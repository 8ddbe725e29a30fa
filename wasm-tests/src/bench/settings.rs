//! The variables that `make bench` takes.

use std::time::Duration;

use crate::variable::number;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// `BENCH_SECONDS`: how long each cell is measured in each round.
    pub(super) each: Duration,
    /// `BENCH_ROUNDS`.
    pub(super) rounds: u32,
    /// `BENCH_CASES`: parts of the names of the cases to measure, with what they are compared with; all when empty.
    cases: Vec<String>,
    /// `BENCH_SERVERS`: the same of the servers.
    servers: Vec<String>,
    /// `BENCH_WRITE`: whether the documentation is written anew.
    pub(super) write: bool,
}

impl Settings {
    /// Reads them. A variable that is empty counts as unset.
    pub(super) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let var =
            |name: &str| var(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let names = |name: &str| {
            let names = var(name).unwrap_or_default();
            names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        };
        let seconds = number("BENCH_SECONDS", var("BENCH_SECONDS"), 1, 1..=60)?;
        let settings = Self {
            each: Duration::from_secs(seconds.into()),
            rounds: number("BENCH_ROUNDS", var("BENCH_ROUNDS"), 3, 1..=99)?,
            cases: names("BENCH_CASES"),
            servers: names("BENCH_SERVERS"),
            write: number("BENCH_WRITE", var("BENCH_WRITE"), 0, 0..=1)? == 1,
        };
        if settings.write && !(settings.cases.is_empty() && settings.servers.is_empty()) {
            return Err("BENCH_WRITE=1 writes what all cases and servers came to: leave BENCH_CASES and BENCH_SERVERS out".to_owned());
        }
        Ok(settings)
    }

    /// Whether a case of this name is to be asked of a server of this name.
    pub(super) fn wants(&self, case: &str, server: &str) -> bool {
        let among = |parts: &[String], name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()));
        among(&self.cases, case) && among(&self.servers, server)
    }

    /// The command that measures the same again.
    pub(super) fn command(&self) -> String {
        let mut command = format!("make bench BENCH_SECONDS={} BENCH_ROUNDS={}", self.each.as_secs(), self.rounds);
        for (name, parts) in [("BENCH_CASES", &self.cases), ("BENCH_SERVERS", &self.servers)] {
            if !parts.is_empty() {
                command += &format!(" {name}='{}'", parts.join(","));
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Result<Settings, String> {
        Settings::from_vars(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn bounds_are_kept_and_named() {
        assert_eq!(read("BENCH_SECONDS", " 2 ").unwrap().each, Duration::from_secs(2));
        assert_eq!(read("BENCH_ROUNDS", "").unwrap().rounds, 3);
        assert!(read("BENCH_SECONDS", "0").unwrap_err().starts_with("BENCH_SECONDS=0 "));
        assert!(read("BENCH_ROUNDS", "many").is_err());
    }

    #[test]
    fn a_part_of_a_name_is_enough() {
        let settings = read("BENCH_CASES", "list, .mod,").unwrap();
        assert!(settings.wants("list", "nginx") && settings.wants(".mod under rules", "Modgate"));
        assert!(!settings.wants(".info", "nginx") && read("BENCH_CASES", "").unwrap().wants(".info", "nginx"));
        let settings = read("BENCH_SERVERS", "nginx").unwrap();
        assert!(settings.wants("list", "nginx with the files") && !settings.wants("list", "Modgate"));
        assert!(settings.command().ends_with(" BENCH_SERVERS='nginx'"), "{}", settings.command());
    }

    #[test]
    fn a_part_is_not_written_down_as_the_whole() {
        assert!(read("BENCH_WRITE", "1").unwrap().write);
        let all = |asked: &str| matches!(asked, "BENCH_WRITE" | "BENCH_CASES").then(|| "1".to_owned());
        assert!(Settings::from_vars(all).is_err());
    }
}
