//! What `make capacity` and `make scan` run. See [`modgate_wasm_tests::capacity`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::capacity::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
