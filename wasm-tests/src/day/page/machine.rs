//! On what it ran.

use std::fs;
use std::process::Command;

use crate::tools;

/// Processor, cores, kernel and versions, without a name of the machine.
pub(super) fn described() -> Result<String, String> {
    let cpus = fs::read_to_string("/proc/cpuinfo").map_err(|error| error.to_string())?;
    let of = |field: &str| cpus.lines().find_map(|line| Some(line.strip_prefix(field)?.split_once(':')?.1.trim()));
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let envoy = Command::new(tools::find("MODGATE_ENVOY")?).arg("--version").output();
    let envoy = envoy.map_err(|error| error.to_string())?;
    let envoy = String::from_utf8_lossy(&envoy.stdout);
    // envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL
    let version = envoy.split('/').find(|part| part.starts_with(|first: char| first.is_ascii_digit()) && part.contains('.'));
    Ok(format!(
        "{cores} cores of {}, Linux {}, Envoy {}.",
        of("model name").unwrap_or("an unknown processor"),
        kernel.trim(),
        version.unwrap_or("of an unknown version")
    ))
}
