# shellcheck shell=bash
# .tools/modules/sample from examples/modules, and .tools/modules/odd from mkproxy's odd.json.

sample_title() { echo "sample modules"; }

sample_ready() {
  [[ -s $TOOLS/modules/sample/modules.json && -s $TOOLS/modules/odd/modules.json ]] &&
    fresh "$TOOLS/modules/.sample" examples/modules .ci/setup.d/sample.sh "$TOOLS/pkg/mkproxy-go$GO_VERSION/stamp"
}

sample_install() {
  : >"$STAGE/stamp"
  "$TOOLS/bin/mkproxy" -out "$STAGE/sample" -tree examples/modules
  "$TOOLS/bin/mkproxy" -out "$STAGE/odd" wasm-tests/mkproxy/odd.json
  rm -rf "$TOOLS/modules/sample" "$TOOLS/modules/odd"
  mv "$STAGE/sample" "$STAGE/odd" "$TOOLS/modules/"
  mv "$STAGE/stamp" "$TOOLS/modules/.sample"
}
