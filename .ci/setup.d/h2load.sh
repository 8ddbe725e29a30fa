# shellcheck shell=bash
# The load generator of `make bench` that speaks HTTP/2.

h2load_title() { echo "h2load"; }

h2load_ready() { [[ -x $TOOLS/bin/h2load ]]; }

h2load_install() {
  local found
  for found in $(type -aP h2load); do
    [[ $found != "$TOOLS"/* ]] || continue
    link bin/h2load "$found"
    return
  done
  have_apt || die "no h2load here and no apt to fetch it: install nghttp2's client programs and put h2load on PATH"
  apt_program nghttp2-client usr/bin/h2load
  settle "$TOOLS/pkg/h2load"
  link bin/h2load ../pkg/h2load/run
}
