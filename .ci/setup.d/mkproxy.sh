# shellcheck shell=bash
# wasm-tests/mkproxy.
# shellcheck source=.ci/setup.d/goprogram.sh
. .ci/setup.d/goprogram.sh

mkproxy_title() { echo "mkproxy, the maker of module trees"; }
mkproxy_ready() { goprogram_ready mkproxy; }
mkproxy_install() { goprogram_install mkproxy; }
