# shellcheck shell=bash
# The registry of images that the round trip of ours goes through.

registry_title() { echo "docker-registry"; }

registry_ready() { [[ -x $TOOLS/bin/docker-registry ]]; }

registry_install() { own_or_packaged docker-registry docker-registry --version; }
