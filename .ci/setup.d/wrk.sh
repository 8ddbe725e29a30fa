# shellcheck shell=bash
# The load generator of `make bench` that speaks HTTP/1.1.

wrk_title() { echo "wrk"; }

wrk_ready() { [[ -x $TOOLS/bin/wrk ]]; }

wrk_install() { own_or_packaged wrk wrk; }
