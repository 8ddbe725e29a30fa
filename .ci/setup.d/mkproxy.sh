# shellcheck shell=bash
# wasm-tests/mkproxy, built with nothing but the Go tree: x/mod is the copy that the go command itself is made of.

mkproxy_title() { echo "mkproxy, the maker of module trees"; }

mkproxy_ready() {
  [[ $TOOLS/bin/mkproxy -ef $TOOLS/pkg/mkproxy-go$GO_VERSION/mkproxy ]] &&
    fresh "$TOOLS/pkg/mkproxy-go$GO_VERSION/stamp" wasm-tests/mkproxy .ci/setup.d/mkproxy.sh
}

mkproxy_install() {
  # Made first: what is edited while this builds is younger than the stamp.
  : >"$STAGE/stamp"
  cp -R "$TOOLS/go/src/cmd/vendor/golang.org/x/mod" "$STAGE/x-mod"
  printf 'module golang.org/x/mod\n\ngo 1.25\n' >"$STAGE/x-mod/go.mod"
  cp wasm-tests/mkproxy/go.mod "$STAGE/go.mod"
  printf '\nreplace golang.org/x/mod => %s\n' "$STAGE/x-mod" >>"$STAGE/go.mod"
  (cd wasm-tests/mkproxy && hermetic_go build -modfile="$STAGE/go.mod" -trimpath -o "$STAGE/mkproxy" .)
  settle "$TOOLS/pkg/mkproxy-go$GO_VERSION"
  link bin/mkproxy "../pkg/mkproxy-go$GO_VERSION/mkproxy"
}

# The go command without a network, a home or anybody's settings.
hermetic_go() {
  env GOENV=off GOTOOLCHAIN=local GOPROXY=off GOSUMDB=off GOWORK=off CGO_ENABLED=0 \
    GOFLAGS='-mod=mod -modcacherw -buildvcs=false' \
    GOCACHE="$TOOLS/cache/go-build" GOPATH="$TOOLS/cache/go" GOMODCACHE="$TOOLS/cache/go/pkg/mod" \
    "$TOOLS/go/bin/go" "$@"
}
