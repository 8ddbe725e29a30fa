# shellcheck shell=bash
# The load generator of `make bench` that speaks HTTP/2.

h2load_title() { echo "h2load"; }

h2load_ready() { [[ -x $TOOLS/bin/h2load ]]; }

h2load_install() { own_or_packaged h2load nghttp2-client; }
