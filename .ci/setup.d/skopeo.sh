# shellcheck shell=bash
# skopeo, which copies images between a folder and a registry.

skopeo_title() { echo "skopeo"; }

skopeo_ready() { [[ -x $TOOLS/bin/skopeo ]]; }

skopeo_install() { own_or_packaged skopeo skopeo --version; }
