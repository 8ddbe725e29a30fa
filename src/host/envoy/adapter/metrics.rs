//! What was measured, told to the host. What the core adds up comes here on ticks; all else each time it is measured.

use std::collections::BTreeMap;

use proxy_wasm::{hostcalls, types::MetricType};

use crate::metrics::{Measure, Metric};

/// The metrics that the host was told of, by what it calls each; nothing where it took none.
#[derive(Default)]
pub(super) struct Metrics {
    ids: BTreeMap<Metric, Option<u32>>,
}

impl Metrics {
    /// Tells the host.
    pub(super) fn tell(&mut self, Measure { metric, value }: Measure) {
        let kind = match metric {
            Metric::Counter(_) => MetricType::Counter,
            Metric::Gauge(_) => MetricType::Gauge,
            Metric::Histogram(_) => MetricType::Histogram,
        };
        let is_counter = matches!(metric, Metric::Counter(_));
        let define = |metric: &Metric| hostcalls::define_metric(kind, &metric.stat_name()).ok();
        let Some(id) = *self.ids.entry(metric).or_insert_with_key(define) else { return };
        let _ = if is_counter {
            // The host takes no increment by nothing, and the core tells none.
            hostcalls::increment_metric(id, i64::try_from(value).unwrap_or(i64::MAX))
        } else {
            hostcalls::record_metric(id, value)
        };
    }
}
