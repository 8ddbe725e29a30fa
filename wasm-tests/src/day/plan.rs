//! How much of a day is wanted.

use serde_json::{Value, json};

use super::parameters::{CLIENTS, MODULES, REQUESTS, SEED, VERSIONS};
use crate::variable::number;

/// A day: its size, and how it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Requests.
    pub requests: u64,
    /// Of the draw.
    pub seed: u64,
    /// Modules that are asked for.
    pub modules: usize,
    /// Of each module.
    pub versions: usize,
    /// Connections.
    pub clients: usize,
    /// Bytes by which memory may grow beyond its share: what the index still takes in so short a day, and Envoy's pools.
    pub room: u64,
    /// How long lists, `@latest` and tree heads are fresh, where it is not as shipped: `(fresh, stale_while_revalidate)` in seconds.
    pub fresh: Option<(u64, u64)>,
}

impl Plan {
    /// The whole day.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            requests: REQUESTS,
            seed: SEED,
            modules: MODULES,
            versions: VERSIONS,
            clients: CLIENTS,
            room: 0,
            fresh: None,
        }
    }

    /// The same in seconds, for `make test`: lists have to grow old in them.
    #[must_use]
    pub fn short() -> Self {
        Self {
            requests: 20_000,
            modules: 20,
            clients: 64,
            room: 16 << 20,
            fresh: Some((1, 1)),
            ..Self::whole()
        }
    }

    /// The whole day with what the variables say. An empty one counts as unset.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let var = |name: &str| var(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let whole = Self::whole();
        let default = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let requests = "TEN_MILLION_REQUESTS";
        let requests = number(requests, var(requests), default(whole.requests), 10_000..=1_000_000_000)?;
        let seed = "TEN_MILLION_SEED";
        let seed = number(seed, var(seed), default(whole.seed), 0..=u32::MAX)?;
        Ok(Self { requests: requests.into(), seed: seed.into(), ..whole })
    }

    /// The plugin configuration's part that is not as shipped.
    pub(super) fn freshness(&self) -> Value {
        let Some((fresh, stale)) = self.fresh else { return json!({}) };
        let fresh = format!("{fresh}s");
        json!({"freshness": {
            "list": fresh, "latest": fresh, "sumdb_latest": fresh, "stale_while_revalidate": format!("{stale}s"),
        }})
    }

    /// How often an answer that changes may be asked for anew in so many seconds: a time is shortened by a tenth at most.
    pub(super) fn refreshes(&self, seconds: f64) -> u64 {
        let fresh = self.fresh.map_or(60, |(fresh, _)| fresh);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few thousand at most"
        )]
        let times = (seconds / (fresh as f64 * 0.9)) as u64;
        times + 1
    }

    /// Which request is the first of this hundredth of the day.
    pub(super) fn at(&self, hundredth: u64) -> u64 {
        self.requests * hundredth / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_bounds() {
        let read = |name: &'static str, text: &'static str| {
            Plan::from_vars(|asked| (asked == name).then(|| text.to_owned()))
        };
        assert_eq!(read("TEN_MILLION_REQUESTS", " ").unwrap(), Plan::whole());
        assert_eq!(read("TEN_MILLION_REQUESTS", "50000").unwrap().at(50), 25_000);
        assert_eq!(read("TEN_MILLION_SEED", "9").unwrap().seed, 9);
        assert!(read("TEN_MILLION_REQUESTS", "9").unwrap_err().starts_with("TEN_MILLION_REQUESTS=9 "));
    }

    #[test]
    fn what_changes_is_asked_for_once_and_then_each_time_it_has_grown_old() {
        let plan = Plan::short();
        assert_eq!([0.0, 0.8, 0.91, 9.1].map(|seconds| plan.refreshes(seconds)), [1, 1, 2, 11]);
        assert_eq!(Plan::whole().refreshes(600.0), 12);
    }
}
