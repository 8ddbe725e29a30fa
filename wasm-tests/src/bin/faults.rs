//! Writes `docs/faults.md`: what `make faults` runs after the suites. See [`modgate_wasm_tests::field`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::field::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
