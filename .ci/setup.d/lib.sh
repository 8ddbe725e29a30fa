# shellcheck shell=bash
# STAGE lives in the subshell of one install, and all that use it run in there.
# shellcheck disable=SC2030,SC2031
# What the tool files share. Sourced by .ci/setup, at the root of the repository, under set -euo pipefail.

TOOLS=$PWD/.tools

say() { printf 'setup   %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Held until this process and all it started are gone, so that nothing is tidied away under a running install.
take_lock() {
  mkdir -p "$TOOLS/bin" "$TOOLS/pkg" "$TOOLS/log" "$TOOLS/modules"
  if command -v flock >/dev/null; then
    exec 9>"$TOOLS/lock"
    flock -n 9 || {
      say "waiting for another set-up to finish"
      flock 9
    }
  fi
  # Left by an interrupted run: nobody else can be in there now.
  rm -rf "$TOOLS/tmp"
  mkdir -p "$TOOLS/tmp"
}

# install_tool TOOL: one line of progress; what the installer says goes to a log that is shown if it fails.
install_tool() {
  local tool=$1 log=$TOOLS/log/$1.log status=0 began=$SECONDS
  say "$("${tool}_title") ..."
  # A subshell outside any condition: set -e holds inside it.
  set +e
  (
    set -e
    STAGE=$(mktemp -d "$TOOLS/tmp/$tool.XXXXXX")
    "${tool}_install"
    rm -rf "$STAGE"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if ((status == 0)) && "${tool}_ready"; then
    printf '%s %s\n' "$tool" "$((SECONDS - began)) s" >>"$TOOLS/log/times"
    return
  fi
  tail -n 15 "$log" >&2
  die "set-up of $tool failed; the whole log is .tools/log/$tool.log"
}

# settle DIR: renames what was staged into place, over an older one.
settle() {
  rm -rf "$1"
  mkdir -p "$(dirname "$1")"
  mv "$STAGE" "$1"
}

# link NAME TARGET: .tools/NAME -> TARGET (relative to where the link is, so that the folder can be moved).
link() {
  rm -f "$TOOLS/$1"
  ln -s "$2" "$TOOLS/$1"
}

# retry COMMAND...: networks fail once in a while.
retry() {
  "$@" || {
    sleep 3
    "$@"
  }
}

# pip_install DIR SPEC: unpacks one wheel, without its dependencies, into DIR. It must be one of .ci/wheels.txt.
pip_install() {
  local pip=()
  # A requirement is a line that others may continue.
  awk -v spec="$2" '$1 == spec, !/\\$/' .ci/wheels.txt >"$STAGE/wheel.txt"
  [[ -s $STAGE/wheel.txt ]] || die ".ci/wheels.txt has no hash of $2"
  if python3 -m pip --version; then
    pip=(python3 -m pip)
  elif command -v uv; then
    pip=(uv pip)
  elif python3 -m venv "$STAGE/venv"; then
    # A python3 without pip, but with the means to make one.
    pip=("$STAGE/venv/bin/python" -m pip)
  else
    die "python3 with pip is needed to fetch $2: install your distribution's python3-pip"
  fi
  PIP_USER=0 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
    retry "${pip[@]}" install --quiet --target "$1" --no-deps --only-binary :all: --require-hashes -r "$STAGE/wheel.txt"
  rm -rf "$STAGE/venv" "$STAGE/wheel.txt"
}

# apt_unpack DIR PACKAGE...: downloads Debian packages of this distribution and unpacks them into DIR. Needs no root: package
# lists of our own stand in for those of a system which has none, or stale ones.
apt_unpack() {
  local dir=$1 debs
  shift
  debs=$(mktemp -d "$TOOLS/tmp/debs.XXXXXX")
  (cd "$debs" && apt_get download "$@") || {
    apt_own_lists
    (cd "$debs" && retry apt_get download "$@")
  }
  mkdir -p "$dir"
  local deb
  for deb in "$debs"/*.deb; do
    dpkg-deb -x "$deb" "$dir"
    # shellcheck disable=SC2016
    dpkg-deb -W --showformat='${Package} ${Version}\n' "$deb" >>"$dir/packages"
  done
  rm -rf "$debs"
}

apt_options=(-o "APT::Sandbox::User=$(id -un)")

apt_get() { apt-get -qq "${apt_options[@]}" "$@"; }

apt_own_lists() {
  local own=$TOOLS/apt
  mkdir -p "$own/state/lists/partial" "$own/cache/archives/partial"
  apt_options+=(-o "Dir::State=$own/state" -o "Dir::Cache=$own/cache" -o Dir::State::status=/var/lib/dpkg/status)
  retry apt_get update
}

have_apt() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# apt_program PACKAGE BINARY: unpacks PACKAGE, and the libraries it needs that this system has not, into STAGE, and
# leaves a program that runs from there at STAGE/run.
apt_program() {
  local package=$1 binary=$2 libraries linked
  apt_unpack "$STAGE" "$package"
  [[ -x $STAGE/$binary ]] || die "the package $package of this distribution has no $binary"
  # Read whole before it is searched: under pipefail a `grep -q` that has found its line ends ldd with SIGPIPE, and with it the pipe's
  # status, so that a library which lacks would now and then pass for one that is there.
  linked=$(ldd "$STAGE/$binary")
  if [[ $linked == *'not found'* ]]; then
    # Never libc itself: it must be the one of the system's own loader.
    mapfile -t libraries < <(apt-cache "${apt_options[@]}" depends --important "$package" |
      sed -n -e '/ libc6$/d' -e 's/^ *Depends: \(lib[^ ]*\)$/\1/p')
    apt_unpack "$STAGE" "${libraries[@]}"
  fi
  cat >"$STAGE/run" <<'RUN'
#!/bin/sh
# The distribution's program, with the libraries that were unpacked beside it where the system lacks them.
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
for lib in "$here"/usr/lib/*-linux-* "$here"/lib/*-linux-*; do
  [ -d "$lib" ] && LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} && export LD_LIBRARY_PATH
done
RUN
  # shellcheck disable=SC2016
  printf 'exec "$here/%s" "$@"\n' "$binary" >>"$STAGE/run"
  chmod +x "$STAGE/run"
}

# own_or_packaged NAME PACKAGE [ARGUMENT...]: links bin/NAME to the program of that name on PATH, else to usr/bin/NAME of a package of the
# distribution, which has to run with these arguments.
own_or_packaged() {
  local name=$1 package=$2 found
  shift 2
  for found in $(type -aP "$name"); do
    [[ $found != "$TOOLS"/* ]] || continue
    link "bin/$name" "$found"
    return
  done
  have_apt || die "no $name here and no apt to fetch it: install $package and put $name on PATH"
  apt_program "$package" "usr/bin/$name"
  (($# == 0)) || "$STAGE/run" "$@"
  settle "$TOOLS/pkg/$name"
  link "bin/$name" "../pkg/$name/run"
}

# cargo_build CRATE VERSION FLAGS...: one Rust program by its package name, built and installed under STAGE.
cargo_build() {
  local crate=$1 version=$2
  shift 2
  local install=(cargo install "$crate" --version "$version" --root "$STAGE" "$@")
  # With the crate's own lock file, unless the registry has not all of it: a mirror may lag behind.
  CARGO_TARGET_DIR=$STAGE/build "${install[@]}" --locked || CARGO_TARGET_DIR=$STAGE/build retry "${install[@]}"
  rm -rf "$STAGE/build"
}

# fresh STAMP PATH...: STAMP exists and nothing under PATH is younger.
fresh() {
  local stamp=$1
  shift
  [[ -e $stamp && -z $(find "$@" -newer "$stamp" -print -quit) ]]
}

# The paths which the tests are handed, for those started without make: KEY=value lines in .tools/env.
write_env() {
  local wasm=${CARGO_TARGET_DIR:-target} text
  [[ $wasm == /* ]] || wasm=$PWD/$wasm
  text="MODGATE_ENVOY=$TOOLS/bin/envoy
MODGATE_NGINX=$TOOLS/bin/nginx
MODGATE_GO=$TOOLS/go/bin/go
MODGATE_MKPROXY=$TOOLS/bin/mkproxy
MODGATE_SUMDB=$TOOLS/bin/sumdb
MODGATE_MODULES=$TOOLS/modules
MODGATE_GARAGE=$TOOLS/bin/garage
MODGATE_REGISTRY=$TOOLS/bin/docker-registry
MODGATE_SKOPEO=$TOOLS/bin/skopeo
MODGATE_WRK=$TOOLS/bin/wrk
MODGATE_H2LOAD=$TOOLS/bin/h2load
MODGATE_WASM=$wasm/wasm32-unknown-unknown/release/modgate.wasm
MODGATE_WASM_CRASH=$wasm/wasm32-unknown-unknown/crash/modgate.wasm"
  [[ -r $TOOLS/env && $(<"$TOOLS/env") == "$text" ]] && return
  mkdir -p "$TOOLS"
  printf '%s\n' "$text" >"$TOOLS/env.$$"
  mv "$TOOLS/env.$$" "$TOOLS/env"
}
