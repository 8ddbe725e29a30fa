//! A day of ten million requests: what `make ten-million` runs. See [`modgate_wasm_tests::day`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::day::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
