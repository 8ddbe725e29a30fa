//! `envoy/envoy-1.36.yaml`, for the Envoy that needs it.

use serde_json::Value;

use super::{Bootstrap, merge::merge, read_yaml};
use crate::tools;

/// The first Envoy that takes `envoy/gateway.yaml` as it is.
const FIRST: (u32, u32) = (1, 37);
/// What a line is called in that file that says a download's `path`, and so on.
const BESIDE: &str = "download_";

impl Bootstrap {
    /// Puts in what an Envoy of this version needs in place of parts of `envoy/gateway.yaml`.
    pub(crate) fn suit(&mut self, envoy: (u32, u32)) -> Result<(), String> {
        if envoy >= FIRST {
            return Ok(());
        }
        let parts = read_yaml(&tools::repository().join("envoy/envoy-1.36.yaml"))?;
        let logs = self.hcm()["access_log"].as_array_mut();
        for log in logs.into_iter().flatten() {
            let format = log["typed_config"].pointer_mut("/log_format/json_format");
            format.into_iter().for_each(|format| merge(format, &parts["json_format"]));
        }
        Ok(())
    }
}

/// A line of the access log as `envoy/gateway.yaml` has Envoy write it: of a download, what the client asked for.
pub(crate) fn as_shipped(mut line: Value) -> Value {
    for name in ["path", "agent", "request_id"] {
        let beside = line.get_mut(format!("{BESIDE}{name}")).map(Value::take);
        if let Some(beside) = beside.filter(|beside| !beside.is_null()) {
            line[name] = beside;
        }
    }
    line
}
