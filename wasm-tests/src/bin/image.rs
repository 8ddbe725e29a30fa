//! The image of the filter: what `make image` writes. See [`modgate_wasm_tests::image`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    modgate_wasm_tests::image::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
