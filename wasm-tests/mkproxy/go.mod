module modgate.example/mkproxy

go 1.25

// Taken from the Go toolchain's own vendored copy at build time (.ci/setup.d/goprogram.sh adds the replace).
require golang.org/x/mod v0.0.0
