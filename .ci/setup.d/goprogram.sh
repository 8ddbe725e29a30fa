# shellcheck shell=bash
# Go programs of wasm-tests, built with nothing but the Go tree: x/mod is the copy that the go command itself is made of.

goprogram_ready() {
  [[ $TOOLS/bin/$1 -ef $TOOLS/pkg/$1-go$GO_VERSION/$1 ]] &&
    fresh "$TOOLS/pkg/$1-go$GO_VERSION/stamp" "wasm-tests/$1" .ci/setup.d/goprogram.sh
}

goprogram_install() {
  # Made first: what is edited while this builds is younger than the stamp.
  : >"$STAGE/stamp"
  cp -R "$TOOLS/go/src/cmd/vendor/golang.org/x/mod" "$STAGE/x-mod"
  printf 'module golang.org/x/mod\n\ngo 1.25\n' >"$STAGE/x-mod/go.mod"
  cp "wasm-tests/$1/go.mod" "$STAGE/go.mod"
  printf '\nreplace golang.org/x/mod => %s\n' "$STAGE/x-mod" >>"$STAGE/go.mod"
  (cd "wasm-tests/$1" && hermetic_go build -modfile="$STAGE/go.mod" -trimpath -o "$STAGE/$1" .)
  settle "$TOOLS/pkg/$1-go$GO_VERSION"
  link "bin/$1" "../pkg/$1-go$GO_VERSION/$1"
}

# The go command without a network, a home or anybody's settings.
hermetic_go() {
  env GOENV=off GOTOOLCHAIN=local GOPROXY=off GOSUMDB=off GOWORK=off CGO_ENABLED=0 \
    GOFLAGS='-mod=mod -modcacherw -buildvcs=false' \
    GOCACHE="$TOOLS/cache/go-build" GOPATH="$TOOLS/cache/go" GOMODCACHE="$TOOLS/cache/go/pkg/mod" \
    "$TOOLS/go/bin/go" "$@"
}
