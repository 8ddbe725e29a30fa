# shellcheck shell=bash
# Garage, the replicated object store of `make garage`.

garage_title() { echo "Garage $GARAGE_VERSION (compiled: about 10 minutes)"; }

garage_ready() { [[ $TOOLS/bin/garage -ef $TOOLS/pkg/garage-$GARAGE_VERSION/bin/garage ]]; }

garage_install() {
  cargo_build garage "$GARAGE_VERSION" --no-default-features --features bundled-libs,lmdb
  settle "$TOOLS/pkg/garage-$GARAGE_VERSION"
  link bin/garage "../pkg/garage-$GARAGE_VERSION/bin/garage"
}
