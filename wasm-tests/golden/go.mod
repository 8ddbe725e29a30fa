// Built by generate.sh only, which puts the toolchain's own copy of golang.org/x/mod beside it.
module modgate.example/golden

go 1.27

require golang.org/x/mod v0.0.0

replace golang.org/x/mod => ./xmod
