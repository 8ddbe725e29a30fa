# shellcheck shell=bash
# wasm-bindgen-test-runner, of the very version that the tests are linked with.

bindgen_version() { sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p;q}' Cargo.lock; }

bindgen_title() { echo "wasm-bindgen-test-runner $(bindgen_version) (compiled: 1 to 2 minutes)"; }

bindgen_ready() {
  [[ $TOOLS/bin/wasm-bindgen-test-runner -ef $TOOLS/pkg/bindgen-$(bindgen_version)/bin/wasm-bindgen-test-runner ]]
}

bindgen_install() {
  local version
  version=$(bindgen_version)
  cargo_build wasm-bindgen-cli "$version" --no-default-features --bin wasm-bindgen-test-runner
  settle "$TOOLS/pkg/bindgen-$version"
  link bin/wasm-bindgen-test-runner "../pkg/bindgen-$version/bin/wasm-bindgen-test-runner"
}
