//! Counters: added up in the VM, given to the host now and then.
//!
//! Telling the host of every single count is one of the few host calls that an answer from the index makes. Added up, a
//! burst of a thousand answers costs one call per counter. Gauges are told as they are set: the core does that seldom.

use std::collections::BTreeMap;

use proxy_wasm::{hostcalls, types::MetricType};

use crate::metrics::{Gauge, Metric};

#[derive(Default)]
pub(super) struct Counters {
    counters: BTreeMap<Metric, Counter>,
    /// What the host calls each; `None` where it took none.
    gauges: BTreeMap<Gauge, Option<u32>>,
    /// Whether any of them has something the host was not told.
    behind: bool,
}

#[derive(Default)]
struct Counter {
    /// What the host calls it; nothing until it is first told of it.
    id: Option<u32>,
    untold: i64,
}

impl Counters {
    pub(super) fn add(&mut self, metric: Metric) {
        let counter = self.counters.entry(metric).or_default();
        counter.untold = counter.untold.saturating_add(1);
        self.behind = true;
    }

    /// Tells the host the value of a gauge.
    pub(super) fn set(&mut self, gauge: Gauge, value: u64) {
        let id = *self
            .gauges
            .entry(gauge)
            .or_insert_with(|| hostcalls::define_metric(MetricType::Gauge, &gauge.to_string()).ok());
        if let Some(id) = id {
            let _ = hostcalls::record_metric(id, value);
        }
    }

    /// Whether a [`Counters::flush`] is due.
    pub(super) fn is_behind(&self) -> bool {
        self.behind
    }

    /// Tells the host everything.
    pub(super) fn flush(&mut self) {
        if !std::mem::take(&mut self.behind) {
            return;
        }
        // The host takes no increment by nothing.
        for (metric, counter) in self.counters.iter_mut().filter(|(_, counter)| counter.untold > 0) {
            let id = *counter.id.get_or_insert_with(|| {
                hostcalls::define_metric(MetricType::Counter, &metric.to_string()).unwrap_or_default()
            });
            let _ = hostcalls::increment_metric(id, counter.untold);
            counter.untold = 0;
        }
    }
}
