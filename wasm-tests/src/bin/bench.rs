//! The gateway under load: what `make bench` runs. See [`modgate_wasm_tests::bench`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::bench::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
