// Sumdb is a real checksum database for tests: golang.org/x/mod's own server, over the modules of trees that mkproxy made.
//
//	sumdb [-name NAME] [-filler N] [-grown] TREE|MODULES.json...
//
// It listens on a port of its own on loopback, prints one line, "VERIFIER-KEY URL", which is what GOSUMDB and `make run
// SUMDB=` take, and serves until it is killed. A module that is nowhere is unknown to it. A record
// enters its log when it is asked for; with -grown all that it was given are there from the beginning. What it is told below /-/ makes it
// lie: see lies.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

func main() {
	name := flag.String("name", "sum.test", "the database's name")
	filler := flag.Int("filler", 1, "records of modules that nobody has, which stand before all others")
	grown := flag.Bool("grown", false, "all records of modules.json stand in the log, in the order of their names")
	flag.Parse()
	if err := run(*name, *filler, *grown, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sumdb:", err)
		os.Exit(1)
	}
}

func run(name string, filler int, grown bool, places []string) error {
	known, err := readSums(places)
	if err != nil {
		return err
	}
	var first []module.Version
	if grown {
		for _, r := range known.records {
			first = append(first, module.Version{Path: r.Module, Version: r.Version})
		}
		slices.SortFunc(first, func(a, b module.Version) int { return strings.Compare(a.String(), b.String()) })
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
	for _, m := range first {
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
