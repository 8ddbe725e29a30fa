# shellcheck shell=bash
# .tools/modules/real: libraries that people really import, from the sources in Debian's packages, as modules that
# require nothing outside the tree. Versions are those of the distribution.

# package, folder under usr/share/gocode/src, module path where the folder has no go.mod to say it
real_modules() {
  cat <<'LIST'
golang-github-spf13-cobra-dev                 github.com/spf13/cobra
golang-github-spf13-pflag-dev                 github.com/spf13/pflag
golang-github-sirupsen-logrus-dev             github.com/sirupsen/logrus
golang-github-burntsushi-toml-dev             github.com/BurntSushi/toml
golang-github-cpuguy83-go-md2man-v2-dev       github.com/cpuguy83/go-md2man/v2
golang-github-russross-blackfriday-v2-dev     github.com/russross/blackfriday/v2
golang-github-cespare-xxhash-dev              github.com/cespare/xxhash
golang-github-google-uuid-dev                 github.com/google/uuid
golang-github-inconshreveable-mousetrap-dev   github.com/inconshreveable/mousetrap   github.com/inconshreveable/mousetrap
golang-github-docker-go-units-dev             github.com/docker/go-units             github.com/docker/go-units
golang-github-dgrijalva-jwt-go-dev            github.com/dgrijalva/jwt-go            github.com/dgrijalva/jwt-go
golang-gopkg-yaml.v3-dev                      gopkg.in/yaml.v3
golang-golang-x-sys-dev                       golang.org/x/sys
golang-golang-x-text-dev                      golang.org/x/text
LIST
}

real_title() { echo "real modules, from Debian's packages of Go libraries"; }

real_ready() {
  [[ -s $TOOLS/modules/real/modules.json ]] &&
    fresh "$TOOLS/modules/.real" .ci/setup.d/real.sh "$TOOLS/pkg/mkproxy-go$GO_VERSION/stamp"
}

real_install() {
  local package folder path version separator=''
  have_apt ||
    die "the end-to-end suites take real Go modules from Debian's packages, and there is no apt here: run make test on Debian or Ubuntu (make run needs none of this)"
  : >"$STAGE/stamp"
  mapfile -t packages < <(real_modules | awk '{ print $1 }')
  apt_unpack "$STAGE/debs" "${packages[@]}"
  {
    printf '{ "modules": ['
    while read -r package folder path; do
      version=$(real_version "$(sed -n "s/^$package //p" "$STAGE/debs/packages")" "$path")
      # A copy that follows links: Debian moves test data out of the source folders, and a module zip holds no links.
      mkdir -p "$STAGE/src/$folder"
      cp -RL "$STAGE/debs/usr/share/gocode/src/$folder/." "$STAGE/src/$folder/"
      printf '%s\n  { "dir": "src/%s", "path": "%s", "version": "%s", "require_within": true }' \
        "$separator" "$folder" "$path" "$version"
      separator=,
    done < <(real_modules)
    printf '\n] }\n'
  } >"$STAGE/real.json"
  "$TOOLS/bin/mkproxy" -out "$STAGE/real" "$STAGE/real.json"
  rm -rf "$TOOLS/modules/real"
  mv "$STAGE/real" "$TOOLS/modules/"
  mv "$STAGE/stamp" "$TOOLS/modules/.real"
}

# real_version DEBIAN-VERSION [PATH]: the module version that Debian packaged. A PATH is given for a module without a
# go.mod, which from v2 on is +incompatible.
real_version() {
  local version=${1#*:} path=${2:-}
  version=${version%-*}
  version=${version%%+ds*}
  version=${version%%+dfsg*}
  if [[ $version =~ ^([0-9]+\.[0-9]+\.[0-9]+)~git([0-9]{8})[-.]([0-9a-f]+)$ ]]; then
    # A commit between two tags is a pseudo-version, whose hash has twelve digits and whose time has a clock.
    printf 'v%s-0.%s000000-%.12s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}000000000000"
  elif [[ $version =~ ^([0-9]+)\.[0-9]+\.[0-9]+$ ]]; then
    if [[ -n $path && ${BASH_REMATCH[1]} -ge 2 ]]; then version+=+incompatible; fi
    printf 'v%s\n' "$version"
  else
    die "no module version can be made from the Debian version $1"
  fi
}
