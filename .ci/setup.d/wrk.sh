# shellcheck shell=bash
# The load generator of `make bench` that speaks HTTP/1.1.

wrk_title() { echo "wrk"; }

wrk_ready() { [[ -x $TOOLS/bin/wrk ]]; }

wrk_install() {
  local found
  for found in $(type -aP wrk); do
    [[ $found != "$TOOLS"/* ]] || continue
    link bin/wrk "$found"
    return
  done
  have_apt || die "no wrk here and no apt to fetch it: install wrk and put it on PATH"
  apt_program wrk usr/bin/wrk
  settle "$TOOLS/pkg/wrk"
  link bin/wrk ../pkg/wrk/run
}
