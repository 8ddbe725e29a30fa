#!/usr/bin/env bash
# Writes src/advisory/testdata, src/gomod/testdata, src/gomod/unicode, src/modzip/testdata, src/policy/testdata and src/sumdb/testdata anew: the
# answers of Go's own unicode, path, archive/zip and golang.org/x/mod, as the toolchain ships them.
#
#   GO=path/to/go wasm-tests/golden/generate.sh      or      wasm-tests/golden/generate.sh path/to/go
#
# The ranges of advisories are read from their table, or with VULNDB=path/to/vulndb.zip from Go's vulnerability database anew.
#
# Nothing is downloaded. The tables are the same on every run with one version of Go.
set -euo pipefail

go=${1:-${GO:-go}}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../../src

export GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off GOWORK=off GOENV=off

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/*.go "$here/go.mod" "$work/"
cp -R "$("$go" env GOROOT)/src/cmd/vendor/golang.org/x/mod" "$work/xmod"
printf 'module golang.org/x/mod\n\ngo 1.27\n' >"$work/xmod/go.mod"

mkdir -p "$out"/gomod/{testdata,unicode} "$out"/{advisory,modzip,policy,sumdb}/testdata
(cd "$work" && "$go" build -o golden .)
"$work/golden" "$out"
