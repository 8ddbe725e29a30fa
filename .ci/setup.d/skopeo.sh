# shellcheck shell=bash
# skopeo, which copies images between a folder and a registry.

skopeo_title() { echo "skopeo"; }

skopeo_ready() { [[ -x $TOOLS/bin/skopeo ]]; }

skopeo_install() {
  local found
  for found in $(type -aP skopeo); do
    [[ $found != "$TOOLS"/* ]] || continue
    link bin/skopeo "$found"
    return
  done
  have_apt || die "no skopeo here and no apt to fetch it: install skopeo and put it on PATH"
  apt_program skopeo usr/bin/skopeo
  "$STAGE/run" --version
  settle "$TOOLS/pkg/skopeo"
  link bin/skopeo ../pkg/skopeo/run
}
