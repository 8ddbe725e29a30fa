//! The gateway in the foreground: what `make run` runs. See [`modgate_wasm_tests::gateway`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::gateway::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
