# shellcheck shell=bash
# wasm-tests/sumdb.
# shellcheck source=.ci/setup.d/goprogram.sh
. .ci/setup.d/goprogram.sh

sumdb_title() { echo "sumdb, a checksum database"; }
sumdb_ready() { goprogram_ready sumdb; }
sumdb_install() { goprogram_install sumdb; }
