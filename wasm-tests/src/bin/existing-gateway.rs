//! A gateway that people have already, before and after: what `make existing-gateway` runs. See [`modgate_wasm_tests::existing`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::gateway::existing()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
