// Sumdb is a real checksum database for tests: golang.org/x/mod's own server, over the modules of trees that mkproxy made.
//
//	sumdb [-name NAME] [-filler N] TREE|MODULES.json...
//
// It listens on a port of its own on loopback, prints one line, "VERIFIER-KEY URL", which is what GOSUMDB and `make run
// SUMDB=` take, and serves until it is killed. A module that is nowhere is unknown to it. What it is told below /-/ makes it
// lie: see lies.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/mod/module"
)

func main() {
	name := flag.String("name", "sum.test", "the database's name")
	filler := flag.Int("filler", 1, "records of modules that nobody has, which stand before all others")
	flag.Parse()
	if err := run(*name, *filler, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sumdb:", err)
		os.Exit(1)
	}
}

func run(name string, filler int, places []string) error {
	known, err := readSums(places)
	if err != nil {
		return err
	}
	db, err := newDatabase(name, known)
	if err != nil {
		return err
	}
	for n := range filler {
		m := module.Version{Path: fmt.Sprintf("filler.example/m%d", n), Version: "v1.0.0"}
		known.records[m.String()] = record{m.Path, m.Version, fillerHash, fillerHash}
		if _, err := db.honest.Lookup(context.Background(), m); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("%s http://%s\n", db.verifier, listener.Addr())
	return http.Serve(listener, db)
}

const fillerHash = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
