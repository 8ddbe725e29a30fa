# shellcheck shell=bash
# The registry of images that the round trip of ours goes through.

registry_title() { echo "docker-registry"; }

registry_ready() { [[ -x $TOOLS/bin/docker-registry ]]; }

registry_install() {
  local found
  for found in $(type -aP docker-registry); do
    [[ $found != "$TOOLS"/* ]] || continue
    link bin/docker-registry "$found"
    return
  done
  have_apt || die "no docker-registry here and no apt to fetch it: install it and put it on PATH"
  apt_program docker-registry usr/bin/docker-registry
  "$STAGE/run" --version
  settle "$TOOLS/pkg/docker-registry"
  link bin/docker-registry ../pkg/docker-registry/run
}
