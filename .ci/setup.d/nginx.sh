# shellcheck shell=bash
# nginx with WebDAV: the bundled storage node. The one on the system is used if it can PUT.

nginx_title() { echo "nginx with WebDAV"; }

nginx_ready() { [[ -x $TOOLS/bin/nginx ]]; }

# can_put NGINX: it was built with WebDAV. Its answer is read whole before it is searched, as lib.sh says of ldd's.
can_put() {
  local built
  built=$("$1" -V 2>&1) && [[ $built == *http_dav_module* ]]
}

nginx_install() {
  local found
  # An ordinary user's PATH has no sbin.
  for found in $(type -aP nginx) /usr/sbin/nginx /usr/local/sbin/nginx; do
    [[ -x $found && $found != "$TOOLS"/* ]] || continue
    can_put "$found" || continue
    link bin/nginx "$found"
    return
  done
  have_apt ||
    die "no nginx with http_dav_module here and no apt to fetch one: install such an nginx and put it on PATH"
  apt_program nginx usr/sbin/nginx
  can_put "$STAGE/run" || die "this distribution's nginx has no http_dav_module"
  settle "$TOOLS/pkg/nginx"
  link bin/nginx ../pkg/nginx/run
}
