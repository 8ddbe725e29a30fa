# shellcheck shell=bash
# cargo-fuzz and the nightly compiler it needs.

fuzz_title() { echo "cargo-fuzz $CARGO_FUZZ_VERSION (compiled: 1 minute)"; }

fuzz_ready() {
  [[ $TOOLS/bin/cargo-fuzz -ef $TOOLS/pkg/fuzz-$CARGO_FUZZ_VERSION/bin/cargo-fuzz ]] || return
  compgen -G "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/nightly-*" >/dev/null
}

fuzz_install() {
  command -v rustup >/dev/null || die "rustup is missing: fuzzing needs it for the nightly compiler"
  rustup run nightly rustc --version || retry rustup toolchain install nightly --profile minimal
  cargo_build cargo-fuzz "$CARGO_FUZZ_VERSION"
  settle "$TOOLS/pkg/fuzz-$CARGO_FUZZ_VERSION"
  link bin/cargo-fuzz "../pkg/fuzz-$CARGO_FUZZ_VERSION/bin/cargo-fuzz"
}
