//! The variables that `make bench` takes.

use std::time::Duration;

use crate::variable::number;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// `BENCH_SECONDS`: how long each case is measured in each round.
    pub(super) each: Duration,
    /// `BENCH_ROUNDS`.
    pub(super) rounds: u32,
    /// `BENCH_CASES`: parts of the names of the cases to measure, with their bases; all when empty.
    pub(super) cases: Vec<String>,
}

impl Settings {
    /// Reads them. A variable that is empty counts as unset.
    pub(super) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let var =
            |name: &str| var(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let seconds = number("BENCH_SECONDS", var("BENCH_SECONDS"), 3, 1..=60)?;
        let cases = var("BENCH_CASES").unwrap_or_default();
        Ok(Self {
            each: Duration::from_secs(seconds.into()),
            rounds: number("BENCH_ROUNDS", var("BENCH_ROUNDS"), 3, 1..=99)?,
            cases: cases
                .split(',')
                .map(|case| case.trim().to_owned())
                .filter(|case| !case.is_empty())
                .collect(),
        })
    }

    /// Whether a case of this name is to be measured.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|part| name.contains(part.as_str()))
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
        assert_eq!(read("BENCH_SECONDS", " 1 ").unwrap().each, Duration::from_secs(1));
        assert_eq!(read("BENCH_ROUNDS", "").unwrap().rounds, 3);
        assert!(read("BENCH_SECONDS", "0").unwrap_err().starts_with("BENCH_SECONDS=0 "));
        assert!(read("BENCH_ROUNDS", "many").is_err());
    }

    #[test]
    fn a_part_of_a_name_is_enough() {
        let settings = read("BENCH_CASES", "list, .mod,").unwrap();
        assert!(settings.wants("hit: @v/list") && settings.wants("hit: .mod"));
        assert!(!settings.wants("hit: .info") && read("BENCH_CASES", "").unwrap().wants("hit: .info"));
    }
}
