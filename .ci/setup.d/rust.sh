# shellcheck shell=bash
# The toolchain of rust-toolchain.toml with clippy, rustfmt and the wasm32 target.

rust_channel() { sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml; }

rust_title() { echo "Rust $(rust_channel) with wasm32-unknown-unknown"; }

# Looks at the folders: asking rustup takes longer than all other checks together.
rust_ready() {
  local sysroot
  for sysroot in "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/$(rust_channel)"-*; do
    [[ -x $sysroot/bin/cargo-clippy && -x $sysroot/bin/rustfmt &&
      -d $sysroot/lib/rustlib/wasm32-unknown-unknown/lib ]] && return
  done
  # A Rust that no rustup manages will do if it is the same one.
  ! command -v rustup >/dev/null && command -v rustc >/dev/null &&
    [[ $(rustc --version) == "rustc $(rust_channel) "* &&
      -d $(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib ]]
}

rust_install() {
  local channel
  channel=$(rust_channel)
  command -v rustup >/dev/null ||
    die "rustup is missing: install it (https://rustup.rs), or put a Rust $channel with the target wasm32-unknown-unknown on PATH"
  if ! rustup run "$channel" rustc --version; then
    retry rustup toolchain install "$channel" --profile minimal -c clippy -c rustfmt
  fi
  retry rustup component add --toolchain "$channel" clippy rustfmt
  retry rustup target add --toolchain "$channel" wasm32-unknown-unknown
}
