# shellcheck shell=bash
# Valgrind, whose callgrind counts instructions for `make bench-core`.

valgrind_title() { echo "Valgrind"; }

valgrind_ready() { [[ $TOOLS/bin/valgrind -ef $TOOLS/pkg/valgrind/run ]]; }

valgrind_install() {
  local found
  for found in $(type -aP valgrind); do
    [[ $found != "$TOOLS"/* ]] || continue
    # It looks for its other half beside the name that it is called by: a link would be that.
    printf '#!/bin/sh\nexec %q "$@"\n' "$found" >"$STAGE/run"
    chmod +x "$STAGE/run"
    settle "$TOOLS/pkg/valgrind"
    link bin/valgrind ../pkg/valgrind/run
    return
  done
  have_apt || die "no valgrind here and no apt to fetch it: install valgrind and put it on PATH"
  apt_unpack "$STAGE" valgrind
  cat >"$STAGE/run" <<'RUN'
#!/bin/sh
# The distribution's program, which looks for its tools where the package would have put them.
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
VALGRIND_LIB=$here/usr/libexec/valgrind
export VALGRIND_LIB
exec "$here/usr/bin/valgrind" "$@"
RUN
  chmod +x "$STAGE/run"
  settle "$TOOLS/pkg/valgrind"
  link bin/valgrind ../pkg/valgrind/run
}
